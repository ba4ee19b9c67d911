"""Recent contacts: the list and its pages, deleting, pins, receive options, conversation groups and marks."""

from __future__ import annotations

from typing import Any

import pytest

from contract.one_to_one import write
from worlds import ADMIN, NOW, World, on_plan

FIRST = {"TimeStamp": 0, "StartIndex": 0, "TopTimeStamp": 0, "TopStartIndex": 0}


@pytest.fixture
def talk(world: World) -> World:
    """Let alice talk with bob and eve, and in two groups."""
    world.people("alice", "bob", "eve", "owner")
    write(world, "alice", "bob", "hello")
    world.now += 10
    world.group("Public", GroupId="team", members=["alice"])
    world.now += 10
    write(world, "eve", "alice", "hi")
    world.now += 10
    world.group("ChatRoom", GroupId="meeting", owner="alice")
    return world


def pages(world: World, user: str = "alice", flags: int = 7, by: str | None = None) -> list[list[dict]]:
    """Follow get_list to its end."""
    found, cursor = [], dict(FIRST)
    while True:
        answer = world.call("get_list", by, From_Account=user, AssistFlags=flags, **cursor)
        found.append(answer["SessionItem"])
        if answer["CompleteFlag"]:
            return found
        cursor = {name: answer[name] for name in FIRST}


def listed(world: World, user: str = "alice", flags: int = 7) -> list[str]:
    """Return with whom or what a user's conversations are, in order."""
    return [item.get("To_Account") or item["GroupId"] for page in pages(world, user, flags) for item in page]


class TestList:
    def test_the_newest_first(self, talk: World):
        [page] = pages(talk)
        assert page == [
            {"Type": 2, "GroupId": "meeting", "MsgTime": NOW + 30, "TopFlag": 0},
            {"Type": 1, "To_Account": "eve", "MsgTime": NOW + 20, "TopFlag": 0},
            {"Type": 2, "GroupId": "team", "MsgTime": NOW + 10, "TopFlag": 0},
            {"Type": 1, "To_Account": "bob", "MsgTime": NOW, "TopFlag": 0},
        ]
        talk.now += 10
        write(talk, "bob", "alice", "news")
        talk.now += 10
        talk.say("team", "more news", "owner")
        assert listed(talk) == ["team", "bob", "meeting", "eve"]
        assert listed(talk, "bob") == ["alice"]

    def test_empty_ones_only_where_wanted(self, talk: World):
        assert listed(talk, flags=5) == ["eve", "team", "bob"]  # nobody has said anything in the meeting

    def test_pinned_ones_first(self, talk: World):
        talk.call("pin_conversation", "alice", Type=1, To_Account="bob", Pinned=True)
        assert listed(talk) == ["bob", "meeting", "eve", "team"]
        assert [item["TopFlag"] for item in pages(talk)[0]] == [1, 0, 0, 0]
        assert listed(talk, flags=6) == ["meeting", "eve", "team", "bob"]
        assert [item["TopFlag"] for item in pages(talk, flags=6)[0]] == [0, 0, 0, 0]

    @pytest.mark.parametrize("flags", [3, 7])
    def test_all_pages_together_hold_each_once(self, world: World, flags):
        users = [f"m{number:03}" for number in range(230)]
        world.people("alice", *users)
        for number, user in enumerate(users):
            world.now += number % 3 == 0
            write(world, user, "alice")
            if number % 4 == 0:
                world.group("Public", GroupId=f"g{number:03}", owner="alice")
        for user in users[:3]:
            world.call("pin_conversation", "alice", Type=1, To_Account=user, Pinned=True)
        found = pages(world, flags=flags)
        assert [len(page) for page in found] == [103, 100, 85]
        items = [item for page in found for item in page]
        names = [item.get("To_Account") or item["GroupId"] for item in items]
        assert len(names) == len(set(names)) == 230 + 58
        assert set(names[:3]) == set(users[:3])
        times = [item["MsgTime"] for item in items[3:]]
        assert times == sorted(times, reverse=True)

    def test_newer_editions_ask_for_marks_too(self, talk: World):
        mark(talk, SetMark=[1, 2, 6], CustomMark="abcd")
        talk.call("create_contact_group", From_Account="alice", GroupContactItem=[
            {"GroupName": "work", "ContactItem": [{"Type": 1, "To_Account": "bob"}]},
        ])  # fmt: skip
        item = pages(talk, flags=63)[0][-1]
        assert item == {
            "Type": 1, "To_Account": "bob", "MsgTime": NOW, "TopFlag": 0, "StandardMark": "110001",
            "CustomMark": "abcd", "ContactGroupId": [1],
        }  # fmt: skip
        assert set(pages(talk, flags=15)[0][-1]) == {"Type", "To_Account", "MsgTime", "TopFlag"}

    def test_one_that_shall_not_be_the_last_moves_nothing_up(self, talk: World):
        talk.now += 10
        write(talk, "bob", "alice", "quietly", SendMsgControl=["NoLastMsg"])
        assert listed(talk) == ["meeting", "eve", "team", "bob"]

    def test_a_group_that_sleeps_is_its_owners(self, talk: World):
        talk.group("Private", GroupId="work", members=["alice"])
        assert "work" not in listed(talk)
        assert "work" in listed(talk, "owner")

    def test_who_left_has_no_conversation(self, talk: World):
        talk.call("quit_group", "alice", GroupId="team")
        assert "team" not in listed(talk)

    def test_refusals(self, talk: World):
        fields = {"From_Account": "bob", "AssistFlags": 7, **FIRST}
        assert "'bob' is not the caller" in talk.refused(50003, "get_list", "alice", **fields)
        assert pages(talk, "alice", by="alice") == pages(talk, "alice")
        talk.refused(50001, "get_list", **{**fields, "From_Account": "nobody"})
        talk.refused(50002, "get_list", **{**fields, "TimeStamp": -1})
        talk.refused(50002, "get_list", From_Account="bob")


class TestDelete:
    def test_until_something_new_comes(self, talk: World):
        talk.call("delete", From_Account="alice", Type=1, To_Account="bob")
        talk.call("delete", From_Account="alice", Type=2, ToGroupid="team")
        talk.call("delete", "alice", From_Account="alice", Type=2, ToGroupId="meeting")
        assert listed(talk) == ["eve"]
        assert listed(talk, "bob") == ["alice"]
        talk.now += 1
        write(talk, "bob", "alice")
        talk.now += 1
        talk.say("team", "news", "owner")
        talk.now += 1
        talk.say("meeting", "news", "alice")
        assert listed(talk) == ["meeting", "team", "bob", "eve"]

    def test_the_pin_goes_with_it(self, talk: World):
        talk.call("pin_conversation", "alice", Type=2, GroupId="team", Pinned=True)
        talk.call("delete", From_Account="alice", Type=2, ToGroupid="team")
        assert "team" not in listed(talk)

    def test_who_left_and_came_back_sees_the_group(self, talk: World):
        talk.call("delete", From_Account="alice", Type=2, ToGroupid="team")
        talk.call("quit_group", "alice", GroupId="team")
        talk.call("destroy_group", GroupId="team")
        talk.now += 1
        talk.group("Public", GroupId="team", members=["alice"])
        assert "team" in listed(talk)

    def test_with_the_messages(self, talk: World):
        talk.say("team", "secret", "owner")
        talk.call("delete", From_Account="alice", Type=2, ToGroupid="team", ClearRamble=1)
        talk.call("delete", From_Account="alice", Type=1, To_Account="bob", ClearRamble=1)
        pulled = {user: talk.call("pull_c2c_messages", user, Peer_Account=peer)["Items"] for user, peer in (
            ("alice", "bob"), ("bob", "alice"),
        )}  # fmt: skip
        assert {user: len(items) for user, items in pulled.items()} == {"alice": 0, "bob": 1}
        assert talk.call("sync", "alice", Groups={"team": 0})["Messages"] == []
        assert len(talk.call("sync", "owner", Groups={"team": 0})["Messages"]) == 1

    def test_one_that_is_not_there_is_no_fault(self, talk: World):
        before = talk.dump()
        talk.call("delete", From_Account="alice", Type=1, To_Account="owner")
        talk.call("delete", From_Account="alice", Type=2, ToGroupid="nobodys")
        assert talk.dump() == before

    def test_other_sessions_are_told(self, talk: World):
        phone, web = talk.online("alice", "iOS"), talk.online("alice")
        talk.call("delete", "alice", From_Account="alice", Type=1, To_Account="bob")
        assert web.frames == []
        [frame] = phone.frames
        assert frame["method"] == "conversation_change"
        assert frame["params"] == {
            "ChangeType": "Deleted", "Time": talk.now, "ConvList": [
                {"Type": 1, "To_Account": "bob", "Pinned": False, "Marks": 0, "CustomData": "",
                 "MsgFlag": "AcceptAndNotify"},
            ],
        }  # fmt: skip
        talk.call("delete", From_Account="alice", Type=1, To_Account="eve", ClearRamble=1)  # by the server API
        assert web.frames[0]["params"]["ClearRamble"] == 1
        assert len(phone.frames) == 2

    def test_refusals(self, talk: World):
        talk.refused(50003, "delete", "bob", From_Account="alice", Type=1, To_Account="bob")
        talk.refused(50001, "delete", From_Account="nobody", Type=1, To_Account="bob")
        assert "To_Account: required for Type 1" in talk.refused(50002, "delete", From_Account="alice", Type=1)
        assert "ToGroupid: required for Type 2" in talk.refused(50002, "delete", From_Account="alice", Type=2)
        talk.refused(50002, "delete", From_Account="alice", Type=3, To_Account="bob")


class TestPinning:
    def test_fifty_and_no_more(self, talk: World):
        users = [f"m{number}" for number in range(50)]
        talk.people(*users)
        for user in users[:49]:
            talk.call("pin_conversation", "alice", Type=1, To_Account=user, Pinned=True)
        talk.call("pin_conversation", "alice", Type=2, GroupId="team", Pinned=True)
        text = talk.refused(51012, "pin_conversation", "alice", Type=1, To_Account="bob", Pinned=True)
        assert "'alice' has 50" in text
        talk.call("pin_conversation", "alice", Type=2, GroupId="team", Pinned=True)  # again: nothing to do
        talk.call("quit_group", "alice", GroupId="team")  # a pin of a group he is not in does not count
        talk.call("pin_conversation", "alice", Type=1, To_Account="bob", Pinned=True)
        talk.call("pin_conversation", "alice", Type=1, To_Account="bob", Pinned=False)

    def test_what_is_no_more_can_be_taken_away(self, talk: World):
        talk.call("pin_conversation", "alice", Type=2, GroupId="team", Pinned=True)
        mark(talk, item={"Type": 2, "ToGroupId": "team"}, SetMark=[1], CustomMark="c")
        talk.call("quit_group", "alice", GroupId="team")
        assert mark(talk, item={"Type": 2, "ToGroupId": "team"}, SetMark=[2]) == 51007
        assert mark(talk, item={"Type": 2, "ToGroupId": "team"}, ClearMark=[1], CustomMark="") == 0
        talk.call("pin_conversation", "alice", Type=2, GroupId="team", Pinned=False)
        assert marks(talk) == {}
        assert talk.rows("SELECT top_at FROM contacts WHERE user_id = 'alice' AND peer = 'team'") == [(0,)]

    def test_refusals(self, talk: World):
        talk.refused(51007, "pin_conversation", "bob", Type=2, GroupId="team", Pinned=True)
        talk.refused(51007, "pin_conversation", "bob", Type=2, GroupId="nobody", Pinned=True)
        talk.refused(50001, "pin_conversation", "bob", Type=1, To_Account="nobody", Pinned=True)
        talk.refused(50002, "pin_conversation", "bob", Type=1, Pinned=True)


class TestReceiveOption:
    def test_discarded_messages_are_kept_but_not_told(self, talk: World):
        session = talk.online("alice")
        talk.call("set_c2c_receive_option", "alice", To_Account=["bob"], MsgFlag="Discard")
        body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "unheard"}}]
        talk.call("sendmsg", "bob", To_Account="alice", MsgRandom=1, MsgBody=body)
        assert session.frames == []
        talk.call("sendmsg", "alice", To_Account="bob", MsgRandom=2, MsgBody=body)
        talk.call("set_c2c_receive_option", "alice", To_Account=["bob"], MsgFlag="AcceptNotNotify")
        session.frames.clear()
        talk.call("sendmsg", "bob", To_Account="alice", MsgRandom=3, MsgBody=body)
        assert [frame["method"] for frame in session.frames] == ["c2c_message"]
        assert len(talk.call("pull_c2c_messages", "alice", Peer_Account="bob")["Items"]) == 4

    def test_set_and_read(self, talk: World):
        phone = talk.online("alice", "iOS")
        talk.online("alice")
        talk.call("set_c2c_receive_option", "alice", To_Account=["bob", "owner"], MsgFlag="Discard")
        read = talk.call("get_c2c_receive_option", "alice", To_Account=["bob", "eve", "owner"])
        assert read["OptionList"] == [
            {"To_Account": "bob", "MsgFlag": "Discard"}, {"To_Account": "eve", "MsgFlag": "AcceptAndNotify"},
            {"To_Account": "owner", "MsgFlag": "Discard"},
        ]  # fmt: skip
        [frame] = phone.frames
        assert frame["params"]["ChangeType"] == "MsgFlag"
        assert [(one["To_Account"], one["MsgFlag"]) for one in frame["params"]["ConvList"]] == [
            ("bob", "Discard"), ("owner", "Discard"),
        ]  # fmt: skip
        assert listed(talk) == ["meeting", "eve", "team", "bob"]  # that of owner is none yet

    def test_refusals(self, talk: World):
        fields = {"To_Account": ["bob"], "MsgFlag": "Discard"}
        talk.refused(50001, "set_c2c_receive_option", "alice", **{**fields, "To_Account": ["bob", "nobody"]})
        talk.refused(50002, "set_c2c_receive_option", "alice", **{**fields, "MsgFlag": "Loud"})
        talk.refused(50002, "set_c2c_receive_option", "alice", **{**fields, "To_Account": ["bob"] * 31})
        talk.refused(50002, "get_c2c_receive_option", "alice", To_Account=[])


def mark(world: World, *, by: str | None = None, item: dict[str, Any] | None = None, **marks: Any) -> int:
    """Mark alice's conversation with bob, or another; return the code of the item."""
    given = {"OptType": 3, "ContactItem": item or {"Type": 1, "To_Account": "bob"}, **marks}
    [result] = world.call("mark_contact", by, From_Account="alice", MarkItem=[given])["ResultItem"]
    assert result["OptType"] == given["OptType"]
    return result["ResultCode"]


def marks(world: World, user: str = "alice") -> dict[str, tuple[str | None, str | None, list[int] | None]]:
    """Return marks, custom mark and groups of each conversation that has any."""
    answer = world.call("get_contact_group", From_Account=user, StartIndex=0)
    return {
        item.get("To_Account") or item["ToGroupId"]: (
            item.get("StandardMark"), item.get("CustomMark"), item.get("ContactGroupId"),
        )
        for item in answer["ContactItem"]
    }  # fmt: skip


def folder(world: World, name: str = "work", *peers: str) -> list[int]:
    """Make a conversation group of alice's; return the codes of its items."""
    items = [
        {"Type": 2, "ToGroupId": peer} if peer in {"team", "meeting", "gone"} else {"Type": 1, "To_Account": peer}
        for peer in peers
    ]
    given = [{"GroupName": name, "ContactItem": items}]
    [made] = world.call("create_contact_group", From_Account="alice", GroupContactItem=given)["GroupResultItem"]
    assert made["GroupItem"]["GroupName"] == name
    assert [result["ContactItem"] for result in made["ResultItem"]] == items
    return [result["ResultCode"] for result in made["ResultItem"]]


class TestMarks:
    def test_setting_and_clearing(self, talk: World):
        assert mark(talk, SetMark=[1, 3, 64], CustomMark="c") == 0
        assert marks(talk) == {"bob": ("101" + "0" * 60 + "1", "c", None)}
        assert mark(talk, OptType=1, SetMark=[2], ClearMark=[1, 64], CustomMark="ignored") == 0
        assert mark(talk, OptType=2, SetMark=[5], CustomMark="d") == 0
        assert marks(talk) == {"bob": ("011", "d", None)}
        assert mark(talk, ClearMark=[2, 3], CustomMark="") == 0
        assert marks(talk) == {}

    def test_items_answer_for_themselves(self, talk: World):
        assert mark(talk, item={"Type": 2, "ToGroupId": "gone"}, SetMark=[1]) == 51007
        assert mark(talk, item={"Type": 1, "To_Account": "nobody"}, SetMark=[1]) == 50001
        assert mark(talk, item={"Type": 2, "ToGroupId": "team"}, SetMark=[1]) == 0
        assert marks(talk) == {"team": ("1", None, None)}
        [found] = talk.call("search_contact_group", From_Account="alice", ContactItem=[
            {"Type": 2, "ToGroupId": "team"},
        ])["ContactResultItem"]  # fmt: skip
        assert found == {"Type": 2, "ToGroupId": "team", "StandardMark": "1", "Timestamp": talk.now}

    def test_custom_marks_need_no_plan(self, talk: World):
        talk.app = on_plan(talk.app, "legacy-pro")
        assert mark(talk, OptType=2, CustomMark="c") == 0
        given = [{"OptType": 1, "ContactItem": {"Type": 1, "To_Account": "bob"}, "SetMark": [1]}]
        talk.refused(51013, "mark_contact", From_Account="alice", MarkItem=given)

    def test_a_thousand_and_no_more(self, talk: World):
        users = [f"m{number:04}" for number in range(1001)]
        for start in range(0, 1001, 100):
            talk.people(*users[start : start + 100])
        for start in range(0, 1000, 100):
            talk.call("set_conversation_data", "alice", CustomData="c", ConvList=[
                {"Type": 1, "To_Account": user} for user in users[start : start + 100]
            ])  # fmt: skip
        one = {"ContactItem": {"Type": 1, "To_Account": users[1000]}, "OptType": 1, "SetMark": [1]}
        assert "1001 conversations" in talk.refused(51008, "mark_contact", From_Account="alice", MarkItem=[one])
        talk.refused(51008, "set_conversation_data", "alice", CustomData="c", ConvList=[
            {"Type": 1, "To_Account": users[1000]},
        ])  # fmt: skip
        found, start = [], 0
        while True:
            page = talk.call("get_contact_group", From_Account="alice", StartIndex=start)
            found += [item["To_Account"] for item in page["ContactItem"]]
            start = page["NextStartIndex"]
            if page["CompleteFlag"]:
                break
        assert found == users[:1000]
        given = [{"GroupName": f"f{n}", "ContactItem": [{"Type": 1, "To_Account": "bob"}]} for n in range(10)]
        for number, one_folder in enumerate(given):
            one_folder["ContactItem"] = [
                {"Type": 1, "To_Account": user} for user in users[number * 100 : number * 100 + 100]
            ]
            talk.call("create_contact_group", From_Account="alice", GroupContactItem=[one_folder])
        late = [{"GroupName": "late", "ContactItem": [{"Type": 1, "To_Account": users[1000]}]}]
        talk.refused(51008, "create_contact_group", From_Account="alice", GroupContactItem=late)
        update = {"UpdateGroupType": 2, "OldGroupName": "f0", "ContactUpdateItem": [
            {"ContactOptType": 1, "ContactItem": {"Type": 1, "To_Account": users[1000]}},
        ]}  # fmt: skip
        talk.refused(51008, "update_contact_group", From_Account="alice", UpdateType=1, UpdateGroup=update)

    def test_other_sessions_are_told(self, talk: World):
        phone, web = talk.online("alice", "iOS"), talk.online("alice")
        mark(talk, by="alice", SetMark=[64], CustomMark="c")
        talk.call("set_conversation_data", "alice", CustomData="d", ConvList=[{"Type": 2, "GroupId": "team"}])
        assert web.frames == []
        first, second = [frame["params"] for frame in phone.frames]
        assert (first["ChangeType"], first["ConvList"][0]["Marks"], first["ConvList"][0]["CustomData"]) == (
            "Marked", 2**63, "c",
        )  # fmt: skip
        assert second["ChangeType"] == "Custom"
        assert second["ConvList"] == [{
            "Type": 2, "GroupId": "team", "Pinned": False, "Marks": 0, "CustomData": "d", "MsgFlag": "AcceptAndNotify",
        }]  # fmt: skip

    def test_refusals(self, talk: World):
        one = {"ContactItem": {"Type": 1, "To_Account": "bob"}, "OptType": 1, "SetMark": [1]}
        for items in ([], [one] * 101):
            talk.refused(51006, "mark_contact", From_Account="alice", MarkItem=items)
        talk.refused(50002, "mark_contact", From_Account="alice", MarkItem=[{**one, "SetMark": [0]}])
        talk.refused(50002, "mark_contact", From_Account="alice", MarkItem=[{**one, "ClearMark": [65]}])
        talk.refused(50002, "mark_contact", From_Account="alice", MarkItem=[{**one, "CustomMark": "c" * 257}])
        talk.refused(50003, "mark_contact", "bob", From_Account="alice", MarkItem=[one])
        talk.refused(50001, "mark_contact", From_Account="nobody", MarkItem=[one])
        talk.refused(51006, "set_conversation_data", "alice", ConvList=[], CustomData="c")
        talk.refused(50002, "set_conversation_data", "alice", CustomData="c" * 257, ConvList=[
            {"Type": 1, "To_Account": "bob"},
        ])  # fmt: skip
        gone = [{"Type": 2, "GroupId": "gone"}, {"Type": 1, "To_Account": "nobody"}]
        results = talk.call("set_conversation_data", "alice", ConvList=gone, CustomData="c")["ResultItem"]
        assert [result["ResultCode"] for result in results] == [51007, 50001]


class TestConversationGroups:
    def test_what_is_in_them(self, talk: World):
        assert folder(talk, "work", "bob", "team", "gone", "nobody") == [0, 0, 51007, 50001]
        assert folder(talk, "play", "bob", "owner") == [0, 0]
        assert marks(talk) == {"bob": (None, None, [1, 2]), "owner": (None, None, [2]), "team": (None, None, [1])}
        answer = talk.call("get_contact_group", "alice", From_Account="alice", StartIndex=0)
        assert answer["GroupItem"] == [{"GroupName": "work", "GroupId": 1}, {"GroupName": "play", "GroupId": 2}]
        assert (answer["CompleteFlag"], answer["NextStartIndex"]) == (1, 0)
        found = talk.call("search_contact_group", From_Account="alice", ContactItem=[
            {"Type": 1, "To_Account": "eve"}, {"Type": 2, "ToGroupId": "team"},
        ])  # fmt: skip
        assert found["ContactResultItem"] == [
            {"Type": 1, "To_Account": "eve", "Timestamp": 0},
            {"Type": 2, "ToGroupId": "team", "ContactGroupId": [1], "Timestamp": talk.now},
        ]
        assert found["GroupItem"] == answer["GroupItem"]
        assert listed(talk) == ["meeting", "eve", "team", "bob"]  # owner never said anything to alice

    def test_renaming_and_changing(self, talk: World):
        folder(talk, "work", "bob")
        names = {"From_Account": "alice", "UpdateType": 1}
        renamed = talk.call("update_contact_group", **names, UpdateGroup={
            "UpdateGroupType": 1, "OldGroupName": "work", "NewGroupName": "toil",
        })  # fmt: skip
        assert renamed == {"UpdateType": 1, "UpdateGroupResult": {
            "UpdateGroupType": 1, "GroupName": "toil", "OldGroupName": "work", "GroupId": 1, "ContactResultItem": [],
        }}  # fmt: skip
        changed = talk.call("update_contact_group", **names, UpdateGroup={
            "UpdateGroupType": 2, "OldGroupName": "toil", "ContactUpdateItem": [
                {"ContactOptType": 2, "ContactItem": {"Type": 1, "To_Account": "bob"}},
                {"ContactOptType": 1, "ContactItem": {"Type": 2, "ToGroupId": "team"}},
                {"ContactOptType": 1, "ContactItem": {"Type": 2, "ToGroupId": "gone"}},
            ],
        })["UpdateGroupResult"]  # fmt: skip
        codes = {
            item["ContactItem"].get("ToGroupId", "bob"): item["ResultCode"] for item in changed["ContactResultItem"]
        }
        assert codes == {"team": 0, "gone": 51007, "bob": 0}
        assert marks(talk) == {"team": (None, None, [1])}
        deleted = talk.call("del_contact_group", From_Account="alice", GroupName=["toil"])
        assert deleted == {"GroupItem": [{"GroupName": "toil", "GroupId": 1}]}
        assert marks(talk) == {}
        assert talk.rows("SELECT * FROM contact_group_items") == []

    def test_other_sessions_are_told(self, talk: World):
        phone, web = talk.online("alice", "iOS"), talk.online("alice")
        bob = {"Type": 1, "To_Account": "bob"}
        names = {"From_Account": "alice"}
        talk.call("create_contact_group", "alice", **names, GroupContactItem=[
            {"GroupName": "a", "ContactItem": [bob]},
        ])  # fmt: skip
        update = {"UpdateType": 1, "UpdateGroup": {
            "UpdateGroupType": 1, "OldGroupName": "a", "NewGroupName": "b",
        }}  # fmt: skip
        talk.call("update_contact_group", "alice", **names, **update)
        update["UpdateGroup"] = {"UpdateGroupType": 2, "OldGroupName": "b", "ContactUpdateItem": [
            {"ContactOptType": 2, "ContactItem": bob},
            {"ContactOptType": 1, "ContactItem": {"Type": 2, "ToGroupId": "team"}},
        ]}  # fmt: skip
        talk.call("update_contact_group", "alice", **names, **update)
        talk.call("del_contact_group", "alice", **names, GroupName=["b"])
        assert web.frames == []
        common = {"ContactGroupId": 1, "Time": talk.now}
        team = {"Type": 2, "GroupId": "team"}
        assert [frame["params"] for frame in phone.frames] == [
            {"ChangeType": "GroupCreated", **common, "GroupName": "a", "ConvList": [bob]},
            {"ChangeType": "GroupRenamed", **common, "GroupName": "b", "OldGroupName": "a", "ConvList": []},
            {"ChangeType": "GroupRemoved", **common, "GroupName": "b", "ConvList": [bob]},
            {"ChangeType": "GroupAdded", **common, "GroupName": "b", "ConvList": [team]},
            {"ChangeType": "GroupDeleted", **common, "GroupName": "b", "ConvList": []},
        ]

    def test_twenty_and_no_more(self, talk: World):
        for number in range(20):
            folder(talk, f"f{number}", "bob")
        given = [{"GroupName": "late", "ContactItem": [{"Type": 1, "To_Account": "bob"}]}]
        talk.refused(51010, "create_contact_group", From_Account="alice", GroupContactItem=given)

    def test_refusals(self, talk: World):
        folder(talk, "work", "bob")
        folder(talk, "play", "bob")
        bob = {"Type": 1, "To_Account": "bob"}

        def create(code: int, by: str | None = None, user: str = "alice", **fields: Any) -> str:
            given = {"GroupName": "n", "ContactItem": [bob], **fields}
            return talk.refused(code, "create_contact_group", by, From_Account=user, GroupContactItem=[given])

        def update(code: int, by: str | None = None, user: str = "alice", **fields: Any) -> str:
            given = {"UpdateGroupType": 1, "OldGroupName": "work", "NewGroupName": "n", **fields}
            return talk.refused(code, "update_contact_group", by, From_Account=user, UpdateType=1, UpdateGroup=given)

        assert "'work' is there already" in create(50002, GroupName="work")
        assert "33 bytes" in create(51011, GroupName="n" * 33)
        create(51006, ContactItem=[])
        create(51006, ContactItem=[bob] * 101)
        create(50003, "bob")
        create(50001, user="nobody")
        talk.refused(50002, "create_contact_group", From_Account="alice", GroupContactItem=[])
        assert "'none' of 'alice'" in update(51009, OldGroupName="none")
        update(51011, NewGroupName="n" * 33)
        update(50002, NewGroupName="play")
        update(50002, NewGroupName=None)
        update(51006, UpdateGroupType=2)
        update(51006, UpdateGroupType=2, ContactUpdateItem=[])
        update(50003, "bob")
        update(50001, user="nobody")
        names = {"From_Account": "alice", "GroupName": ["work"]}
        talk.refused(51009, "del_contact_group", **{**names, "GroupName": ["none"]})
        talk.refused(51011, "del_contact_group", **{**names, "GroupName": ["n" * 33]})
        talk.refused(50002, "del_contact_group", **{**names, "GroupName": ["work", "play"]})
        for name, more in (
            ("del_contact_group", {"GroupName": ["work"]}), ("get_contact_group", {"StartIndex": 0}),
            ("search_contact_group", {"ContactItem": [bob]}),
        ):  # fmt: skip
            talk.refused(50003, name, "bob", From_Account="alice", **more)
            talk.refused(50001, name, ADMIN, From_Account="nobody", **more)
        talk.refused(50002, "get_contact_group", From_Account="alice", StartIndex=-1)
        talk.refused(51006, "search_contact_group", From_Account="alice", ContactItem=[])
        talk.refused(51006, "search_contact_group", From_Account="alice", ContactItem=[bob] * 301)
        talk.app = on_plan(talk.app, "legacy-pro")
        create(51013)
        update(51013)
        talk.refused(51013, "del_contact_group", **names)
