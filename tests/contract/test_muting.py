"""Mutes: forbid_send_msg and both forms of the list (docs 1047/34951, 34964)."""

import pytest

from qunzhu.core.notices import system_notices, tip
from worlds import ADMIN, KINDS, NOW, WITH_ADMINS, on_plan

FOREVER = 4294967295
TOPIC = "@TGS#_club@TOPIC#_news"


@pytest.fixture
def peopled(world):
    world.people("owner", "anna", "adam", "bob", "carl", "dora")
    return world


def staffed(world, kind="Public"):
    if kind == "AVChatRoom":
        return world.group(kind)
    admins = [{"Member_Account": user, "Role": "Admin"} for user in ("anna", "adam") if kind in WITH_ADMINS]
    return world.group(kind, MemberList=[*admins, {"Member_Account": "bob"}, {"Member_Account": "carl"}])


def forbid(world, group, *users, by=None, seconds=60, **more):
    return world.call("forbid_send_msg", by, GroupId=group, Members_Account=list(users), MuteTime=seconds, **more)


def refused(world, code, group, *users, by=None, seconds=60, **more):
    return world.refused(
        code, "forbid_send_msg", by, GroupId=group, Members_Account=list(users), MuteTime=seconds, **more
    )


def muted(world, group, by=None, **more):
    """Return who is muted until when, and check that both forms of the list agree."""
    answer = world.call("get_group_muted_account", by, GroupId=group, **more)
    assert answer["GroupId"] == group
    found = {item["Member_Account"]: item["MutedUntil"] for item in answer["MutedAccountList"]}
    assert list(found) == sorted(found)
    if not more:
        old = world.call("get_group_shutted_uin", by, GroupId=group)
        assert old == {"GroupId": group, "ShuttedUinList": [
            {"Member_Account": user, "ShuttedUntil": until} for user, until in found.items()
        ]}  # fmt: skip
    return found


@pytest.mark.parametrize("kind", ["Public", "ChatRoom", "Community"])
def test_muted_shown_and_lifted(peopled, kind):
    group = staffed(peopled, kind)
    assert forbid(peopled, group, "carl", "bob", "carl") == {}
    assert muted(peopled, group) == {"bob": NOW + 60, "carl": NOW + 60}
    assert peopled.member(group, "bob").items() >= {"MuteUntil": NOW + 60, "ShutUpUntil": NOW + 60}.items()
    peopled.now += 10
    forbid(peopled, group, "bob", seconds=100)
    forbid(peopled, group, "carl", seconds=0)
    assert muted(peopled, group) == {"bob": NOW + 110}
    assert peopled.rows("SELECT count(*) FROM mutes") == [(1,)]


def test_the_old_name_of_the_seconds(peopled):
    group = staffed(peopled)
    peopled.call("forbid_send_msg", GroupId=group, Members_Account=["bob"], ShutUpTime=60)
    assert muted(peopled, group) == {"bob": NOW + 60}


def test_one_that_is_over_is_shown_nowhere(peopled):
    group = staffed(peopled)
    forbid(peopled, group, "bob", seconds=60)
    peopled.now += 59
    assert muted(peopled, group) == {"bob": NOW + 60}
    peopled.now += 1
    assert muted(peopled, group) == {}
    assert peopled.member(group, "bob").items() >= {"MuteUntil": 0, "ShutUpUntil": 0}.items()
    [named] = peopled.call("get_specified_group_member_info", GroupId=group, Member_List_Account=["bob"])["MemberList"]
    assert named["MuteUntil"] == 0
    assert next(m for m in peopled.info(group)["MemberList"] if m["Member_Account"] == "bob")["MuteUntil"] == 0


@pytest.mark.parametrize("seconds", [FOREVER, FOREVER - 1])
def test_for_good(peopled, seconds):
    group = staffed(peopled)
    forbid(peopled, group, "bob", seconds=seconds)
    peopled.now += 50 * 365 * 86400
    assert muted(peopled, group) == {"bob": FOREVER}
    assert peopled.member(group, "bob")["MuteUntil"] == FOREVER


def test_it_survives_leaving_and_coming_back(peopled):
    group = staffed(peopled)
    forbid(peopled, group, "bob", "carl", seconds=100)
    peopled.call("quit_group", "bob", GroupId=group)
    peopled.call("delete_group_member", GroupId=group, MemberToDel_Account=["carl"])
    assert muted(peopled, group) == {"bob": NOW + 100, "carl": NOW + 100}
    peopled.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "bob"}])
    assert peopled.member(group, "bob")["MuteUntil"] == NOW + 100


def test_it_ends_with_the_group_and_with_the_account(peopled):
    peopled.app = on_plan(peopled.app, "open", delete_accounts=True)
    first, second = staffed(peopled), staffed(peopled)
    for group in (first, second):
        forbid(peopled, group, "bob", "dora")
    peopled.call("destroy_group", GroupId=first)
    peopled.call("account_delete", DeleteItem=[{"UserID": "dora"}])
    assert peopled.rows("SELECT user_id FROM mutes") == [("bob",)]
    peopled.people("dora")
    assert muted(peopled, second) == {"bob": NOW + 60}


def test_it_ends_where_the_muted_one_becomes_owner(peopled):
    group = staffed(peopled)
    forbid(peopled, group, "bob", "carl")
    peopled.call("change_group_owner", GroupId=group, NewOwner_Account="bob")
    assert muted(peopled, group) == {"carl": NOW + 60}
    refused(peopled, 10007, group, "bob")
    forbid(peopled, group, "owner", by="bob")


def test_who_is_not_in_the_group(peopled):
    group = staffed(peopled)
    forbid(peopled, group, "dora", "ghost", seconds=100)
    assert muted(peopled, group) == {"dora": NOW + 100}
    assert "ghost" in refused(peopled, 10019, group, "ghost", "phantom")
    peopled.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "dora"}])
    assert peopled.member(group, "dora")["MuteUntil"] == NOW + 100


def test_a_live_room_mutes_anybody_but_its_owner(peopled):
    group = staffed(peopled, "AVChatRoom")
    forbid(peopled, group, "bob", by="owner")
    forbid(peopled, group, "carl", ADMIN)
    assert set(muted(peopled, group)) == {"bob", "carl", ADMIN}
    refused(peopled, 10007, group, "owner")
    refused(peopled, 10007, group, "carl", by="bob")


class TestRights:
    @pytest.mark.parametrize("kind", WITH_ADMINS)
    def test_upon_whom(self, peopled, kind):
        group = staffed(peopled, kind)
        forbid(peopled, group, "anna", "bob", by="owner")
        forbid(peopled, group, "anna", seconds=0)
        forbid(peopled, group, "carl", by="anna")
        for user, by in (("owner", None), ("owner", "owner"), ("owner", "anna"), ("adam", "anna"), ("anna", "anna"),
                         ("carl", "bob"), ("bob", "bob"), ("carl", "dora")):  # fmt: skip
            for seconds in (0, 60):
                refused(peopled, 10007, group, user, by=by, seconds=seconds)
        assert "owner" in refused(peopled, 10007, group, "bob", "owner")

    def test_a_work_group_has_none(self, peopled):
        group = staffed(peopled, "Private")
        for by in (None, "owner", "bob"):
            refused(peopled, 10007, group, "carl", by=by)
        assert muted(peopled, group) == muted(peopled, group, "owner") == {}
        peopled.refused(10007, "get_group_muted_account", "bob", GroupId=group)
        peopled.refused(10007, "get_group_shutted_uin", "bob", GroupId=group)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("name", ["get_group_muted_account", "get_group_shutted_uin"])
    def test_who_reads(self, peopled, name, kind):
        group = staffed(peopled, kind)
        readers = [None, ADMIN, "owner", *(("anna",) if kind in WITH_ADMINS else ())]
        assert {peopled.code(name, by, GroupId=group) for by in readers} == {0}
        for by in ("bob", "dora"):
            peopled.refused(10007, name, by, GroupId=group)
        peopled.refused(10010, name, GroupId="gone")
        peopled.refused(10015, name, GroupId="")


def test_bad_requests(peopled):
    group = staffed(peopled)
    peopled.refused(10010, "forbid_send_msg", GroupId="gone", Members_Account=["bob"], MuteTime=1)
    peopled.refused(10015, "forbid_send_msg", GroupId="", Members_Account=["bob"], MuteTime=1)
    refused(peopled, 10004, group)
    refused(peopled, 60015, group, 7)
    peopled.refused(10004, "forbid_send_msg", GroupId=group, Members_Account=["bob"])
    for seconds in (-1, FOREVER + 1, "60", None):
        assert "MuteTime" in refused(peopled, 10004, group, "bob", seconds=seconds)


def test_500_at_once(sqlite_world):
    users = [f"u{n}" for n in range(501)]
    sqlite_world.people("owner", *users)
    group = sqlite_world.group("Public", members=users[:100])
    text = refused(sqlite_world, 10005, group, *users)
    assert "Members_Account" in text
    assert "501" in text
    forbid(sqlite_world, group, *users[:500])
    assert len(muted(sqlite_world, group)) == 500


@pytest.mark.parametrize(("kind", "told"), [("Public", True), ("Community", True), ("ChatRoom", False),
                                            ("AVChatRoom", False)])  # fmt: skip
@pytest.mark.parametrize("seconds", [60, 0])
def test_how_it_is_told(peopled, kind, told, seconds):
    """The tip follows the kind's notices of roles and mutes; the muted ones always hear of it."""
    group = staffed(peopled, kind)
    before = len(peopled.stored(group))
    forbid(peopled, group, "bob", "carl", by="owner", seconds=seconds)
    event = peopled.events[-1]
    assert (event.users, event.seconds, event.until) == (["bob", "carl"], seconds, NOW + 60 if seconds else 0)
    shown = tip(event)
    assert (shown is not None) == told == bool(event.seq)
    assert len(peopled.stored(group)) == before + told
    if told:
        wanted = {"TipType": "MemberInfoChange", "UserList": ["bob", "carl"], "MuteTime": seconds, "Seq": event.seq}
        assert shown.items() >= wanted.items()
    [(users, notice)] = system_notices(event)
    assert users == ["bob", "carl"]
    assert (notice["ReportType"], notice["MuteTime"], notice["Operator_Account"]) == ("ShutUpMember", seconds, "owner")
    assert "TopicId" not in notice


class TestTopics:
    @pytest.fixture
    def club(self, peopled):
        peopled.group(
            "Community", GroupId="@TGS#_club", SupportTopic=1,
            MemberList=[{"Member_Account": "anna", "Role": "Admin"}, {"Member_Account": "bob"},
                        {"Member_Account": "carl"}],
        )  # fmt: skip
        peopled.group("Community", GroupId="@TGS#_other", SupportTopic=1)
        for group, topic in (("@TGS#_club", TOPIC), ("@TGS#_other", "@TGS#_other@TOPIC#_news")):
            peopled.execute(
                "INSERT INTO topics (group_num, topic_id, name, introduction, notification, face_url, custom_string,"
                " creator, created_at, last_msg_at, next_seq, mute_all) SELECT num, :topic, 'news', '', '', '', '',"
                " 'owner', 0, 0, 1, 0 FROM groups WHERE group_id = :group_id", topic=topic, group_id=group,
            )  # fmt: skip
        return peopled

    def test_a_topic_has_mutes_of_its_own(self, club):
        before = len(club.stored("@TGS#_club"))
        forbid(club, "@TGS#_club", "bob", by="anna", TopicId=TOPIC)
        forbid(club, "@TGS#_club", "carl", by="anna", TopicId="")
        assert muted(club, "@TGS#_club", TopicId=TOPIC) == {"bob": NOW + 60}
        assert muted(club, "@TGS#_club") == {"carl": NOW + 60}
        assert club.member("@TGS#_club", "bob")["MuteUntil"] == 0
        assert len(club.stored("@TGS#_club")) == before + 1
        forbid(club, "@TGS#_club", "bob", seconds=0, TopicId=TOPIC)
        assert muted(club, "@TGS#_club", TopicId=TOPIC) == {}

    def test_only_the_muted_are_told(self, club):
        forbid(club, "@TGS#_club", "bob", by="anna", TopicId=TOPIC)
        event = club.events[-1]
        assert tip(event) is None
        [(users, notice)] = system_notices(event)
        assert (users, notice["TopicId"], notice["MuteTime"]) == (["bob"], TOPIC, 60)

    def test_rights_and_topics_that_are_not_there(self, club):
        for by in ("bob", "dora"):
            refused(club, 10007, "@TGS#_club", "carl", by=by, TopicId=TOPIC)
            refused(club, 10007, "@TGS#_club", "carl", by=by, TopicId="nowhere")
            club.refused(10007, "get_group_muted_account", by, GroupId="@TGS#_club", TopicId=TOPIC)
        refused(club, 10007, "@TGS#_club", "owner", TopicId=TOPIC)
        for topic in ("nowhere", "@TGS#_other@TOPIC#_news"):
            assert "TopicId" in refused(club, 110003, "@TGS#_club", "carl", TopicId=topic)
            club.refused(110003, "get_group_muted_account", GroupId="@TGS#_club", TopicId=topic)
        refused(club, 110013, "@TGS#_club", "carl", TopicId="x" * 97)
        club.refused(110013, "get_group_muted_account", GroupId="@TGS#_club", TopicId="x" * 97)
        refused(club, 10007, club.group("Public"), "carl", TopicId=TOPIC)

    def test_the_bit_of_a_permission_group(self, club):
        """Bit 2 of a topic's mask gives mutes in that topic alone."""
        club.execute(
            "INSERT INTO permission_groups (group_num, permission_group_id, name, permission, custom_string,"
            " member_num, created_at) SELECT num, 'p', 'p', 0, '', 1, 0 FROM groups WHERE group_id = '@TGS#_club'"
        )
        club.execute(
            "INSERT INTO permission_group_members (group_num, user_id, permission_group_id)"
            " SELECT num, 'bob', 'p' FROM groups WHERE group_id = '@TGS#_club'"
        )
        club.execute(
            "INSERT INTO topic_permissions (group_num, permission_group_id, topic_num, permission)"
            " SELECT group_num, 'p', num, 4 FROM topics WHERE topic_id = :topic", topic=TOPIC,
        )  # fmt: skip
        refused(club, 10007, "@TGS#_club", "carl", by="bob", TopicId=TOPIC)
        club.call("modify_group_base_info", GroupId="@TGS#_club", EnablePermission=1)
        forbid(club, "@TGS#_club", "carl", by="bob", TopicId=TOPIC)
        assert muted(club, "@TGS#_club", "bob", TopicId=TOPIC) == {"carl": NOW + 60}
        refused(club, 10007, "@TGS#_club", "anna", by="bob", TopicId=TOPIC)
        refused(club, 10007, "@TGS#_club", "carl", by="bob")
