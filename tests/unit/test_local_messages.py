"""What an SDK keeps of messages: found by id and seq, bounded, and nothing of one's own dropped silently."""

from __future__ import annotations

import pytest

from qunzhu.tim import local_messages, seen_messages
from qunzhu.tim.convert import WrongParameter
from qunzhu.tim.local_messages import LocalMessages
from qunzhu.tim.message import Place, from_told

HERE = Place(2, "g")


def told(seq: int, sender: str = "bob", random: int | None = None, group: str = "g") -> dict:
    return from_told({
        "GroupId": group, "GroupType": "Public", "From_Account": sender, "MsgSeq": seq, "MsgTime": 100 + seq,
        "MsgRandom": seq if random is None else random, "MsgBody": [],
    }, "alice")  # fmt: skip


def test_messages_are_found_by_id_and_by_seq():
    kept = LocalMessages()
    for group in ("g", "h"):
        kept.see(told(3, group=group))
    assert [m["message_conv_id"] for m in kept.find("bob-103-3")] == ["g", "h"]
    assert kept.at(Place(2, "h"), "bob-103-3")["message_conv_id"] == "h"
    assert kept.by_seq(HERE, 3)["message_msg_id"] == "bob-103-3"
    assert kept.by_seq(HERE, 4) is None
    assert kept.find("nobody-1-1") == []


def test_the_oldest_drop_out(monkeypatch):
    monkeypatch.setattr(seen_messages, "MOST", 3)
    kept = LocalMessages()
    for seq in range(1, 6):
        kept.see(told(seq))
    kept.see(told(3))
    kept.see(told(6))
    assert [m["message_seq"] for m in kept.all()] == [5, 3, 6]
    assert kept.by_seq(HERE, 4) is None
    assert kept.find("bob-104-4") == []


def test_what_only_the_sdk_has_is_never_dropped(monkeypatch):
    monkeypatch.setattr(local_messages, "OWN_KEPT", 2)
    kept = LocalMessages()
    one, two, three = (told(seq) for seq in (1, 2, 3))
    kept.add(one)
    kept.add(two)
    kept.add(one)
    for refused in (kept.add, lambda m: kept.set_custom(m, 1, "x")):
        with pytest.raises(WrongParameter) as fault:
            refused(three) or [refused(m) for m in (one, two)]
        assert fault.value.code == 6028


def test_local_custom_data_outlives_the_cache(monkeypatch):
    monkeypatch.setattr(seen_messages, "MOST", 1)
    kept = LocalMessages()
    kept.see(told(1))
    kept.set_custom(told(1), 7, "mine")
    kept.see(told(2))
    assert kept.find("bob-101-1") == []
    again = kept.see(told(1))
    assert (again["message_custom_int"], again["message_custom_str"]) == (7, "mine")


def test_the_id_before_sending_stands_for_the_message():
    kept = LocalMessages()
    kept.sends(HERE, 5, "alice-100-5")
    assert not kept.is_own(told(9, "bob", 5))
    sent = told(9, "alice", 5)
    assert kept.is_own(sent)
    kept.sent(sent)
    assert kept.find("alice-100-5") == kept.find(sent["message_msg_id"]) == [kept.dressed(sent)]


def test_a_message_that_failed_is_replaced_once_it_is_sent():
    kept = LocalMessages()
    kept.sends(HERE, 5, "alice-100-5")
    failed = {**told(0, "alice", 5), "message_msg_id": "alice-100-5", "message_status": 3}
    kept.add(failed)
    assert [m["message_status"] for _, m in kept.local(HERE)] == [3]
    kept.sent(told(9, "alice", 5))
    assert kept.local(HERE) == []


def test_reading_goes_forward_only():
    kept = LocalMessages()
    kept.see(told(3))
    assert kept.by_seq(HERE, 3)["message_is_read"] is False
    kept.read_up_to(HERE, 3)
    kept.read_up_to(HERE, 1)
    assert kept.by_seq(HERE, 3)["message_is_read"] is True
    assert kept.dressed(told(4))["message_is_read"] is False
    assert kept.dressed(told(4, "alice"))["message_is_read"] is True


def test_hidden_here_only():
    kept = LocalMessages()
    kept.see(told(1))
    kept.hide(told(1))
    assert kept.find("bob-101-1") == []
    assert list(kept.all()) == []
    assert kept.is_hidden(told(1))
    kept.add(told(2))
    kept.hide(told(2))
    assert not kept.is_hidden(told(2))
    assert kept.local(HERE) == []
