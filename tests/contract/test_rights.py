"""Who may do what: the server's table and its behaviour against a second transcription of the documentation."""

import pytest

from contract.rights_second import KINDS, ROLES, second
from qunzhu.core.command import BY_NAME
from qunzhu.core.errors import Refused
from qunzhu.core.kinds import BY_NAME as KINDS_BY_NAME
from qunzhu.core.rights import Action, Role, outranks, require
from worlds import ADMIN, NOW

CELLS = second()
ACTIONS = {
    "get_group_info": Action.READ_INFO,
    "get_group_member_info": Action.READ_MEMBERS,
    "get_role_in_group": Action.READ_ROLES,
    "add_group_member": Action.INVITE,
    "delete_group_member": Action.KICK,
    "delete_group_member of an admin": Action.KICK,
    "modify_group_base_info": Action.EDIT_PROFILE,
    "modify_group_base_info of the rest": Action.EDIT_OPTIONS,
    "modify_group_base_info of MuteAllMember": Action.MUTE_ALL,
    "modify_group_member_info of oneself": Action.EDIT_SELF,
    "modify_group_member_info": Action.EDIT_MEMBER,
    "modify_group_member_info of an admin": Action.EDIT_MEMBER,
    "forbid_send_msg": Action.MUTE,
    "forbid_send_msg of an admin": Action.MUTE,
    "get_group_muted_account": Action.READ_MUTED,
    "get_group_shutted_uin": Action.READ_MUTED,
    "send_group_system_notification": Action.SEND_NOTICE,
    "send_group_msg": Action.SEND,
    "send_group_msg of a mention of everybody": Action.MENTION_ALL,
    "group_msg_get_simple": Action.READ_HISTORY,
    "delete_group_msg_by_sender": Action.PURGE,
    "set_unread_msg_num": Action.SET_UNREAD,
    "import_group_msg": Action.IMPORT,
    "get_group_msg_receipt": Action.READ_RECEIPTS,
    "import_group": Action.IMPORT,
    "import_group_member": Action.IMPORT,
    "destroy_group": Action.DISSOLVE,
    "change_group_owner": Action.TRANSFER,
    "quit_group": Action.QUIT,
    "join_group": Action.JOIN,
    "handle_group_application": Action.DECIDE,
    "create_group": Action.CREATE,
    "get_group_attr": Action.READ_ATTRIBUTES,
    "modify_group_attr": Action.EDIT_ATTRIBUTES,
    "set_group_attr": Action.EDIT_ATTRIBUTES,
    "clear_group_attr": Action.EDIT_ATTRIBUTES,
    "delete_group_attr": Action.EDIT_ATTRIBUTES,
    "get_group_counter": Action.READ_COUNTERS,
    "update_group_counter": Action.EDIT_COUNTERS,
    "delete_group_counter": Action.EDIT_COUNTERS,
    "create_permission_group": Action.EDIT_PERMISSIONS,
    "destroy_permission_group": Action.EDIT_PERMISSIONS,
    "modify_permission_group": Action.EDIT_PERMISSIONS,
    "get_permission_group": Action.READ_PERMISSIONS,
    "add_topic_permission_group": Action.EDIT_TOPIC_PERMISSIONS,
    "set_topic_permission_group": Action.EDIT_TOPIC_PERMISSIONS,
    "delete_topic_permission_group": Action.EDIT_TOPIC_PERMISSIONS,
    "get_topic_permission_group": Action.READ_PERMISSIONS,
    "add_permission_group_member": Action.EDIT_PERMISSION_MEMBERS,
    "delete_permission_group_member": Action.EDIT_PERMISSION_MEMBERS,
    "get_permission_group_member_list": Action.READ_PERMISSIONS,
    "create_topic": Action.CREATE_TOPIC,
    "get_topic": Action.READ_TOPICS,
    "modify_topic": Action.EDIT_TOPIC,
    "modify_topic of MuteAllMember": Action.MUTE_TOPIC,
    "destroy_topic": Action.DESTROY_TOPIC,
    "get_online_member_num": Action.READ_ONLINE,
    "get_members": Action.READ_ONLINE,
    "check_members": Action.READ_ONLINE,
    "get_admin_list": Action.READ_ONLINE,
    "modify_user_info": Action.MARK,
    "get_group_ban_member": Action.BAN,
    "ban_group_member": Action.BAN,
    "unban_group_member": Action.BAN,
}
STANDING = {
    "app_admin": Role.OUTSIDER, "owner": Role.OWNER, "admin": Role.ADMIN, "member": Role.MEMBER,
    "outsider": Role.OUTSIDER,
}  # fmt: skip
#: The application that waits in each furnished group.
APPLICATION = 1000
SERVICES = {"group_open_http_svc", "group_open_avchatroom_http_svc", "million_group_open_http_svc",
            "group_open_attr_http_svc"}  # fmt: skip
OPEN_INVITES = {"Private", "Community"}


def by_table(command: str, kind: str, role: str) -> int:
    """Ask the server's own table."""
    action, standing, admin = ACTIONS[command], STANDING[role], role == "app_admin"
    if command == "create_group":
        standing = Role.OUTSIDER
    try:
        require(action, KINDS_BY_NAME[kind], standing, app_admin=admin, invites_open=kind in OPEN_INVITES)
    except Refused as refused:
        return refused.row.code
    if command.endswith("of an admin") and not outranks(standing, Role.ADMIN, app_admin=admin):
        return 10007
    return 0


@pytest.mark.parametrize("command", ACTIONS)
def test_the_table_agrees_with_the_second_transcription(command):
    """A duplicate join (10013) is no matter of rights; the table is not asked for it."""
    different = {
        (kind, role): (found, code)
        for (name, kind, role), code in CELLS.items()
        if name == command and code != 10013 and not (command == "join_group" and role in {"owner", "admin", "member"})
        and (found := by_table(command, kind, role)) != code
    }  # fmt: skip
    assert not different, "(server, documentation) by kind and role"


def test_the_second_transcription_has_every_command_that_users_reach():
    """A new group command needs its rows here before it can be relied on."""
    rows = {name.partition(" of ")[0] for name, _, _ in CELLS}
    built = {c.name for c in BY_NAME.values() if c.service in SERVICES}
    assert built - {"get_specified_group_member_info"} <= rows
    assert {"join_group", "quit_group"} <= rows


def request_for(command: str, kind: str, group: str, caller: str) -> dict[str, object]:
    """Return the fields that make the command a plain question of rights."""
    helpers = {"GroupId": group, "PermissionGroupId": "@PMG#_helpers"}
    topics = {**helpers, "TopicPermissionList": [{"TopicId": f"{group}@TOPIC#_x", "Permission": 1}]}
    members = {**helpers, "MemberList": [{"Member_Account": "member"}]}
    text = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
    return {
        "get_group_attr": {"GroupId": group},
        "modify_group_attr": {"GroupId": group, "GroupAttr": [{"key": "a", "value": "1"}]},
        "set_group_attr": {"GroupId": group, "GroupAttr": [{"key": "a", "value": "1"}]},
        "clear_group_attr": {"GroupId": group},
        "delete_group_attr": {"GroupId": group, "GroupAttr": [{"key": "seat"}]},
        "get_group_counter": {"GroupId": group},
        "update_group_counter": {"GroupId": group, "GroupCounter": [{"Key": "likes", "Value": 1}]},
        "delete_group_counter": {"GroupId": group},
        "create_permission_group": {"GroupId": group},
        "destroy_permission_group": {"GroupId": group, "PermissionGroupIdList": ["@PMG#_helpers"]},
        "modify_permission_group": {**helpers, "PermissionGroupName": "n"},
        "get_permission_group": {"GroupId": group},
        "add_topic_permission_group": topics,
        "set_topic_permission_group": topics,
        "delete_topic_permission_group": {**helpers, "TopicIdList": [f"{group}@TOPIC#_x"]},
        "get_topic_permission_group": helpers,
        "add_permission_group_member": members,
        "delete_permission_group_member": members,
        "get_permission_group_member_list": helpers,
        "import_group": {"Type": kind, "Name": "imported"},
        "get_group_info": {"GroupIdList": [group]},
        "get_group_member_info": {"GroupId": group},
        "get_role_in_group": {"GroupId": group, "User_Account": ["member"]},
        "add_group_member": {"GroupId": group, "MemberList": [{"Member_Account": "guest"}]},
        "delete_group_member": {"GroupId": group, "MemberToDel_Account": ["victim"]},
        "delete_group_member of an admin": {"GroupId": group, "MemberToDel_Account": ["second"]},
        "modify_group_base_info": {
            "GroupId": group,
            "Name": "n",
            "Introduction": "i",
            "Notification": "n",
            "FaceUrl": "f",
        },
        "modify_group_base_info of the rest": {"GroupId": group, "MaxMemberNum": 100},
        "modify_group_base_info of MuteAllMember": {"GroupId": group, "MuteAllMember": "On"},
        "modify_group_member_info of oneself": {
            "GroupId": group,
            "Member_Account": caller,
            "NameCard": "n",
            "MsgFlag": "Discard",
            "AppMemberDefinedData": [{"Key": "open_m", "Value": "v"}],
        },
        "modify_group_member_info": {"GroupId": group, "Member_Account": "victim", "NameCard": "n"},
        "modify_group_member_info of an admin": {"GroupId": group, "Member_Account": "second", "NameCard": "n"},
        "modify_group_member_info of Role": {"GroupId": group, "Member_Account": "victim", "Role": "Admin"},
        "modify_group_member_info of MuteTime": {"GroupId": group, "Member_Account": "victim", "MuteTime": 5},
        "forbid_send_msg": {"GroupId": group, "Members_Account": ["victim"], "MuteTime": 5},
        "forbid_send_msg of an admin": {"GroupId": group, "Members_Account": ["second"], "MuteTime": 5},
        "get_group_muted_account": {"GroupId": group},
        "get_group_shutted_uin": {"GroupId": group},
        "send_group_system_notification": {"GroupId": group, "Content": "c"},
        "send_group_msg": {"GroupId": group, "Random": 1, "MsgBody": text},
        "send_group_msg of a mention of everybody": {
            "GroupId": group,
            "Random": 2,
            "MsgBody": text,
            "GroupAtInfo": [{"GroupAtAllFlag": 1}],
        },
        "send_broadcast_msg": {"Random": 1, "MsgBody": text},
        "group_msg_get_simple": {"GroupId": group, "ReqMsgNumber": 1},
        "group_msg_recall": {"GroupId": group, "MsgSeqList": [{"MsgSeq": 1}]},
        "delete_group_msg_by_sender": {"GroupId": group, "Sender_Account": "victim"},
        "clear_group_msg": {"GroupId": group},
        "import_group_msg": {
            "GroupId": group,
            "MsgList": [{"From_Account": "victim", "SendTime": NOW, "MsgBody": text}],
        },
        "set_unread_msg_num": {"GroupId": group, "Member_Account": "victim", "UnreadMsgNum": 1},
        "group_msg_receipt": {
            "GroupId": group,
            "MsgSeqList": [{"MsgSeq": 1}],
            "From_Account": "victim" if caller == ADMIN else caller,
        },
        "get_group_msg_receipt": {"GroupId": group, "MsgSeqList": [{"MsgSeq": 1}]},
        "get_group_msg_receipt_detail": {"GroupId": group, "MsgSeq": 1, "Filter": 0, "Cursor": "", "Count": 1},
        "import_group_member": {"GroupId": group, "MemberList": [{"Member_Account": "guest"}]},
        "destroy_group": {"GroupId": group},
        "change_group_owner": {"GroupId": group, "NewOwner_Account": "victim"},
        "join_group": {"GroupId": group},
        "get_online_member_num": {"GroupId": group},
        "get_members": {"GroupId": group, "Timestamp": 0},
        "check_members": {"GroupId": group, "Member_Account": ["victim"]},
        "get_admin_list": {"GroupId": group},
        "modify_admin": {"GroupId": group, "CommandType": 1, "Admin_Account": ["guest"]},
        "modify_user_info": {
            "GroupId": group,
            "CommandType": 1,
            "MemberList": [{"Member_Account": "victim", "Marks": [1000]}],
        },
        "get_group_ban_member": {"GroupId": group, "Offset": 0},
        "ban_group_member": {"GroupId": group, "Members_Account": ["victim"], "Duration": 60},
        "unban_group_member": {"GroupId": group, "Members_Account": ["victim"]},
        "handle_group_application": {"GroupId": group, "ApplicationId": APPLICATION, "Accept": 0},
        "quit_group": {"GroupId": group},
        "create_group": {"Type": "Public", "Name": "mine"},
        "create_topic": {"GroupId": group, "TopicName": "n"},
        "get_topic": {"GroupId": group, "From_Account": "member"},
        "modify_topic": {"GroupId": group, "TopicId": f"{group}@TOPIC#_t", "TopicName": "n"},
        "modify_topic of MuteAllMember": {"GroupId": group, "TopicId": f"{group}@TOPIC#_t", "MuteAllMember": "On"},
        "destroy_topic": {"GroupId": group, "TopicIdList": [f"{group}@TOPIC#_t"]},
        "import_topic": {"GroupId": group, "TopicName": "n"},
        "get_joined_group_list": {"Member_Account": caller},
        "get_appid_group_list": {},
        "account_import": {"UserID": "new"},
        "multiaccount_import": {"Accounts": ["new"]},
        "account_delete": {"DeleteItem": [{"UserID": "guest"}]},
        "account_check": {"CheckItem": [{"UserID": "guest"}]},
        "kick": {"UserID": "guest"},
        "query_online_status": {"To_Account": ["guest"]},
    }[command]


def seated(world, group: str) -> str:
    """Give a group an attribute, so that there is one to delete."""
    world.call("modify_group_attr", GroupId=group, GroupAttr=[{"key": "seat", "value": "1"}])
    return group


def waited_for(world, group: str) -> str:
    """Let somebody's application wait in a group: not every kind lets users apply, but each must know who decides."""
    world.execute("DELETE FROM applications")
    world.execute(
        "INSERT INTO applications (num, group_num, sort, user_id, inviter, message, at_ms, handled_by, accepted,"
        " answer, handled_at) SELECT :num, num, 0, 'guest', '', '', 1, '', 0, '', 0 FROM groups WHERE group_id = :id",
        num=APPLICATION, id=group,
    )  # fmt: skip
    return group


@pytest.fixture
def furnished(world):
    """Return a function that makes a group of a kind in which every role of the table has somebody."""
    world.people("owner", "admin", "second", "member", "victim", "guest", "outsider")

    def make(kind):
        if kind == "AVChatRoom":
            group = world.group(kind)
            world.call("modify_admin", GroupId=group, CommandType=1, Admin_Account=["admin", "second"])
            world.there(group, "member", "victim")
            return waited_for(world, seated(world, group))
        members = [
            {"Member_Account": user, **({"Role": "Admin"} if user in {"admin", "second"} and kind != "Private" else {})}
            for user in ("admin", "second", "member", "victim")
            if kind != "Private" or user in {"member", "victim"}
        ]
        if kind != "Community":
            return waited_for(world, seated(world, world.group(kind, MemberList=members)))
        group = world.group(kind, MemberList=members, SupportTopic=1)
        world.call("create_topic", GroupId=group, TopicName="t", TopicId=f"{group}@TOPIC#_t")
        world.call("create_permission_group", GroupId=group, PermissionGroupId="@PMG#_helpers")
        return waited_for(world, seated(world, group))

    world.make = make
    return world


def outcome(world, name: str, kind: str, group: str, role: str) -> int:
    """Run a command as a role; the refusal of get_group_info stands in its item."""
    by = None if role == "app_admin" else role
    command = name.partition(" of ")[0]
    fields = request_for(name, kind, group, by or ADMIN)
    if command == "get_group_info":
        return world.info(group, by)["ErrorCode"]
    return world.code(command, by, **fields)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_server_behaves_as_the_second_transcription(furnished, kind, role):
    """Every command, run by every role in every kind of group."""
    different = {}
    for (name, a_kind, a_role), code in CELLS.items():
        if (a_kind, a_role) != (kind, role):
            continue
        group = furnished.make(kind)
        furnished.people("guest")
        found = outcome(furnished, name, kind, group, role)
        if found != code:
            different[name] = (found, code)
    assert not different, "(server, documentation) by command"


@pytest.mark.parametrize("kind", KINDS)
def test_an_app_admin_at_the_gateway_counts_as_one(furnished, kind):
    """The right is the account's, not the door's."""
    group = furnished.make(kind)
    assert furnished.code("modify_group_base_info", ADMIN, GroupId=group, Name="by admin") == 0
    assert furnished.code("destroy_group", ADMIN, GroupId=group) == 0


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom"])
def test_invite_option_opens_and_closes_member_invites(furnished, kind):
    """FreeAccess lets members invite, DisableInvite forbids it, whatever the kind's default."""
    group = furnished.make(kind)
    fields = {"GroupId": group, "MemberList": [{"Member_Account": "guest"}]}
    furnished.call("modify_group_base_info", GroupId=group, InviteJoinOption="DisableInvite")
    for role in ("owner", "member", "outsider"):
        furnished.refused(10007, "add_group_member", role, **fields)
    furnished.call("modify_group_base_info", GroupId=group, InviteJoinOption="FreeAccess")
    furnished.refused(10007, "add_group_member", "outsider", **fields)
    assert furnished.call("add_group_member", "member", **fields)["MemberList"] == [
        {"Member_Account": "guest", "Result": 1}
    ]


def test_an_outsider_may_not_call_modify_even_without_changes(furnished):
    """The right is asked before there is anything to do (10007), so that nobody learns which Work groups exist."""
    group = furnished.make("Private")
    furnished.refused(10007, "modify_group_base_info", "outsider", GroupId=group)


def test_a_user_lists_only_his_own_groups(furnished):
    """get_joined_group_list of somebody else is the app administrator's."""
    furnished.make("Public")
    furnished.refused(10007, "get_joined_group_list", "member", Member_Account="owner")
    assert furnished.call("get_joined_group_list", "member", Member_Account="member")["TotalCount"] == 1
