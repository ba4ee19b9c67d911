"""Conversations in the C interface's JSON."""

from __future__ import annotations

import pytest

from qunzhu.tim import conversation_info as info
from qunzhu.tim.conversations import Conversation, Draft, Filter, Key, Mention
from qunzhu.tim.convert import WrongParameter

LAST = {
    "GroupId": "team", "GroupType": "Public", "From_Account": "bob", "MsgSeq": 7, "MsgTime": 1000, "MsgRandom": 3,
    "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi"}}],
}  # fmt: skip
TIP = {
    "GroupId": "team", "GroupType": "Public", "Operator_Account": "bob", "Time": 1000, "Seq": 7, "TipType": "Invite",
    "UserList": ["alice"],
}  # fmt: skip
OPTIONAL = {"conv_last_msg", "conv_draft", "conv_group_type"}
ALWAYS = {
    f"conv_{key}"
    for key in (
        "id", "type", "owner", "show_name", "face_url", "unread_num", "active_time", "is_has_lastmsg", "is_has_draft",
        "recv_opt", "is_pinned", "mark_array", "custom_data", "conversation_group_array", "c2c_read_timestamp",
        "group_read_sequence", "group_at_info_array",
    )
}  # fmt: skip
"""The keys of ``ConvInfo`` in the headers, but for those that are there only with something in them."""


def group(**more) -> Conversation:
    """Return a group's conversation."""
    return Conversation(key=Key(2, "team"), kind="ChatRoom", read=5, **more)


def test_everything_that_a_conversation_has():
    one = group(
        name="Team", face_url="f", unread=2, at=1000, last=LAST, flag=2, mentions=(Mention(7, 3),), pinned=True,
        marks=1 << 63 | 5, custom="c", folders=("a", "b"), draft=Draft({"x": 1}, "u", 2000), read_at=9,
    )  # fmt: skip
    shown = info.shown(one, "alice")
    assert shown.keys() == ALWAYS | OPTIONAL
    last = shown.pop("conv_last_msg")
    assert (last["message_seq"], last["message_is_read"], last["message_conv_id"]) == (7, False, "team")
    assert shown == {
        "conv_id": "team", "conv_type": 2, "conv_owner": "", "conv_show_name": "Team", "conv_face_url": "f",
        "conv_unread_num": 2, "conv_active_time": 2000, "conv_is_has_lastmsg": True, "conv_is_has_draft": True,
        "conv_recv_opt": 2, "conv_group_type": 2, "conv_is_pinned": True, "conv_mark_array": [1, 4, 1 << 63],
        "conv_custom_data": "c", "conv_conversation_group_array": ["a", "b"], "conv_c2c_read_timestamp": 0,
        "conv_group_read_sequence": 5,
        "conv_group_at_info_array": [{"conv_group_at_info_seq": 7, "conv_group_at_info_at_type": 3}],
        "conv_draft": {"draft_msg": {"x": 1}, "draft_user_define": "u", "draft_edit_time": 2000},
    }  # fmt: skip


def test_a_conversation_in_which_nothing_was_said():
    shown = info.shown(Conversation(key=Key(1, "bob"), read=8, read_at=900), "alice")
    assert shown.keys() == ALWAYS
    assert (shown["conv_show_name"], shown["conv_is_has_lastmsg"]) == ("bob", False)
    assert (shown["conv_c2c_read_timestamp"], shown["conv_group_read_sequence"]) == (900, 0)


@pytest.mark.parametrize(("unread", "read", "is_read"), [(2, 5, False), (2, 7, True), (0, 5, True)])
def test_whether_the_last_message_is_read(unread, read, is_read):
    for last in (LAST, TIP):
        one = Conversation(key=Key(2, "team"), kind="Public", unread=unread, read=read, last=last)
        assert info.shown(one, "alice")["conv_last_msg"]["message_is_read"] is is_read
        assert info.shown(one, "alice")["conv_last_msg"]["message_seq"] == 7
    mine = Conversation(key=Key(2, "team"), kind="Public", unread=2, last={**LAST, "From_Account": "alice"})
    assert info.shown(mine, "alice")["conv_last_msg"]["message_is_read"] is True


def test_ids_and_back():
    for key, name in (
        (Key(1, "bob"), "c2c_bob"),
        (Key(2, "@TGS#1a"), "group_@TGS#1a"),
        (Key(2, "group_x"), "group_group_x"),
    ):
        assert info.conversation_id(key) == name
        assert info.key_of(name) == key
    for wrong in ("", "bob", "c2c_", "group_", "C2C_bob", "c2cbob"):
        with pytest.raises(WrongParameter) as refused:
            info.key_of(wrong)
        assert refused.value.code == 6004


@pytest.mark.parametrize("given", [{}, {"i": "x"}, {"i": "x", "t": 0}, {"i": "x", "t": 3}, {"i": "", "t": 1}, {"t": 2}])
def test_what_names_no_conversation(given):
    with pytest.raises(WrongParameter) as refused:
        info.given_key(given, "i", "t")
    assert refused.value.code == -5


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, Filter()),
        ({"conv_type": 0}, Filter()),
        ({"conv_type": 2, "mark_type": 4}, Filter(sort=2, mark=4)),
        ({"mark_type": 0, "conversation_group": ""}, Filter(mark=0, folder="")),
        ({"has_unread_count": False, "has_group_at_info": True}, Filter(unread=False, mentioned=True)),
        ({"mark_type": -(1 << 63)}, Filter(mark=1 << 63)),
    ],
)
def test_filters_and_back(given, wanted):
    prefixed = {info.FILTER + key: value for key, value in given.items()}
    assert info.wanted(prefixed) == wanted
    assert info.wanted(info.shown_filter(wanted) if wanted.mark != 1 << 63 else prefixed) == wanted


@pytest.mark.parametrize("wrong", [{"conv_type": 3}, {"conv_type": "1"}, {"mark_type": "x"}, {"has_unread_count": 1}])
def test_filters_that_are_none(wrong):
    with pytest.raises(WrongParameter) as refused:
        info.wanted({info.FILTER + key: value for key, value in wrong.items()})
    assert refused.value.code == -4


def test_cursors_lead_back_to_their_place():
    one = group(at=5, pinned=True)
    assert info.place_of(info.cursor(one)) == one.order
    assert info.place_of("") is None


def test_a_draft_without_a_time_has_that_of_now():
    assert info.draft({}, 77) == Draft({}, "", 77)
    assert info.draft({"draft_edit_time": 5, "draft_msg": {"a": 1}, "draft_user_define": "x"}, 77) == Draft(
        {"a": 1}, "x", 5
    )
    with pytest.raises(WrongParameter):
        info.draft({"draft_msg": "text"}, 77)
