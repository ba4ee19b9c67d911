"""How events are told to users: group tips to everybody in the group, system notices to single users.

One form serves the push, the stored history and what a returning client pulls. Type names are those of
``TIMGroupTipType`` and ``TIMGroupReportType`` in the C headers without their prefix.
"""

from typing import Any

from qunzhu.core.events import (
    ApplicationDecided,
    ApplicationMade,
    AttributesChanged,
    CountersChanged,
    Event,
    GroupCreated,
    GroupDissolved,
    GroupEvent,
    GroupInfoChanged,
    MarksChanged,
    MemberInfoChanged,
    MemberRoleChanged,
    MembersBanned,
    MembersJoined,
    MembersLeft,
    MembersMuted,
    MembersUnbanned,
    NoticeSent,
    OwnerChanged,
    PermissionGroupChanged,
    PermissionGroupCreated,
    PermissionGroupDestroyed,
    PermissionMembersAdded,
    PermissionMembersRemoved,
    Sort,
    TopicChanged,
    TopicCreated,
    TopicPermissionsAdded,
    TopicPermissionsChanged,
    TopicPermissionsRemoved,
    TopicsDestroyed,
)
from qunzhu.core.kinds import BY_NAME
from qunzhu.core.kinds import Notice as Policy

Notice = dict[str, Any]
LEFT_TIP = {"Quit": "Quit", "Kick": "Kick", "AccountDeleted": "Quit", "Ban": "Kick", "Offline": "Quit"}
ASKED = {Sort.APPLY: "AddRequest", Sort.ASK_INVITEE: "InviteReqToInvitee", Sort.ASK_ADMINS: "InviteReqToAdmin"}
DECIDED = {True: ("AddRefuse", "AddAccept"), False: ("InviteRefuse", "InviteAccept")}
"""Report types of a refusal and an acceptance, of applications and of invitations."""
ROLE_TIP = {"Admin": "SetAdmin", "Member": "CancelAdmin"}
ROLE_REPORT = {"Admin": "GrantAdmin", "Member": "CancelAdmin"}
REFRESH = "Refresh"


def _base(event: GroupEvent) -> Notice:
    return {
        "GroupId": event.group_id,
        "GroupType": event.kind,
        "Operator_Account": event.operator,
        "Time": event.at,
    }


def tip(event: Event) -> Notice | None:
    """Return the tip that the group's members see, or None where nobody is told."""
    if not isinstance(event, GroupEvent) or not event.told:
        return None
    match event:
        case GroupCreated(members=users) if users:
            more: Notice = {"TipType": "Invite", "JoinType": "Invite", "UserList": users, "MemberNum": len(users) + 1}
            if not event.owner:
                more["MemberNum"] -= 1
        case MembersJoined():
            more = {
                "TipType": "Invite",
                "JoinType": event.how,
                "UserList": event.users,
                "MemberNum": event.member_num,
            }
        case MembersLeft():
            more = {"TipType": LEFT_TIP[event.how], "UserList": event.users, "MemberNum": event.member_num}
            if event.reason:
                more["Reason"] = event.reason
        case _:
            more = _changed(event)
    return {**_base(event), **more, "Seq": event.seq} if more else None


def _changed(event: GroupEvent) -> Notice:  # noqa: PLR0911 - a row each
    """Return what a tip says of a change to the group or to its members; nothing where there is no tip."""
    match event:
        case GroupInfoChanged():
            return {"TipType": "GroupInfoChange", "Changes": event.changes}
        case OwnerChanged():
            return {"TipType": "GroupInfoChange", "Changes": {"Owner_Account": event.new}}
        case MarksChanged(marks=marks, enabled=enabled):
            return {
                "TipType": "MemberMarkChange",
                "UserList": list(dict.fromkeys(user for users in marks.values() for user in users)),
                "MarkChanges": [{"Mark": mark, "Enabled": enabled, "UserList": users} for mark, users in marks.items()],
            }
        case MemberRoleChanged():
            return {"TipType": ROLE_TIP[event.role], "UserList": [event.user]}
        case TopicChanged():
            return {"TipType": "TopicInfoChange", "TopicId": event.topic_id, "Changes": event.changes}
        case MembersMuted(topic_id=""):
            return {"TipType": "MemberInfoChange", "UserList": event.users, "MuteTime": event.seconds}
        case _:
            return {}


def change(event: Event) -> Notice | None:  # noqa: C901 - a row each
    """Return what sessions in the group are told that is neither tip nor notice: ``ChangeType`` says what changed."""
    if not isinstance(event, GroupEvent) or not event.told:
        return None
    match event:
        case PermissionGroupCreated() | PermissionGroupChanged():
            more: Notice = {
                "PermissionGroupId": event.permission_group_id, "PermissionGroupName": event.name,
                "Permission": event.permission, "CustomString": event.custom_string,
                "MemberNum": event.member_num if isinstance(event, PermissionGroupChanged) else 0,
            }  # fmt: skip
        case PermissionGroupDestroyed():
            more = {"PermissionGroupIdList": event.permission_group_ids}
        case PermissionMembersAdded() | PermissionMembersRemoved():
            more = {
                "PermissionGroupId": event.permission_group_id, "UserList": event.users, "MemberNum": event.member_num
            }  # fmt: skip
        case TopicPermissionsAdded() | TopicPermissionsChanged():
            items = [{"TopicId": topic, "Permission": mask} for topic, mask in event.permissions.items()]
            more = {"PermissionGroupId": event.permission_group_id, "TopicPermissionList": items}
        case TopicPermissionsRemoved():
            more = {"PermissionGroupId": event.permission_group_id, "TopicIdList": event.topics}
        case TopicCreated():
            more = {"TopicId": event.topic_id, "TopicName": event.name}
        case TopicChanged():
            more = {"TopicId": event.topic_id, "Changes": event.changes}
        case TopicsDestroyed():
            more = {"TopicIdList": event.topic_ids}
        case AttributesChanged(version=version):
            written = [{"key": key, "value": value, "seq": version} for key, value in event.changed.items()]
            more = {
                "OptionType": event.option, "MainSeq": version, "GroupAttr": written, "RemovedKeys": event.removed
            }  # fmt: skip
        case CountersChanged():
            counters = [{"Key": key, "Value": value} for key, value in event.changed.items()]
            more = {"GroupCounter": counters, "RemovedKeys": event.removed}
        case _:
            return None
    return {**_base(event), "ChangeType": type(event).__name__, **more}


def unsaid(event: Event) -> tuple[list[str] | None, Notice] | None:
    """Return whom (None: every member) a change leaves with an old picture of the group that nothing else tells them.

    Clients keep what they read: this says that it must be read anew, not what changed.
    """
    match event:
        case MembersJoined(told=False) if BY_NAME[event.kind].member_notice is Policy.OFF:
            users: list[str] | None = event.users
        case MembersJoined(told=False) | MembersLeft(told=False) | GroupInfoChanged(told=False):
            users = None
        case OwnerChanged(told=False):
            users = None
        case GroupCreated(imported=True):
            users = [event.owner]
        case _:
            return None
    if isinstance(event, MembersLeft) and BY_NAME[event.kind].member_notice is Policy.OFF:
        return None
    return users, {"GroupId": event.group_id, "GroupType": event.kind, "Time": event.at, "ChangeType": REFRESH}


def system_notices(event: Event) -> list[tuple[list[str] | None, Notice]]:  # noqa: C901 - a row each
    """Return what single users are told: pairs of recipients (None: every member) and notice."""
    told: list[tuple[list[str] | None, Notice]] = []
    match event:
        case GroupCreated(imported=False):
            makers = [user for user in dict.fromkeys((event.operator, event.owner)) if user]
            told = [(makers, _report(event, "Create", GroupName=event.name))]
            if event.members and not event.silent:
                told.append((event.members, _report(event, "Invite", GroupName=event.name)))
        case MembersJoined(how="Invite", silent=False, agreed=False):
            told = [(event.users, _report(event, "Invite"))]
        case MembersLeft(how="Kick"):
            told = [(event.users, _report(event, "BeKicked", Reason=event.reason))]
        case MembersLeft(how="Quit"):
            told = [(event.users, _report(event, "Quit"))]
        case ApplicationMade(deciders=[_, *_]):
            told = [(event.deciders, _report(event, ASKED[event.sort], **_application(event)))]
        case ApplicationDecided(final=True):
            report = DECIDED[event.sort is Sort.APPLY][event.accepted]
            told = [([event.inviter or event.user], _report(event, report, **_application(event)))]
        case GroupDissolved():
            told = [(None, _report(event, "Delete", GroupName=event.name))]
        case TopicCreated(told=True):
            told = [(None, _report(event, "TopicCreate", TopicId=event.topic_id, TopicName=event.name))]
        case TopicsDestroyed(told=True):
            told = [(None, _report(event, "TopicDelete", TopicIdList=event.topic_ids))]
        case _:
            told = _member_notices(event)
    return told


def _member_notices(event: Event) -> list[tuple[list[str] | None, Notice]]:
    """Return what users are told of their standing in a group, and what an app administrator tells them."""
    users: list[str] | None
    match event:
        case MemberRoleChanged():
            users, notice = [event.user], _report(event, ROLE_REPORT[event.role])
        case MemberInfoChanged(changes={"MsgFlag": flag}):
            users, notice = [event.user], _report(event, "GroupMessageRecvOption", MsgFlag=flag)
        case MembersMuted():
            users, notice = event.users, _report(event, "ShutUpMember", event.topic_id, MuteTime=event.seconds)
        case MembersBanned():
            users, notice = event.users, _report(event, "BannedFromGroup", Reason=event.reason, BannedUntil=event.until)
        case MembersUnbanned():
            users, notice = event.users, _report(event, "UnbannedFromGroup")
        case NoticeSent():
            users, notice = event.users or None, _report(event, "UserDefine", event.topic_id, Content=event.content)
        case _:
            return []
    return [(users, notice)]


def _application(event: ApplicationMade | ApplicationDecided) -> Notice:
    return {"ApplicationId": event.num, "UserList": [event.user], "Message": event.message}


def _report(event: GroupEvent, report: str, topic_id: str = "", /, **more: Any) -> Notice:
    topic = {"TopicId": topic_id} if topic_id else {}
    return {**_base(event), **topic, "ReportType": report, **more}
