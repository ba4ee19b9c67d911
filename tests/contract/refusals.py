"""Calls that must be refused: which command, by whom, with which code, and the words that say which rule refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from contract import refusals_conversations as conversations
from qunzhu.core.command import BY_NAME
from worlds import NOW

if TYPE_CHECKING:
    from worlds import World

CLUB = "@TGS#_club"
PLAIN = "@TGS#_plain"
NEWS, TALK = f"{CLUB}@TOPIC#_news", f"{CLUB}@TOPIC#_talk"
HELPERS = {"GroupId": CLUB, "PermissionGroupId": "@PMG#_helpers"}
PEOPLE = ("owner", "admin", "ann", "ben", "guest", "other")
SERVICES = {"group_open_http_svc", "million_group_open_http_svc", "group_open_attr_http_svc",
            "group_open_avchatroom_http_svc", *conversations.SERVICES}  # fmt: skip


class Case(NamedTuple):
    """One call and its refusal. ``item``: the code stands in an item of the answer, the rest of the call counts."""

    code: int
    name: str
    fields: dict[str, Any]
    words: tuple[str, ...]
    by: str | None = None
    caps: dict[str, Any] | None = None
    """Caps of the app's plan during the call."""
    settings: dict[str, Any] | None = None
    """The app's settings during the call."""
    item: bool = False


HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]


def people(*users: str) -> list[dict[str, str]]:
    """Return items of a member list."""
    return [{"Member_Account": user} for user in users]


def many(number: int) -> list[str]:
    """Return so many different accounts."""
    return [f"user-{index}" for index in range(number)]


def attributes(number: int, value: str = "v") -> list[dict[str, str]]:
    """Return so many attributes."""
    return [{"key": f"a{index}", "value": value} for index in range(number)]


def counters(number: int) -> list[dict[str, Any]]:
    """Return so many counters."""
    return [{"Key": f"c{index}", "Value": 1} for index in range(number)]


def furnish(world: World) -> None:
    """Make groups of all kinds, in which the calls below find what they are about."""
    world.people(*PEOPLE)
    for kind, name in (("Private", "work"), ("Public", "public"), ("ChatRoom", "meeting")):
        admins = [] if kind == "Private" else [{"Member_Account": "admin", "Role": "Admin"}]
        world.group(kind, GroupId=name, MemberList=[*people("ann", "ben"), *admins])
    world.group("AVChatRoom", GroupId="live")
    world.group("Public", GroupId="full", MaxMemberNum=2, MemberList=people("ann"))
    world.group("ChatRoom", GroupId="packed", MaxMemberNum=2, MemberList=people("ann"))
    world.group("Public", GroupId="closed", ApplyJoinOption="DisableApply")
    world.group("Public", GroupId="nobodys", owner=None)
    world.group("Community", GroupId=CLUB, SupportTopic=1, MemberList=people("ann", "ben"))
    world.group("Community", GroupId=PLAIN, MemberList=people("ann"))
    for topic in (NEWS, TALK):
        world.call("create_topic", GroupId=CLUB, TopicId=topic, TopicName="n", From_Account="owner")
    world.call("create_permission_group", **HELPERS)
    world.call("add_permission_group_member", **HELPERS, MemberList=people("ben"))
    world.call("add_topic_permission_group", **HELPERS, TopicPermissionList=[{"TopicId": NEWS, "Permission": 1}])
    world.call("join_group", "guest", GroupId="public")
    world.call("join_group", "other", GroupId="public")
    world.call("handle_group_application", "owner", GroupId="public", ApplicationId=2, Accept=0)
    world.call("join_group", "guest", GroupId="full")
    world.group("AVChatRoom", GroupId="banning")
    world.call("ban_group_member", GroupId="banning", Members_Account=["guest"], Duration=60)
    world.group("AVChatRoom", GroupId="shut", ApplyJoinOption="DisableApply")
    for name in ("filled", "busy"):
        world.group("Public", GroupId=name)
    world.call("set_group_attr", GroupId="filled", GroupAttr=attributes(16))
    world.call("update_group_counter", GroupId="filled", GroupCounter=counters(20))
    world.group("Public", GroupId="large", MemberList=people("ann", "ben"))
    world.execute("UPDATE groups SET member_num = 201 WHERE group_id = 'large'")
    world.call("forbid_send_msg", GroupId="meeting", Members_Account=["ben"], MuteTime=60)
    for _ in range(5):
        world.call("set_group_attr", GroupId="busy", GroupAttr=attributes(1))
    conversations.furnish_conversations(world)
    furnish_history(world)


def furnish_history(world: World) -> None:
    """Store messages: in the public group seq 2 asks for receipts and is the owner's, 3 is an old one of ann's."""
    world.group("Public", GroupId="talked", MemberList=people("ann", "ben"))
    world.call("send_group_msg", GroupId="talked", Random=1, MsgBody=HELLO, From_Account="owner", NeedReadReceipt=1)
    world.call("send_group_msg", GroupId="talked", Random=2, MsgBody=HELLO, From_Account="ann")
    world.execute("UPDATE messages SET at = at - 121 WHERE seq = 3 AND sender = 'ann'")


#: A call of each command that passes, through the door that it has.
PASSES: dict[str, tuple[str | None, dict[str, Any]]] = {
    "create_group": (None, {"Type": "Public", "Name": "n"}),
    "get_group_info": (None, {"GroupIdList": ["public"]}),
    "get_appid_group_list": (None, {}),
    "get_joined_group_list": (None, {"Member_Account": "ann"}),
    "modify_group_base_info": (None, {"GroupId": "public", "Name": "n"}),
    "change_group_owner": (None, {"GroupId": "public", "NewOwner_Account": "ann"}),
    "destroy_group": (None, {"GroupId": "public"}),
    "add_group_member": (None, {"GroupId": "public", "MemberList": people("guest")}),
    "delete_group_member": (None, {"GroupId": "public", "MemberToDel_Account": ["ann"]}),
    "get_group_member_info": (None, {"GroupId": "public"}),
    "get_specified_group_member_info": (None, {"GroupId": "public", "Member_List_Account": ["ann"]}),
    "get_role_in_group": (None, {"GroupId": "public", "User_Account": ["ann"]}),
    "modify_group_member_info": (None, {"GroupId": "public", "Member_Account": "ann", "NameCard": "n"}),
    "forbid_send_msg": (None, {"GroupId": "public", "Members_Account": ["ann"], "MuteTime": 60}),
    "get_group_muted_account": (None, {"GroupId": "public"}),
    "get_group_shutted_uin": (None, {"GroupId": "public"}),
    "send_group_system_notification": (None, {"GroupId": "public", "Content": "c"}),
    "send_group_msg": (None, {"GroupId": "public", "Random": 1, "MsgBody": HELLO}),
    "send_broadcast_msg": (None, {"Random": 0, "MsgBody": HELLO}),
    "group_msg_get_simple": (None, {"GroupId": "public", "ReqMsgNumber": 5}),
    "pull_group_messages": ("ann", {"GroupId": "public"}),
    "read_group_messages": ("ann", {"GroupId": "public"}),
    "group_msg_recall": (None, {"GroupId": "talked", "MsgSeqList": [{"MsgSeq": 2}]}),
    "delete_group_msg_by_sender": (None, {"GroupId": "talked", "Sender_Account": "ann"}),
    "clear_group_msg": (None, {"GroupId": "talked"}),
    "hide_group_messages": ("ben", {"GroupId": "talked", "MsgSeqList": [2]}),
    "import_group_msg": (None, {
        "GroupId": "public", "MsgList": [{"From_Account": "ann", "SendTime": NOW, "MsgBody": HELLO}],
    }),
    "set_unread_msg_num": (None, {"GroupId": "public", "Member_Account": "ann", "UnreadMsgNum": 0}),
    "group_msg_receipt": (None, {"GroupId": "talked", "From_Account": "ben", "MsgSeqList": [{"MsgSeq": 2}]}),
    "get_group_msg_receipt": (None, {"GroupId": "talked", "MsgSeqList": [{"MsgSeq": 2}]}),
    "get_group_msg_receipt_detail": (None, {"GroupId": "talked", "MsgSeq": 2, "Filter": 0, "Cursor": "", "Count": 5}),
    "import_group": (None, {"Type": "Public", "Name": "n"}),
    "import_group_member": (None, {"GroupId": "public", "MemberList": people("guest")}),
    "join_group": ("guest", {"GroupId": "meeting"}),
    "quit_group": ("ann", {"GroupId": "public"}),
    "get_group_applications": ("ann", {}),
    "handle_group_application": ("owner", {"GroupId": "public", "ApplicationId": 1, "Accept": 0}),
    "report_group_applications_read": ("ann", {"Time": 0}),
    "create_permission_group": (None, {"GroupId": CLUB}),
    "destroy_permission_group": (None, {"GroupId": CLUB, "PermissionGroupIdList": ["@PMG#_helpers"]}),
    "modify_permission_group": (None, {**HELPERS, "PermissionGroupName": "n"}),
    "get_permission_group": (None, {"GroupId": CLUB}),
    "get_joined_permission_groups": ("ben", {"GroupId": CLUB}),
    "add_permission_group_member": (None, {**HELPERS, "MemberList": people("ann")}),
    "delete_permission_group_member": (None, {**HELPERS, "MemberList": people("ben")}),
    "get_permission_group_member_list": (None, HELPERS),
    "add_topic_permission_group": (
        None, {**HELPERS, "TopicPermissionList": [{"TopicId": TALK, "Permission": 1}]},
    ),
    "set_topic_permission_group": (
        None, {**HELPERS, "TopicPermissionList": [{"TopicId": NEWS, "Permission": 2}]},
    ),
    "delete_topic_permission_group": (None, {**HELPERS, "TopicIdList": [NEWS]}),
    "get_topic_permission_group": (None, HELPERS),
    "create_topic": (None, {"GroupId": CLUB, "TopicName": "n"}),
    "import_topic": (None, {"GroupId": CLUB, "TopicName": "n"}),
    "get_topic": (None, {"GroupId": CLUB, "From_Account": "ann"}),
    "modify_topic": (None, {"GroupId": CLUB, "TopicId": NEWS, "TopicName": "n"}),
    "destroy_topic": (None, {"GroupId": CLUB, "TopicIdList": [NEWS]}),
    "get_group_attr": (None, {"GroupId": "public"}),
    "modify_group_attr": (None, {"GroupId": "public", "GroupAttr": attributes(1)}),
    "set_group_attr": (None, {"GroupId": "public", "GroupAttr": attributes(1)}),
    "clear_group_attr": (None, {"GroupId": "public"}),
    "delete_group_attr": (None, {"GroupId": "filled", "GroupAttr": [{"key": "a0"}]}),
    "get_group_counter": (None, {"GroupId": "public"}),
    "update_group_counter": (None, {"GroupId": "public", "GroupCounter": counters(1)}),
    "delete_group_counter": (None, {"GroupId": "filled", "GroupCounterKeys": ["c0"]}),
    "get_online_member_num": (None, {"GroupId": "live"}),
    "get_members": (None, {"GroupId": "live", "Timestamp": 0}),
    "check_members": (None, {"GroupId": "live", "Member_Account": ["ann"]}),
    "modify_user_info": (
        None, {"GroupId": "live", "CommandType": 1, "MemberList": [{"Member_Account": "ann", "Marks": [1000]}]},
    ),
    "modify_admin": (None, {"GroupId": "live", "CommandType": 1, "Admin_Account": ["ann"]}),
    "get_admin_list": (None, {"GroupId": "live"}),
    "get_group_ban_member": (None, {"GroupId": "live", "Offset": 0}),
    "ban_group_member": (None, {"GroupId": "live", "Members_Account": ["ann"], "Duration": 60}),
    "unban_group_member": (None, {"GroupId": "live", "Members_Account": ["ann"]}),
    "sync": ("ann", {}),
    "pull_c2c_messages": ("ann", {"Peer_Account": "ben"}),
    "get_user_profiles": ("ann", {"To_Account": ["ann"]}),
    "set_all_receive_option": ("ann", {"MsgFlag": "Discard", "Duration": 60, "StartOfDay": 0}),
    "get_all_receive_option": ("ann", {}),
    **conversations.PASSES,
    "request_upload": ("ann", {"Sort": "Image", "Size": 1}),
    "renew_media_links": ("ann", {"MediaList": [{"UUID": "0" * 32}]}),
}  # fmt: skip

#: 10005: the list of a command, and how many the documentation allows.
BATCHES = {
    "create_group": ("MemberList", 100), "add_group_member": ("MemberList", 300),
    "delete_group_member": ("MemberToDel_Account", 100), "get_specified_group_member_info": ("Member_List_Account", 50),
    "get_role_in_group": ("User_Account", 500), "forbid_send_msg": ("Members_Account", 500),
    "send_group_system_notification": ("ToMembers_Account", 500), "import_group_member": ("MemberList", 300),
    "ban_group_member": ("Members_Account", 20), "unban_group_member": ("Members_Account", 20),
    "add_permission_group_member": ("MemberList", 100), "delete_permission_group_member": ("MemberList", 100),
}  # fmt: skip

#: 10007: by whom the passing call is refused instead, with which fields changed; a stranger where nothing stands here.
STRANGERS: dict[str, tuple[str | None, dict[str, Any], str]] = {
    "create_group": ("guest", {"Owner_Account": "ann"}, "'guest' may not create a group for another owner"),
    "get_group_info": ("guest", {"GroupIdList": ["work"]}, "NotMember may not read the group's profile"),
    "get_joined_group_list": ("guest", {}, "only one's own groups"),
    "modify_group_base_info": ("ann", {}, "Member may not change name"),
    "send_group_system_notification": (None, {}, ""),
    "import_group": (None, {"Type": "AVChatRoom"}, "may not import a group"),
    "import_group_member": (None, {"GroupId": "live"}, "may not import a group, its members"),
    "join_group": ("guest", {"GroupId": "work"}, "NotMember may not join by oneself in a Private group"),
    **{
        name: (None, {"GroupId": "public"}, "'public' is a Public group, not a live room")
        for name in ("get_online_member_num", "get_members", "check_members", "get_admin_list")
    },
    "create_topic": (None, {"GroupId": "public"}, "may not create a topic in a Public group"),
    "import_topic": (None, {"GroupId": "public"}, "may not create a topic in a Public group"),
}

#: 11000: what says that communities or topics are off; the community is meant where nothing stands here.
SWITCHED = {"create_group": "Type: Community", "import_group": "Type: Community"}

WHO_GUEST = "'guest'"
OFF = {"community": False}


def _kind_cases(name: str, cap: str) -> list[Case]:
    """What creating and importing refuse alike."""
    fields = {"Type": "Public", "Name": "n"}
    return [
        Case(10004, name, {**fields, "Type": "Party"}, ("Type", "'Party'", "Public")),
        Case(10004, name, {**fields, "Name": "群" * 11}, ("Name", "33 bytes", "30 bytes")),
        Case(10004, name, {**fields, "SupportTopic": 1}, ("SupportTopic", "only a Community")),
        Case(10004, name, {**fields, "GroupId": "@TGS#x"}, ("GroupId", "must not start with @TGS#")),
        Case(10006, name, fields, ("net new groups today", "plan tests", "1"), caps={"net_groups_a_day": 1}),
        Case(10019, name, {**fields, "Owner_Account": "nobody"}, ("Owner_Account", "'nobody'")),
        Case(10021, name, {**fields, "GroupId": "public", "Owner_Account": "ann"}, ("GroupId", "'public'")),
        Case(10025, name, {**fields, "GroupId": "public", "Owner_Account": "owner"}, ("GroupId", "'public'")),
        Case(10037, name, {**fields, "Owner_Account": "ann"}, ("'ann' is in", "plan tests allows 1"),
             caps={"groups_per_user": 1}),
        Case(10038, name, {**fields, "MaxMemberCount": 21}, (cap, "21", "plan tests allows 20"),
             caps={"group_members": 20}),
        Case(10058, name, fields, ("existing groups", "plan tests allows 1"), caps={"groups": 1}),
        Case(10059, name, {**fields, "Type": "Community"}, ("Type", "plan tests"), caps={"communities": 0}),
    ]  # fmt: skip


def _sending(code: int, words: tuple[str, ...], by: str | None = None, *, caps: Any = None, **fields: Any) -> Case:
    """Return a refusal of a message to the public group, or to the one that is named."""
    return Case(code, "send_group_msg", {**PASSES["send_group_msg"][1], **fields}, words, by, caps)


SENDING = [
    _sending(10004, ("MsgBody: no element",), MsgBody=[]),
    _sending(10004, ("MsgBody[0].MsgType: 'TIMSongElem'",), MsgBody=[{"MsgType": "TIMSongElem", "MsgContent": {}}]),
    _sending(10004, ("From_Account: 'nobody' is not registered",), From_Account="nobody"),
    _sending(10004, ("MsgPriority: 'high'", "High, Normal, Low"), MsgPriority="high"),
    _sending(10004, ("Random: 4294967296", "4294967295"), Random=2**32),
    _sending(10004, ("not together with OnlineOnlyFlag 1",), OnlineOnlyFlag=1, SendMsgControl=["NoLastMsg"]),
    _sending(10004, ("NoUnread: a ChatRoom group",), GroupId="meeting", SendMsgControl=["NoUnread"]),
    _sending(10004, ("GroupAtInfo[0].GroupAt_Account: required",), GroupAtInfo=[{"GroupAtAllFlag": 0}]),
    _sending(10004, ("To_Account: 51 items, at most 50",), To_Account=many(51)),
    _sending(10004, ("To_Account: none of them is a member",), To_Account=["guest"]),
    _sending(10004, ("To_Account: not for AVChatRoom groups",), GroupId="live", To_Account=["ann"]),
    _sending(10004, ("NeedReadReceipt: not for Community groups",), GroupId=CLUB, NeedReadReceipt=1),
    _sending(10007, ("From_Account: 'ann' may not send as 'ben'",), by="ann", From_Account="ben"),
    _sending(10007, ("mention everybody in a AVChatRoom group",), GroupId="live", GroupAtInfo=[{"GroupAtAllFlag": 1}]),
    _sending(10017, ("'ben' until",), by="ben", GroupId="meeting"),
    _sending(10053, ("GroupAtInfo: 31 items, at most 30",), GroupAtInfo=[{"GroupAtAllFlag": 1}] * 31),
    _sending(10059, ("To_Account: plan tests has none",), To_Account=["ann"], caps={"special_messages": False}),
    _sending(10060, ("NeedReadReceipt: the group has 201 members",), GroupId="large", NeedReadReceipt=1),
    _sending(10061, ("NeedReadReceipt: not together with OnlineOnlyFlag 1",), NeedReadReceipt=1, OnlineOnlyFlag=1),
    _sending(11000, ("TopicId: 'public' has no topics",), TopicId="public@TOPIC#_x"),
    _sending(80002, ("CloudCustomData: 12289 bytes, at most 12288",), CloudCustomData="x" * 12289),
    _sending(80002, ("MsgBody: 12289 bytes with CloudCustomData, at most 12288",),
             MsgBody=[{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x" * (12289 - len('{"Text":""}'))}}]),
    _sending(110003, ("TopicId: ", "TOPIC#_none"), GroupId=CLUB, TopicId=f"{CLUB}@TOPIC#_none"),
    _sending(110013, ("TopicId: 97 bytes", "at most 96 bytes"), GroupId=CLUB, TopicId="x" * 97),
    *(
        Case(code, "send_broadcast_msg", {"Random": 1, "MsgBody": HELLO, **fields}, words, caps=caps)
        for code, fields, words, caps in (
            (10004, {"MsgBody": []}, ("MsgBody: no element",), None),
            (10004, {"From_Account": "nobody"}, ("From_Account: 'nobody' is not registered",), None),
            (10059, {}, ("plan tests has no broadcasts",), {"special_messages": False}),
            (80002, {"CloudCustomData": "x" * 12288}, ("MsgBody: 12304 bytes",), None),
        )
    ),
]  # fmt: skip
READS_HISTORY = (
    "group_msg_get_simple", "pull_group_messages", "read_group_messages", "group_msg_recall",
    "delete_group_msg_by_sender", "clear_group_msg", "hide_group_messages", "import_group_msg",
)  # fmt: skip


def _history(code: int, name: str, words: tuple[str, ...], by: str | None = None, *, caps: Any = None,
             item: bool = False, **fields: Any) -> Case:  # fmt: skip
    """Return a refusal of a command about stored messages: the passing call with other fields."""
    return Case(code, name, {**PASSES[name][1], **fields}, words, by or PASSES[name][0], caps, item=item)


HISTORY = [
    *(
        case
        for name in READS_HISTORY
        for case in (
            _history(11000, name, ("TopicId: 'public' has no topics",), GroupId="public", TopicId="public@TOPIC#_x"),
            _history(110003, name, ("TopicId: ", "TOPIC#_none"), GroupId=CLUB, TopicId=f"{CLUB}@TOPIC#_none"),
            _history(110013, name, ("TopicId: 97 bytes", "at most 96 bytes"), GroupId=CLUB, TopicId="x" * 97),
        )
    ),
    _history(10007, "group_msg_get_simple", ("read messages in a AVChatRoom group",), GroupId="live"),
    _history(10004, "group_msg_get_simple", ("ReqMsgNumber: 0", "1 to 4294967295"), ReqMsgNumber=0),
    _history(10004, "pull_group_messages", ("Limit: 101", "1 to 100"), Limit=101),
    _history(10004, "pull_group_messages", ("Seqs: 101 items, at most 100",), Seqs=[1] * 101),
    _history(10007, "read_group_messages", ("'administrator' is no member",), "administrator"),
    _history(10004, "group_msg_recall", ("MsgSeqList: 11 items, at most 10",), MsgSeqList=[{"MsgSeq": 2}] * 11),
    _history(10004, "group_msg_recall", ("Reason: 101 bytes", "100 bytes"), Reason="x" * 101),
    _history(10007, "group_msg_recall", (), "ann", item=True),
    _history(10030, "group_msg_recall", (), MsgSeqList=[{"MsgSeq": 9}], item=True),
    _history(10031, "group_msg_recall", (), "ann", MsgSeqList=[{"MsgSeq": 3}], item=True),
    _history(10032, "group_msg_recall", (), MsgSeqList=[{"MsgSeq": 1}], item=True),
    _history(10033, "group_msg_recall", ("GroupId: 'live' is a AVChatRoom group",), GroupId="live"),
    _history(10004, "clear_group_msg", ("MsgSeq: 0", "1 to 4294967295"), MsgSeq=0),
    _history(10035, "clear_group_msg", ("GroupId: 'live' is a AVChatRoom group",), GroupId="live"),
    _history(10004, "hide_group_messages", ("MsgSeqList: this or Upto",), Upto=2),
    _history(10035, "hide_group_messages", ("GroupId: 'live' is a AVChatRoom group",), GroupId="live"),
    _history(10051, "hide_group_messages", ("MsgSeqList: 101 items, at most 100",), MsgSeqList=[1] * 101),
    _history(10052, "hide_group_messages", ("MsgSeqList: none of them",), MsgSeqList=[9]),
    _history(10004, "import_group_msg", ("MsgList: 8 items, at most 7",),
             MsgList=PASSES["import_group_msg"][1]["MsgList"] * 8),
    _history(10004, "import_group_msg", ("RecentContactFlag: not for a Community",), GroupId=CLUB, RecentContactFlag=1),
    _history(10007, "import_group_msg", ("may not import",), GroupId="live"),
    _history(10004, "set_unread_msg_num", ("Member_Account: 'guest' is no member",), Member_Account="guest"),
    _history(10004, "group_msg_receipt", ("From_Account: required",), From_Account=None),
    _history(10004, "group_msg_receipt", ("MsgSeqList: 51 items, at most 50",), MsgSeqList=[{"MsgSeq": 2}] * 51),
    _history(10007, "group_msg_receipt", ("From_Account: 'ann' may not read for 'ben'",), "ann"),
    _history(10062, "group_msg_receipt", ("MsgSeqList: none of them",), MsgSeqList=[{"MsgSeq": 3}]),
    _history(10062, "get_group_msg_receipt_detail", ("MsgSeq: 3",), MsgSeq=3),
    *(
        _history(10059, name, ("plan tests has no read receipts",), caps={"special_messages": False})
        for name in ("group_msg_receipt", "get_group_msg_receipt", "get_group_msg_receipt_detail")
    ),
]  # fmt: skip
#: What is one command's own.
OWN_CASES = [
    *SENDING,
    *HISTORY,
    *_kind_cases("create_group", "MaxMemberCount"),
    *_kind_cases("import_group", "MaxMemberCount"),
    Case(10004, "create_group", {"Type": "Public", "Name": "n", "DefaultPermission": 1},
         ("DefaultPermission", "EnablePermission 1")),
    Case(10007, "create_group", {"Type": "AVChatRoom", "Name": "n", "MemberList": people("ann")},
         ("MemberList", "takes no initial members")),
    Case(10019, "create_group", {"Type": "Public", "Name": "n", "MemberList": people("ann", "nobody")},
         ("MemberList: Member_Account", "'nobody'")),
    Case(10036, "create_group", {"Type": "AVChatRoom", "Name": "n"}, ("plan tests allows 1",), caps={"live_rooms": 1}),
    Case(10038, "create_group",
         {"Type": "Public", "Name": "n", "MaxMemberCount": 1, "MemberList": people("ann", "ben")},
         ("MemberList", "2 members", "1")),
    Case(10004, "import_group", {"Type": "Public", "Name": "n", "CreateTime": NOW + 5}, ("CreateTime", str(NOW + 5))),
    Case(10004, "import_group_member",
         {"GroupId": "public", "MemberList": [{"Member_Account": "guest", "JoinTime": 5}]},
         ("JoinTime", "5 of 'guest'")),
    Case(10007, "import_group_member",
         {"GroupId": "work", "MemberList": [{"Member_Account": "guest", "Role": "Admin"}]},
         ("Role", "Private group has no administrators")),
    Case(10010, "get_group_info", {"GroupIdList": ["nobody"]}, ("GroupId", "'nobody'"), item=True),
    Case(10015, "get_group_info", {"GroupIdList": ["é"]}, ("GroupId", "2 bytes", "48 bytes"), item=True),
    Case(60010, "get_appid_group_list", {}, (WHO_GUEST,), by="guest"),
    Case(10004, "get_appid_group_list", {"Limit": 10001}, ("Limit", "10001", "1 to 10000")),
    Case(10004, "get_joined_group_list", {"Member_Account": "ann", "SupportTopic": 1}, ("SupportTopic", "Community")),
    Case(10004, "modify_group_base_info", {"GroupId": CLUB, "ApplyJoinOption": "FreeAccess"},
         ("ApplyJoinOption", "Community group")),
    Case(10004, "modify_group_base_info", {"GroupId": "public", "AppDefinedData": [{"Key": "none", "Value": "v"}]},
         ("AppDefinedData", "'none'", "not configured")),
    Case(10007, "modify_group_base_info", {"GroupId": "public", "AppDefinedData": [{"Key": "admin_g", "Value": "v"}]},
         ("AppDefinedData", "'admin_g'", "AppAdmin"), by="owner"),
    Case(10019, "modify_group_base_info", {"GroupId": "public", "Name": "n", "From_Account": "nobody"},
         ("From_Account", "'nobody'")),
    Case(10038, "modify_group_base_info", {"GroupId": "public", "MaxMemberNum": 21}, ("21", "plan tests allows 20"),
         caps={"group_members": 20}),
    Case(10004, "change_group_owner", {"GroupId": "public", "NewOwner_Account": "guest"},
         ("NewOwner_Account", WHO_GUEST, "not a member")),
    Case(10014, "add_group_member", {"GroupId": "full", "MemberList": people("guest")},
         ("2 members and 1 more", "limit is 2")),
    Case(10019, "add_group_member", {"GroupId": "public", "MemberList": people("nobody")}, ("MemberList", "'nobody'")),
    Case(10037, "add_group_member", {"GroupId": "closed", "MemberList": people("ann")}, ("'ann' is in", "allows 1"),
         caps={"groups_per_user": 1}),
    Case(10004, "delete_group_member", {"GroupId": "live", "MemberToDel_Account": ["ann"]}, ("AVChatRoom group",)),
    Case(10007, "delete_group_member", {"GroupId": "public", "MemberToDel_Account": ["owner"]},
         ("MemberToDel_Account", "'owner' is Owner")),
    Case(10004, "get_group_member_info", {"GroupId": CLUB, "Limit": 101}, ("Limit", "101", "at most 100")),
    Case(10007, "get_group_member_info", {"GroupId": "live"}, ("read the member list in a AVChatRoom group",)),
    Case(10007, "modify_group_member_info", {"GroupId": "public", "Member_Account": "owner", "NameCard": "n"},
         ("NameCard: 'owner' is Owner",), by="admin"),
    Case(10004, "modify_group_member_info", {"GroupId": "public", "Member_Account": "guest", "NameCard": "n"},
         ("Member_Account", WHO_GUEST, "not a member")),
    Case(10019, "forbid_send_msg", {"GroupId": "public", "Members_Account": ["nobody"], "MuteTime": 1},
         ("Members_Account", "'nobody'")),
    Case(10007, "forbid_send_msg", {"GroupId": "public", "Members_Account": ["owner"], "MuteTime": 1},
         ("Members_Account", "'owner' is Owner")),
    Case(10007, "forbid_send_msg", {"GroupId": "work", "Members_Account": ["ann"], "MuteTime": 1},
         ("mute a member in a Private group",)),
    Case(10004, "forbid_send_msg", {"GroupId": "public", "Members_Account": ["ann"], "MuteTime": -1},
         ("MuteTime", "-1", "0 to 4294967295")),
    Case(10004, "send_group_system_notification", {"GroupId": "public", "Content": "x" * 12289},
         ("Content", "12289 bytes", "12288 bytes")),
    Case(10004, "send_group_system_notification", {"GroupId": "live", "Content": "c", "ToMembers_Account": ["ann"]},
         ("ToMembers_Account", "AVChatRoom")),
    Case(10007, "send_group_system_notification", {"GroupId": "public", "Content": "c"},
         ("Owner may not send a custom system notice",), by="owner"),
    Case(10013, "join_group", {"GroupId": "public"}, ("'ann' in 'public'",), by="ann"),
    Case(10007, "join_group", {"GroupId": "closed"}, ("ApplyJoinOption",), by="guest"),
    Case(10037, "join_group", {"GroupId": "meeting"}, (WHO_GUEST, "allows 0"), by="guest", caps={"groups_per_user": 0}),
    Case(10009, "quit_group", {"GroupId": "public"}, ("Public", "transfer or dissolve"), by="owner"),
    Case(10004, "handle_group_application", {"GroupId": "public", "ApplicationId": 99, "Accept": 1},
         ("ApplicationId", "99"), by="owner"),
    Case(10014, "handle_group_application", {"GroupId": "full", "ApplicationId": 3, "Accept": 1},
         ("2 members and 1 more", "limit is 2"), by="owner"),
    Case(10024, "handle_group_application", {"GroupId": "public", "ApplicationId": 2, "Accept": 1},
         ("ApplicationId: 2", "'owner'"), by="owner"),
    Case(10037, "handle_group_application", {"GroupId": "public", "ApplicationId": 1, "Accept": 1},
         (WHO_GUEST, "allows 0"), by="owner", caps={"groups_per_user": 0}),
    Case(10004, "get_group_applications", {"Limit": 101}, ("Limit", "101", "0 to 100"), by="ann"),
    Case(10004, "sync", {"Groups": {"public": -1}}, ("Groups", "-1"), by="ann"),
    Case(10004, "set_all_receive_option", {"MsgFlag": "Discard", "Duration": 60}, ("StartOfDay", "StartTime"),
         by="ann"),
    Case(10004, "sync", {"C2C": -1}, ("C2C: -1",), by="ann"),
    Case(10004, "pull_c2c_messages", {"Peer_Account": "ben", "MsgKey": "x"}, ("MsgKey: 'x'",), by="ann"),
    Case(10004, "pull_c2c_messages", {"Peer_Account": "ben", "MsgKeys": ["1_2"]}, ("MsgKeys: '1_2'",), by="ann"),
    Case(10004, "pull_c2c_messages", {"Peer_Account": "ben", "Limit": 101}, ("Limit: 101", "1 to 100"), by="ann"),
    Case(10004, "create_permission_group", {"GroupId": CLUB, "PermissionGroupId": "helpers"},
         ("PermissionGroupId", "@PMG#_")),
    Case(10007, "create_permission_group", {"GroupId": "public"}, ("permission groups in a Public group",)),
    Case(10021, "create_permission_group", HELPERS, ("PermissionGroupId", "'@PMG#_helpers'")),
    Case(110006, "destroy_permission_group", {"GroupId": CLUB, "PermissionGroupIdList": ["@PMG#_none"]},
         ("permission group does not exist",), item=True),
    Case(110006, "get_permission_group", {"GroupId": CLUB, "PermissionGroupIdList": ["@PMG#_none"]},
         ("PermissionGroupId", "'@PMG#_none'"), item=True),
    Case(10007, "add_permission_group_member", {**HELPERS, "MemberList": people("guest")}, (), item=True),
    Case(10013, "add_permission_group_member", {**HELPERS, "MemberList": people("ben")}, (), item=True),
    Case(10019, "add_permission_group_member", {**HELPERS, "MemberList": people("nobody")}, (), item=True),
    Case(110010, "add_topic_permission_group",
         {**HELPERS, "TopicPermissionList": [{"TopicId": NEWS, "Permission": 1}]},
         ("in the permission group already",), item=True),
    Case(110003, "add_topic_permission_group",
         {**HELPERS, "TopicPermissionList": [{"TopicId": f"{CLUB}@TOPIC#_none", "Permission": 1}]},
         ("TopicId", "@TOPIC#_none"), item=True),
    Case(110011, "set_topic_permission_group",
         {**HELPERS, "TopicPermissionList": [{"TopicId": TALK, "Permission": 1}]},
         ("not in the permission group",), item=True),
    Case(110003, "set_topic_permission_group",
         {**HELPERS, "TopicPermissionList": [{"TopicId": f"{CLUB}@TOPIC#_none", "Permission": 1}]},
         ("TopicId", "@TOPIC#_none"), item=True),
    Case(110014, "delete_topic_permission_group", {**HELPERS, "TopicIdList": [TALK]}, ("deleted already",), item=True),
    Case(110003, "delete_topic_permission_group", {**HELPERS, "TopicIdList": [f"{CLUB}@TOPIC#_none"]},
         ("TopicId", "@TOPIC#_none"), item=True),
    Case(110011, "get_topic_permission_group", {**HELPERS, "TopicIdList": [TALK]},
         ("not in the permission group",), item=True),
    Case(110003, "get_topic_permission_group", {**HELPERS, "TopicIdList": [f"{CLUB}@TOPIC#_none"]},
         ("TopicId", "@TOPIC#_none"), item=True),
    Case(114002, "request_upload", {"Sort": "Image", "Size": 29360129}, ("Size: 29360129 bytes", "29360128"), "ann"),
    Case(114002, "request_upload", {"Sort": "Video", "Size": 104857601}, ("Size: 104857601 bytes", "104857600"), "ann"),
    Case(114011, "request_upload", {"Sort": "Movie", "Size": 1}, ("Sort: 'Movie' is not one of Image",), "ann"),
    Case(114011, "request_upload", {"Sort": "File", "Size": 0}, ("Size: 0 is not within 1 to",), "ann"),
    Case(114011, "request_upload", {"Sort": "File", "Size": 1, "FileName": "n" * 256},
         ("FileName: 256 bytes, at most 255",), "ann"),
    Case(114011, "request_upload", {"Sort": "File", "Size": 1, "ContentType": "text"},
         ("ContentType: 'text' is not of the form type/subtype",), "ann"),
    Case(114011, "request_upload", {"Sort": "Sound", "Size": 1, "ContentType": "image/png"},
         ("ContentType: 'image/png', Sound takes audio/*",), "ann"),
    Case(114011, "renew_media_links", {"MediaList": [{"UUID": "0" * 32}, {"UUID": "../x"}]},
         ("MediaList[1].UUID: '../x'",), "ann"),
    Case(114011, "renew_media_links", {"MediaList": [{"UUID": "0" * 32, "Type": 4}]},
         ("MediaList[0].Type: 4 is not within 1 to 3",), "ann"),
    Case(114011, "renew_media_links", {"MediaList": [{"UUID": "0" * 32}] * 101},
         ("MediaList: 101 items, at most 100",), "ann"),
    Case(114011, "renew_media_links", {"MediaList": []}, ("MediaList: 0 items, at least 1",), "ann"),
    Case(11000, "create_topic", {"GroupId": PLAIN, "TopicName": "n"}, (f"'{PLAIN}' has no topics",)),
    Case(10004, "create_topic", {"GroupId": CLUB, "TopicName": "n", "TopicId": "news"}, ("TopicId", f"{CLUB}@TOPIC#_")),
    Case(10004, "get_topic", {"GroupId": CLUB}, ("From_Account", "required, but absent")),
    Case(110003, "get_topic", {"GroupId": CLUB, "From_Account": "ann", "TopicIdList": ["none"]},
         ("topic does not exist",), item=True),
    Case(110003, "destroy_topic", {"GroupId": CLUB, "TopicIdList": ["none"]}, ("topic does not exist",), item=True),
    Case(10010, "modify_topic", {"GroupId": CLUB, "TopicId": "none", "TopicName": "n"}, ("TopicId", "'none'")),
    *(
        case
        for name in ("create_topic", "import_topic")
        for case in (
            Case(10021, name, {"GroupId": CLUB, "TopicName": "n", "TopicId": NEWS, "From_Account": "ann"},
                 ("TopicId", f"'{NEWS}'")),
            Case(10025, name, {"GroupId": CLUB, "TopicName": "n", "TopicId": NEWS, "From_Account": "owner"},
                 ("TopicId", f"'{NEWS}'")),
            Case(10037, name, {"GroupId": CLUB, "TopicName": "n"}, ("topics of the community", "plan tests allows 2"),
                 caps={"topics": 2}),
        )
    ),
    *(
        Case(10014, "import_group_member" if by is None else "join_group",
             {"GroupId": room, **({"MemberList": people("guest")} if by is None else {})},
             ("2 members and 1 more", "limit is 2"), by=by)
        for by, room in ((None, "full"), ("guest", "packed"))
    ),
    Case(10037, "import_group_member", {"GroupId": "public", "MemberList": people("guest")}, (WHO_GUEST, "allows 0"),
         caps={"groups_per_user": 0}),
    *(
        Case(code, name, {**PASSES[name][1], "GroupId": CLUB, "TopicId": topic}, words)
        for name in ("forbid_send_msg", "get_group_muted_account", "send_group_system_notification")
        for code, topic, words in (
            (110003, f"{CLUB}@TOPIC#_none", ("TopicId", "@TOPIC#_none")),
            (110013, "x" * 97, ("TopicId", "97 bytes", "96 bytes")),
        )
    ),
    *(
        Case(110013, name, {**HELPERS, key: [value("x" * 97)]}, ("TopicId", "97 bytes", "96 bytes"))
        for name, key, value in (
            ("add_topic_permission_group", "TopicPermissionList", lambda topic: {"TopicId": topic, "Permission": 1}),
            ("set_topic_permission_group", "TopicPermissionList", lambda topic: {"TopicId": topic, "Permission": 1}),
            ("delete_topic_permission_group", "TopicIdList", str),
            ("get_topic_permission_group", "TopicIdList", str),
        )
    ),
    *(
        case
        for name in ("modify_group_attr", "set_group_attr")
        for case in (
            Case(10045, name, {"GroupId": "public", "GroupAttr": [{"key": "k" * 33, "value": "v"}]},
                 ("key: 33 bytes", "at most 32")),
            Case(10046, name, {"GroupId": "public", "GroupAttr": attributes(1, "v" * 4001)},
                 ("value: 4001 bytes", "at most 4000")),
            Case(10047, name, {"GroupId": "public", "GroupAttr": attributes(17)}, ("GroupAttr: 17 items", "most 16")),
            Case(10048, name, {"GroupId": "public", "GroupAttr": attributes(5, "v" * 4000)},
                 ("20000 bytes of all values", "at most 16000")),
            Case(10056, name, {"GroupId": "public", "GroupAttr": [{"key": "a0", "value": "v", "seq": 7}]},
                 ("'a0' seq 7", "it is at 0"), by="owner"),
        )
    ),
    Case(10004, "modify_group_attr", {"GroupId": "public", "GroupAttr": [{"key": "", "value": "v"}]},
         ("key: 0 bytes", "at least 1")),
    Case(10047, "modify_group_attr", {"GroupId": "filled", "GroupAttr": [{"key": "b", "value": "v"}]},
         ("17 keys with those there", "at most 16")),
    *(
        Case(10049, name, {**PASSES[name][1], "GroupId": "busy"}, ("'busy' had 5 in this second",))
        for name in ("modify_group_attr", "set_group_attr", "clear_group_attr", "delete_group_attr")
    ),
    Case(10056, "clear_group_attr", {"GroupId": "filled", "MainSeq": 7}, ("MainSeq: 7", "at 1"), by="owner"),
    Case(10045, "delete_group_attr", {"GroupId": "filled", "GroupAttr": [{"key": "k" * 33}]}, ("key: 33 bytes", "32")),
    Case(10047, "delete_group_attr", {"GroupId": "filled", "GroupAttr": [{"key": "a0"}] * 17},
         ("GroupAttr: 17 items", "at most 16")),
    Case(10050, "delete_group_attr", {"GroupId": "filled", "GroupAttr": [{"key": "none"}]}, ("GroupAttr: 'none'",)),
    Case(10056, "delete_group_attr", {"GroupId": "filled", "GroupAttr": [{"key": "a0", "seq": 7}]},
         ("'a0' seq 7", "it is at 1"), by="owner"),
    *(
        Case(10059, name, PASSES[name][1], ("plan tests has no group counters",), caps={"counters": False})
        for name in ("get_group_counter", "update_group_counter", "delete_group_counter")
    ),
    Case(10007, "get_group_counter", {"GroupId": CLUB}, ("read the group's counters in a Community group",)),
    Case(10004, "get_group_counter", {"GroupId": "public", "GroupCounterKeys": ["c" * 129]}, ("129 bytes", "128")),
    Case(10004, "update_group_counter", {"GroupId": "filled", "GroupCounter": [{"Key": "c0", "Value": 2**63 - 1}],
         "Mode": "Increase"}, ("'c0' would be 9223372036854775808",)),
    Case(10007, "ban_group_member", {"GroupId": "live", "Members_Account": ["owner"], "Duration": 60},
         ("Members_Account: 'owner' is Owner",)),
    Case(10007, "ban_group_member", {"GroupId": "public", "Members_Account": ["ann"], "Duration": 60},
         ("'public' is a Public group, not a live room",)),
    Case(10007, "join_group", {"GroupId": "banning"}, (WHO_GUEST, "is banned from the group until"), by="guest"),
    Case(10007, "join_group", {"GroupId": "shut"}, ("ApplyJoinOption: the room lets nobody in",), by="guest"),
    Case(10059, "ban_group_member", {"GroupId": "live", "Members_Account": ["ann"], "Duration": 60},
         ("plan tests has no bans",), caps={"live_bans": False}),
    Case(10004, "modify_user_info",
         {"GroupId": "live", "CommandType": 1, "MemberList": [{"Member_Account": "ann", "Marks": [700]}]},
         ("MemberList: Marks: 700", "500", "600", "1000")),
    Case(10004, "modify_admin", {"GroupId": "live", "CommandType": 1, "Admin_Account": many(6)},
         ("Admin_Account: 6 items, at most 5",)),
    Case(10004, "modify_admin", {"GroupId": "live", "CommandType": 1, "Admin_Account": ["owner"]},
         ("Admin_Account: 'owner' owns the room",)),
    Case(10019, "modify_admin", {"GroupId": "live", "CommandType": 1, "Admin_Account": ["nobody"]},
         ("Admin_Account: 'nobody'",)),
    Case(10004, "get_group_ban_member", {"GroupId": "live", "Offset": 0, "Limit": 101}, ("Limit: 101", "1 to 100")),
    Case(10063, "update_group_counter", {"GroupId": "public", "GroupCounter": counters(21)}, ("21 items", "most 20")),
    Case(10063, "update_group_counter", {"GroupId": "filled", "GroupCounter": [{"Key": "new", "Value": 1}]},
         ("21 keys with those there", "at most 20")),
]  # fmt: skip

#: Codes in which the handler has no part: of any command, and (10016) of the app's own server, in `tests/callbacks`.
ANYWHERE = frozenset({10001, 10002, 10016, 10018})


def built() -> list[str]:
    """Return the names of the commands of groups, and of the gateway's own."""
    return sorted(
        {c.name for c in BY_NAME.values() if c.service in SERVICES or c.service == "gateway"} - {"open_session"}
    )


def malformed(name: str) -> list[tuple[dict[str, Any], str]]:
    """Return requests that cannot be read, and what the refusal says of each.

    The passing call without one of its required fields, and with a truth value in one of its fields; in one that takes
    it, a text.
    """
    fields = PASSES[name][1]
    described = msgspec.structs.fields(BY_NAME[name].request)
    without = [
        ({k: v for k, v in fields.items() if k != field.name}, f"{field.name}: required, but absent")
        for field in described
        if field.required
    ]
    odd = {field.name: "odd" if isinstance(fields.get(field.name), bool) else True for field in described}
    return [*without, *(({**fields, name: value}, f"{name}: Expected ") for name, value in odd.items())]


def common(name: str) -> list[Case]:
    """Return what a command refuses like all others that list the code."""
    by, fields = PASSES[name]
    command = BY_NAME[name]
    listed = {row.code for row in command.errors}
    cases = []
    if "GroupId" in fields:
        cases += [
            Case(10010, name, {**fields, "GroupId": "nobody"}, ("GroupId: 'nobody'",), by),
            Case(10015, name, {**fields, "GroupId": "é"}, ("GroupId: 2 bytes", "48 bytes of printable ASCII"), by),
            Case(10015, name, {**fields, "GroupId": "x" * 97}, ("GroupId: 97 bytes", "at most 96 bytes"), by),
        ]
    if "PermissionGroupId" in fields:
        cases.append(Case(
            110006, name, {**fields, "PermissionGroupId": "@PMG#_none"}, ("PermissionGroupId: '@PMG#_none'",), by,
        ))  # fmt: skip
    if 10005 in listed:
        field, most = BATCHES[name]
        users = people(*many(most + 1)) if field == "MemberList" else many(most + 1)
        cases.append(Case(10005, name, {**fields, field: users}, (f"{field}: {most + 1} items, at most {most}",), by))
    if 10007 in listed:
        stranger, changed, words = STRANGERS.get(name, ("guest", {}, "NotMember may not"))
        if words:
            cases.append(Case(10007, name, {**fields, **changed}, (words,), stranger, item=name == "get_group_info"))
    if 11000 in listed:
        changed = {"Type": "Community"} if name in SWITCHED else {}
        words = SWITCHED.get(name, f"GroupId: '{CLUB}'")
        if "TopicId" in command.request.__struct_fields__ and fields.get("GroupId") in {"public", "talked", "chat"}:
            changed, words = {"GroupId": CLUB, "TopicId": NEWS}, f"TopicId: '{CLUB}' has no topics"
        cases.append(Case(11000, name, {**fields, **changed}, (words,), by, settings=OFF))
    return cases


def provocations() -> list[Case]:
    """Return every case of every command."""
    return [
        *(case for name in built() for case in common(name)), *OWN_CASES, *(Case(*row) for row in conversations.CASES),
    ]  # fmt: skip
