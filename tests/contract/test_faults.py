"""A fault at any statement of any command: nothing of it stays, nobody is told, and the next call works."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import ENGINES
from contract.stores import Brittle, Fault, open_store
from qunzhu.apps import ensure_admins
from qunzhu.core.command import BY_NAME
from worlds import KINDS, NOW, World

HELPERS = {"GroupId": "@TGS#_many", "PermissionGroupId": "@PMG#_x"}
NEWS, TALK = "@TGS#_many@TOPIC#_news", "@TGS#_many@TOPIC#_talk"
HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
COUNTERS = [{"Key": "likes", "Value": 1}, {"Key": "views", "Value": 2}]
HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
FIRST, BOB_TO_CID = f"1_1_{NOW}", {"From_Account": "bob", "To_Account": "cid"}
PAIR = [{"Member_Account": "cid"}, {"Member_Account": "dan", "Role": "Admin"}]
#: Every writing command: name, caller (None: the server API), fields.
CID_GIVEN = {"Type": 1, "To_Account": "cid"}
PAIRS = [{"Key": "k", "Value": "v", "Seq": 0}]
CALLS: list[tuple[str, str | None, dict[str, Any]]] = [
    *(("create_group", None, {"Type": kind, "Name": "n", "Owner_Account": "bob"}) for kind in KINDS),
    ("create_group", None, {"Type": "Public", "Name": "n", "Owner_Account": "bob", "MemberList": PAIR}),
    ("create_group", "bob", {"Type": "Community", "Name": "n", "GroupId": "@TGS#_x", "MemberList": PAIR}),
    ("add_group_member", None, {"GroupId": "team", "MemberList": [{"Member_Account": "dan"}]}),
    ("delete_group_member", "bob", {"GroupId": "team", "MemberToDel_Account": ["cid"]}),
    ("modify_group_base_info", "bob", {
        "GroupId": "team", "Name": "other", "AppDefinedData": [{"Key": "open_g", "Value": "v"}],
    }),
    ("change_group_owner", "bob", {"GroupId": "team", "NewOwner_Account": "cid"}),
    ("destroy_group", "bob", {"GroupId": "team"}),
    ("join_group", "dan", {"GroupId": "meeting"}),
    ("join_group", "dan", {"GroupId": "team", "Message": "hi"}),
    ("add_group_member", "cid", {"GroupId": "asking", "MemberList": [{"Member_Account": "eve"}]}),
    ("handle_group_application", "bob", {"GroupId": "asking", "ApplicationId": 1, "Accept": 1}),
    ("handle_group_application", "bob", {"GroupId": "asking", "ApplicationId": 1, "Accept": 0, "Message": "no"}),
    ("report_group_applications_read", "bob", {"Time": NOW * 1000}),
    ("quit_group", "cid", {"GroupId": "team"}),
    ("quit_group", "bob", {"GroupId": "work"}),
    ("create_permission_group", "bob", {"GroupId": "@TGS#_many", "Permission": 3}),
    ("modify_permission_group", "bob", {**HELPERS, "Permission": 3}),
    ("destroy_permission_group", "bob", {"GroupId": "@TGS#_many", "PermissionGroupIdList": ["@PMG#_x"]}),
    ("add_permission_group_member", "bob", {**HELPERS, "MemberList": [{"Member_Account": "bob"}]}),
    ("delete_permission_group_member", "bob", {**HELPERS, "MemberList": [{"Member_Account": "cid"}]}),
    ("add_topic_permission_group", "bob", {**HELPERS, "TopicPermissionList": [{"TopicId": TALK, "Permission": 1}]}),
    ("set_topic_permission_group", "bob", {**HELPERS, "TopicPermissionList": [{"TopicId": NEWS, "Permission": 1}]}),
    ("delete_topic_permission_group", "bob", {**HELPERS, "TopicIdList": [NEWS]}),
    ("quit_group", "cid", {"GroupId": "@TGS#_many"}),
    ("quit_group", "cid", {"GroupId": "@TGS#_club"}),
    ("create_topic", "bob", {"GroupId": "@TGS#_club", "TopicName": "n"}),
    ("import_topic", None, {"GroupId": "@TGS#_club", "TopicName": "n"}),
    ("modify_topic", "bob", {"GroupId": "@TGS#_club", "TopicId": "@TGS#_club@TOPIC#_t", "TopicName": "other"}),
    ("destroy_topic", "bob", {"GroupId": "@TGS#_club", "TopicIdList": ["@TGS#_club@TOPIC#_t"]}),
    ("modify_group_member_info", "bob", {
        "GroupId": "team", "Member_Account": "cid", "NameCard": "n", "Role": "Admin", "MuteTime": 60,
    }),
    ("forbid_send_msg", "bob", {"GroupId": "team", "Members_Account": ["cid", "dan"], "MuteTime": 60}),
    ("import_group", None, {"Type": "Community", "Name": "n", "Owner_Account": "bob", "CreateTime": NOW - 5}),
    ("import_group_member", None, {"GroupId": "team", "MemberList": [{"Member_Account": "dan", "Role": "Admin"}]}),
    ("send_group_system_notification", None, {"GroupId": "team", "Content": "c", "ToMembers_Account": ["cid"]}),
    ("send_group_msg", "bob", {"GroupId": "team", "Random": 1, "MsgBody": HELLO}),
    ("send_group_msg", "bob", {"GroupId": "work", "Random": 1, "MsgBody": HELLO}),
    ("send_group_msg", "cid", {"GroupId": "@TGS#_club", "Random": 1, "MsgBody": HELLO,
                               "TopicId": "@TGS#_club@TOPIC#_t"}),
    ("send_broadcast_msg", None, {"Random": 1, "MsgBody": HELLO}),
    ("modify_group_attr", "bob", {"GroupId": "team", "GroupAttr": [{"key": "a", "value": "2"}]}),
    ("set_group_attr", "bob", {"GroupId": "team", "GroupAttr": [{"key": "c", "value": "2"}]}),
    ("delete_group_attr", "bob", {"GroupId": "team", "GroupAttr": [{"key": "a"}]}),
    ("clear_group_attr", "bob", {"GroupId": "team"}),
    ("update_group_counter", "bob", {"GroupId": "team", "GroupCounter": COUNTERS, "Mode": "Increase"}),
    ("delete_group_counter", "bob", {"GroupId": "team"}),
    ("group_msg_recall", "bob", {"GroupId": "team", "MsgSeqList": [{"MsgSeq": 2}, {"MsgSeq": 3}]}),
    ("modify_group_msg", "cid", {"GroupId": "team", "MsgSeq": 2, "MsgBody": HELLO}),
    ("delete_group_msg_by_sender", None, {"GroupId": "team", "Sender_Account": "cid"}),
    ("clear_group_msg", None, {"GroupId": "team", "MsgSeq": 2}),
    ("clear_group_msg", None, {"GroupId": "@TGS#_club", "TopicId": "@TGS#_club@TOPIC#_t"}),
    ("hide_group_messages", "bob", {"GroupId": "team", "MsgSeqList": [2, 3]}),
    ("hide_group_messages", "cid", {"GroupId": "@TGS#_club", "TopicId": "@TGS#_club@TOPIC#_t", "Upto": 1}),
    ("import_group_msg", None, {"GroupId": "team", "MsgList": [
        {"From_Account": user, "SendTime": NOW, "Random": 9, "MsgBody": HELLO} for user in ("bob", "cid")
    ]}),
    ("set_unread_msg_num", None, {"GroupId": "team", "Member_Account": "bob", "UnreadMsgNum": 2}),
    ("group_msg_receipt", "bob", {"GroupId": "team", "MsgSeqList": [{"MsgSeq": 2}, {"MsgSeq": 3}]}),
    ("read_group_messages", "bob", {"GroupId": "team"}),
    ("read_group_messages", "cid", {"GroupId": "@TGS#_club", "TopicId": "@TGS#_club@TOPIC#_t"}),
    ("modify_admin", "bob", {"GroupId": "live", "CommandType": 1, "Admin_Account": ["cid", "dan"]}),
    ("modify_admin", "bob", {"GroupId": "live", "CommandType": 2, "Admin_Account": ["eve"]}),
    ("ban_group_member", "bob", {"GroupId": "live", "Members_Account": ["cid"], "Duration": 60}),
    ("unban_group_member", "bob", {"GroupId": "live", "Members_Account": ["dan"]}),
    # Conversations, and what hangs on messages
    ("delete", None, {"From_Account": "bob", "Type": 1, "To_Account": "cid", "ClearRamble": 1}),
    ("delete", "cid", {"From_Account": "cid", "Type": 2, "ToGroupid": "team", "ClearRamble": 1}),
    ("pin_conversation", "bob", {"Type": 2, "GroupId": "team", "Pinned": True}),
    ("set_c2c_receive_option", "bob", {"To_Account": ["cid", "dan"], "MsgFlag": "Discard"}),
    ("read_all_conversations", "cid", {}),
    ("set_all_receive_option", "bob", {"MsgFlag": "Discard", "StartOfDay": 79200, "Duration": 28800}),
    ("set_conversation_data", "bob", {"ConvList": [CID_GIVEN], "CustomData": "c"}),
    ("create_contact_group", "bob", {"From_Account": "bob", "GroupContactItem": [
        {"GroupName": "n", "ContactItem": [CID_GIVEN]},
    ]}),
    ("update_contact_group", "bob", {"From_Account": "bob", "UpdateType": 1, "UpdateGroup": {
        "UpdateGroupType": 2, "OldGroupName": "work", "ContactUpdateItem": [
            {"ContactOptType": 2, "ContactItem": CID_GIVEN},
            {"ContactOptType": 1, "ContactItem": {"Type": 2, "ToGroupId": "team"}},
        ],
    }}),
    ("update_contact_group", "bob", {"From_Account": "bob", "UpdateType": 1, "UpdateGroup": {
        "UpdateGroupType": 1, "OldGroupName": "work", "NewGroupName": "play",
    }}),
    ("del_contact_group", "bob", {"From_Account": "bob", "GroupName": ["work"]}),
    ("mark_contact", "bob", {"From_Account": "bob", "MarkItem": [
        {"OptType": 3, "ContactItem": CID_GIVEN, "SetMark": [1], "CustomMark": "c"},
    ]}),
    ("set_key_values", "bob", {"To_Account": "cid", "MsgKey": f"1_1_{NOW}", "OperateType": 1, "ExtensionList": PAIRS}),
    ("group_set_key_values", "cid", {"GroupId": "chat", "MsgSeq": 2, "OperateType": 1, "ExtensionList": PAIRS}),
    ("group_set_key_values", "cid", {"GroupId": "chat", "MsgSeq": 2, "OperateType": 3}),
    ("add_message_reaction", "cid", {"GroupId": "chat", "MsgSeq": 2, "ReactionId": "smile"}),
    ("remove_message_reaction", "bob", {"GroupId": "chat", "MsgSeq": 2, "ReactionId": "smile"}),
    ("add_message_reaction", "cid", {"Peer_Account": "bob", "MsgKey": f"1_1_{NOW}", "ReactionId": "smile"}),
    ("pin_group_message", "bob", {"GroupId": "chat", "MsgSeq": 2, "Pinned": True}),
    ("account_import", None, {"UserID": "new", "Nick": "N"}),
    ("account_import", None, {"UserID": "bob", "Nick": "N"}),
    ("multiaccount_import", None, {"Accounts": ["new1", "new2"]}),
    ("account_delete", None, {"DeleteItem": [{"UserID": "bob"}, {"UserID": "cid"}]}),
    ("kick", None, {"UserID": "bob"}),
    ("open_session", "stranger", {}),
    # One-to-one messages
    ("sendmsg", "cid", {"To_Account": "bob", "MsgRandom": 2, "MsgBody": HELLO}),
    ("batchsendmsg", None, {"To_Account": ["bob", "cid", "nobody"], "MsgRandom": 2, "MsgBody": HELLO}),
    ("importmsg", None, {**BOB_TO_CID, "SyncFromOldSystem": 5, "MsgRandom": 2, "MsgTimeStamp": NOW, "MsgBody": HELLO}),
    ("admin_msgwithdraw", "bob", {**BOB_TO_CID, "MsgKey": FIRST}),
    ("modify_c2c_msg", "cid", {**BOB_TO_CID, "MsgKey": FIRST, "CloudCustomData": "c"}),
    ("delete_c2c_msg_ramble", "cid", {"Operator_Account": "cid", "Peer_Account": "bob", "MsgKeyList": [FIRST]}),
    ("admin_set_msg_read", "cid", {"Report_Account": "cid", "Peer_Account": "bob"}),
    ("c2c_msg_read_receipt", "cid", {"Operator_Account": "cid", "Peer_Account": "bob",
                                     "C2CMsgInfo": [{"MsgKey": FIRST}]}),
    ("setnospeaking", None, {"Set_Account": "bob", "C2CmsgNospeakingTime": 60}),
]  # fmt: skip


@pytest.fixture(params=ENGINES)
def brittle(request, tmp_path):
    """Open a world whose writing engine can be made to fail, with three groups in it."""
    world = World(request.param)
    engines: list[Brittle] = []

    def wrap(engine) -> Brittle:
        engines.append(Brittle(engine))
        return engines[-1]

    place = f"brittle_{abs(hash(request.node.name)):x}"
    world.store = open_store(request.param, place, folder=tmp_path, request=request, publish=world.publish, wrap=wrap)
    world.store.write_now(ensure_admins, world.app, NOW)
    world.people("bob", "cid", "dan", "eve")
    world.group("Public", owner="bob", members=["cid"], GroupId="team")
    world.group("ChatRoom", owner="bob", GroupId="meeting")
    world.group("Private", owner="bob", members=["cid"], GroupId="work")
    world.group("AVChatRoom", owner="bob", GroupId="live")
    world.call("modify_admin", GroupId="live", CommandType=1, Admin_Account=["eve"])
    world.call("ban_group_member", GroupId="live", Members_Account=["dan"], Duration=60)
    world.group("Community", owner="bob", members=["cid"], GroupId="@TGS#_many")
    for topic in (NEWS, TALK):
        world.execute(
            "INSERT INTO topics (group_num, topic_id, name, introduction, notification, face_url, custom_string,"
            " creator, created_at, last_msg_at, next_seq, mute_all) SELECT num, :id, '', '', '', '', '', '', 0, 0, 1, 0"
            " FROM groups WHERE group_id = '@TGS#_many'", id=topic,
        )  # fmt: skip
    world.call("create_permission_group", **HELPERS)
    world.call("add_permission_group_member", **HELPERS, MemberList=[{"Member_Account": "cid"}])
    world.call("add_topic_permission_group", **HELPERS, TopicPermissionList=[{"TopicId": NEWS, "Permission": 2}])
    world.group("Public", owner="bob", members=["cid"], GroupId="asking", InviteJoinOption="NeedPermission")
    world.call("join_group", "dan", GroupId="asking")
    world.group("Community", owner="bob", members=["cid"], GroupId="@TGS#_club", SupportTopic=1)
    world.call("create_topic", GroupId="@TGS#_club", TopicName="t", TopicId="@TGS#_club@TOPIC#_t")
    attributes = [{"key": "a", "value": "1"}, {"key": "b", "value": "1"}]
    world.call("modify_group_attr", GroupId="team", GroupAttr=attributes)
    world.call("update_group_counter", GroupId="team", GroupCounter=COUNTERS)
    for _ in range(2):
        world.say("team", "x", "cid", NeedReadReceipt=1)
        world.say("@TGS#_club", "x", "bob", TopicId="@TGS#_club@TOPIC#_t")
    world.group("Public", owner="bob", members=["cid"], GroupId="chat")
    world.say("chat", "hello", "bob", SupportMessageExtension=1)
    world.call("sendmsg", "bob", To_Account="cid", MsgSeq=1, MsgRandom=1, MsgBody=HELLO, SupportMessageExtension=1,
               IsNeedReadReceipt=1)  # fmt: skip
    world.call("add_message_reaction", "bob", GroupId="chat", MsgSeq=2, ReactionId="smile")
    world.call("group_set_key_values", GroupId="chat", MsgSeq=2, OperateType=1, ExtensionList=[{"Key": "a"}])
    world.call("create_contact_group", From_Account="bob", GroupContactItem=[
        {"GroupName": "work", "ContactItem": [CID_GIVEN]},
    ])  # fmt: skip
    [world.engine_under_test] = engines
    yield world
    world.store.close()


def test_every_writing_command_is_in_the_list():
    """But the one that changes only what is in memory: its event is all that it does."""
    writing = {command.name for command in BY_NAME.values() if command.writes}
    assert {name for name, _, _ in CALLS} == writing - {"modify_user_info"}


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("name", "by", "fields"), CALLS, ids=[f"{n}-{name}" for n, (name, _, _) in enumerate(CALLS)])
def test_a_fault_at_every_statement(brittle, name, by, fields, late):
    engine = brittle.engine_under_test
    before, told, failed = brittle.dump(), len(brittle.events), 0
    while failed < 400:
        engine.arm(failed + 1, late=late)
        try:
            brittle.call(name, by, **fields)
        except Fault:
            failed += 1
            assert brittle.dump() == before
            assert len(brittle.events) == told
        else:
            break
    assert engine.armed
    engine.disarm()
    assert failed > 2
    assert (brittle.dump() != before) == (name != "send_group_system_notification"), "which is pushed, not stored"
    assert len(brittle.events) > told or (name, fields.get("UserID")) == ("account_import", "bob")
    counters = dict(brittle.rows("SELECT name, value FROM counters"))
    for kind, number in brittle.rows("SELECT kind_name, count(*) FROM groups GROUP BY kind_name"):
        assert counters[f"groups:{kind}"] == number
    assert counters["accounts"] == brittle.rows("SELECT count(*) FROM accounts")[0][0]
