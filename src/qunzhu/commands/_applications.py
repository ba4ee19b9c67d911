"""Applications and invitations that somebody must decide: how they are made, found and dropped."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from qunzhu.commands._shared import GroupRow
from qunzhu.core.events import ApplicationMade, Sort
from qunzhu.core.limits import text
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import Action, Role, may

OPEN_PER_USER = 50
"""Applications of a user, and invitations of him, that may wait at a time: the oldest falls out for a new one."""
DECIDED_PER_GROUP = 500
ApplyText = Annotated[str, text(300, lines=True)]


class ApplicationRow(msgspec.Struct, frozen=True):
    """A row of ``applications``, in column order. ``handled_by`` is empty while nobody has decided."""

    num: int
    group_num: int
    sort: int
    user_id: str
    inviter: str
    message: str
    at_ms: int
    handled_by: str
    accepted: int
    answer: str
    handled_at: int


ADMINS = "SELECT user_id FROM members WHERE group_num = :num AND role = 300"
SAME = (
    "UPDATE applications SET message = :message, at_ms = :at WHERE user_id = :user AND group_num = :num"
    " AND sort = :sort AND inviter = :inviter AND handled_by = '' RETURNING num"
)
INSERT = (
    "INSERT INTO applications (group_num, sort, user_id, inviter, message, at_ms, handled_by, accepted, answer,"
    " handled_at) VALUES (:num, :sort, :user, :inviter, :message, :at, '', 0, '', 0) RETURNING num"
)
OVERFLOW = (
    "SELECT num FROM applications WHERE user_id = :user AND handled_by = '' AND sort BETWEEN :low AND :high"
    " ORDER BY at_ms DESC, num DESC LIMIT 1000 OFFSET :kept"
)
DROP_OPEN = (
    "DELETE FROM applications WHERE group_num = :num AND handled_by = '' AND user_id = :user",
    "DELETE FROM applications WHERE group_num = :num AND handled_by = '' AND inviter = :user AND inviter <> ''",
)
DECIDE = (
    "UPDATE applications SET handled_by = :who, accepted = :accepted, answer = :answer, handled_at = :at"
    " WHERE num = :num"
)
PRUNE = (
    "DELETE FROM applications WHERE num IN (SELECT num FROM applications WHERE group_num = :num AND handled_by <> ''"
    " ORDER BY handled_at DESC LIMIT 1000 OFFSET :kept)"
)


def leaders(tx: Tx, group: GroupRow) -> list[str]:
    """Return owner and administrators of a group."""
    admins = (user for (user,) in tx.all(ADMINS, num=group.num))
    return sorted(admins if not group.owner else [group.owner, *admins])


def whom_to_ask(who: Who, group: GroupRow, role: Role) -> Sort | None:
    """Return who must agree before those become members whom the caller invites, or None."""
    if who.admin:
        return None
    if group.invite_join == "NeedPermission" and not may(Action.DECIDE, group.kind, role):
        return Sort.ASK_ADMINS
    return Sort.ASK_INVITEE if group.kind_name in who.app.settings.invite_consent else None


def apply_for(  # noqa: PLR0913 - an application's values
    tx: Tx, who: Who, group: GroupRow, sort: Sort, user: str, *, inviter: str = "", message: str = "",
    admins: Sequence[str] = (),
) -> None:  # fmt: skip
    """Write an application or invitation and tell those who decide; the same one again has a new message and time."""
    values = {"user": user, "num": group.num, "sort": int(sort), "inviter": inviter, "message": message}
    dropped: list[int] = []
    row = tx.one(SAME, at=who.now_ms, **values)
    if row is None:
        row = tx.one(INSERT, at=who.now_ms, **values)
        low, high = (0, 0) if sort is Sort.APPLY else (1, 2)
        dropped = [num for (num,) in tx.all(OVERFLOW, user=user, low=low, high=high, kept=OPEN_PER_USER)]
        tx.many("DELETE FROM applications WHERE num = :num", [{"num": num} for num in dropped])
    tx.emit(ApplicationMade(
        group_id=group.group_id, kind=group.kind_name, operator=inviter or user, at=who.now, told=False,
        num=int(row[0]) if row else 0, sort=sort, user=user, inviter=inviter, message=message, at_ms=who.now_ms,
        deciders=[user] if sort is Sort.ASK_INVITEE else list(admins), dropped=dropped,
    ))  # fmt: skip


def find_application(tx: Tx, group: GroupRow, num: int) -> ApplicationRow | None:
    """Return an application or invitation of a group."""
    row = tx.one("SELECT * FROM applications WHERE num = :num AND group_num = :group_num", num=num, group_num=group.num)
    return ApplicationRow(*row) if row else None


def set_decided(tx: Tx, who: Who, row: ApplicationRow, answer: str, *, accepted: bool) -> None:
    """Write a decision; of those of one group the newest are kept."""
    tx.run(DECIDE, num=row.num, who=who.user, accepted=int(accepted), answer=answer, at=who.now_ms)
    tx.run(PRUNE, num=row.group_num, kept=DECIDED_PER_GROUP)


def drop_applications(tx: Tx, group: GroupRow, users: Sequence[str]) -> None:
    """Drop what waits for a decision of users who leave a group, and the invitations they made."""
    for statement in DROP_OPEN:
        tx.many(statement, [{"num": group.num, "user": user} for user in users])


def forget_applicant(tx: Tx, user: str) -> None:
    """Remove all of a user's applications and invitations with his account."""
    tx.run("DELETE FROM applications WHERE user_id = :user", user=user)
    tx.run("DELETE FROM applications WHERE inviter = :user AND inviter <> ''", user=user)
    tx.run("DELETE FROM applications_seen WHERE user_id = :user", user=user)
