"""Live rooms: members who are there as long as a session of theirs is, marks, administrators and bans."""

from __future__ import annotations

import pytest

from qunzhu.core.events import MarksChanged, MembersJoined, MembersLeft
from qunzhu.core.live import ALWAYS_SECONDS
from qunzhu.core.wire import STOPPING
from worlds import ADMIN, NOW, WITH_MEMBERS, on_plan

FOREVER = 4294967295
PEOPLE = ("owner", "admin", "bob", "carl", "dora")
ROOM_COMMANDS = {
    "get_online_member_num": {},
    "get_members": {"Timestamp": 0},
    "check_members": {"Member_Account": ["bob"]},
    "modify_user_info": {"CommandType": 1, "MemberList": [{"Member_Account": "bob", "Marks": [1000]}]},
    "modify_admin": {"CommandType": 1, "Admin_Account": ["bob"]},
    "get_admin_list": {},
    "get_group_ban_member": {"Offset": 0},
    "ban_group_member": {"Members_Account": ["bob"], "Duration": 60},
    "unban_group_member": {"Members_Account": ["bob"]},
}


@pytest.fixture
def peopled(world):
    world.people(*PEOPLE)
    return world


@pytest.fixture
def room(peopled) -> str:
    """Return a live room whose administrator is ``admin``; nobody is in it."""
    group = peopled.group("AVChatRoom", GroupId="room")
    peopled.call("modify_admin", GroupId=group, CommandType=1, Admin_Account=["admin"])
    return group


def listed(world, room: str, **more) -> list[str]:
    """Return the first page of members."""
    return [
        item["Member_Account"] for item in world.call("get_members", GroupId=room, Timestamp=0, **more)["MemberList"]
    ]


def mark(world, room: str, marks: dict[str, list[int]], kind: int = 1, by: str | None = None) -> dict:
    """Give marks, or take them."""
    items = [{"Member_Account": user, "Marks": numbers} for user, numbers in marks.items()]
    return world.call("modify_user_info", by, GroupId=room, CommandType=kind, MemberList=items)


def marks_of(world, room: str, user: str) -> set[int]:
    """Return the marks of a member."""
    member = world.hub.live.present(room, user)
    return set(member.marks) if member else set()


def test_the_creator_is_in_his_room_at_once(peopled):
    """The answer counts him, as a read right after it does; without a session nobody is there."""
    made = peopled.call("create_group", "bob", Type="AVChatRoom", Name="n")
    assert made["GroupInfo"]["MemberNum"] == peopled.info(made["GroupId"])["MemberNum"] == 0
    peopled.online("owner")
    made = peopled.call("create_group", "owner", Type="AVChatRoom", Name="n")
    assert made["GroupInfo"]["MemberNum"] == peopled.info(made["GroupId"])["MemberNum"] == 1


@pytest.mark.parametrize("command", ROOM_COMMANDS)
class TestEveryRoomCommand:
    @pytest.mark.parametrize("kind", WITH_MEMBERS)
    def test_is_for_live_rooms_only(self, peopled, command, kind):
        group = peopled.group(kind, members=["bob"])
        for by in (None, "owner", "bob", "carl"):
            peopled.refused(10007, command, by, GroupId=group, **ROOM_COMMANDS[command])

    def test_needs_a_room(self, peopled, command):
        gone = peopled.group("AVChatRoom")
        peopled.call("destroy_group", GroupId=gone)
        for group in (gone, "never", "@TGS#aNEVER"):
            assert group in peopled.refused(10010, command, GroupId=group, **ROOM_COMMANDS[command])
        for group in ("", "x" * 97, "é", "a\nb"):
            assert "GroupId" in peopled.refused(10015, command, GroupId=group, **ROOM_COMMANDS[command])
        assert "GroupId" in peopled.refused(10004, command, **ROOM_COMMANDS[command])

    def test_needs_its_fields(self, peopled, room, command):
        for name in ROOM_COMMANDS[command]:
            fields = {key: value for key, value in ROOM_COMMANDS[command].items() if key != name}
            assert name in peopled.refused(10004, command, GroupId=room, **fields)


class TestEntering:
    def test_nothing_is_stored(self, peopled, room):
        before = peopled.dump()
        peopled.there(room, "bob", "carl")
        peopled.call("quit_group", "bob", GroupId=room)
        counted = {"outbox": [], "meters": [], "active_users": []}
        assert {**peopled.dump(), **counted} == {**before, **counted}
        assert listed(peopled, room) == ["carl"]

    def test_it_is_told_with_the_number_of_those_there(self, peopled, room):
        [bob] = peopled.there(room, "bob")
        [carl] = peopled.there(room, "carl")
        assert [f["params"] for f in bob.frames] == [{
            "GroupId": room, "GroupType": "AVChatRoom", "Operator_Account": "carl", "Time": NOW, "TipType": "Invite",
            "JoinType": "Apply", "UserList": ["carl"], "MemberNum": 2, "Seq": 0,
        }]  # fmt: skip
        peopled.call("quit_group", "carl", GroupId=room)
        assert bob.frames[-1]["params"].items() >= {"TipType": "Quit", "UserList": ["carl"], "MemberNum": 1}.items()
        assert carl.told() == ["Quit"]
        assert peopled.stored(room) == []

    def test_again_is_a_success_and_tells_nobody(self, peopled, room):
        [bob] = peopled.there(room, "bob")
        peopled.now += 5
        peopled.call("join_group", "bob", GroupId=room)
        assert bob.told() == []
        [member] = peopled.call("get_members", GroupId=room, Timestamp=0)["MemberList"]
        assert member["JoinTime"] == NOW

    def test_two_at_once_are_one(self, peopled, room):
        """What two calls of one batch do, each of which found the user outside."""
        bob = peopled.online("bob")
        event = MembersJoined(
            group_id=room, kind="AVChatRoom", operator="bob", at=NOW, users=["bob"], how="Apply", member_num=0,
            session=bob.number,
        )  # fmt: skip
        peopled.publish([(0, event), (0, event)])
        assert bob.told() == ["Invite"]
        assert peopled.info(room)["MemberNum"] == 1

    def test_the_owner_is_not_there_of_himself(self, peopled, room):
        owner = peopled.online("owner")
        peopled.call("modify_group_base_info", GroupId=room, Name="new")
        assert owner.told() == []
        assert peopled.info(room)["MemberNum"] == 0
        peopled.call("join_group", "owner", GroupId=room)
        assert owner.told() == ["Invite"]
        assert listed(peopled, room) == ["owner"]
        assert "transfer" in peopled.refused(10009, "quit_group", "owner", GroupId=room)

    def test_who_makes_a_room_through_a_session_is_in_it(self, peopled):
        bob = peopled.online("bob")
        made = peopled.call("create_group", "bob", Type="AVChatRoom", Name="mine")["GroupId"]
        assert listed(peopled, made) == ["bob"]
        assert bob.told() == ["Create"]
        peopled.online("carl")
        assert listed(peopled, peopled.group("AVChatRoom", owner="carl")) == []

    def test_a_closed_room_lets_only_its_own_in(self, peopled, room):
        peopled.call("modify_group_base_info", GroupId=room, ApplyJoinOption="DisableApply")
        for user in ("bob", "admin", "owner", ADMIN):
            peopled.online(user)
        peopled.refused(10007, "join_group", "bob", GroupId=room)
        for user in ("admin", "owner", ADMIN):
            peopled.call("join_group", user, GroupId=room)
        assert listed(peopled, room) == [ADMIN, "owner", "admin"]

    def test_need_permission_is_no_option_of_a_room(self, peopled):
        room = peopled.group("AVChatRoom", ApplyJoinOption="NeedPermission")
        peopled.there(room, "bob")
        assert listed(peopled, room) == ["bob"]

    def test_others_may_not_put_anybody_in_or_out(self, peopled, room):
        peopled.there(room, "bob")
        members = [{"Member_Account": "carl"}]
        for by in (None, "owner", "admin", "bob"):
            peopled.refused(10007, "add_group_member", by, GroupId=room, MemberList=members)
            peopled.refused(10004, "delete_group_member", by, GroupId=room, MemberToDel_Account=["bob"])
            peopled.refused(10007, "change_group_owner", by, GroupId=room, NewOwner_Account="bob")

    def test_live_rooms_are_in_no_list_of_joined_groups(self, peopled, room):
        peopled.there(room, "bob", "owner")
        for user in ("bob", "owner"):
            for more in ({}, {"WithHugeGroups": 1}, {"GroupType": "AVChatRoom"}):
                answer = peopled.call("get_joined_group_list", user, Member_Account=user, **more)
                assert answer == {"TotalCount": 0, "GroupIdList": []}
        assert peopled.call("sync", "bob")["Groups"] == {}


class TestLeaving:
    def test_only_who_is_there(self, peopled, room):
        peopled.online("bob")
        peopled.refused(10007, "quit_group", "bob", GroupId=room)
        peopled.call("quit_group", "admin", GroupId=room)
        assert [event for event in peopled.events if isinstance(event, MembersLeft)][-1].users == ["admin"]

    def test_with_all_sessions(self, peopled, room):
        [web] = peopled.there(room, "bob")
        phone = peopled.online("bob", "iOS")
        peopled.call("join_group", "bob", GroupId=room)
        web.frames.clear()
        peopled.call("quit_group", "bob", GroupId=room)
        assert (web.told(), phone.told()) == (["Quit"], ["Quit"])
        peopled.call("modify_group_base_info", GroupId=room, Name="new")
        assert (web.told(), phone.told()) == ([], [])
        assert peopled.info(room)["MemberNum"] == 0

    def test_the_last_session_that_is_there_takes_its_user_along(self, peopled, room):
        [carl] = peopled.there(room, "carl")
        [web] = peopled.there(room, "bob")
        phone, tablet = peopled.online("bob", "iOS"), peopled.online("bob", "iPad")
        for session in (phone, web):
            peopled._sessions["bob"] = session
            peopled.call("join_group", "bob", GroupId=room)
        carl.frames.clear()
        peopled.hub.detach(web)
        assert listed(peopled, room) == ["bob", "carl"]
        assert carl.told() == []
        peopled.hub.detach(phone)
        assert listed(peopled, room) == ["carl"]
        assert carl.frames[0]["params"].items() >= {"TipType": "Quit", "UserList": ["bob"], "MemberNum": 1}.items()
        assert tablet.told() == []

    def test_a_session_that_did_not_enter_hears_nothing(self, peopled, room):
        tablet = peopled.online("bob", "iPad")
        [web] = peopled.there(room, "bob")
        peopled.call("modify_group_base_info", GroupId=room, Name="new")
        assert (web.told(), tablet.told()) == (["GroupInfoChange"], [])

    def test_a_login_that_ends_another(self, peopled, room):
        [carl] = peopled.there(room, "carl")
        [first] = peopled.there(room, "bob")
        carl.frames.clear()
        second = peopled.online("bob")
        assert first.ended is not None
        assert carl.told() == ["Quit"]
        assert listed(peopled, room) == ["carl"]
        assert second.told() == []

    def test_a_call_of_a_session_that_ended_lets_nobody_in(self, peopled, room):
        bob = peopled.online("bob")
        peopled.hub.detach(bob)
        peopled.call("join_group", "bob", GroupId=room)
        replaced, _ = peopled.online("bob"), peopled.online("bob")
        event = MembersJoined(
            group_id=room, kind="AVChatRoom", operator="bob", at=NOW, users=["bob"], how="Apply", member_num=0,
            session=replaced.number,
        )  # fmt: skip
        peopled.publish([(0, event)])
        assert listed(peopled, room) == []

    def test_a_deleted_account(self, peopled, room):
        peopled.app = on_plan(peopled.app, "open", delete_accounts=True)
        [_, carl] = peopled.there(room, "bob", "carl")
        mark(peopled, room, {"bob": [500]})
        carl.frames.clear()
        peopled.call("ban_group_member", GroupId=room, Members_Account=["dora"], Duration=60)
        peopled.call("account_delete", DeleteItem=[{"UserID": user} for user in ("bob", "admin", "dora")])
        assert listed(peopled, room) == ["carl"]
        assert carl.told() == ["Quit"]
        assert peopled.call("get_admin_list", GroupId=room)["Admin_List"] == []
        assert peopled.call("get_group_ban_member", GroupId=room, Offset=0)["BannedAccountList"] == []

    def test_a_dissolved_room(self, peopled, room):
        bob, carl = peopled.there(room, "bob", "carl")
        mark(peopled, room, {"bob": [500, 1000]})
        owner = peopled.online("owner")
        for session in (bob, carl):
            session.frames.clear()
        peopled.call("destroy_group", "owner", GroupId=room)
        assert (bob.told(), carl.told(), owner.told()) == (["Delete"], ["Delete"], [])
        again = peopled.group("AVChatRoom", GroupId=room)
        assert peopled.info(again)["MemberNum"] == 0
        assert peopled.hub.live.marks(again) == {}
        assert peopled.hub.live.rooms_of("bob") == []

    def test_a_stopping_server_tells_no_departures(self, peopled, room):
        sessions = peopled.there(room, "bob", "carl")
        peopled.hub.end_all(STOPPING)
        assert [session.told() for session in sessions] == [[], []]
        assert not peopled.hub.busy()


class TestOneRoomAtATime:
    """Plans below the top one let a user be in one live room; entering another leaves the first."""

    def test_the_plan_says_in_how_many(self, peopled):
        first, second, third = (peopled.group("AVChatRoom") for _ in range(3))
        [bob] = peopled.there(first, "bob")
        [carl] = peopled.there(first, "carl")
        peopled.call("join_group", "bob", GroupId=second)
        assert peopled.hub.live.rooms_of("bob") == [first, second]
        peopled.app = on_plan(peopled.app, "2025-standard")
        bob.frames.clear()
        carl.frames.clear()
        peopled.call("join_group", "bob", GroupId=third)
        assert peopled.hub.live.rooms_of("bob") == [third]
        assert [(f["params"]["GroupId"], f["method"]) for f in bob.frames] == [
            (first, "group_notice"), (second, "group_notice"), (third, "group_tip"),
        ]  # fmt: skip
        assert carl.told() == ["Quit"]
        peopled.call("join_group", "bob", GroupId=third)
        assert peopled.hub.live.rooms_of("bob") == [third]

    def test_making_one_is_entering_it(self, peopled):
        peopled.app = on_plan(peopled.app, "legacy-pro")
        peopled.there(peopled.group("AVChatRoom"), "bob")
        made = peopled.call("create_group", "bob", Type="AVChatRoom", Name="mine")["GroupId"]
        assert peopled.hub.live.rooms_of("bob") == [made]


class TestReading:
    def test_the_number(self, peopled, room):
        assert peopled.call("get_online_member_num", GroupId=room) == {"OnlineMemberNum": 0}
        peopled.there(room, "bob", "carl")
        for by in (None, "owner", "admin", "bob", "dora"):
            assert peopled.call("get_online_member_num", by, GroupId=room) == {"OnlineMemberNum": 2}
            assert peopled.info(room, by)["MemberNum"] == 2
        assert peopled.info(room, GroupBaseInfoFilter=["MemberNum"])["MemberNum"] == 2
        assert "MemberList" not in peopled.info(room)

    def test_the_newest_come_first(self, peopled, room):
        peopled.call("account_import", UserID="bob", Nick="Bob", FaceUrl="http://bob")
        peopled.there(room, "bob")
        peopled.now += 7
        peopled.there(room, "carl")
        assert peopled.call("get_members", "dora", GroupId=room, Timestamp=0) == {
            "MemberList": [
                {"Member_Account": "carl", "JoinTime": NOW + 7, "NickName": "", "Avatar": ""},
                {"Member_Account": "bob", "JoinTime": NOW, "NickName": "Bob", "Avatar": "http://bob"},
            ],
            "NextTimestamp": 0,
        }

    def test_who_is_there(self, peopled, room):
        peopled.there(room, "bob", "carl")
        asked = ["dora", "carl", "ghost", "bob", "carl"]
        for by in (None, "bob", "dora"):
            answer = peopled.call("check_members", by, GroupId=room, Member_Account=asked)
            assert answer == {"Member_Account": ["carl", "bob"]}
        for wrong in ([], ["u"] * 501, ["é"]):
            assert "Member_Account" in peopled.refused(10004, "check_members", GroupId=room, Member_Account=wrong)

    def test_pages_of_500_of_the_newest_1000(self, sqlite_world):
        """All in one second, as a crowd comes."""
        world = sqlite_world
        room = world.group("AVChatRoom", owner=None)
        users = [f"u{number:04}" for number in range(1203)]
        world.people(*users)
        for user in users:
            world.hub.live.enter(room, "AVChatRoom", user, NOW)
        pages, cursor = [], 0
        while not pages or cursor:
            answer = world.call("get_members", GroupId=room, Timestamp=cursor)
            pages.append([item["Member_Account"] for item in answer["MemberList"]])
            cursor = answer["NextTimestamp"]
        assert [len(page) for page in pages] == [500, 500]
        assert [user for page in pages for user in page] == users[:202:-1]
        assert world.call("get_online_member_num", GroupId=room)["OnlineMemberNum"] == 1203
        world.app = on_plan(world.app, "overseas-standard")
        assert listed(world, room) == users[:-31:-1]

    def test_who_leaves_between_two_pages_moves_nobody(self, sqlite_world):
        world = sqlite_world
        room = world.group("AVChatRoom", owner=None)
        users = [f"u{number:04}" for number in range(600)]
        for user in users:
            world.hub.live.enter(room, "AVChatRoom", user, NOW)
        cursor = world.call("get_members", GroupId=room, Timestamp=0)["NextTimestamp"]
        for user in ("u0599", "u0100", "u0099", "u0050"):
            world.hub.live.leave(room, user)
        world.hub.live.enter(room, "AVChatRoom", "new", NOW)
        answer = world.call("get_members", GroupId=room, Timestamp=cursor)
        assert [item["Member_Account"] for item in answer["MemberList"]] == [
            user for user in users[99::-1] if user not in {"u0099", "u0050"}
        ]
        assert answer["NextTimestamp"] == 0

    @pytest.mark.parametrize("wrong", [-1, 2**63, "0", 1.5])
    def test_a_wrong_timestamp(self, peopled, room, wrong):
        assert "Timestamp" in peopled.refused(10004, "get_members", GroupId=room, Timestamp=wrong)

    @pytest.mark.parametrize("wrong", [-1, 2**32, "1000"])
    def test_a_wrong_mark(self, peopled, room, wrong):
        assert "Mark" in peopled.refused(10004, "get_members", GroupId=room, Timestamp=0, Mark=wrong)


class TestMarks:
    def test_are_given_and_taken(self, peopled, room):
        bob, carl = peopled.there(room, "bob", "carl")
        answer = mark(peopled, room, {"bob": [1000, 1001], "carl": [1000], "dora": [1000]})
        assert answer == {
            "CommandType": 1,
            "MemberList": [
                {"Member_Account": "bob", "Marks": [1000, 1001]}, {"Member_Account": "carl", "Marks": [1000]},
            ],
        }  # fmt: skip
        assert [f["params"] for f in bob.frames] == [f["params"] for f in carl.frames] == [{
            "GroupId": room, "GroupType": "AVChatRoom", "Operator_Account": ADMIN, "Time": NOW,
            "TipType": "MemberMarkChange", "UserList": ["bob", "carl"], "Seq": 0,
            "MarkChanges": [
                {"Mark": 1000, "Enabled": True, "UserList": ["bob", "carl"]},
                {"Mark": 1001, "Enabled": True, "UserList": ["bob"]},
            ],
        }]  # fmt: skip
        assert listed(peopled, room, Mark=1000) == ["carl", "bob"]
        assert listed(peopled, room, Mark=1001) == ["bob"]
        assert listed(peopled, room, Mark=1002) == []
        assert listed(peopled, room, Mark=0) == ["carl", "bob"]
        assert mark(peopled, room, {"bob": [1000]}, 2)["CommandType"] == 2
        assert marks_of(peopled, room, "bob") == {1001}
        assert peopled.hub.live.marks(room) == {1000: 1, 1001: 1}

    def test_what_changes_nothing_is_not_told(self, peopled, room):
        [bob] = peopled.there(room, "bob")
        mark(peopled, room, {"bob": [1000]})
        bob.frames.clear()
        mark(peopled, room, {"bob": [1000]})
        mark(peopled, room, {"bob": [1001]}, 2)
        mark(peopled, room, {"dora": [1000]})
        assert mark(peopled, room, {"bob": []})["MemberList"] == [{"Member_Account": "bob", "Marks": []}]
        assert bob.told() == []

    def test_go_with_their_member(self, peopled, room):
        peopled.there(room, "bob")
        mark(peopled, room, {"bob": [1000, 600]})
        peopled.call("quit_group", "bob", GroupId=room)
        assert peopled.hub.live.marks(room) == {}
        peopled.call("join_group", "bob", GroupId=room)
        assert marks_of(peopled, room, "bob") == set()
        assert listed(peopled, room) == ["bob"]

    def test_are_the_owners_to_give(self, peopled, room):
        peopled.there(room, "bob")
        mark(peopled, room, {"bob": [1000]}, by="owner")
        for by in ("admin", "bob", "carl"):
            items = [{"Member_Account": "bob", "Marks": [1001]}]
            peopled.refused(10007, "modify_user_info", by, GroupId=room, CommandType=1, MemberList=items)

    def test_600_hides(self, peopled, room):
        peopled.there(room, "bob", "carl")
        mark(peopled, room, {"bob": [600]})
        assert listed(peopled, room) == ["carl"]
        assert listed(peopled, room, Mark=600) == ["bob"]
        assert peopled.info(room)["MemberNum"] == 2
        mark(peopled, room, {"bob": [600]}, 2)
        assert listed(peopled, room) == ["carl", "bob"]

    def test_500_stays_for_three_days(self, peopled, room):
        bob, carl = peopled.there(room, "bob", "carl")
        mark(peopled, room, {"bob": [500]})
        carl.frames.clear()
        peopled.hub.detach(bob)
        assert listed(peopled, room) == ["carl", "bob"]
        assert peopled.hub.busy()
        peopled.now += ALWAYS_SECONDS - 1
        peopled.hub.sweep()
        assert listed(peopled, room) == ["carl", "bob"]
        assert carl.told() == []
        peopled.now += 1
        peopled.hub.sweep()
        assert listed(peopled, room) == ["carl"]
        assert carl.told() == ["Quit"]

    def test_500_and_a_return(self, peopled, room):
        [bob] = peopled.there(room, "bob")
        mark(peopled, room, {"bob": [500]})
        peopled.hub.detach(bob)
        peopled.now += 1000
        again = peopled.online("bob")
        peopled.call("join_group", "bob", GroupId=room)
        assert again.told() == []
        peopled.now += ALWAYS_SECONDS
        peopled.hub.sweep()
        assert listed(peopled, room) == ["bob"]

    def test_500_taken_from_one_without_a_session(self, peopled, room):
        bob, carl = peopled.there(room, "bob", "carl")
        mark(peopled, room, {"bob": [500], "carl": [500]})
        peopled.hub.detach(bob)
        carl.frames.clear()
        mark(peopled, room, {"bob": [500], "carl": [500]}, 2)
        assert listed(peopled, room) == ["carl"]
        assert carl.told() == ["MemberMarkChange", "Quit"]

    @pytest.mark.parametrize("number", [0, 1, 499, 501, 599, 601, 999, 2**32, -1, "1000"])
    def test_numbers_that_are_none(self, peopled, room, number):
        items = [{"Member_Account": "bob", "Marks": [1000, number]}]
        text = peopled.refused(10004, "modify_user_info", GroupId=room, CommandType=1, MemberList=items)
        assert "Marks" in text

    @pytest.mark.parametrize("kind", [0, 3, "1"])
    def test_a_wrong_command_type(self, peopled, room, kind):
        for command in ("modify_user_info", "modify_admin"):
            fields = {**ROOM_COMMANDS[command], "CommandType": kind}
            assert "CommandType" in peopled.refused(10004, command, GroupId=room, **fields)

    def test_ten_different_ones_in_a_room(self, peopled, room):
        peopled.there(room, "bob", "carl")
        mark(peopled, room, {"bob": [500, 600, *range(1000, 1006)], "carl": list(range(1004, 1010))})
        items = [{"Member_Account": "carl", "Marks": [1010]}]
        text = peopled.refused(10004, "modify_user_info", GroupId=room, CommandType=1, MemberList=items)
        assert "11" in text
        assert "10" in text
        mark(peopled, room, {"carl": [1000]})
        mark(peopled, room, {"bob": [1003]}, 2)
        mark(peopled, room, {"carl": [1010]})
        assert len(peopled.hub.live.marks(room)) == 12

    def test_a_thousand_members_of_a_mark(self, sqlite_world):
        world = sqlite_world
        room = world.group("AVChatRoom", owner=None)
        users = [f"u{number:04}" for number in range(1001)]
        for user in users:
            world.hub.live.enter(room, "AVChatRoom", user, NOW)
        for half in (users[:500], users[500:1000]):
            assert len(mark(world, room, {user: [1000, 600] for user in half})["MemberList"]) == 500
        for number in (1000, 600):
            items = [{"Member_Account": users[-1], "Marks": [number]}]
            text = world.refused(10004, "modify_user_info", GroupId=room, CommandType=1, MemberList=items)
            assert "1001" in text
        answer = world.call("get_members", GroupId=room, Timestamp=0, Mark=1000)
        assert len(answer["MemberList"]) == 500
        answer = world.call("get_members", GroupId=room, Timestamp=answer["NextTimestamp"], Mark=1000)
        assert [item["Member_Account"] for item in answer["MemberList"]] == users[499::-1]
        assert answer["NextTimestamp"] == 0
        assert listed(world, room) == users[-1:]

    def test_calls_at_once_do_not_pass_the_limits(self, peopled, room):
        """Each call of a batch finds what there was before the batch."""
        peopled.there(room, "bob")
        facts = {"group_id": room, "kind": "AVChatRoom", "operator": ADMIN, "at": NOW, "enabled": True}
        peopled.publish([(0, MarksChanged(**facts, marks={1000 + n: ["bob"]})) for n in range(12)])
        assert len(peopled.hub.live.marks(room)) == 10

    def test_500_members_a_call(self, peopled, room):
        items = [{"Member_Account": f"u{number}", "Marks": [1000]} for number in range(501)]
        text = peopled.refused(10004, "modify_user_info", GroupId=room, CommandType=1, MemberList=items)
        assert "501" in text
        assert "MemberList" in peopled.refused(10004, "modify_user_info", GroupId=room, CommandType=1, MemberList=[])
        answer = peopled.call("modify_user_info", GroupId=room, CommandType=1, MemberList=items[:500])
        assert answer["MemberList"] == []


class TestAdmins:
    def test_are_appointed_and_removed(self, peopled):
        peopled.call("account_import", UserID="bob", Nick="Bob", FaceUrl="http://bob")
        room = peopled.group("AVChatRoom")
        bob = peopled.online("bob")
        peopled.call("modify_admin", "owner", GroupId=room, CommandType=1, Admin_Account=["bob", "bob"])
        peopled.now += 1
        peopled.call("modify_admin", GroupId=room, CommandType=1, Admin_Account=["admin", "bob"])
        for by in (None, "owner", "carl"):
            assert peopled.call("get_admin_list", by, GroupId=room)["Admin_List"] == [
                {"Admin_Account": "bob", "NickName": "Bob", "Avatar": "http://bob"},
                {"Admin_Account": "admin", "NickName": "", "Avatar": ""},
            ]
        assert bob.told() == ["GrantAdmin"]
        peopled.call("modify_admin", GroupId=room, CommandType=2, Admin_Account=["bob", "carl", "ghost"])
        assert [item["Admin_Account"] for item in peopled.call("get_admin_list", GroupId=room)["Admin_List"]] == [
            "admin"
        ]
        assert bob.told() == ["CancelAdmin"]
        told = len(peopled.events)
        peopled.call("modify_admin", GroupId=room, CommandType=2, Admin_Account=["bob"])
        assert len(peopled.events) == told

    def test_five_at_most(self, peopled, room):
        users = [f"a{number}" for number in range(6)]
        peopled.people(*users)
        assert "6" in peopled.refused(10004, "modify_admin", GroupId=room, CommandType=1, Admin_Account=users)
        assert "6" in peopled.refused(10004, "modify_admin", GroupId=room, CommandType=1, Admin_Account=users[:5])
        peopled.call("modify_admin", GroupId=room, CommandType=1, Admin_Account=users[:4])
        peopled.call("modify_admin", GroupId=room, CommandType=1, Admin_Account=["admin", *users[:4]])
        peopled.refused(10004, "modify_admin", GroupId=room, CommandType=1, Admin_Account=["a5"])
        peopled.call("modify_admin", GroupId=room, CommandType=2, Admin_Account=["admin"])
        peopled.call("modify_admin", GroupId=room, CommandType=1, Admin_Account=["a5"])

    def test_need_an_account_and_not_the_room(self, peopled, room):
        text = peopled.refused(10019, "modify_admin", GroupId=room, CommandType=1, Admin_Account=["bob", "ghost"])
        assert "ghost" in text
        assert "owner" in peopled.refused(10004, "modify_admin", GroupId=room, CommandType=1, Admin_Account=["owner"])
        assert "Admin_Account" in peopled.refused(10004, "modify_admin", GroupId=room, CommandType=1, Admin_Account=[])

    def test_act_without_being_there(self, peopled, room):
        [bob] = peopled.there(room, "bob")
        peopled.call("ban_group_member", "admin", GroupId=room, Members_Account=["bob"], Duration=60)
        assert bob.told() == ["BannedFromGroup"]
        peopled.refused(10007, "modify_group_base_info", "admin", GroupId=room, Name="n")
        peopled.refused(10007, "modify_admin", "admin", GroupId=room, CommandType=1, Admin_Account=["carl"])
        peopled.refused(10007, "destroy_group", "admin", GroupId=room)

    def test_the_owner_changes_the_room_without_being_there(self, peopled, room):
        [bob] = peopled.there(room, "bob")
        peopled.call("modify_group_base_info", "owner", GroupId=room, Name="new")
        assert bob.told() == ["GroupInfoChange"]
        peopled.call("modify_group_base_info", "owner", GroupId=room, MuteAllMember="On")
        assert peopled.info(room)["MuteAllMember"] == "On"
        peopled.refused(10007, "modify_group_base_info", "bob", GroupId=room, Name="mine")
        peopled.call("destroy_group", "owner", GroupId=room)

    def test_are_gone_with_the_room(self, peopled, room):
        peopled.call("destroy_group", GroupId=room)
        peopled.group("AVChatRoom", GroupId=room)
        assert peopled.call("get_admin_list", GroupId=room) == {"Admin_List": []}


class TestBans:
    def ban(self, world, room: str, *users: str, by: str | None = None, duration: int = 60, **more) -> None:
        world.call("ban_group_member", by, GroupId=room, Members_Account=[*users], Duration=duration, **more)

    def banned(self, world, room: str, **more) -> list[tuple[str, int]]:
        answer = world.call("get_group_ban_member", GroupId=room, **{"Offset": 0, **more})
        return [(item["Member_Account"], item["BannedUntil"]) for item in answer["BannedAccountList"]]

    def test_puts_out_and_keeps_out(self, peopled, room):
        bob, carl = peopled.there(room, "bob", "carl")
        self.ban(peopled, room, "bob", Description="spam")
        assert [f["params"] for f in bob.frames] == [{
            "GroupId": room, "GroupType": "AVChatRoom", "Operator_Account": ADMIN, "Time": NOW,
            "ReportType": "BannedFromGroup", "Reason": "spam", "BannedUntil": NOW + 60,
        }]  # fmt: skip
        assert [f["params"] for f in carl.frames] == [{
            "GroupId": room, "GroupType": "AVChatRoom", "Operator_Account": ADMIN, "Time": NOW, "TipType": "Kick",
            "UserList": ["bob"], "MemberNum": 1, "Seq": 0,
        }]  # fmt: skip
        assert listed(peopled, room) == ["carl"]
        assert "banned" in peopled.refused(10007, "join_group", "bob", GroupId=room)
        peopled.now += 59
        peopled.refused(10007, "join_group", "bob", GroupId=room)
        peopled.now += 1
        peopled.call("join_group", "bob", GroupId=room)
        assert listed(peopled, room) == ["bob", "carl"]
        assert self.banned(peopled, room) == []

    def test_keeps_out_who_was_never_there(self, peopled, room):
        [carl] = peopled.there(room, "carl")
        dora = peopled.online("dora")
        self.ban(peopled, room, "dora", "ghost", duration=FOREVER)
        assert (carl.told(), dora.told()) == ([], ["BannedFromGroup"])
        peopled.now += 2**33
        peopled.now = min(peopled.now, FOREVER - 1)
        peopled.refused(10007, "join_group", "dora", GroupId=room)
        assert self.banned(peopled, room) == [("dora", FOREVER), ("ghost", FOREVER)]

    def test_a_ban_and_an_entering_at_once(self, peopled, room):
        """The order of the store is the order of what happens, whatever each call saw."""
        bob = peopled.online("bob")
        peopled.call("join_group", "bob", GroupId=room)
        entering = peopled.events[-1]
        self.ban(peopled, room, "bob")
        ban = peopled.events[-1]
        peopled.publish([(0, entering), (1, ban)])
        assert listed(peopled, room) == []
        bob.frames.clear()
        peopled.call("modify_group_base_info", GroupId=room, Name="n")
        assert bob.told() == []

    def test_without_a_duration_only_puts_out(self, peopled, room):
        bob, carl = peopled.there(room, "bob", "carl")
        self.ban(peopled, room, "bob", "dora", duration=0, Description="enough")
        assert bob.frames[0]["params"].items() >= {"ReportType": "BeKicked", "Reason": "enough"}.items()
        assert carl.frames[0]["params"].items() >= {"TipType": "Kick", "UserList": ["bob"]}.items()
        assert self.banned(peopled, room) == []
        peopled.call("join_group", "bob", GroupId=room)

    def test_a_new_one_replaces_the_old(self, peopled, room):
        self.ban(peopled, room, "bob", duration=100)
        self.ban(peopled, room, "bob", duration=10)
        assert self.banned(peopled, room) == [("bob", NOW + 10)]

    def test_who_may_ban_whom(self, peopled, room):
        peopled.call("modify_admin", GroupId=room, CommandType=1, Admin_Account=["carl"])
        for by, target in (
            (None, "owner"), ("owner", "owner"), ("admin", "owner"), ("admin", "carl"), ("admin", "admin"),
        ):  # fmt: skip
            text = peopled.refused(
                10007, "ban_group_member", by, GroupId=room, Members_Account=["bob", target], Duration=60
            )
            assert target in text
        peopled.there(room, "bob", "dora")
        peopled.refused(10007, "ban_group_member", "bob", GroupId=room, Members_Account=["dora"], Duration=60)
        peopled.refused(10007, "get_group_ban_member", "bob", GroupId=room, Offset=0)
        self.ban(peopled, room, "bob", by="admin")
        self.ban(peopled, room, "carl", by="owner")
        peopled.refused(10007, "unban_group_member", "dora", GroupId=room, Members_Account=["bob"])
        for by in ("owner", "admin"):
            answer = peopled.call("get_group_ban_member", by, GroupId=room, Offset=0)
            assert len(answer["BannedAccountList"]) == 2

    def test_lifting(self, peopled, room):
        bob = peopled.online("bob")
        self.ban(peopled, room, "bob", "carl")
        bob.frames.clear()
        peopled.call("unban_group_member", "admin", GroupId=room, Members_Account=["bob", "bob", "dora"])
        assert bob.told() == ["UnbannedFromGroup"]
        assert self.banned(peopled, room) == [("carl", NOW + 60)]
        peopled.call("join_group", "bob", GroupId=room)
        told = len(peopled.events)
        peopled.call("unban_group_member", GroupId=room, Members_Account=["bob"])
        peopled.now += 60
        peopled.call("unban_group_member", GroupId=room, Members_Account=["carl"])
        assert len(peopled.events) == told
        assert peopled.rows("SELECT count(*) FROM bans") == [(0,)]

    def test_pages(self, peopled, room):
        users = [f"u{number:03}" for number in range(120)]
        for start in range(0, 120, 20):
            self.ban(peopled, room, *users[start : start + 20])
        offset, found = 0, []
        while not found or offset:
            answer = peopled.call("get_group_ban_member", GroupId=room, Offset=offset, Limit=50)
            found.append([item["Member_Account"] for item in answer["BannedAccountList"]])
            offset = answer["NextOffset"]
        assert [len(page) for page in found] == [50, 50, 20]
        assert [user for page in found for user in page] == users
        assert len(self.banned(peopled, room)) == 100
        assert self.banned(peopled, room, Offset=120) == []

    @pytest.mark.parametrize(("field", "wrong"), [
        ("Offset", -1), ("Offset", 2**32), ("Limit", 0), ("Limit", 101), ("Limit", "1"),
    ])  # fmt: skip
    def test_wrong_pages(self, peopled, room, field, wrong):
        fields = {"GroupId": room, "Offset": 0, field: wrong}
        assert field in peopled.refused(10004, "get_group_ban_member", **fields)

    def test_twenty_accounts_a_call(self, peopled, room):
        for command, more in (("ban_group_member", {"Duration": 1}), ("unban_group_member", {})):
            users = [f"u{number}" for number in range(21)]
            text = peopled.refused(10005, command, GroupId=room, Members_Account=users, **more)
            assert "21" in text
            peopled.refused(10004, command, GroupId=room, Members_Account=[], **more)
            peopled.refused(10004, command, GroupId=room, Members_Account=["é"], **more)
            peopled.call(command, GroupId=room, Members_Account=users[:20], **more)

    @pytest.mark.parametrize(("field", "wrong"), [
        ("Duration", -1), ("Duration", 2**32), ("Duration", "60"), ("Description", "x" * 1001),
        ("Description", "a\x00"),
    ])  # fmt: skip
    def test_wrong_fields(self, peopled, room, field, wrong):
        fields = {"GroupId": room, "Members_Account": ["bob"], "Duration": 60, field: wrong}
        assert field in peopled.refused(10004, "ban_group_member", **fields)

    def test_a_description_of_1000_bytes(self, peopled, room):
        self.ban(peopled, room, "bob", Description="群" * 333 + "x")
        assert peopled.rows("SELECT description FROM bans") == [("群" * 333 + "x",)]

    @pytest.mark.parametrize(("plan", "code"), [("2025-standard", 10059), ("legacy-pro", 10059), ("2025-pro", 0)])
    def test_need_the_plan(self, peopled, room, plan, code):
        peopled.app = on_plan(peopled.app, plan)
        fields = {"GroupId": room, "Members_Account": ["bob"], "Duration": 60}
        if code:
            assert plan in peopled.refused(code, "ban_group_member", **fields)
        else:
            peopled.call("ban_group_member", **fields)

    def test_are_gone_with_the_room(self, peopled, room):
        self.ban(peopled, room, "bob")
        peopled.call("destroy_group", GroupId=room)
        peopled.group("AVChatRoom", GroupId=room)
        assert self.banned(peopled, room) == []


def test_a_crowd_costs_no_crowd_squared(sqlite_world):
    """A thousand enter and leave: what is pushed stays within the room's budget of a second."""
    world = sqlite_world
    room = world.group("AVChatRoom", owner=None)
    users = [f"u{number:04}" for number in range(1000)]
    pushed = {}
    for crowd in (250, 500, 1000):
        world.now += 10
        sessions = [world.online(user) for user in users[:crowd]]
        for user in users[:crowd]:
            world.call("join_group", user, GroupId=room)
        assert world.info(room)["MemberNum"] == crowd
        for session in sessions:
            world.hub.detach(session)
        assert world.info(room)["MemberNum"] == 0
        pushed[crowd] = sum(len(session.frames) for session in sessions)
    assert pushed[1000] <= 2 * pushed[500] <= 4 * pushed[250] <= 40 * 250 * 4


def test_a_room_hears_again_in_the_next_second(sqlite_world):
    world = sqlite_world
    room = world.group("AVChatRoom", owner=None)
    [host] = world.there(room, "host")
    users = [f"u{number}" for number in range(60)]
    for user in users:
        world.online(user)
        world.call("join_group", user, GroupId=room)
    assert len(host.told()) == 39  # his own entering was the first of the second
    world.now += 1
    world.call("quit_group", "u7", GroupId=room)
    assert host.frames[0]["params"].items() >= {"TipType": "Quit", "UserList": ["u7"], "MemberNum": 60}.items()
