"""What the console reads that no command tells: groups that are looked for, rights in one, and what waits there.

All of it is for administrators of the app. A search looks at a bounded number of rows a call and says where it stopped,
so that it stays quick among millions of groups without an index that every creation would pay for.
"""

from typing import Any, LiteralString

import msgspec

from qunzhu.commands._shared import GroupRow, allowed, count_of_kind, find_group, masks_of, registered, role_of
from qunzhu.core.errors import Refused
from qunzhu.core.kinds import BY_NAME, KINDS
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import ROLE_NAMES, Action, Role, outranks, require

WINDOW = 20_000
"""Rows that one call of a search looks at: some 20 ms."""
FAR = 2**63 - 1
LAST = "\U0010ffff"


class Found(msgspec.Struct, frozen=True):
    """A group in a list."""

    group_id: str
    name: str
    kind: str
    owner: str
    members: int
    created_at: int
    last_msg_at: int
    mute_all: bool


class FoundGroups(msgspec.Struct, frozen=True):
    """A page of groups, those whose id begins with what is looked for first, then the newest first.

    ``next`` is where the search goes on, empty at the end: a page can be short, or empty, and yet not the last.
    ``searched`` of ``total`` groups were looked at by this call.
    """

    groups: list[Found]
    next: str
    searched: int
    total: int


_COLUMNS: LiteralString = "num, group_id, name, kind_name, owner, member_num, created_at, last_msg_at, mute_all"
_MATCHES: LiteralString = (
    " WHERE :pattern = '' OR lower(g.name) LIKE :pattern ESCAPE '!' OR lower(g.group_id) LIKE :pattern ESCAPE '!'"
    " ORDER BY g.num DESC LIMIT :limit"
)
_OWNED: LiteralString = (
    "num IN (SELECT group_num FROM members WHERE user_id = :owner AND role = 400"
    " UNION SELECT num FROM groups WHERE owner = :owner AND kind_name = 'AVChatRoom')"
)
_WHERE: dict[tuple[bool, bool], LiteralString] = {
    (False, False): "num < :before",
    (True, False): "kind_name = :kind AND num < :before",
    (False, True): _OWNED + " AND num < :before",
    (True, True): _OWNED + " AND kind_name = :kind AND num < :before",
}
"""By whether a kind and an owner are named."""
_SEARCH: dict[tuple[bool, bool], LiteralString] = {
    named: "SELECT " + _COLUMNS + " FROM (SELECT " + _COLUMNS + " FROM groups WHERE " + where  # noqa: S608 - our own parts
    + " ORDER BY num DESC LIMIT :window) g" + _MATCHES
    for named, where in _WHERE.items()
}  # fmt: skip
_EDGE: dict[tuple[bool, bool], LiteralString] = {
    named: "SELECT count(*), min(num) FROM (SELECT num FROM groups WHERE " + where  # noqa: S608 - our own parts
    + " ORDER BY num DESC LIMIT :window) g"
    for named, where in _WHERE.items()
}  # fmt: skip
_BOUNDS: dict[bool, LiteralString] = {False: ">=", True: ">"}
_BY_PREFIX: dict[bool, LiteralString] = {
    begun: "SELECT " + _COLUMNS + " FROM groups WHERE group_id " + bound + " :low AND group_id < :high"  # noqa: S608 - our own parts
    " ORDER BY group_id LIMIT :limit"
    for begun, bound in _BOUNDS.items()
}
"""By whether the walk has begun. One lower bound each: of two an engine may take the one that bounds nothing."""
BY_ID, BY_NUM = "i", "n"
"""What a place in a search begins with: the id, or the row, behind which it goes on."""


def search_groups(tx: Tx, who: Who, looked_for: str, kind: str, owner: str, place: str, limit: int) -> FoundGroups:
    """Find groups whose id or name holds a text, of a kind (empty: any) and an owner (empty: any).

    Upper and lower case of ASCII letters are the same, but for the begin of an id. Where neither kind nor owner is
    named, groups whose id begins with the text come first, found by the index whatever their number.
    """
    who.require_admin()
    stage, _, rest = place.partition(":")
    by_prefix = bool(looked_for) and not kind and not owner
    groups: list[Found] = []
    if by_prefix and stage != BY_NUM:
        groups, following = _by_prefix(tx, looked_for, rest, limit)
        if following:
            return FoundGroups(groups, f"{BY_ID}:{following}", len(groups), _total(tx, kind))
    before = int(rest) if stage == BY_NUM and rest.isdigit() else FAR
    found, before_next, searched = _by_scan(tx, looked_for, kind, owner, before, limit - len(groups))
    skipped = looked_for if by_prefix else None
    groups += [one for one in found if skipped is None or not one.group_id.startswith(skipped)]
    return FoundGroups(groups, f"{BY_NUM}:{before_next}" if before_next else "", searched, _total(tx, kind))


def _by_prefix(tx: Tx, prefix: str, after: str, limit: int) -> tuple[list[Found], str]:
    rows = tx.all(_BY_PREFIX[bool(after)], low=after or prefix, high=prefix + LAST, limit=limit)
    return [_found(tx, row) for row in rows], rows[-1][1] if len(rows) == limit else ""


def _by_scan(
    tx: Tx, looked_for: str, kind: str, owner: str, before: int, limit: int
) -> tuple[list[Found], int, int]:  # fmt: skip
    """Return those of the next rows that match, the row where to go on (0: at the end), and how many were looked at."""
    named = bool(kind), bool(owner)
    where: dict[str, Any] = {"before": before, "window": WINDOW if looked_for else limit}
    where |= {"kind": kind} if kind else {}
    where |= {"owner": owner} if owner else {}
    rows = tx.all(_SEARCH[named], pattern=_pattern(looked_for), limit=limit, **where) if limit > 0 else []
    if len(rows) == limit:
        last = int(rows[-1][0]) if rows else min(before, FAR)
        return [_found(tx, row) for row in rows], last, len(rows)
    edge = tx.one(_EDGE[named], **where)
    searched, last = (int(edge[0]), int(edge[1] or 0)) if edge else (0, 0)
    return [_found(tx, row) for row in rows], last if searched == where["window"] else 0, searched


def _pattern(text: str) -> str:
    """Return a text as LIKE looks for it, empty for none. What LIKE would read otherwise is marked with ``!``."""
    if not text:
        return ""
    plain = "".join(f"!{char}" if char in "!%_" else char for char in text.lower())
    return f"%{plain}%"


def _found(tx: Tx, row: tuple[Any, ...]) -> Found:
    _, group_id, name, kind, owner, members, created, last, mute = row
    if not BY_NAME[kind].stores_members:
        members = tx.presence.live.online(group_id)
    return Found(group_id, name, kind, owner, members, created, last, bool(mute))


def _total(tx: Tx, kind: str) -> int:
    return sum(tx.count(count_of_kind(one), 0) for one in KINDS if not kind or one.name == kind)


class Right(msgspec.Struct, frozen=True):
    """Whether somebody may do something, and why not."""

    allowed: bool
    code: int = 0
    reason: str = ""


class Rights(msgspec.Struct, frozen=True):
    """What a user may do in a group, by the names of the actions; ``over``: upon members of which roles."""

    group_id: str
    kind: str
    user: str
    role: str
    registered: bool
    app_admin: bool
    over: list[str]
    actions: dict[str, Right]


def rights_in(tx: Tx, who: Who, group_id: str, user: str) -> Rights:
    """Return what a user may do in a group, with the refusal of each thing he may not (``core/rights.py``)."""
    who.require_admin()
    group, app_admin = find_group(tx, group_id), user in who.app.admins
    role = role_of(tx, group, user)
    return Rights(
        group_id=group.group_id, kind=group.kind_name, user=user, role=ROLE_NAMES[role],
        registered=registered(tx, user), app_admin=app_admin,
        over=[ROLE_NAMES[other] for other in Role if outranks(role, other, app_admin=app_admin)],
        actions={action.name: _right(tx, group, role, user, action, app_admin=app_admin) for action in Action},
    )  # fmt: skip


def _right(tx: Tx, group: GroupRow, role: Role, user: str, action: Action, *, app_admin: bool) -> Right:
    try:
        require(
            action, group.kind, role, app_admin=app_admin, invites_open=group.invite_join != "DisableInvite",
            masks=masks_of(tx, group, user, role),
        )  # fmt: skip
    except Refused as refused:
        return Right(allowed=False, code=refused.row.code, reason=refused.text)
    return Right(allowed=True)


class Waiting(msgspec.Struct, frozen=True):
    """An application or invitation of a group; ``handled_by`` is empty while nobody has decided."""

    id: int
    sort: int
    """``TIMGroupPendencyType``: 0 somebody wants in, 1 he is asked whether he agrees, 2 a member invited him."""
    user: str
    inviter: str
    message: str
    at_ms: int
    handled_by: str
    accepted: bool
    answer: str
    handled_at: int


class Applications(msgspec.Struct, frozen=True):
    """A page, newest first; ``next`` is where the following one begins, 0 at the end."""

    applications: list[Waiting]
    next: int


APPLICATIONS: LiteralString = (
    "SELECT num, sort, user_id, inviter, message, at_ms, handled_by, accepted, answer, handled_at FROM applications"
    " WHERE group_num = :num AND at_ms <= :upto ORDER BY at_ms DESC, num DESC LIMIT :limit OFFSET :skipped"
)


def applications_in(tx: Tx, who: Who, group_id: str, skipped: int, limit: int) -> Applications:
    """Return what was asked for in a group and by whom it was decided, for who decides there (Action.DECIDE)."""
    group = find_group(tx, group_id)
    allowed(tx, who, group, Action.DECIDE)
    rows = tx.all(APPLICATIONS, num=group.num, upto=who.now_ms, skipped=skipped, limit=limit + 1)
    return Applications([_waiting(row) for row in rows[:limit]], skipped + limit if len(rows) > limit else 0)


def _waiting(row: tuple[Any, ...]) -> Waiting:
    num, sort, user, inviter, message, at_ms, handled_by, accepted, answer, handled_at = row
    return Waiting(num, sort, user, inviter, message, at_ms, handled_by, bool(accepted), answer, handled_at)
