"""Sending one-to-one messages: keys and numbers, duplicates, who is told and who keeps a copy, batches, mutes."""

from __future__ import annotations

import msgspec
import pytest

from worlds import ADMIN, NOW, World, switched


def text(words: str) -> list[dict]:
    return [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]


def stored(world: World) -> list[dict]:
    """Return the stored messages in the order of their numbers."""
    return [msgspec.json.decode(body) for (body,) in world.rows("SELECT body FROM c2c_messages ORDER BY num")]


def got(session) -> list[tuple[str, int, int]]:
    """Return the texts that a session was told since the last call, each with its number and the one before it."""
    frames, session.frames = session.frames, []
    params = [frame["params"] for frame in frames if frame["method"] == "c2c_message"]
    return [(one["MsgBody"][0]["MsgContent"]["Text"], one.get("Num", 0), one.get("Prev", 0)) for one in params]


def contacts(world: World) -> dict[tuple[str, str], tuple[int, int]]:
    """Return the conversations: newest number and time, by user and peer."""
    rows = world.rows("SELECT user_id, peer, last_num, at FROM contacts WHERE sort = 1")
    return {(user, peer): (num, at) for user, peer, num, at in rows}


@pytest.fixture
def peopled(world: World) -> World:
    world.people("alice", "bob", "carol")
    return world


def test_a_message_is_stored_as_it_was_given(peopled: World):
    world = peopled
    world.call("account_import", UserID="alice", Nick="Alice", FaceUrl="http://face")
    body = [
        *text("你好"), {"MsgType": "TIMFaceElem", "MsgContent": {"Index": 3, "Data": "smile", "Unknown": [1]}},
        {"MsgType": "TIMCustomElem", "MsgContent": {"Data": "\x00d", "Desc": "e", "Ext": "f", "Sound": "g"}},
    ]  # fmt: skip
    push = {"PushFlag": 0, "Desc": "d", "ApnsInfo": {"BadgeMode": 1}}
    reply = world.call(
        "sendmsg", To_Account="bob", From_Account="alice", MsgRandom=4294967295, MsgSeq=0, MsgBody=body,
        SyncOtherMachine=1, MsgLifeTime=604800, CloudCustomData="cloud", SupportMessageExtension=1,
        IsNeedReadReceipt=1, OfflinePushInfo=push, SendMsgControl=["NoUnread", "NoLastMsg", "WithMuteNotifications"],
        ForbidCallbackControl=["ForbidBeforeSendMsgCallback", "ForbidAfterSendMsgCallback"], OnlineOnlyFlag=0,
    )  # fmt: skip
    key = f"0_4294967295_{NOW}"
    assert reply == {"MsgTime": NOW, "MsgKey": key}
    assert stored(world) == [{
        "From_Account": "alice", "To_Account": "bob", "MsgSeq": 0, "MsgRandom": 4294967295, "MsgTime": NOW,
        "MsgKey": key, "Num": 1, "MsgBody": body, "CloudCustomData": "cloud", "Nick": "Alice",
        "FaceUrl": "http://face", "SupportMessageExtension": 1, "IsNeedReadReceipt": 1, "OfflinePushInfo": push,
        "SendMsgControl": ["NoUnread", "NoLastMsg", "WithMuteNotifications"],
    }]  # fmt: skip


def test_a_seq_that_is_not_given_is_drawn(peopled: World):
    seqs = set()
    for number in range(5):
        key = peopled.call("sendmsg", To_Account="bob", MsgRandom=number, MsgBody=text("x"))["MsgKey"]
        seqs.add(int(key.split("_")[0]))
    assert len(seqs) == 5
    assert all(0 <= seq < 2**32 for seq in seqs)


def test_both_are_told_each_with_his_own_number_before(peopled: World):
    world = peopled
    alice, phone, bob = world.online("alice"), world.online("alice", "Android"), world.online("bob")
    world.write("bob", "one", "alice")
    world.write("carol", "two", "alice")
    world.write("bob", "three", "carol")
    world.write("alice", "four", "bob")
    assert got(alice) == got(phone) == [("one", 1, 0), ("two", 2, 1), ("four", 4, 2)]
    assert got(bob) == [("one", 1, 0), ("three", 3, 1), ("four", 4, 3)]


def test_the_same_random_in_the_same_second_is_the_same_message(peopled: World):
    world = peopled
    bob = world.online("bob")
    first = world.write("bob", "once", "alice", MsgRandom=7)
    assert world.write("bob", "again", "alice", MsgRandom=7) == first
    assert world.write("bob", "hers", "carol", MsgRandom=7) != first
    assert world.write("carol", "to her", "alice", MsgRandom=7) != first
    world.now += 1
    later = world.write("bob", "later", "alice", MsgRandom=7)
    assert later["MsgTime"] == first["MsgTime"] + 1
    assert [words for words, *_ in got(bob)] == ["once", "hers", "later"]
    assert len(stored(world)) == 4


def test_a_client_that_got_no_answer_sends_again(peopled: World):
    world = peopled
    bob = world.online("bob")
    first = world.write("bob", "once", "alice", MsgRandom=7, MsgSeq=9)
    world.now += 300
    assert world.write("bob", "once", "alice", MsgRandom=7, MsgSeq=9) == first
    assert world.write("bob", "another", "alice", MsgRandom=7, MsgSeq=10) != first
    world.now += 1
    assert world.write("bob", "by the server", From_Account="alice", MsgRandom=7, MsgSeq=9) != first
    world.now += 1
    assert world.write("alice", "back", "bob", MsgRandom=7, MsgSeq=9)["MsgTime"] == world.now
    assert [words for words, *_ in got(bob)] == ["once", "another", "by the server", "back"]


def test_a_key_names_one_message_of_a_conversation_whoever_sent_it(peopled: World):
    world = peopled
    first = world.write("bob", "ours", "alice", MsgRandom=7, MsgSeq=9)
    assert world.write("alice", "mine", "bob", MsgRandom=7, MsgSeq=9) == first
    assert world.write("alice", "mine", "bob", MsgRandom=7, MsgSeq=10)["MsgKey"] == f"10_7_{NOW}"
    assert len(stored(world)) == 2


@pytest.mark.parametrize(("sync", "told", "roams"), [(1, True, True), (None, False, True), (2, False, False)])
def test_what_the_sender_has_of_what_was_sent_for_him(peopled: World, sync, told, roams):
    world = peopled
    alice, bob = world.online("alice"), world.online("bob")
    more = {} if sync is None else {"SyncOtherMachine": sync}
    world.write("bob", "hello", From_Account="alice", **more)
    assert got(bob) == [("hello", 1, 0)]
    assert got(alice) == ([("hello", 1, 0)] if told else [])
    mine = world.call("pull_c2c_messages", "alice", Peer_Account="bob")["Items"]
    assert [one["MsgBody"] for one in mine] == ([text("hello")] if roams else [])
    missed = world.call("sync", "alice", C2C=0)
    assert [one["Num"] for one in missed["C2CMessages"]] == ([1] if told else [])
    assert missed["C2C"] == (1 if roams else 0)
    assert set(contacts(world)) == {("bob", "alice"), *([("alice", "bob")] if roams else [])}
    assert [one["Num"] for one in world.call("sync", "bob", C2C=0)["C2CMessages"]] == [1]


def test_a_users_own_sessions_hear_of_what_he_sends_unless_he_says_otherwise(peopled: World):
    world = peopled
    alice, phone = world.online("alice"), world.online("alice", "Android")
    world.write("bob", "one", "alice")
    world.write("bob", "two", "alice", SyncOtherMachine=2)
    world.write("bob", "three", "alice")
    assert got(alice) == got(phone) == [("one", 1, 0), ("three", 3, 1)]


def test_who_wants_no_messages_of_a_user_is_not_told(peopled: World):
    world = peopled
    bob, alice = world.online("bob"), world.online("alice")
    world.call("set_c2c_receive_option", "bob", To_Account=["alice"], MsgFlag="Discard")
    world.write("bob", "not wanted", "alice")
    world.write("bob", "nor this", "alice", OnlineOnlyFlag=1)
    world.write("bob", "wanted", "carol")
    assert [words for words, *_ in got(bob)] == ["wanted"]
    assert [words for words, *_ in got(alice)] == ["not wanted", "nor this"]
    assert [one["Num"] for one in world.call("sync", "bob", C2C=0)["C2CMessages"]] == [2]
    assert len(world.call("pull_c2c_messages", "bob", Peer_Account="alice")["Items"]) == 1
    world.call("set_c2c_receive_option", "bob", To_Account=["alice"], MsgFlag="AcceptNotNotify")
    world.write("bob", "again", "alice")
    assert [words for words, *_ in got(bob)] == ["again"]


@pytest.mark.parametrize("how", [{"OnlineOnlyFlag": 1}, {"MsgLifeTime": 0}])
def test_a_message_for_those_who_are_online_is_not_kept(peopled: World, how):
    world = peopled
    bob = world.online("bob")
    reply = world.write("bob", "typing", "alice", MsgRandom=1, MsgSeq=2, **how)
    assert reply == {"MsgTime": NOW, "MsgKey": f"2_1_{NOW}"}
    assert world.write("bob", "typing", "alice", MsgRandom=1, MsgSeq=3, **how) == reply
    [frame] = bob.frames
    assert frame["params"] == {
        "From_Account": "alice", "To_Account": "bob", "MsgSeq": 2, "MsgRandom": 1, "MsgTime": NOW,
        "MsgKey": f"2_1_{NOW}", "MsgBody": text("typing"), "OnlineOnlyFlag": 1,
    }  # fmt: skip
    assert stored(world) == []
    assert contacts(world) == {}
    assert world.rows("SELECT * FROM outbox WHERE body LIKE '%C2CSent%'") == []


def test_a_message_that_shall_not_be_the_last_does_not_move_the_conversation_up(peopled: World):
    world = peopled
    world.write("bob", "one", "alice")
    world.now += 5
    world.write("bob", "two", "alice", SendMsgControl=["NoLastMsg"])
    assert contacts(world) == {("alice", "bob"): (2, NOW), ("bob", "alice"): (2, NOW)}
    world.write("bob", "three", "alice")
    assert contacts(world)["bob", "alice"] == (3, NOW + 5)


def test_a_note_to_oneself(peopled: World):
    world = peopled
    alice = world.online("alice")
    world.write("alice", "milk", "alice")
    world.write("alice", "eggs", From_Account="alice", SyncOtherMachine=2)
    assert got(alice) == [("milk", 1, 0), ("eggs", 2, 1)]
    assert contacts(world) == {("alice", "alice"): (2, NOW)}
    assert world.call("get_c2c_unread_msg_num", "alice", To_Account="alice") == {"AllC2CUnreadMsgNum": 0}
    assert len(world.call("pull_c2c_messages", "alice", Peer_Account="alice")["Items"]) == 2
    assert len(world.call("sync", "alice", C2C=0)["C2CMessages"]) == 2


def test_an_administrator_needs_no_account(peopled: World):
    world = peopled
    world.write(ADMIN, "help", "alice")
    world.write("alice", "coming")
    assert [(one["From_Account"], one["To_Account"]) for one in stored(world)] == [("alice", ADMIN), (ADMIN, "alice")]


def test_who_may_send_as_whom(peopled: World):
    world = peopled
    fields = {"To_Account": "bob", "MsgRandom": 1, "MsgBody": text("x")}
    world.call("sendmsg", "alice", From_Account="alice", **fields)
    world.refused(90009, "sendmsg", "alice", From_Account="carol", **fields)
    world.refused(90008, "sendmsg", From_Account="nobody", **fields)
    world.refused(90012, "sendmsg", **{**fields, "To_Account": "nobody"})
    world.refused(20003, "sendmsg", "alice", **{**fields, "To_Account": "nobody"})


def test_the_size_of_a_message_is_a_setting(peopled: World):
    world = peopled
    assert "12289 bytes" in world.refused(
        93000, "sendmsg", To_Account="bob", MsgRandom=1, MsgBody=text("x" * (12289 - len('{"Text":""}')))
    )
    world.write("bob", "x" * (12288 - len('{"Text":""}')))
    world.app = switched(world.app, message_bytes=100)
    world.refused(93000, "sendmsg", To_Account="bob", MsgRandom=1, MsgBody=text("x"), CloudCustomData="y" * 100)


def batch(world: World, users: list[str], words: str = "all", **more) -> dict:
    return world.call("batchsendmsg", To_Account=users, MsgRandom=5, MsgSeq=6, MsgBody=text(words), **more)


def test_a_batch_reaches_everybody_with_one_key(peopled: World):
    world = peopled
    bob, alice = world.online("bob"), world.online("alice")
    reply = batch(world, ["bob", "carol", "bob"], From_Account="alice", SyncOtherMachine=1)
    assert reply == {"MsgKey": f"6_5_{NOW}"}
    assert got(bob) == [("all", 1, 0)]
    assert got(alice) == [("all", 1, 0), ("all", 2, 1)]
    assert [one["To_Account"] for one in stored(world)] == ["bob", "carol"]
    assert batch(world, ["bob", "carol"], From_Account="alice") == reply
    assert len(stored(world)) == 2


def test_a_batch_passes_over_those_without_an_account(peopled: World):
    reply = batch(peopled, ["bob", "nobody", "\x00", "carol"])
    unknown = [{"To_Account": user, "ErrorCode": 70107} for user in ("nobody", "\x00")]
    assert reply == {"MsgKey": f"6_5_{NOW}", "ErrorList": unknown}
    assert [one["To_Account"] for one in stored(peopled)] == ["bob", "carol"]
    peopled.refused(90048, "batchsendmsg", To_Account=["nobody", "none"], MsgRandom=1, MsgBody=text("x"))


def test_a_batch_takes_what_a_message_takes(peopled: World):
    reply = batch(
        peopled, ["bob"], MsgLifeTime=1, CloudCustomData="c", SupportMessageExtension=1, IsNeedReadReceipt=1,
        OfflinePushInfo={"PushFlag": 1}, SendMsgControl=["NoUnread"], OnlineOnlyFlag=0,
    )  # fmt: skip
    [one] = stored(peopled)
    assert one == {
        "From_Account": ADMIN, "To_Account": "bob", "MsgSeq": 6, "MsgRandom": 5, "MsgTime": NOW,
        "MsgKey": reply["MsgKey"], "Num": 1, "MsgBody": text("all"), "CloudCustomData": "c",
        "SupportMessageExtension": 1, "IsNeedReadReceipt": 1, "OfflinePushInfo": {"PushFlag": 1},
        "SendMsgControl": ["NoUnread"],
    }  # fmt: skip


def test_five_hundred_get_a_batch(world: World):
    users = [f"user-{number:03}" for number in range(500)]
    world.people(*users)
    assert batch(world, users) == {"MsgKey": f"6_5_{NOW}"}
    assert world.rows("SELECT count(*), min(num), max(num) FROM c2c_messages") == [(500, 1, 500)]
    world.refused(90011, "batchsendmsg", To_Account=[*users, "one-more"], MsgRandom=1, MsgBody=text("x"))


def test_sync_goes_page_by_page(peopled: World):
    world = peopled
    for number in range(450):
        world.write("bob", str(number), "alice" if number % 2 else "carol")
    seen, told = 0, []
    while True:
        missed = world.call("sync", "bob", C2C=seen)
        told += [one["MsgBody"][0]["MsgContent"]["Text"] for one in missed["C2CMessages"]]
        seen = missed["C2CMessages"][-1]["Num"]
        if not missed["MoreC2C"]:
            break
        assert len(missed["C2CMessages"]) == 200
    assert told == [str(number) for number in range(450)]
    assert seen == missed["C2C"] == 450
    assert world.call("sync", "bob", C2C=450)["C2CMessages"] == []
    group = world.group("Public", owner="bob")
    everything = world.call("sync", "bob")
    assert "C2CMessages" not in everything
    assert (everything["Groups"], everything["C2C"]) == ({group: 0}, 450)
    assert world.call("sync", "bob", C2C=450)["Groups"] == {}
    assert world.call("sync", "bob", C2C=450, Groups={})["Groups"] == {group: 0}


def test_sync_is_limited_by_bytes(peopled: World):
    world = peopled
    for number in range(60):
        world.write("bob", f"{number} {'x' * 12000}", "alice")
    first = world.call("sync", "bob", C2C=0)
    assert first["MoreC2C"] == 1
    assert len(msgspec.json.encode(first)) < 600_000
    rest = world.call("sync", "bob", C2C=first["C2CMessages"][-1]["Num"])
    assert rest["MoreC2C"] == 0
    assert [one["Num"] for one in first["C2CMessages"] + rest["C2CMessages"]] == list(range(1, 61))
    world.refused(10004, "sync", "bob", C2C=-1)


def test_a_muted_user_may_not_send_and_the_server_api_may(peopled: World):
    world = peopled
    world.call("setnospeaking", Set_Account="alice", C2CmsgNospeakingTime=60)
    fields = {"To_Account": "bob", "MsgRandom": 1, "MsgBody": text("x")}
    assert str(NOW + 60) in world.refused(20012, "sendmsg", "alice", **fields)
    world.call("sendmsg", From_Account="alice", **fields)
    world.now += 60
    world.call("sendmsg", "alice", **fields)


def test_a_deleted_users_messages_stay_with_the_other(peopled: World):
    world = peopled
    world.write("bob", "old", "alice")
    world.call("setnospeaking", Set_Account="alice", C2CmsgNospeakingTime=60)
    world.call("account_delete", DeleteItem=[{"UserID": "alice"}])
    assert set(contacts(world)) == {("bob", "alice")}
    assert world.rows("SELECT * FROM silenced") == []
    assert len(world.call("pull_c2c_messages", "bob", Peer_Account="alice")["Items"]) == 1
    world.now += 1
    world.people("alice")
    assert world.call("pull_c2c_messages", "alice", Peer_Account="bob")["Items"] == []
    world.write("alice", "new", "bob")
    assert [one["Num"] for one in world.call("sync", "alice", C2C=0)["C2CMessages"]] == [2]
    assert len(world.call("pull_c2c_messages", "alice", Peer_Account="bob")["Items"]) == 1
    assert len(world.call("pull_c2c_messages", "bob", Peer_Account="alice")["Items"]) == 2
