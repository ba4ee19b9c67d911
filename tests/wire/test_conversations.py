"""Conversations, and what hangs on messages, through both doors: who is told, and what the envelope looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from served import SDKAPPID
from wire.doors import CREATE, signed
from wire.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wire.doors import Door

HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]


class Sessions:
    """Sessions of users, each on a platform of its own."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._open: list[Gate] = []

    def __call__(self, user: str, platform: str = "Web") -> Gate:
        gate = Gate(self._door)
        gate.call("login", sdkappid=SDKAPPID, identifier=user, usersig=signed(user), platform=platform)
        self._open.append(gate)
        return gate

    def close(self) -> None:
        """Hang up."""
        for gate in self._open:
            gate.close()


@pytest.fixture
def sessions(door: Door) -> Iterator[Sessions]:
    opened = Sessions(door)
    yield opened
    opened.close()


def told(gate: Gate, method: str) -> list[dict[str, Any]]:
    """Return what a session was told until now of one sort: a ping's answer comes after it."""
    gate.call("ping")
    return [push["params"] for push in gate.pushes if push["method"] == method]


def test_a_users_other_sessions_hear_what_he_does(door: Door, sessions: Sessions):
    phone, web = sessions("conv-ann", "iOS"), sessions("conv-ann")
    sessions("conv-ben")
    item = {"Type": 1, "To_Account": "conv-ben"}
    assert "result" in web.call("pin_conversation", **item, Pinned=True)
    assert "result" in web.call("set_c2c_receive_option", To_Account=["conv-ben"], MsgFlag="AcceptNotNotify")
    given = [{"GroupName": "work", "ContactItem": [item]}]
    assert "result" in web.call("create_contact_group", From_Account="conv-ann", GroupContactItem=given)
    assert [change["ChangeType"] for change in told(phone, "conversation_change")] == [
        "Pinned", "MsgFlag", "GroupCreated",
    ]  # fmt: skip
    assert told(web, "conversation_change") == []
    assert door.code("recentcontact/delete", {"From_Account": "conv-ann", **item}) == 0
    for gate in (phone, web):
        assert told(gate, "conversation_change")[-1]["ChangeType"] == "Deleted"


def test_a_discarded_message_is_not_told(sessions: Sessions):
    ann, ben = sessions("quiet-ann"), sessions("quiet-ben")
    ann.call("set_c2c_receive_option", To_Account=["quiet-ben"], MsgFlag="Discard")
    ben.call("sendmsg", To_Account="quiet-ann", MsgRandom=1, MsgBody=HELLO)
    assert told(ann, "c2c_message") == []
    [listed] = ann.call("get_conversations")["result"]["ConvList"]
    assert (listed["To_Account"], listed["MsgFlag"], listed["UnreadMsgNum"]) == ("quiet-ben", "Discard", 1)
    assert ann.call("get_unread_total")["result"] == {"UnreadMsgNum": 0}


def test_members_hear_what_hangs_on_a_message(door: Door, sessions: Sessions):
    ann, ben = sessions("hang-ann"), sessions("hang-ben")
    group = door.call(CREATE, {
        "Type": "Public", "Name": "n", "Owner_Account": "hang-ann", "MemberList": [{"Member_Account": "hang-ben"}],
    })["GroupId"]  # fmt: skip
    sent = ann.call("send_group_msg", GroupId=group, Random=1, MsgBody=HELLO, SupportMessageExtension=1)["result"]
    place = {"GroupId": group, "MsgSeq": sent["MsgSeq"]}
    pairs = [{"Key": "k", "Value": "v", "Seq": 0}]
    ben.call("group_set_key_values", **place, OperateType=1, ExtensionList=pairs)
    ben.call("add_message_reaction", **place, ReactionId="smile")
    ann.call("pin_group_message", **place, Pinned=True)
    for gate in (ann, ben):
        changes = told(gate, "message_change")
        assert [change["ChangeType"] for change in changes] == ["Extensions", "Reactions", "Pinned"]
        assert all(change.items() >= place.items() for change in changes)
    pinned = told(ben, "message_change")[-1]["Message"]
    assert (pinned["MsgSeq"], pinned["MsgBody"]) == (sent["MsgSeq"], HELLO)
    ann.call("group_msg_recall", GroupId=group, MsgSeqList=[{"MsgSeq": sent["MsgSeq"]}])
    assert ben.call("get_pinned_group_messages", GroupId=group)["result"] == {"Items": []}
    [item] = ben.call("get_message_reactions", GroupId=group, MsgSeqList=[sent["MsgSeq"]])["result"]["MessageList"]
    assert (item["ErrorCode"], item["ReactionList"]) == (23004, [])


def test_the_envelope_of_conversations_has_a_display_text(door: Door):
    request = {"From_Account": "administrator", "TimeStamp": 0, "StartIndex": 0, "TopTimeStamp": 0, "TopStartIndex": 0,
               "AssistFlags": 7}  # fmt: skip
    for body, code in ((request, 0), ({}, 50002), ({**request, "From_Account": "nobody"}, 50001)):
        answer = door.call("recentcontact/get_list", body)
        assert (answer["ErrorCode"], answer["ErrorDisplay"]) == (code, "")
    assert "ErrorDisplay" not in door.call("group_open_http_svc/get_appid_group_list", {})
