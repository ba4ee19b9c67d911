"""Applications and invitations: who must agree, who sees them, what becomes of them."""

from __future__ import annotations

import msgspec
import pytest

from qunzhu.core.events import ApplicationDecided, ApplicationMade, MembersJoined
from qunzhu.core.notices import REFRESH, system_notices, tip, unsaid
from qunzhu.core.plans import PLANS
from worlds import NOW, on_plan, switched

MS = NOW * 1000 + 123


@pytest.fixture
def peopled(world):
    world.people("owner", "admin", "bob", "carl", "dora")
    return world


def team(world, kind="Public", **more):
    """Make a group with owner, administrator (where there are any) and a member."""
    role = {} if kind == "Private" else {"Role": "Admin"}
    members = [{"Member_Account": "admin", **role}, {"Member_Account": "bob"}]
    return world.group(kind, MemberList=members, **more)


def listed(world, by, **fields):
    return world.call("get_group_applications", by, **fields)


def numbers(world, by, **fields):
    return [item["ApplicationId"] for item in listed(world, by, **fields)["Applications"]]


def decide(world, by, group, number, accept=1, **more):
    return world.call(
        "handle_group_application", by, GroupId=group, ApplicationId=number, Accept=accept, **more
    )  # fmt: skip


def told(world, since):
    """Return report type, recipients and message of the notices since, and the types of tips, in order."""
    found = []
    for event in world.events[since:]:
        if (a_tip := tip(event)) is not None:
            found.append((a_tip["TipType"], a_tip["JoinType"], a_tip["Operator_Account"], tuple(a_tip["UserList"])))
        for users, notice in system_notices(event):
            found.append((notice["ReportType"], tuple(users), notice["Operator_Account"], notice.get("Message")))
    return found


def apply(world, group, user, message="let me in"):
    world.call("join_group", user, GroupId=group, Message=message)
    return numbers(world, user)[0]


def invite(world, by, group, *users, **more):
    answer = world.call(
        "add_group_member", by, GroupId=group, MemberList=[{"Member_Account": user} for user in users], **more
    )
    return [item["Result"] for item in answer["MemberList"]]


class TestApplying:
    def test_accepted(self, peopled):
        group = team(peopled)
        since = len(peopled.events)
        assert peopled.call("join_group", "carl", GroupId=group, Message="hi") == {}
        assert "carl" not in peopled.roles(group)
        assert told(peopled, since) == [("AddRequest", ("admin", "owner"), "carl", "hi")]
        [item] = listed(peopled, "owner")["Applications"]
        assert item == {
            "ApplicationId": item["ApplicationId"], "GroupId": group, "Sort": 0, "User_Account": "carl",
            "Inviter_Account": "", "Message": "hi", "AddTime": MS, "Handled": 0, "Handler_Account": "", "Accepted": 0,
            "Answer": "",
        }  # fmt: skip
        assert listed(peopled, "admin")["Applications"] == listed(peopled, "carl")["Applications"] == [item]
        assert listed(peopled, "bob")["Applications"] == listed(peopled, "dora")["Applications"] == []
        since = len(peopled.events)
        assert decide(peopled, "admin", group, item["ApplicationId"], Message="welcome") == {}
        assert told(peopled, since) == [
            ("AddAccept", ("carl",), "admin", "welcome"), ("Invite", "Apply", "admin", ("carl",)),
        ]  # fmt: skip
        assert peopled.roles(group)["carl"] == "Member"
        assert peopled.info(group)["MemberNum"] == 4
        for user, handled in (("admin", 2), ("owner", 1), ("carl", 1)):
            [done] = listed(peopled, user)["Applications"]
            assert (done["Handled"], done["Accepted"], done["Answer"]) == (handled, 1, "welcome")
            assert done["Handler_Account"] == "admin"
        peopled.refused(
            10024, "handle_group_application", "owner", GroupId=group, ApplicationId=item["ApplicationId"], Accept=0
        )

    def test_refused(self, peopled):
        group = team(peopled)
        number = apply(peopled, group, "carl")
        since = len(peopled.events)
        decide(peopled, "owner", group, number, 0, Message="full of friends")
        assert told(peopled, since) == [("AddRefuse", ("carl",), "owner", "full of friends")]
        assert "carl" not in peopled.roles(group)
        [item] = listed(peopled, "carl")["Applications"]
        assert (item["Handled"], item["Accepted"], item["Answer"]) == (1, 0, "full of friends")
        again = apply(peopled, group, "carl")
        assert again != number
        assert numbers(peopled, "owner") == [again, number]

    def test_the_same_again_has_a_new_message_and_time(self, peopled):
        group = team(peopled)
        first = apply(peopled, group, "carl", "one")
        peopled.now += 5
        assert apply(peopled, group, "carl", "two") == first
        [item] = listed(peopled, "owner")["Applications"]
        assert (item["Message"], item["AddTime"]) == ("two", MS + 5000)
        assert [e.message for e in peopled.events if isinstance(e, ApplicationMade)] == ["one", "two"]

    def test_only_where_the_option_asks(self, peopled):
        """Meetings and communities let everybody in at once, whatever ApplyJoinOption says, unless it forbids."""
        for kind in ("ChatRoom", "Community"):
            group = peopled.group(kind, ApplyJoinOption="NeedPermission")
            peopled.call("join_group", "carl", GroupId=group)
            assert peopled.roles(group)["carl"] == "Member"
        peopled.refused(10007, "join_group", "carl", GroupId=team(peopled, "Private", ApplyJoinOption="NeedPermission"))
        peopled.refused(10007, "join_group", "carl", GroupId=team(peopled, ApplyJoinOption="DisableApply"))
        assert listed(peopled, "owner")["Applications"] == []

    def test_members_do_not_apply(self, peopled):
        peopled.refused(10013, "join_group", "bob", GroupId=team(peopled))

    def test_greetings_have_a_limit(self, peopled):
        group = team(peopled)
        number = apply(peopled, group, "carl", "群" * 100)
        fields = {"GroupId": group, "ApplicationId": number, "Accept": 1, "Message": "x" * 301}
        assert "300" in peopled.refused(10004, "handle_group_application", "owner", **fields)
        assert "300" in peopled.refused(10004, "join_group", "dora", GroupId=group, Message="x" * 301)

    @pytest.mark.parametrize(("until", "code"), [(NOW + 1, 10007), (NOW, 0), (0, 0)])
    def test_banned_users_stay_out(self, peopled, until, code):
        group = team(peopled)
        number = apply(peopled, group, "carl")
        peopled.execute(
            "INSERT INTO bans (group_num, user_id, until, description) SELECT num, 'carl', :until, '' FROM groups"
            " WHERE group_id = :id", until=until, id=group,
        )  # fmt: skip
        if code:
            peopled.refused(code, "join_group", "carl", GroupId=group)
            peopled.refused(
                code, "handle_group_application", "owner", GroupId=group, ApplicationId=number, Accept=1
            )  # fmt: skip
            decide(peopled, "owner", group, number, 0)
        else:
            decide(peopled, "owner", group, number)
        assert ("carl" in peopled.roles(group)) == (not code)


class TestInvitingWithApproval:
    def test_members_wait_for_administrators(self, peopled):
        group = team(peopled, InviteJoinOption="NeedPermission")
        since = len(peopled.events)
        assert invite(peopled, "bob", group, "carl", "admin", "ghost", Message="he is nice") == [3, 2, 0]
        assert told(peopled, since) == [("InviteReqToAdmin", ("admin", "owner"), "bob", "he is nice")]
        [item] = listed(peopled, "owner")["Applications"]
        assert (item["Sort"], item["User_Account"], item["Inviter_Account"]) == (2, "carl", "bob")
        assert numbers(peopled, "bob") == [item["ApplicationId"]]
        assert numbers(peopled, "carl") == []
        since = len(peopled.events)
        decide(peopled, "admin", group, item["ApplicationId"])
        assert told(peopled, since) == [
            ("InviteAccept", ("bob",), "admin", ""), ("Invite", "Invite", "bob", ("carl",)),
            ("Invite", ("carl",), "bob", None),
        ]  # fmt: skip

    def test_refused(self, peopled):
        group = team(peopled, InviteJoinOption="NeedPermission")
        invite(peopled, "bob", group, "carl")
        since = len(peopled.events)
        decide(peopled, "owner", group, numbers(peopled, "owner")[0], 0, Message="no")
        assert told(peopled, since) == [("InviteRefuse", ("bob",), "owner", "no")]
        assert "carl" not in peopled.roles(group)

    @pytest.mark.parametrize(("kind", "direct"), [
        ("Private", {"owner"}), ("Public", {"owner", "admin"}), ("ChatRoom", {"owner", "admin"}),
    ])  # fmt: skip
    def test_who_decides_invites_directly(self, peopled, kind, direct):
        for user in ("owner", "admin", "bob"):
            group = team(peopled, kind, InviteJoinOption="NeedPermission")
            assert invite(peopled, user, group, "carl") == [1 if user in direct else 3]
        group = team(peopled, kind, InviteJoinOption="NeedPermission")
        assert invite(peopled, None, group, "carl") == [1]
        peopled.refused(
            10007, "add_group_member", "dora", GroupId=group, MemberList=[{"Member_Account": "carl"}], Message="m"
        )

    def test_only_strangers_to_the_app(self, peopled):
        group = team(peopled, InviteJoinOption="NeedPermission")
        peopled.refused(10019, "add_group_member", "bob", GroupId=group, MemberList=[{"Member_Account": "ghost"}])


class TestConsent:
    @pytest.fixture(autouse=True)
    def asking(self, peopled):
        peopled.app = switched(peopled.app, invite_consent=("Private", "Community"))

    @pytest.mark.parametrize("kind", ["Private", "Community"])
    def test_accepted(self, peopled, kind):
        group = team(peopled, kind)
        peopled.execute("UPDATE groups SET active = 1")
        since = len(peopled.events)
        assert invite(peopled, "bob", group, "carl", Message="come") == [3]
        assert told(peopled, since) == [("InviteReqToInvitee", ("carl",), "bob", "come")]
        [item] = listed(peopled, "carl")["Applications"]
        assert (item["Sort"], item["User_Account"], item["Inviter_Account"]) == (1, "carl", "bob")
        assert numbers(peopled, "bob") == [item["ApplicationId"]]
        assert numbers(peopled, "owner") == []
        for other in ("owner", "bob", "dora", None):
            peopled.refused(
                10007, "handle_group_application", other, GroupId=group, ApplicationId=item["ApplicationId"], Accept=1
            )
        since = len(peopled.events)
        decide(peopled, "carl", group, item["ApplicationId"], Message="thanks")
        assert told(peopled, since) == [
            ("InviteAccept", ("bob",), "carl", "thanks"), ("Invite", "Invite", "bob", ("carl",)),
        ]  # fmt: skip
        assert peopled.roles(group)["carl"] == "Member"

    def test_refused(self, peopled):
        group = team(peopled, "Private")
        invite(peopled, "owner", group, "carl")
        since = len(peopled.events)
        decide(peopled, "carl", group, numbers(peopled, "carl")[0], 0, Message="no time")
        assert told(peopled, since) == [("InviteRefuse", ("owner",), "carl", "no time")]
        assert "carl" not in peopled.roles(group)

    def test_kinds_that_are_not_named_and_administrators_do_not_ask(self, peopled):
        assert invite(peopled, "owner", team(peopled, InviteJoinOption="FreeAccess"), "carl") == [1]
        assert invite(peopled, None, team(peopled, "Private"), "carl") == [1]

    def test_first_administrators_then_the_invited_user(self, peopled):
        group = team(peopled, "Private", InviteJoinOption="NeedPermission")
        invite(peopled, "bob", group, "carl", Message="come")
        since = len(peopled.events)
        decide(peopled, "owner", group, numbers(peopled, "owner")[0])
        assert told(peopled, since) == [("InviteReqToInvitee", ("carl",), "bob", "come")]
        assert "carl" not in peopled.roles(group)
        decide(peopled, "carl", group, numbers(peopled, "carl")[0])
        assert peopled.roles(group)["carl"] == "Member"


class TestDeciding:
    def test_no_room(self, peopled):
        group = team(peopled, MaxMemberCount=3)
        number = apply(peopled, group, "carl")
        fields = {"GroupId": group, "ApplicationId": number, "Accept": 1}
        peopled.refused(10014, "handle_group_application", "owner", **fields)
        peopled.call("modify_group_base_info", GroupId=group, MaxMemberNum=4)
        decide(peopled, "owner", group, number)

    def test_a_user_with_too_many_groups(self, peopled, monkeypatch):
        group = team(peopled)
        number = apply(peopled, group, "carl")
        peopled.group("Community", owner="carl")
        capped = msgspec.structs.replace(PLANS["open"], groups_per_user=1)
        monkeypatch.setitem(PLANS, "open", capped)
        fields = {"GroupId": group, "ApplicationId": number, "Accept": 1}
        peopled.refused(10037, "handle_group_application", "owner", **fields)
        assert numbers(peopled, "owner") == [number]

    def test_who_joined_meanwhile(self, peopled):
        """His application is out of sight, and deciding it all the same changes nothing for him."""
        group = team(peopled)
        number = apply(peopled, group, "carl")
        peopled.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "carl"}])
        assert numbers(peopled, "owner") == numbers(peopled, "carl") == []
        assert listed(peopled, "owner")["UnreadNum"] == 0
        before = len(peopled.events)
        decide(peopled, "owner", group, number)
        assert not any(isinstance(event, MembersJoined) for event in peopled.events[before:])
        assert peopled.info(group)["MemberNum"] == 4
        assert numbers(peopled, "owner") == [number]

    def test_of_nothing(self, peopled):
        group, other = team(peopled), team(peopled)
        number = apply(peopled, other, "carl")
        fields = {"GroupId": group, "Accept": 1}
        for wrong in (number, number + 1, 2**53 - 1):
            assert "ApplicationId" in peopled.refused(
                10004, "handle_group_application", "owner", ApplicationId=wrong, **fields
            )
            peopled.refused(10007, "handle_group_application", "bob", ApplicationId=wrong, **fields)
        for wrong in (0, -1, 2**53):
            peopled.refused(10004, "handle_group_application", "owner", ApplicationId=wrong, **fields)
        peopled.refused(10010, "handle_group_application", "owner", GroupId="gone", ApplicationId=1, Accept=1)
        peopled.refused(10015, "handle_group_application", "owner", GroupId="é", ApplicationId=1, Accept=1)

    def test_an_app_administrator(self, peopled):
        group = team(peopled)
        number = apply(peopled, group, "carl")
        peopled.call("handle_group_application", GroupId=group, ApplicationId=number, Accept=1)
        assert peopled.roles(group)["carl"] == "Member"

    def test_decided_ones_do_not_pile_up(self, peopled, monkeypatch):
        monkeypatch.setattr("qunzhu.commands._applications.DECIDED_PER_GROUP", 2)
        group = team(peopled)
        done = []
        for _ in range(4):
            peopled.now += 1
            done.append(apply(peopled, group, "carl"))
            decide(peopled, "owner", group, done[-1], 0)
        waiting = apply(peopled, group, "carl")
        assert numbers(peopled, "owner") == [waiting, done[3], done[2]]


class TestTheList:
    def test_pages_by_time_newest_first(self, peopled):
        group = team(peopled)
        users = [f"u{n}" for n in range(7)]
        peopled.people(*users)
        for user in users:
            peopled.now += 1
            peopled.call("join_group", user, GroupId=group)
        found, start, pages = [], 0, 0
        while pages == 0 or start:
            answer = listed(peopled, "owner", StartTime=start, Limit=3)
            found += [item["User_Account"] for item in answer["Applications"]]
            start, pages = answer["Next"], pages + 1
        assert found == users[::-1]
        assert pages == 3
        assert listed(peopled, "owner", Limit=7)["Next"] == 0
        assert listed(peopled, "owner", StartTime=MS - 1)["Applications"] == []

    def test_those_of_one_moment_stay_together(self, peopled):
        group = team(peopled, InviteJoinOption="NeedPermission")
        users = [f"u{n}" for n in range(5)]
        peopled.people(*users)
        apply(peopled, group, "carl")
        peopled.now += 1
        invite(peopled, "bob", group, *users)
        answer = listed(peopled, "owner", Limit=2)
        assert [item["User_Account"] for item in answer["Applications"]] == users[::-1]
        assert answer["Next"] == MS
        assert [i["User_Account"] for i in listed(peopled, "owner", StartTime=MS, Limit=1)["Applications"]] == ["carl"]

    def test_unread(self, peopled):
        group = team(peopled, InviteJoinOption="NeedPermission")
        apply(peopled, group, "carl")
        peopled.now += 1
        invite(peopled, "bob", group, "dora")
        unread = {user: listed(peopled, user)["UnreadNum"] for user in ("owner", "admin", "bob", "carl", "dora")}
        assert unread == {"owner": 2, "admin": 2, "bob": 0, "carl": 0, "dora": 0}
        peopled.call("report_group_applications_read", "owner", Time=MS)
        answer = listed(peopled, "owner")
        assert (answer["SeenTime"], answer["UnreadNum"]) == (MS, 1)
        peopled.call("report_group_applications_read", "owner", Time=MS - 1)
        assert listed(peopled, "owner")["SeenTime"] == MS
        peopled.call("report_group_applications_read", "owner", Time=2**53 - 1)
        answer = listed(peopled, "owner")
        assert (answer["SeenTime"], answer["UnreadNum"]) == (peopled.now * 1000 + 123, 0)
        assert listed(peopled, "admin")["UnreadNum"] == 2
        peopled.call("report_group_applications_read", "admin", Time=0)
        assert listed(peopled, "admin")["UnreadNum"] == 0

    def test_limits(self, peopled):
        assert "100" in peopled.refused(10004, "get_group_applications", "owner", Limit=101)
        peopled.refused(10004, "get_group_applications", "owner", StartTime=-1)
        peopled.refused(10004, "report_group_applications_read", "owner", Time=-1)
        peopled.refused(10004, "report_group_applications_read", "owner")

    def test_roles_count_as_they_are_now(self, peopled):
        group = team(peopled)
        number = apply(peopled, group, "carl")
        peopled.call("change_group_owner", GroupId=group, NewOwner_Account="bob")
        assert numbers(peopled, "bob") == [number]
        assert numbers(peopled, "owner") == []
        peopled.refused(10007, "handle_group_application", "owner", GroupId=group, ApplicationId=number, Accept=1)


class TestWhatGoes:
    def test_the_oldest_of_a_user_falls_out(self, peopled):
        """A user keeps at most 50 applications, and at most 50 invitations of him, so nobody pushes out his own."""
        groups = [team(peopled, InviteJoinOption="NeedPermission") for _ in range(52)]
        for group in groups[:51]:
            peopled.now += 1
            peopled.call("join_group", "carl", GroupId=group)
            invite(peopled, "bob", group, "carl")
        assert [e.dropped for e in peopled.events if isinstance(e, ApplicationMade)][:-2] == [[]] * 100
        kept = [item["GroupId"] for item in listed(peopled, "carl", Limit=100)["Applications"]]
        assert kept == groups[50:0:-1]
        mine = [item["GroupId"] for item in listed(peopled, "bob", Limit=100)["Applications"]]
        assert mine == groups[50:0:-1]
        decide(peopled, "owner", groups[1], numbers(peopled, "carl", Limit=100)[-1], 0)
        peopled.now += 1
        peopled.call("join_group", "carl", GroupId=groups[51])
        kept = [item["GroupId"] for item in listed(peopled, "carl", Limit=100)["Applications"]]
        assert kept == [groups[51], *groups[50:0:-1]]

    def test_of_one_who_leaves(self, peopled):
        group = team(peopled, InviteJoinOption="NeedPermission")
        apply(peopled, group, "carl")
        invite(peopled, "bob", group, "dora")
        peopled.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "carl"}])
        peopled.call("quit_group", "carl", GroupId=group)
        assert [item["Sort"] for item in listed(peopled, "owner")["Applications"]] == [2]
        peopled.call("delete_group_member", GroupId=group, MemberToDel_Account=["bob"])
        assert listed(peopled, "owner")["Applications"] == listed(peopled, "bob")["Applications"] == []
        assert peopled.rows("SELECT count(*) FROM applications") == [(0,)]

    def test_of_a_deleted_account(self, peopled):
        peopled.app = on_plan(peopled.app, "open", delete_accounts=True)
        group = team(peopled, InviteJoinOption="NeedPermission")
        decide(peopled, "owner", group, apply(peopled, group, "carl"), 0)
        apply(peopled, group, "carl")
        invite(peopled, "bob", group, "dora")
        peopled.call("report_group_applications_read", "carl", Time=MS)
        peopled.call("account_delete", DeleteItem=[{"UserID": "carl"}, {"UserID": "bob"}])
        assert listed(peopled, "owner")["Applications"] == []
        assert peopled.rows("SELECT count(*) FROM applications_seen") == [(0,)]

    def test_of_a_dissolved_group(self, peopled):
        group = team(peopled)
        number = apply(peopled, group, "carl")
        peopled.call("destroy_group", GroupId=group)
        assert numbers(peopled, "owner") == numbers(peopled, "carl") == []
        peopled.refused(10010, "handle_group_application", "owner", GroupId=group, ApplicationId=number, Accept=1)

    def test_a_group_without_leaders(self, peopled):
        """Nobody is told, but an app administrator can decide."""
        group = peopled.group("Public", owner=None, members=["bob"])
        since = len(peopled.events)
        number = apply(peopled, group, "carl")
        assert told(peopled, since) == []
        peopled.call("handle_group_application", GroupId=group, ApplicationId=number, Accept=1)

    def test_a_group_that_all_left_has_no_owner_and_no_members(self, peopled):
        group = peopled.group("Private", members=[])
        peopled.call("quit_group", "owner", GroupId=group)
        event = peopled.events[-1]
        assert (event.group_id, event.owner, event.member_num) == (group, "", 0)


class TestWhatIsNotSaid:
    """Clients keep what they read; a change that nobody is told of makes them read anew."""

    def refreshed(self, world, since):
        found = [unsaid(event) for event in world.events[since:]]
        return [(item[0], item[1]["GroupId"], item[1]["ChangeType"]) for item in found if item is not None]

    def test_quiet_changes(self, peopled):
        group = team(peopled)
        since = len(peopled.events)
        peopled.call("modify_group_base_info", GroupId=group, ApplyJoinOption="FreeAccess")
        invite(peopled, None, group, "carl", Silence=1)
        peopled.call("delete_group_member", GroupId=group, MemberToDel_Account=["carl"], Silence=1)
        assert self.refreshed(peopled, since) == [(None, group, REFRESH)] * 3

    def test_told_changes_need_no_more(self, peopled):
        group = team(peopled)
        since = len(peopled.events)
        peopled.call("modify_group_base_info", GroupId=group, Name="new")
        invite(peopled, None, group, "carl")
        peopled.call("quit_group", "carl", GroupId=group)
        apply(peopled, group, "dora")
        assert self.refreshed(peopled, since) == []

    def test_a_meeting_tells_only_those_who_join(self, peopled):
        group = team(peopled, "ChatRoom")
        since = len(peopled.events)
        peopled.call("join_group", "carl", GroupId=group)
        peopled.call("quit_group", "carl", GroupId=group)
        assert self.refreshed(peopled, since) == [(["carl"], group, REFRESH)]


def test_decisions_are_events(peopled):
    group = team(peopled)
    decide(peopled, "owner", group, apply(peopled, group, "carl"))
    assert [type(event) for event in peopled.events[-3:]] == [ApplicationMade, ApplicationDecided, MembersJoined]
