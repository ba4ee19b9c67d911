"""Reactions: giving and taking back, limits, reading them, and what others are told."""

from __future__ import annotations

import pytest

from contract.one_to_one import write
from worlds import WITH_MEMBERS, World, on_plan


@pytest.fixture
def place(world: World) -> dict:
    """Send a message, and return what names it."""
    world.people("owner", "alice", "bob", "eve")
    world.call("account_import", UserID="bob", Nick="Bob", FaceUrl="bob.png")
    group = world.group("Public", members=["alice", "bob"])
    return {"GroupId": group, "MsgSeq": world.say(group, "hello", "alice")["MsgSeq"]}


def react(world: World, place: dict, user: str, reaction: str = "smile") -> None:
    world.call("add_message_reaction", user, **place, ReactionId=reaction)
    world.now += 1


def reactions(world: World, place: dict, by: str = "alice", **more: int) -> list[dict]:
    """Read the reactions to one message of a group."""
    names = {"GroupId": place["GroupId"], "MsgSeqList": [place["MsgSeq"]]}
    [item] = world.call("get_message_reactions", by, **names, **more)["MessageList"]
    assert (item["MsgSeq"], item["ErrorCode"]) == (place["MsgSeq"], 0)
    return item["ReactionList"]


BOB = {"UserID": "bob", "Nick": "Bob", "FaceUrl": "bob.png"}
ALICE = {"UserID": "alice", "Nick": "", "FaceUrl": ""}


def test_in_the_order_in_which_they_were_given(world: World, place):
    react(world, place, "bob", "heart")
    react(world, place, "alice")
    react(world, place, "alice", "heart")
    assert reactions(world, place) == [
        {"ReactionId": "heart", "TotalUserCount": 2, "UserList": [BOB, ALICE], "ReactedByMyself": 1},
        {"ReactionId": "smile", "TotalUserCount": 1, "UserList": [ALICE], "ReactedByMyself": 1},
    ]
    assert [one["ReactedByMyself"] for one in reactions(world, place, "owner")] == [0, 0]
    world.call("remove_message_reaction", "bob", **place, ReactionId="heart")
    assert [(one["ReactionId"], one["UserList"]) for one in reactions(world, place)] == [
        ("smile", [ALICE]), ("heart", [ALICE]),
    ]  # fmt: skip
    world.call("remove_message_reaction", "alice", **place, ReactionId="heart")
    assert [one["ReactionId"] for one in reactions(world, place)] == ["smile"]


def test_how_many_users_come_along(world: World, place):
    users = [f"m{number:03}" for number in range(100)]
    world.people(*users, "late")
    world.call("import_group_member", GroupId=place["GroupId"], MemberList=[
        {"Member_Account": user} for user in (*users, "late")
    ])  # fmt: skip
    seen = {**place, "MsgSeq": world.say(place["GroupId"], "again", "alice")["MsgSeq"]}
    for user in users:
        react(world, seen, user)
    text = world.refused(23006, "add_message_reaction", "late", **seen, ReactionId="smile")
    assert "'smile' has 100" in text
    for most in (0, 3, 10):
        [one] = reactions(world, seen, "m099", MaxUserCountPerReaction=most)
        assert ([user["UserID"] for user in one["UserList"]], one["TotalUserCount"]) == (users[:most], 100)
        assert one["ReactedByMyself"] == 1
    assert len(reactions(world, seen)[0]["UserList"]) == 10
    listed, cursor = [], 0
    while True:
        page = world.call("get_reaction_users", "alice", **seen, ReactionId="smile", Next=cursor, Limit=40)
        listed += [user["UserID"] for user in page["UserList"]]
        cursor = page["Next"]
        if page["IsFinished"]:
            break
    assert (listed, cursor) == (users, 0)
    assert "101 is not within" in world.refused(
        10004, "get_reaction_users", "alice", **seen, ReactionId="smile", Limit=101
    )


def test_ten_reactions_to_a_message(world: World, place):
    for number in range(10):
        react(world, place, "alice", f"r{number}")
    assert "the message has 10" in world.refused(23005, "add_message_reaction", "bob", **place, ReactionId="eleventh")
    react(world, place, "bob", "r0")


def test_the_members_are_told(world: World, place):
    react(world, place, "bob")
    sessions = {user: world.online(user) for user in ("alice", "bob", "eve")}
    react(world, place, "alice")
    now = {"ReactionId": "smile", "TotalUserCount": 2, "UserList": [BOB, ALICE]}
    change = {"ChangeType": "Reactions", **place, "ReactionList": [now], "Operator_Account": "alice"}
    for user, session in sessions.items():
        assert [frame["params"] for frame in session.frames] == ([] if user == "eve" else [change]), user
        session.frames.clear()
    world.call("remove_message_reaction", "alice", **place, ReactionId="smile")
    assert sessions["bob"].frames[0]["params"]["ReactionList"] == [
        {"ReactionId": "smile", "TotalUserCount": 1, "UserList": [BOB]}
    ]


def test_refusals(world: World, place):
    react(world, place, "alice")
    world.refused(23007, "add_message_reaction", "alice", **place, ReactionId="smile")
    world.refused(23009, "remove_message_reaction", "bob", **place, ReactionId="smile")
    world.refused(23008, "remove_message_reaction", "bob", **place, ReactionId="none")
    world.refused(23008, "get_reaction_users", "bob", **place, ReactionId="none")
    for name in ("add_message_reaction", "remove_message_reaction", "get_reaction_users"):
        world.refused(10007, name, "eve", **place, ReactionId="smile")
        world.refused(23004, name, "bob", **{**place, "MsgSeq": 1}, ReactionId="smile")
        assert "MsgSeq: required" in world.refused(10004, name, "bob", GroupId=place["GroupId"], ReactionId="smile")
        assert "Peer_Account with MsgKey" in world.refused(10004, name, "bob", ReactionId="smile", MsgKey="1_1_1")
        assert "65 bytes" in world.refused(10004, name, "bob", **place, ReactionId="x" * 65)
        assert "11000" not in world.refused(11000, name, "bob", **place, TopicId="t", ReactionId="smile")
    asked = {"GroupId": place["GroupId"], "MsgSeqList": [1, place["MsgSeq"]]}
    world.refused(10007, "get_message_reactions", "eve", **asked)
    world.refused(10004, "get_message_reactions", "bob", GroupId=place["GroupId"])
    world.refused(10004, "get_message_reactions", "bob", Peer_Account="alice")
    assert "21 items, at most 20" in world.refused(
        10004, "get_message_reactions", "bob", **{**asked, "MsgSeqList": [1] * 21}
    )
    found = world.call("get_message_reactions", "bob", **asked)["MessageList"]
    assert [(item["ErrorCode"], len(item["ReactionList"])) for item in found] == [(23004, 0), (0, 1)]
    world.app = on_plan(world.app, "legacy-pro")
    world.refused(10059, "add_message_reaction", "bob", **place, ReactionId="smile")
    world.refused(10059, "get_message_reactions", "bob", **asked)


@pytest.mark.parametrize("kind", WITH_MEMBERS)
def test_in_every_kind_with_members(world: World, kind):
    world.people("owner", "alice")
    group = world.group(kind, members=["alice"])
    place = {"GroupId": group, "MsgSeq": world.say(group, "hello", "owner")["MsgSeq"]}
    react(world, place, "alice")
    assert reactions(world, place)[0]["TotalUserCount"] == 1


def test_in_a_topic(world: World):
    world.people("owner", "alice")
    club = world.group("Community", GroupId="@TGS#_club", members=["alice"], SupportTopic=1)
    topic = f"{club}@TOPIC#_news"
    world.call("create_topic", GroupId=club, TopicId=topic, TopicName="n")
    place = {"GroupId": club, "TopicId": topic, "MsgSeq": world.say(club, "hi", "owner", TopicId=topic)["MsgSeq"]}
    alice = world.online("alice")
    react(world, place, "alice")
    assert alice.frames[0]["params"].items() >= place.items()
    names = {"GroupId": club, "TopicId": topic, "MsgSeqList": [place["MsgSeq"]]}
    assert world.call("get_message_reactions", "owner", **names)["MessageList"][0]["ReactionList"]
    world.refused(110003, "add_message_reaction", "alice", **{**place, "TopicId": f"{topic}2"}, ReactionId="smile")
    world.refused(110013, "add_message_reaction", "alice", **{**place, "TopicId": "x" * 97}, ReactionId="smile")


def test_between_two(world: World):
    world.people("alice", "bob", "eve")
    key = write(world, "alice", "bob")
    sessions = {user: world.online(user) for user in ("alice", "bob", "eve")}
    react(world, {"Peer_Account": "alice", "MsgKey": key}, "bob")
    one = {"ReactionId": "smile", "TotalUserCount": 1, "UserList": [{"UserID": "bob", "Nick": "", "FaceUrl": ""}]}
    change = {
        "ChangeType": "Reactions", "From_Account": "alice", "To_Account": "bob", "MsgKey": key, "Num": 1,
        "ReactionList": [one], "Operator_Account": "bob",
    }  # fmt: skip
    told = {user: [frame["params"] for frame in session.frames] for user, session in sessions.items()}
    assert told == {"alice": [change], "bob": [change], "eve": []}
    asked = {"Peer_Account": "bob", "MsgKeyList": [key, "1_2_3", "none"]}
    mine, gone, odd = world.call("get_message_reactions", "alice", **asked)["MessageList"]
    assert mine == {
        "MsgKey": key, "ErrorCode": 0, "ErrorInfo": "", "ReactionList": [{**one, "ReactedByMyself": 0}],
    }  # fmt: skip
    assert (gone["ErrorCode"], odd["ErrorCode"]) == (23004, 10004)
    world.refused(23004, "add_message_reaction", "eve", Peer_Account="bob", MsgKey=key, ReactionId="smile")
    users = world.call("get_reaction_users", "alice", Peer_Account="bob", MsgKey=key, ReactionId="smile")
    assert users == {"UserList": one["UserList"], "Next": 0, "IsFinished": 1}
    world.call("remove_message_reaction", "bob", Peer_Account="alice", MsgKey=key, ReactionId="smile")
    assert world.rows("SELECT * FROM reactions") == []
