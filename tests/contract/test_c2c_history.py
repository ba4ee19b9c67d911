"""Reading one-to-one history: pages of the server API, walking both ways, whose copies they are, imports, retention."""

from __future__ import annotations

import msgspec
import pytest

from qunzhu.commands._c2c import sweep_c2c
from worlds import DAY, NOW, World, on_plan

SPAN = {"MinTime": 0, "MaxTime": NOW + DAY}


def words(items: list[dict]) -> list[str]:
    return [one["MsgBody"][0]["MsgContent"]["Text"] for one in items]


def roam(world: World, user: str, peer: str, **more) -> dict:
    fields = {"Operator_Account": user, "Peer_Account": peer, "MaxCnt": 100, **SPAN, **more}
    return world.call("admin_getroammsg", **fields)


def walk(world: World, user: str, peer: str, **more) -> list[str]:
    """Follow the pages of the server API to the end, as its page shows; the newest page comes first."""
    found: list[str] = []
    while True:
        page = roam(world, user, peer, **more)
        assert page["MsgCnt"] == len(page["MsgList"])
        found = words(page["MsgList"]) + found
        if page["Complete"]:
            return found
        assert page["LastMsgKey"] == page["MsgList"][0]["MsgKey"]
        more |= {"MaxTime": page["LastMsgTime"], "LastMsgKey": page["LastMsgKey"]}


def pull(world: World, user: str, peer: str, **more) -> dict:
    return world.call("pull_c2c_messages", user, Peer_Account=peer, **more)


@pytest.fixture
def peopled(world: World) -> World:
    world.people("alice", "bob", "carol")
    return world


def test_a_page_is_what_the_documentation_shows(peopled: World):
    world = peopled
    world.write("bob", "one", "alice", MsgSeq=5, MsgRandom=6, CloudCustomData="cloud")
    assert roam(world, "bob", "alice") == {
        "Complete": 1, "MsgCnt": 1, "LastMsgTime": NOW, "LastMsgKey": f"5_6_{NOW}", "MsgList": [{
            "From_Account": "alice", "To_Account": "bob", "MsgSeq": 5, "MsgRandom": 6, "MsgTimeStamp": NOW,
            "MsgFlagBits": 0, "IsPeerRead": 0, "MsgKey": f"5_6_{NOW}", "CloudCustomData": "cloud",
            "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "one"}}],
        }],
    }  # fmt: skip
    empty = {"Complete": 1, "MsgCnt": 0, "LastMsgTime": 0, "LastMsgKey": "", "MsgList": []}
    assert roam(world, "bob", "carol") == empty
    assert roam(world, "bob", "alice", MaxTime=NOW - 1) == roam(world, "bob", "alice", MinTime=NOW + 1) == empty
    fields = {"MaxCnt": 1, **SPAN}
    old = world.call("admin_getroammsg", From_Account="bob", To_Account="alice", **fields)
    assert old == roam(world, "bob", "alice")
    world.refused(90008, "admin_getroammsg", Operator_Account="nobody", Peer_Account="bob", **fields)
    world.refused(90009, "admin_getroammsg", "carol", Operator_Account="bob", Peer_Account="alice", **fields)
    assert world.call("admin_getroammsg", "bob", Operator_Account="bob", Peer_Account="alice", **fields)["MsgCnt"] == 1


def test_messages_are_in_the_order_of_time_and_seq(peopled: World):
    world = peopled
    for seq, body in ((9, "second"), (3, "first"), (12, "third")):
        world.write("bob", body, "alice", MsgSeq=seq)
    world.now += 1
    world.write("alice", "fourth", "bob", MsgSeq=1)
    assert walk(world, "alice", "bob") == ["first", "second", "third", "fourth"]
    assert words(pull(world, "alice", "bob")["Items"]) == ["fourth", "third", "second", "first"]
    assert words(pull(world, "bob", "alice", Newer=1)["Items"]) == ["first", "second", "third", "fourth"]


@pytest.mark.parametrize("count", [1, 7, 100])
def test_pages_of_the_server_api_cover_all_once(peopled: World, count):
    world = peopled
    for number in range(30):
        world.now += number % 3 == 0
        world.write("bob", str(number), "alice" if number % 2 else "bob")  # some to himself are another conversation
        world.write("alice", f"r{number}", "bob")
    told = [f"{n}" for n in range(30) if n % 2]
    assert sorted(walk(world, "alice", "bob", MaxCnt=count)) == sorted([*told, *(f"r{n}" for n in range(30))])
    assert walk(world, "alice", "bob", MaxCnt=count) == walk(world, "bob", "alice")


def test_a_page_has_about_thirteen_kilobytes(peopled: World):
    world = peopled
    for number in range(10):
        world.write("bob", f"{number}" + "x" * 4000, "alice")
    page = roam(world, "alice", "bob")
    assert (page["Complete"], page["MsgCnt"]) == (0, 3)
    assert [one[0] for one in walk(world, "alice", "bob")] == list("0123456789")
    world.write("bob", "y" * 12200, "alice")
    world.write("bob", "z" * 12200, "alice")
    assert roam(world, "alice", "bob")["MsgCnt"] == 1


def test_walking_both_ways_meets_each_message_once(peopled: World):
    world = peopled
    for number in range(25):
        world.now += number % 4 == 0
        world.write("bob", str(number), "alice")
    for newer in (0, 1):
        found, more = [], {}
        while True:
            page = pull(world, "bob", "alice", Limit=4, Newer=newer, **more)
            found += page["Items"]
            if page["IsFinished"]:
                break
            last = page["Items"][-1]
            more = {"Num": last["Num"]} if len(found) % 8 else {"MsgKey": last["MsgKey"]}
        numbers = [str(number) for number in range(25)]
        assert words(found) == (numbers if newer else numbers[::-1])


def test_places_to_begin(peopled: World):
    world = peopled
    keys = []
    for number in range(6):
        keys.append(world.write("bob", str(number), "alice")["MsgKey"])
        world.now += 10
    assert words(pull(world, "bob", "alice", Time=NOW + 20)["Items"]) == ["2", "1", "0"]
    assert words(pull(world, "bob", "alice", Time=NOW + 20, Newer=1)["Items"]) == ["2", "3", "4", "5"]
    assert words(pull(world, "bob", "alice", Num=3)["Items"]) == ["1", "0"]
    assert words(pull(world, "bob", "alice", Num=99)["Items"]) == ["4", "3", "2", "1", "0"]
    assert pull(world, "bob", "alice", Num=0) == {"Items": [], "IsFinished": 1}
    unknown = f"8_8_{NOW}"
    picked = pull(world, "bob", "alice", MsgKeys=[keys[4], unknown, keys[1], keys[4]])
    assert (words(picked["Items"]), picked["IsFinished"]) == (["4", "1"], 1)
    assert pull(world, "carol", "alice", MsgKeys=keys)["Items"] == []
    world.refused(10004, "pull_c2c_messages", "bob", Peer_Account="alice", MsgKey="x")


def test_a_removed_copy_is_gone_for_one_only(peopled: World):
    world = peopled
    keys = [world.write("bob", str(number), "alice")["MsgKey"] for number in range(3)]
    phone = world.online("bob", "Android")
    answer = world.call(
        "delete_c2c_msg_ramble", Operator_Account="bob", Peer_Account="alice",
        MsgKeyList=[keys[1], "1_2", f"8_8_{NOW}", keys[1]],
    )  # fmt: skip
    assert answer == {"InvalidMsgKeyList": ["1_2"]}
    assert phone.frames[-1] == {
        "jsonrpc": "2.0", "method": "conversation_change",
        "params": {"ChangeType": "Hidden", "Peer_Account": "alice", "MsgKeyList": [keys[1]]},
    }  # fmt: skip
    assert walk(world, "bob", "alice") == ["0", "2"]
    assert words(world.call("sync", "bob", C2C=0)["C2CMessages"]) == ["0", "2"]
    assert pull(world, "bob", "alice", MsgKeys=[keys[1]])["Items"] == []
    assert walk(world, "alice", "bob") == ["0", "1", "2"]
    told = len(world.events)
    world.call("delete_c2c_msg_ramble", "bob", Operator_Account="bob", Peer_Account="alice", MsgKeyList=[keys[1]])
    assert len(world.events) == told
    world.refused(
        90009, "delete_c2c_msg_ramble", "bob", Operator_Account="alice", Peer_Account="bob", MsgKeyList=[keys[1]]
    )


def test_history_ends_where_the_plan_says(peopled: World):
    world = peopled
    world.app = on_plan(world.app, "2025-trial")
    world.write("bob", "old", "alice")
    world.now += 4 * DAY
    world.write("bob", "new", "alice")
    assert walk(world, "bob", "alice", MaxTime=world.now) == ["old", "new"]
    world.now += 4 * DAY
    assert walk(world, "bob", "alice", MaxTime=world.now) == ["new"]
    assert words(pull(world, "bob", "alice")["Items"]) == ["new"]
    assert words(world.call("sync", "bob", C2C=0)["C2CMessages"]) == ["new"]
    assert world.call("get_c2c_unread_msg_num", To_Account="bob") == {"AllC2CUnreadMsgNum": 1}


def test_the_sweep_removes_old_messages_a_little_at_a_time(peopled: World):
    world = peopled
    for number in range(10):
        world.write("bob", f"old {number}", "alice")
        world.write("alice", f"old {number}", "carol")
    world.execute("INSERT INTO extensions (owner, name, value, seq) VALUES ('c:1', 'k', 'v', 1)")
    world.execute("INSERT INTO reactions (owner, reaction, user_id, at_ms) VALUES ('c:21', 'k', 'bob', 1)")
    world.now += DAY
    world.write("bob", "new", "alice")
    steps = [world.store.write_now(sweep_c2c, world.now, 4) for _ in range(8)]
    assert sum(steps) == 20
    assert max(steps) == 4
    assert [msgspec.json.decode(body)["Num"] for (body,) in world.rows("SELECT body FROM c2c_messages")] == [21]
    assert world.rows("SELECT owner FROM extensions") == []
    assert world.rows("SELECT owner FROM reactions") == [("c:21",)]
    assert world.store.write_now(sweep_c2c, world.now, 4) == 0


def imported(world: World, sender: str, peer: str, body: str, **more) -> dict:
    fields = {
        "SyncFromOldSystem": 2, "From_Account": sender, "To_Account": peer, "MsgRandom": 1, "MsgTimeStamp": NOW - 100,
        "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": body}}], **more,
    }  # fmt: skip
    return world.call("importmsg", **fields)


def test_imported_history_is_read_and_silent(peopled: World):
    world = peopled
    alice, bob = world.online("alice"), world.online("bob")
    assert imported(world, "alice", "bob", "then", MsgSeq=7, CloudCustomData="c") == {}
    assert alice.frames == bob.frames == []
    assert world.call("get_c2c_unread_msg_num", To_Account="bob") == {"AllC2CUnreadMsgNum": 0}
    assert world.call("sync", "bob", C2C=0)["C2CMessages"] == []
    assert walk(world, "alice", "bob") == walk(world, "bob", "alice") == ["then"]
    assert world.rows("SELECT user_id, at FROM contacts ORDER BY user_id") == [("alice", NOW - 100), ("bob", NOW - 100)]


@pytest.mark.parametrize("live", [5, 1])
def test_an_imported_live_message_is_unread_and_pushed_to_its_receiver(peopled: World, live):
    world = peopled
    alice, bob = world.online("alice"), world.online("bob")
    imported(world, "alice", "bob", "now", SyncFromOldSystem=live)
    assert words([frame["params"] for frame in bob.frames]) == ["now"]
    assert alice.frames == []
    assert world.call("get_c2c_unread_msg_num", To_Account="bob") == {"AllC2CUnreadMsgNum": 1}
    assert words(world.call("sync", "bob", C2C=0)["C2CMessages"]) == ["now"]


def test_the_first_import_of_a_message_stays(peopled: World):
    world = peopled
    imported(world, "alice", "bob", "first", MsgSeq=7)
    imported(world, "alice", "bob", "again", MsgSeq=7)
    imported(world, "bob", "alice", "swapped", MsgSeq=7)
    imported(world, "alice", "bob", "another", MsgSeq=8)
    imported(world, "alice", "carol", "another", MsgSeq=7)
    assert walk(world, "alice", "bob") == ["first", "another"]
    imported(world, "alice", "bob", "older", MsgSeq=1, MsgTimestamp=NOW - 200, MsgTimeStamp=NOW - 200)
    assert walk(world, "bob", "alice") == ["older", "first", "another"]


def test_an_older_spelling_of_the_time(peopled: World):
    body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}]
    peopled.call("importmsg", SyncFromOldSystem=2, From_Account="alice", To_Account="bob", MsgRandom=1, MsgBody=body,
                 MsgTimestamp=NOW - 5)  # fmt: skip
    assert roam(peopled, "bob", "alice")["LastMsgTime"] == NOW - 5
    fields = {"From_Account": "alice", "To_Account": "bob", "MsgRandom": 1, "MsgBody": body, "MsgTimeStamp": NOW}
    peopled.refused(90030, "importmsg", SyncFromOldSystem=3, **fields)
    peopled.refused(90008, "importmsg", SyncFromOldSystem=2, **{**fields, "From_Account": "nobody"})
    peopled.refused(90012, "importmsg", SyncFromOldSystem=2, **{**fields, "To_Account": "nobody"})
