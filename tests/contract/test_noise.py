"""Any JSON in any field of any command, by anybody: a reply or a documented refusal, on both engines."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunzhu.core.command import BY_NAME
from worlds import ADMIN, documented

INTERNAL = {10002, 70500, 90994, 60013}
NAMES = sorted({command.name for command in BY_NAME.values()})
GROUPS = ["public", "work", "room", "@TGS#_many", "gone", "", "\x00", "é", "@TGS#2X", "x" * 97]
#: Callers, for whom a fault is most likely to be found: those who stand in the groups.
CALLERS = [None, ADMIN, "owner", "bob", "nobody"]
texts = st.text(max_size=40) | st.sampled_from(
    [*GROUPS, "owner", "bob", "ghost", "\x00", "a\x00b", "On", "Public", "%s"]
)
numbers = st.integers(-(2**70), 2**70) | st.sampled_from(
    [0, 1, -1, 2**31, 2**32, 2**53, 2**63 - 1, 2**63, -(2**63) - 1]
)
scalars = st.none() | st.booleans() | numbers | texts | st.floats(allow_nan=False, allow_infinity=False)
KEYS = [
    "Member_Account",
    "UserID",
    "Key",
    "Value",
    "key",
    "value",
    "seq",
    "Role",
    "MemberInfoFilter",
    "GroupBaseInfoFilter",
    *GROUPS,
]
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip
#: What each command takes, so that one strange field meets an otherwise good request.
GOOD = {
    "Type": "Public", "Name": "n", "UserID": "bob", "Accounts": ["bob"], "DeleteItem": [{"UserID": "ghost"}],
    "CheckItem": [{"UserID": "bob"}], "To_Account": ["bob"], "GroupIdList": ["public"], "Member_Account": "bob",
    "MemberList": [{"Member_Account": "bob"}], "MemberToDel_Account": ["ghost"], "Member_List_Account": ["bob"],
    "Members_Account": ["bob"], "MuteTime": 5, "NameCard": "n", "Content": "c", "ToMembers_Account": ["bob"],
    "User_Account": ["bob"], "NewOwner_Account": "owner", "Groups": {"public": 0},
    "PermissionGroupId": "@PMG#_x", "PermissionGroupIdList": ["@PMG#_x"],
    "TopicPermissionList": [{"TopicId": "@TGS#_many@TOPIC#_t", "Permission": 1}],
    "TopicName": "n", "TopicId": "@TGS#_many@TOPIC#_t", "TopicIdList": ["@TGS#_many@TOPIC#_t"], "From_Account": "bob",
    "GroupAttr": [{"key": "a", "value": "1"}], "GroupCounter": [{"Key": "likes", "Value": 1}],
    "ApplicationId": 1, "Accept": 1, "Time": 1, "Timestamp": 0, "CommandType": 1, "Admin_Account": ["bob"],
    "Duration": 9, "Offset": 0, "StartOfDay": 0,
    "ReqMsgNumber": 5, "MsgSeqList": [{"MsgSeq": 2}], "MsgSeq": 2, "Sender_Account": "bob", "UnreadMsgNum": 1,
    "MsgList": [{"From_Account": "bob", "SendTime": 1_700_000_000,
                 "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}]}],
    "Filter": 0, "Cursor": "", "Count": 5,
    # Conversations, and what hangs on messages
    "MsgKey": "1_1_1", "ReactionId": "r", "OperateType": 1, "Pinned": True,
    "ExtensionList": [{"Key": "k", "Value": "v", "Seq": 0}], "TimeStamp": 0, "StartIndex": 0, "TopTimeStamp": 0,
    "TopStartIndex": 0, "AssistFlags": 7, "MsgFlag": "Discard", "ToGroupid": "public", "CustomData": "c",
    "ConvList": [{"Type": 1, "To_Account": "bob"}], "ContactItem": [{"Type": 2, "ToGroupId": "public"}],
    "GroupContactItem": [{"GroupName": "n", "ContactItem": [{"Type": 1, "To_Account": "bob"}]}], "UpdateType": 1,
    "UpdateGroup": {"UpdateGroupType": 1, "OldGroupName": "n", "NewGroupName": "m"}, "GroupName": ["n"],
    "MarkItem": [{"OptType": 3, "ContactItem": {"Type": 1, "To_Account": "bob"}, "SetMark": [1], "CustomMark": "c"}],
    "RequestField": ["ActiveUserNum"], "Sort": "Image", "Size": 1, "MediaList": [{"UUID": "0" * 32}],
}  # fmt: skip

#: What some commands call by a name that means another sort of value elsewhere.
KEY = "1_1_1"
WITH_BOB = {"Operator_Account": "owner", "Peer_Account": "bob"}
TEXT = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}]
FROM_OWNER = {"From_Account": "owner", "To_Account": "bob"}
GOOD_OF = {
    "sendmsg": {**FROM_OWNER, "MsgRandom": 1, "MsgBody": TEXT},
    "batchsendmsg": {"MsgRandom": 1, "MsgBody": TEXT},
    "importmsg": {
        **FROM_OWNER, "SyncFromOldSystem": 5, "MsgRandom": 1, "MsgTimeStamp": 1, "MsgSeq": 1, "MsgBody": TEXT,
    },
    "admin_getroammsg": {**WITH_BOB, "MaxCnt": 3, "MinTime": 0, "MaxTime": 2**32},
    "pull_c2c_messages": {"Peer_Account": "owner", "MsgKey": None},
    "admin_msgwithdraw": {**FROM_OWNER, "MsgKey": KEY},
    "modify_c2c_msg": {**FROM_OWNER, "MsgKey": KEY, "MsgBody": TEXT},
    "delete_c2c_msg_ramble": {**WITH_BOB, "MsgKeyList": [KEY]},
    "c2c_msg_read_receipt": {**WITH_BOB, "C2CMsgInfo": [{"MsgKey": KEY}]},
    "admin_set_msg_read": {"Report_Account": "owner", "Peer_Account": "bob"},
    "get_c2c_unread_msg_num": {"To_Account": "bob", "Peer_Account": ["owner"]},
    "setnospeaking": {"Set_Account": "bob", "C2CmsgNospeakingTime": 1}, "getnospeaking": {"Get_Account": "bob"},
}  # fmt: skip


@pytest.fixture
def noisy(world):
    """Return a world with a group of each kind."""
    world.people("owner", "bob")
    for kind, name in (("Public", "public"), ("Private", "work"), ("AVChatRoom", "room"), ("Community", "@TGS#_many")):
        more = {"SupportTopic": 1} if kind == "Community" else {}
        world.group(kind, GroupId=name, members=[] if kind == "AVChatRoom" else ["bob"], **more)
    world.call("create_topic", GroupId="@TGS#_many", TopicName="t", TopicId="@TGS#_many@TOPIC#_t")
    world.call("create_permission_group", GroupId="@TGS#_many", PermissionGroupId="@PMG#_x", Permission=14)
    world.call("destroy_group", GroupId=world.group("Public", GroupId="gone"))
    world.people("carl")
    world.call("join_group", "carl", GroupId="public")
    world.there("room", "bob", "nobody")
    world.call("importmsg", **GOOD_OF["importmsg"])
    return world


def heard(world, name: str, by: str | None, fields: dict) -> None:
    """Call; whatever is no reply must be a refusal that the command's row lists."""
    code = world.code(name, by, **fields)
    assert code not in INTERNAL, (name, by, fields)
    assert code == 0 or code in documented(BY_NAME[name]), (name, by, fields, code)


@pytest.mark.parametrize("name", NAMES)
def test_one_strange_field(noisy, name):
    """Each field in turn has any value, the others what is usual."""
    names = list(BY_NAME[name].request.__struct_fields__)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(data=st.data())
    def run(data):
        usual = {field: GOOD[field] for field in names if field in GOOD} | GOOD_OF.get(name, {})
        if "GroupId" in names:
            usual["GroupId"] = data.draw(st.sampled_from(GROUPS))
        changed = data.draw(st.dictionaries(st.sampled_from(names or ["Any"]), values, max_size=2))
        heard(noisy, name, data.draw(st.sampled_from(CALLERS)), {**usual, **changed})

    run()


@pytest.mark.parametrize("text", ["\x00", "a\x00", "\U0001f600", "x" * 5000, "%s", ":num", "';--", "\\", "\ufffe", "𝄞"])
@pytest.mark.parametrize("name", NAMES)
def test_one_strange_text_in_every_place(noisy, name, text):
    """A text that engines differ about, in each field: alone, in a list, as a key, and in each kind of item."""
    for field in BY_NAME[name].request.__struct_fields__:
        items = [{"Member_Account": text}, {"UserID": text}, {"Key": "open_g", "Value": text}]
        items += [{"key": "a", "value": text}, {"key": text, "value": "1"}, {"Key": text, "Value": 1}]
        for value in (text, [text], {text: 1}, {text: text}, *([item] for item in items)):
            usual = {other: GOOD[other] for other in BY_NAME[name].request.__struct_fields__ if other in GOOD}
            usual |= GOOD_OF.get(name, {})
            usual |= {"GroupId": "public"} if "GroupId" in BY_NAME[name].request.__struct_fields__ else {}
            for by in (None, "bob"):
                heard(noisy, name, by, {**usual, field: value})
