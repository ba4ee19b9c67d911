"""Administrators of live rooms: stored, for they need not be there (service group_open_avchatroom_http_svc)."""

from typing import Annotated

from qunzhu.commands._shared import GroupRow, first_unregistered, publish
from qunzhu.commands.groups import GroupIdText
from qunzhu.commands.live import ROOM_ERRORS, ROOMS, SET, SetOrClear, find_room, profiles_of, shown_profile
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import MemberRoleChanged
from qunzhu.core.kinds import Notice
from qunzhu.core.limits import Account, items
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import Action

MOST_ADMINS = 5


class ModifyAdmin(Request[Done], frozen=True, kw_only=True):
    """Whom to appoint (``CommandType`` 1) or to remove (2)."""

    GroupId: GroupIdText
    CommandType: SetOrClear
    Admin_Account: Annotated[list[Account], items(MOST_ADMINS, least=1, error=err.BAD_PARAMETER)]


COUNT_ADMINS = "SELECT count(*) FROM live_admins WHERE group_num = :num"
APPOINT = (
    "INSERT INTO live_admins (group_num, user_id, at) VALUES (:num, :user, :at) ON CONFLICT DO NOTHING"
    " RETURNING user_id"
)
REMOVE_ADMIN = "DELETE FROM live_admins WHERE group_num = :num AND user_id = :user RETURNING user_id"


@command(ROOMS, writes=True, doc="client model", errors=(*ROOM_ERRORS, err.MEMBER_UNKNOWN))
def modify_admin(tx: Tx, who: Who, req: ModifyAdmin) -> Done:
    """Appoint or remove administrators of a live room, at most 5 in all; they need not be there.

    The owner is none. Who is one already, or none, is passed over.
    """
    group, _ = find_room(tx, who, req.GroupId, Action.SET_ROLE)
    users, appointed = list(dict.fromkeys(req.Admin_Account)), req.CommandType == SET
    if appointed:
        if (missing := first_unregistered(tx, users)) is not None:
            raise Refused(err.MEMBER_UNKNOWN, f"Admin_Account: {missing!r}")
        if group.owner in users:
            raise Refused(err.BAD_PARAMETER, f"Admin_Account: {group.owner!r} owns the room")
    statement = APPOINT if appointed else REMOVE_ADMIN
    changed = [user for user in users if tx.one(statement, num=group.num, user=user, at=who.now) is not None]
    total = tx.one(COUNT_ADMINS, num=group.num)
    if appointed and total and total[0] > MOST_ADMINS:
        raise Refused(err.BAD_PARAMETER, f"Admin_Account: {total[0]} in all, at most {MOST_ADMINS} are allowed")
    for user in changed:
        publish(tx, group, _role_changed(who, group, user, "Admin" if appointed else "Member"), group.kind.role_notice)
    return Done()


def _role_changed(who: Who, group: GroupRow, user: str, role: str) -> MemberRoleChanged:
    return MemberRoleChanged(
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, user=user, role=role
    )


ADMINISTERED = (
    "SELECT g.* FROM live_admins a JOIN groups g ON g.num = a.group_num WHERE a.user_id = :user ORDER BY g.num"
)


def drop_admin(tx: Tx, who: Who, user: str) -> None:
    """Take a deleted account's administration of live rooms away."""
    for row in tx.all(ADMINISTERED, user=user):
        room = GroupRow(*row)
        tx.one(REMOVE_ADMIN, num=room.num, user=user)
        publish(tx, room, _role_changed(who, room, user, "Member"), Notice.OFF)


class Admins(Reply, frozen=True, kw_only=True):
    """A room's administrators, in the order of their appointment."""

    Admin_List: list[dict[str, str]]


class GetAdminList(Request[Admins], frozen=True, kw_only=True):
    """Which room."""

    GroupId: GroupIdText


@command(ROOMS, writes=False, doc="client model", errors=ROOM_ERRORS)
def get_admin_list(tx: Tx, who: Who, req: GetAdminList) -> Admins:
    """List the administrators of a live room."""
    group, _ = find_room(tx, who, req.GroupId, Action.READ_ONLINE)
    rows = tx.all("SELECT user_id FROM live_admins WHERE group_num = :num ORDER BY at, user_id", num=group.num)
    users = [user for (user,) in rows]
    profiles = profiles_of(tx, users)
    return Admins(Admin_List=[{"Admin_Account": user, **shown_profile(profiles, user)} for user in users])
