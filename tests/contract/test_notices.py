"""Which changes are told, stored or neither, by kind (doc 1047/33529, notices of each kind)."""

import pytest

from qunzhu.core.notices import system_notices, tip
from worlds import ADMIN, KINDS, NOW, WITH_ADMINS, WITH_MEMBERS

STORED, PUSHED, OFF = "pushed and stored", "pushed, not stored", "off"
MEMBER_CHANGE = {"Public": STORED, "ChatRoom": OFF, "Community": STORED}
PROFILE_CHANGE = {"Public": STORED, "ChatRoom": STORED, "AVChatRoom": PUSHED, "Community": STORED}


@pytest.fixture
def peopled(world):
    world.people("owner", "bob", "carl", "dora")
    return world


def last(world, group):
    """Return how the newest event of a group was told, and check that event, stream and counters agree."""
    event = next(e for e in reversed(world.events) if getattr(e, "group_id", None) == group)
    stored = [notice for notice in world.stored(group) if notice["at_seq"] == event.seq]
    if event.seq:
        [notice] = stored
        assert notice["type"] == type(event).__name__
        assert notice["seq"] == event.seq
        assert world.info(group)["NextMsgSeq"] == event.seq + 1
        assert world.info(group)["LastMsgTime"] == event.at
        assert event.told
        return event, STORED
    return event, PUSHED if event.told else OFF


@pytest.mark.parametrize("kind", MEMBER_CHANGE)
def test_members_come_and_go(peopled, kind):
    group = peopled.group(kind, members=["bob"])
    assert last(peopled, group)[1] == MEMBER_CHANGE[kind]
    peopled.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "carl"}])
    event, told = last(peopled, group)
    assert told == MEMBER_CHANGE[kind]
    assert (event.users, event.how, event.member_num, event.operator, event.at) == (["carl"], "Invite", 3, ADMIN, NOW)
    peopled.call("delete_group_member", GroupId=group, MemberToDel_Account=["carl"], Reason="why")
    event, told = last(peopled, group)
    assert told == MEMBER_CHANGE[kind]
    assert (event.users, event.how, event.member_num, event.reason) == (["carl"], "Kick", 2, "why")
    peopled.call("quit_group", "bob", GroupId=group)
    event, told = last(peopled, group)
    assert told == MEMBER_CHANGE[kind]
    assert (event.users, event.how, event.member_num, event.operator) == (["bob"], "Quit", 1, "bob")


@pytest.mark.parametrize("kind", ["ChatRoom", "Community"])
def test_joining_by_oneself(peopled, kind):
    group = peopled.group(kind)
    peopled.call("join_group", "bob", GroupId=group)
    event, told = last(peopled, group)
    assert told == MEMBER_CHANGE[kind]
    assert (event.users, event.how, event.operator) == (["bob"], "Apply", "bob")


@pytest.mark.parametrize("kind", PROFILE_CHANGE)
@pytest.mark.parametrize("field", ["Name", "Introduction", "Notification", "FaceUrl"])
def test_profile_changes(peopled, kind, field):
    group = peopled.group(kind)
    peopled.call("modify_group_base_info", GroupId=group, **{field: "new"})
    event, told = last(peopled, group)
    assert told == PROFILE_CHANGE[kind]
    assert event.changes == {field: "new"}


@pytest.mark.parametrize("kind", PROFILE_CHANGE)
def test_mute_all_and_join_option_changes_are_not_told(peopled, kind):
    group = peopled.group(kind)
    changes = [{"MuteAllMember": "On"}]
    if kind != "Community":
        changes.append({"ApplyJoinOption": "DisableApply"})
    for change in changes:
        before = len(peopled.stored(group))
        peopled.call("modify_group_base_info", GroupId=group, **change)
        event, told = last(peopled, group)
        assert told == OFF
        assert event.changes == change
        assert len(peopled.stored(group)) == before


def test_a_quiet_change_beside_a_told_one_is_told(peopled):
    group = peopled.group("Public")
    peopled.call("modify_group_base_info", GroupId=group, Name="new", MuteAllMember="On")
    event, told = last(peopled, group)
    assert told == STORED
    assert event.changes == {"Name": "new", "MuteAllMember": "On"}


@pytest.mark.parametrize("kind", WITH_ADMINS)
def test_a_new_owner(peopled, kind):
    group = peopled.group(kind, members=["bob"])
    peopled.call("change_group_owner", GroupId=group, NewOwner_Account="bob")
    event, told = last(peopled, group)
    assert told == STORED
    assert (event.old, event.new) == ("owner", "bob")


class TestAWorkGroupThatSleeps:
    """Until the owner sends a message, a Work group is invisible to others and join notices are suppressed."""

    def test_nothing_is_told(self, peopled):
        group = peopled.group("Private", members=["bob"])
        peopled.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "carl"}])
        peopled.call("delete_group_member", GroupId=group, MemberToDel_Account=["bob"])
        assert peopled.stored(group) == []
        assert peopled.info(group)["NextMsgSeq"] == 1
        assert not any(event.told for event in peopled.events if getattr(event, "group_id", "") == group)

    def test_a_woken_one_tells(self, peopled):
        group = peopled.group("Private", members=["bob"])
        peopled.execute("UPDATE groups SET active = 1 WHERE group_id = :id", id=group)
        peopled.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "carl"}])
        assert last(peopled, group)[1] == STORED

    def test_who_sees_it(self, peopled):
        group = peopled.group("Private", members=["bob"])
        for user in ("owner", "bob"):
            assert peopled.call("get_joined_group_list", Member_Account=user)["GroupIdList"] == []
            shown = peopled.call("get_joined_group_list", Member_Account=user, WithNoActiveGroups=1)
            assert shown == {"TotalCount": 1, "GroupIdList": [{"GroupId": group}]}
        assert peopled.call("get_joined_group_list", "bob", Member_Account="bob")["TotalCount"] == 0
        assert peopled.call("get_joined_group_list", "owner", Member_Account="owner")["TotalCount"] == 1

    def test_other_kinds_do_not_sleep(self, peopled):
        for number, kind in enumerate(k for k in WITH_MEMBERS if k != "Private"):
            peopled.group(kind, members=["bob"])
            assert peopled.call("get_joined_group_list", Member_Account="bob")["TotalCount"] == number + 1


class TestSilence:
    def test_adding_tells_nobody(self, peopled):
        group = peopled.group("Public")
        peopled.call("add_group_member", GroupId=group, Silence=1, MemberList=[{"Member_Account": "bob"}])
        event, told = last(peopled, group)
        assert told == OFF
        assert tip(event) is None
        assert system_notices(event) == []
        assert peopled.stored(group) == []
        assert peopled.roles(group) == {"owner": "Owner", "bob": "Member"}

    def test_is_the_app_administrators(self, peopled):
        """A field of the server API: members cannot invite or remove unseen."""
        group = peopled.group("Community", members=["bob"])
        peopled.call("add_group_member", "bob", GroupId=group, Silence=1, MemberList=[{"Member_Account": "carl"}])
        assert last(peopled, group)[1] == STORED
        peopled.call("delete_group_member", "owner", GroupId=group, Silence=1, MemberToDel_Account=["carl"])
        assert last(peopled, group)[1] == STORED

    def test_zero_is_the_default(self, peopled):
        group = peopled.group("Public")
        peopled.call("add_group_member", GroupId=group, Silence=0, MemberList=[{"Member_Account": "bob"}])
        assert last(peopled, group)[1] == STORED

    def test_removing_tells_the_removed_only(self, peopled):
        group = peopled.group("Public", members=["bob"])
        before = len(peopled.stored(group))
        peopled.call("delete_group_member", GroupId=group, Silence=1, MemberToDel_Account=["bob"])
        event, told = last(peopled, group)
        assert told == OFF
        assert tip(event) is None
        [(users, notice)] = system_notices(event)
        assert (users, notice["ReportType"]) == (["bob"], "BeKicked")
        assert len(peopled.stored(group)) == before


@pytest.mark.parametrize("kind", KINDS)
def test_dissolving_is_told_to_every_member(peopled, kind):
    group = peopled.group(kind, Name="gone")
    peopled.call("destroy_group", GroupId=group)
    event = peopled.events[-1]
    [(users, notice)] = system_notices(event)
    assert users is None
    assert notice.items() >= {"ReportType": "Delete", "GroupId": group, "GroupName": "gone", "GroupType": kind}.items()


def test_creation_tells_creator_and_members(peopled):
    group = peopled.group("Public", members=["bob"], Name="new")
    told = {tuple(users): notice["ReportType"] for users, notice in system_notices(peopled.events[-1])}
    assert told == {(ADMIN, "owner"): "Create", ("bob",): "Invite"}
    shown = tip(peopled.events[-1])
    assert (
        shown.items() >= {"GroupId": group, "TipType": "Invite", "UserList": ["bob"], "MemberNum": 2, "Seq": 1}.items()
    )


@pytest.mark.parametrize("kind", MEMBER_CHANGE)
def test_seqs_are_consecutive_from_one(peopled, kind):
    group = peopled.group(kind, members=["bob"])
    for n in range(5):
        peopled.call("modify_group_base_info", GroupId=group, Name=f"n{n}")
        peopled.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "carl"}])
        peopled.call("delete_group_member", GroupId=group, MemberToDel_Account=["carl"])
    seqs = [notice["seq"] for notice in peopled.stored(group)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert peopled.info(group)["NextMsgSeq"] == len(seqs) + 1


def test_a_joiner_has_read_what_came_before_him(peopled):
    group = peopled.group("Public", members=["bob"])
    peopled.call("modify_group_base_info", GroupId=group, Name="n")
    peopled.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "carl"}])
    assert peopled.member(group, "carl")["MsgSeq"] == peopled.info(group)["NextMsgSeq"] - 1
