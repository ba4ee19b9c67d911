"""One member's fields: role, receive option, card, custom fields, mute (doc 1047/34900)."""

from typing import Annotated, Any

from qunzhu.commands._shared import (
    GroupRow,
    MemberField,
    MemberRow,
    custom_fields,
    decode_custom,
    find_group,
    find_member,
    masks_of,
    publish,
    role_name,
    role_of,
    stored_fields,
)
from qunzhu.commands.groups import SET_ROLE, GroupIdText
from qunzhu.commands.muting import MuteSeconds, mute, require_outranked
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import MemberInfoChanged, MemberRoleChanged
from qunzhu.core.kinds import Notice
from qunzhu.core.limits import MSG_FLAGS, Account, NameCardText, items, one_of
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import ROLES_BY_NAME, Action, Role, acting, require

SERVICE = "group_open_http_svc"


class ModifyGroupMemberInfo(Request[Done], frozen=True, kw_only=True):
    """New values of one member's fields; absent ones stay. An empty custom value deletes the key."""

    GroupId: GroupIdText
    Member_Account: Account
    Role: Annotated[str, one_of("Admin", "Member")] | None = None
    MsgFlag: Annotated[str, one_of(*MSG_FLAGS)] | None = None
    NameCard: NameCardText | None = None
    AppMemberDefinedData: Annotated[list[MemberField], items(5, error=err.BAD_PARAMETER)] | None = None
    MuteTime: MuteSeconds | None = None


OWN = ("MsgFlag", "NameCard", "AppMemberDefinedData")
"""What a member may change of himself, and an app administrator of anybody."""
UPON_OTHERS = {
    "Role": Action.SET_ROLE, "MuteTime": Action.MUTE, "NameCard": Action.EDIT_MEMBER,
    "AppMemberDefinedData": Action.EDIT_MEMBER,
}  # fmt: skip
"""What changing a field of another member is; his receive option is his own."""
UPDATE_MEMBER = (
    "UPDATE members SET msg_flag = :flag, name_card = :card, custom = :custom"
    " WHERE group_num = :num AND user_id = :user"
)


@command(SERVICE, writes=True, doc="1047/34900", old_fields={"ShutUpTime": "MuteTime"},
         errors=(err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID))  # fmt: skip
def modify_group_member_info(tx: Tx, who: Who, req: ModifyGroupMemberInfo) -> Done:
    """Change one member's role, receive option, card, custom fields or mute.

    The owner's role stays what it is: change_group_owner gives the group away. Live rooms keep nothing of members
    (10007).
    """
    group = find_group(tx, req.GroupId)
    role = role_of(tx, group, who.user)
    member = _permitted(tx, who, group, role, req)
    if changes := _changes(who, group, role, req):
        _write(tx, who, group, member, changes)
    if req.Role is not None and req.Role != role_name(member.role):
        tx.run(SET_ROLE, role=int(ROLES_BY_NAME[req.Role]), num=group.num, user=member.user_id)
        event = MemberRoleChanged(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, user=member.user_id,
            role=req.Role,
        )  # fmt: skip
        publish(tx, group, event, group.kind.role_notice)
    if req.MuteTime is not None:
        mute(tx, who, group, [member.user_id], req.MuteTime)
    return Done()


def _permitted(tx: Tx, who: Who, group: GroupRow, role: Role, req: ModifyGroupMemberInfo) -> MemberRow:
    """Return the member if the caller may change all that is given of him, or refuse."""
    own = who.admin or req.Member_Account == who.user
    given = [n for n in (*OWN, "Role", "MuteTime") if getattr(req, n) is not None and not (own and n in OWN)]
    masks = masks_of(tx, group, who.user, role)
    for action in (Action.EDIT_SELF, *(UPON_OTHERS[name] for name in given if name in UPON_OTHERS)):
        require(action, group.kind, role, app_admin=who.admin, masks=masks)
    if "MsgFlag" in given:
        raise Refused(err.NO_RIGHT, "MsgFlag: another member's")
    member = find_member(tx, group, req.Member_Account)
    if member is None:
        raise Refused(err.BAD_PARAMETER, f"Member_Account: {req.Member_Account!r} is not a member of the group")
    for name in given:
        as_role = acting(UPON_OTHERS[name], role, masks)
        require_outranked(who, as_role, Role(member.role), f"{name}: {req.Member_Account!r}")
    return member


def _changes(who: Who, group: GroupRow, role: Role, req: ModifyGroupMemberInfo) -> dict[str, Any]:
    """Return the given new values by wire name, custom fields by key."""
    changes = {name: value for name in OWN if (value := getattr(req, name)) is not None}
    if req.AppMemberDefinedData is not None:
        changes["AppMemberDefinedData"] = custom_fields(
            req.AppMemberDefinedData, who.app.settings.member_fields, group.kind, role, who, "AppMemberDefinedData"
        )
    return changes


def _write(tx: Tx, who: Who, group: GroupRow, member: MemberRow, changes: dict[str, Any]) -> None:
    """Write card, receive option and custom fields; the group is not told of them."""
    flag, custom = changes.get("MsgFlag"), changes.get("AppMemberDefinedData", {})
    tx.run(
        UPDATE_MEMBER, num=group.num, user=member.user_id, card=changes.get("NameCard", member.name_card),
        flag=member.msg_flag if flag is None else MSG_FLAGS.index(flag),
        custom=stored_fields(decode_custom(member.custom) | custom),
    )  # fmt: skip
    event = MemberInfoChanged(
        group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now, user=member.user_id,
        changes=changes,
    )  # fmt: skip
    publish(tx, group, event, Notice.OFF)
