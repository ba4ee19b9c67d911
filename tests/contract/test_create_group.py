"""create_group (doc 1047/34895): every success and every documented refusal, on both engines."""

import re

import pytest

from worlds import ADMIN, KINDS, NOW, WITH_ADMINS, WITH_MEMBERS, switched

DEFAULTS = {
    #              ApplyJoin          Invite           MaxMemberNum  History
    "Private":    ("DisableApply",   "FreeAccess",    6000,         "Off"),
    "Public":     ("NeedPermission", "DisableInvite", 6000,         "Off"),
    "ChatRoom":   ("FreeAccess",     "DisableInvite", 6000,         "On"),
    "AVChatRoom": ("FreeAccess",     "DisableInvite", 0,            "Off"),
    "Community":  ("FreeAccess",     "FreeAccess",    1_000_000,    "Off"),
}  # fmt: skip
FORMS = {
    "Private": "@TGS#1", "Public": "@TGS#2", "ChatRoom": "@TGS#3", "AVChatRoom": "@TGS#a", "Community": "@TGS#_@TGS#c",
}  # fmt: skip
FLAGS = {
    "Private": "AcceptAndNotify", "Public": "AcceptAndNotify", "ChatRoom": "AcceptNotNotify",
    "Community": "AcceptAndNotify",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_bare_group_has_the_documented_defaults(world, kind):
    group = world.group(kind, owner=None, Name="bare")
    assert re.fullmatch(re.escape(FORMS[kind]) + r"[0-9A-Z]+", group)
    assert len(group) <= 48
    apply, invite, most, history = DEFAULTS[kind]
    read = world.info(group)
    assert read.items() >= {
        "ErrorCode": 0, "ErrorInfo": "", "GroupId": group, "Type": kind, "Appid": world.app.sdkappid, "Name": "bare",
        "Introduction": "", "Notification": "", "FaceUrl": "", "Owner_Account": "", "CreateTime": NOW,
        "LastInfoTime": NOW, "LastMsgTime": 0, "NextMsgSeq": 1, "MemberNum": 0, "MaxMemberNum": most,
        "ApplyJoinOption": apply, "InviteJoinOption": invite, "MuteAllMember": "Off", "HistoryMsgBeforeJoin": history,
        "AppDefinedData": [],
    }.items()  # fmt: skip
    assert world.roles(group) == {}


@pytest.mark.parametrize(("new", "old"), [("Work", "Private"), ("Meeting", "ChatRoom")])
def test_new_names_of_kinds(world, new, old):
    answer = world.call("create_group", Type=new, Name="n")
    assert answer == {"GroupId": answer["GroupId"], "Type": old}
    assert world.info(answer["GroupId"])["Type"] == old


def test_everything_given_is_read_back(world):
    world.people("owner", "bob", "carl")
    given = {
        "Type": "Public", "Name": "名字", "Owner_Account": "owner", "GroupId": "my group #1",
        "Introduction": "first\nsecond", "Notification": "a\tb", "FaceUrl": "http://x/y", "MaxMemberCount": 7,
        "ApplyJoinOption": "FreeAccess", "InviteJoinOption": "NeedPermission",
        "AppDefinedData": [{"Key": "open_g", "Value": "\u0000\u0001 binary"}],
        "MemberList": [
            {"Member_Account": "bob", "Role": "Admin", "NameCard": "卡", "MuteTime": 60, "MsgFlag": "Discard",
             "JoinTime": 1234, "MsgSeq": 5, "AppMemberDefinedData": [{"Key": "open_m", "Value": "x"}]},
            {"Member_Account": "carl"},
        ],
    }  # fmt: skip
    assert world.call("create_group", **given) == {"GroupId": "my group #1", "Type": "Public"}
    read = world.info("my group #1")
    for name in ("Name", "Owner_Account", "Introduction", "Notification", "FaceUrl", "ApplyJoinOption",
                 "InviteJoinOption", "AppDefinedData"):  # fmt: skip
        assert read[name] == given[name]
    assert read["MaxMemberNum"] == 7
    assert read["MemberNum"] == 3
    assert world.roles("my group #1") == {"owner": "Owner", "bob": "Admin", "carl": "Member"}
    assert world.member("my group #1", "bob").items() >= {
        "Role": "Admin", "NameCard": "卡", "MuteUntil": NOW + 60, "ShutUpUntil": NOW + 60, "MsgFlag": "Discard",
        "JoinTime": 1234, "MsgSeq": 5, "AppMemberDefinedData": [{"Key": "open_m", "Value": "x"}],
    }.items()  # fmt: skip
    assert world.member("my group #1", "carl").items() >= {
        "Role": "Member", "NameCard": "", "MuteUntil": 0, "MsgFlag": "AcceptAndNotify", "JoinTime": NOW,
        "LastSendMsgTime": 0, "AppMemberDefinedData": [],
    }.items()  # fmt: skip


@pytest.mark.parametrize("kind", WITH_MEMBERS)
def test_owner_and_members_are_in_at_once(world, kind):
    world.people("owner", "bob")
    group = world.group(kind, members=["bob"])
    assert world.roles(group) == {"owner": "Owner", "bob": "Member"}
    assert world.info(group)["MemberNum"] == 2
    assert world.member(group, "bob")["MsgFlag"] == FLAGS[kind]
    joined = world.call("get_joined_group_list", Member_Account="bob", WithNoActiveGroups=1)
    assert joined == {"TotalCount": 1, "GroupIdList": [{"GroupId": group}]}


def test_the_owner_in_the_member_list_stays_the_owner_and_counts_once(world):
    world.people("owner", "bob")
    members = [{"Member_Account": "owner", "NameCard": "boss"}, *({"Member_Account": "bob"},) * 2]
    group = world.group("Public", MemberList=members)
    assert world.roles(group) == {"owner": "Owner", "bob": "Member"}
    assert world.info(group)["MemberNum"] == 2
    assert world.member(group, "owner")["NameCard"] == "boss"


@pytest.mark.parametrize("kind", WITH_ADMINS)
def test_initial_admins(world, kind):
    world.people("owner", "bob")
    group = world.group(kind, MemberList=[{"Member_Account": "bob", "Role": "Admin"}])
    assert world.roles(group) == {"owner": "Owner", "bob": "Admin"}


def test_a_work_group_has_no_admins(world):
    world.people("owner", "bob")
    world.refused(
        10007, "create_group", Type="Work", Name="n", Owner_Account="owner",
        MemberList=[{"Member_Account": "bob", "Role": "Admin"}],
    )  # fmt: skip


def test_a_live_room_takes_no_members_and_stores_none(world):
    world.people("owner", "bob")
    text = world.refused(10007, "create_group", Type="AVChatRoom", Name="n", MemberList=[{"Member_Account": "bob"}])
    assert "MemberList" in text
    group = world.group("AVChatRoom", owner="owner", MemberList=[])
    assert world.info(group)["Owner_Account"] == "owner"
    assert world.roles(group) == {}


def test_hundred_members_and_one_more(world):
    users = [f"u{n}" for n in range(101)]
    world.people("owner", *users)
    group = world.group("Public", members=users[:100])
    assert world.info(group)["MemberNum"] == 101
    text = world.refused(
        10005, "create_group", Type="Public", Name="n", MemberList=[{"Member_Account": user} for user in users]
    )
    assert "MemberList" in text
    assert "100" in text


@pytest.mark.parametrize("more", [{"Owner_Account": "ghost"}, {"MemberList": [{"Member_Account": "ghost"}]}])
@pytest.mark.parametrize("kind", WITH_MEMBERS)
def test_unregistered_owner_or_member(world, kind, more):
    text = world.refused(10019, "create_group", Type=kind, Name="n", **more)
    assert next(iter(more)) in text


def test_unregistered_owner_of_a_live_room(world):
    world.refused(10019, "create_group", Type="AVChatRoom", Name="n", Owner_Account="ghost")


class TestChosenIds:
    @pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom", "AVChatRoom"])
    @pytest.mark.parametrize("group_id", ["a", "x" * 48, " ~!", "TGS#", "@TG", "@tgs#1"])
    def test_printable_ascii_to_48_bytes(self, sqlite_world, kind, group_id):
        assert sqlite_world.group(kind, owner=None, GroupId=group_id) == group_id

    @pytest.mark.parametrize("group_id", ["x" * 49, "é", "群", "a\n", "\x7f", "@TGS#", "@TGS#x", "@TGS#_x", "a\u0000"])
    def test_others_are_refused(self, sqlite_world, group_id):
        text = sqlite_world.refused(10004, "create_group", Type="Public", Name="n", GroupId=group_id)
        assert "GroupId" in text

    @pytest.mark.parametrize("group_id", ["@TGS#_x", "@TGS#_" + "x" * 42, "@TGS#_@TGS"])
    def test_community(self, sqlite_world, group_id):
        assert sqlite_world.group("Community", owner=None, GroupId=group_id) == group_id

    @pytest.mark.parametrize("group_id", ["x", "@TGS#", "@TGS#x", "@TGS#_@TGS#x", "@TGS#_" + "x" * 43, "@TGS#_é"])
    def test_community_refused(self, sqlite_world, group_id):
        text = sqlite_world.refused(10004, "create_group", Type="Community", Name="n", GroupId=group_id)
        assert "GroupId" in text

    @pytest.mark.parametrize("kind", KINDS)
    def test_generated_ids_differ(self, sqlite_world, kind):
        ids = {sqlite_world.group(kind, owner=None) for _ in range(200)}
        assert len(ids) == 200


class TestTakenIds:
    def test_by_owner(self, world):
        """10025 when the caller (or the owner he names) has it, 10021 when another has."""
        world.people("alice", "bob")
        world.group("Public", owner="alice", GroupId="taken")
        for kind in ("Public", "Private", "AVChatRoom"):
            world.refused(10025, "create_group", Type=kind, Name="n", GroupId="taken", Owner_Account="alice")
            world.refused(10021, "create_group", Type=kind, Name="n", GroupId="taken", Owner_Account="bob")
            world.refused(10021, "create_group", Type=kind, Name="n", GroupId="taken")
        world.refused(10025, "create_group", "alice", Type="Public", Name="n", GroupId="taken")
        world.refused(10021, "create_group", "bob", Type="Public", Name="n", GroupId="taken")

    def test_of_nobody(self, world):
        world.people("alice")
        world.group("Public", owner=None, GroupId="taken")
        world.refused(10021, "create_group", Type="Public", Name="n", GroupId="taken")
        world.refused(10021, "create_group", "alice", Type="Public", Name="n", GroupId="taken")

    def test_of_the_operator(self, world):
        world.group("Public", owner=ADMIN, GroupId="taken")
        world.refused(10025, "create_group", Type="Public", Name="n", GroupId="taken")

    def test_of_a_member_who_does_not_own(self, world):
        world.people("alice", "bob")
        world.group("Public", owner="alice", GroupId="taken", members=["bob"])
        world.refused(10021, "create_group", "bob", Type="Public", Name="n", GroupId="taken")

    def test_follows_a_transfer(self, world):
        world.people("alice", "bob")
        world.group("Public", owner="alice", GroupId="taken", members=["bob"])
        world.call("change_group_owner", GroupId="taken", NewOwner_Account="bob")
        world.refused(10021, "create_group", "alice", Type="Public", Name="n", GroupId="taken")
        world.refused(10025, "create_group", "bob", Type="Public", Name="n", GroupId="taken")

    def test_free_after_dissolving_and_nothing_is_inherited(self, world):
        world.people("alice", "bob")
        world.group("Public", owner="alice", GroupId="again", members=["bob"])
        world.call("destroy_group", GroupId="again")
        world.group("ChatRoom", owner="bob", GroupId="again")
        assert world.roles("again") == {"bob": "Owner"}
        assert world.info("again")["Type"] == "ChatRoom"
        assert world.info("again")["NextMsgSeq"] == 1
        assert world.stored("again") == []

    def test_the_same_id_in_another_app(self, world, make_world):
        other = make_world(world.engine)
        assert world.group(owner=None, GroupId="same") == other.group(owner=None, GroupId="same") == "same"
        other.call("destroy_group", GroupId="same")
        assert world.info("same")["ErrorCode"] == 0


class TestByAUser:
    def test_owns_what_he_makes_and_sees_it_as_created(self, world):
        world.people("alice", "bob")
        answer = world.call("create_group", "alice", Type="Public", Name="mine", MemberList=[{"Member_Account": "bob"}])
        group = answer["GroupId"]
        assert world.roles(group) == {"alice": "Owner", "bob": "Member"}
        assert answer["GroupInfo"]["Owner_Account"] == "alice"
        fresh = world.info(group)
        assert all(fresh[name] == value for name, value in answer["GroupInfo"].items())

    @pytest.mark.parametrize("owner", ["alice", "", None])
    def test_may_name_himself(self, sqlite_world, owner):
        sqlite_world.people("alice")
        answer = sqlite_world.call("create_group", "alice", Type="Public", Name="mine", Owner_Account=owner)
        assert sqlite_world.info(answer["GroupId"])["Owner_Account"] == "alice"

    def test_may_not_name_another_owner(self, world):
        world.people("alice", "bob")
        text = world.refused(10007, "create_group", "alice", Type="Public", Name="n", Owner_Account="bob")
        assert "Owner_Account" in text

    def test_member_fields_count_where_the_creator_has_the_right(self, world):
        """Join time and read seq are the server's; the receive option is each member's own; mutes are the owner's."""
        world.people("alice", "bob")
        extra = {"JoinTime": 1, "MsgSeq": 9, "MsgFlag": "Discard", "MuteTime": 60, "NameCard": "c"}
        answer = world.call(
            "create_group", "alice", Type="Public", Name="n",
            MemberList=[{"Member_Account": "bob", **extra}, {"Member_Account": "alice", **extra}],
        )  # fmt: skip
        bob, alice = (world.member(answer["GroupId"], user) for user in ("bob", "alice"))
        assert (bob["JoinTime"], bob["MsgSeq"], bob["MsgFlag"], bob["MuteUntil"]) == (
            NOW,
            0,
            "AcceptAndNotify",
            NOW + 60,
        )
        assert (alice["JoinTime"], alice["MsgFlag"], alice["MuteUntil"]) == (NOW, "Discard", 0)

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_kind(self, sqlite_world, kind):
        sqlite_world.people("alice")
        answer = sqlite_world.call("create_group", "alice", Type=kind, Name="n")
        assert sqlite_world.info(answer["GroupId"])["Owner_Account"] == "alice"


def test_a_mute_for_good_and_in_a_kind_without_mutes(world):
    world.people("owner", "bob")
    members = [{"Member_Account": "bob", "MuteTime": 4294967295}]
    assert world.member(world.group("Public", MemberList=members), "bob")["MuteUntil"] == 4294967295
    assert world.member(world.group("Private", MemberList=members), "bob")["MuteUntil"] == 0


class TestCommunity:
    def test_topics(self, world):
        answer = world.call(
            "create_group", Type="Community", Name="n", SupportTopic=1, EnablePermission=1, DefaultPermission=5
        )
        assert answer == {"GroupId": answer["GroupId"], "Type": "Community", "HugeGroupFlag": 0}
        assert world.info(answer["GroupId"]).items() >= {"SupportTopic": 1, "EnablePermission": 1}.items()

    @pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom", "AVChatRoom"])
    def test_topics_are_for_communities_only(self, sqlite_world, kind):
        assert "SupportTopic" in sqlite_world.refused(10004, "create_group", Type=kind, Name="n", SupportTopic=1)

    def test_permission_groups_need_topics(self, sqlite_world):
        for more in ({"EnablePermission": 1}, {"SupportTopic": 1, "DefaultPermission": 1}):
            sqlite_world.refused(10004, "create_group", Type="Community", Name="n", **more)

    def test_needs_the_switch(self, world):
        world.app = switched(world.app, community=False)
        world.refused(11000, "create_group", Type="Community", Name="n")
        world.people("alice")
        world.refused(11000, "create_group", "alice", Type="Community", Name="n")

    def test_join_options_are_fixed(self, sqlite_world):
        """Not refused, for clients send them always; never in force."""
        group = sqlite_world.group(
            "Community", owner=None, ApplyJoinOption="DisableApply", InviteJoinOption="DisableInvite"
        )
        read = sqlite_world.info(group)
        assert (read["ApplyJoinOption"], read["InviteJoinOption"]) == ("FreeAccess", "FreeAccess")


class TestCustomFields:
    def test_unknown_key_and_wrong_kind(self, world):
        for key in ("nothing", "work_g"):
            text = world.refused(
                10004, "create_group", Type="Public", Name="n", AppDefinedData=[{"Key": key, "Value": "v"}]
            )
            assert "AppDefinedData" in text
            assert key in text
        group = world.group("Private", owner=None, AppDefinedData=[{"Key": "work_g", "Value": "v"}])
        assert world.info(group)["AppDefinedData"] == [{"Key": "work_g", "Value": "v"}]

    def test_write_levels(self, world):
        world.people("alice")
        fields = {"Type": "Public", "Name": "n"}
        for key in ("open_g", "owner_g", "any_g"):
            world.call("create_group", "alice", **fields, AppDefinedData=[{"Key": key, "Value": "v"}])
        world.refused(10007, "create_group", "alice", **fields, AppDefinedData=[{"Key": "admin_g", "Value": "v"}])
        world.call("create_group", **fields, AppDefinedData=[{"Key": "admin_g", "Value": "v"}])

    def test_member_fields(self, world):
        world.people("owner", "bob")

        def members(key):
            return [{"Member_Account": "bob", "AppMemberDefinedData": [{"Key": key, "Value": "v"}]}]

        world.refused(10004, "create_group", Type="Public", Name="n", MemberList=members("nothing"))
        world.refused(10004, "create_group", Type="ChatRoom", Name="n", MemberList=members("pub_m"))
        world.refused(10007, "create_group", "owner", Type="Public", Name="n", MemberList=members("admin_m"))
        group = world.group("Public", MemberList=members("pub_m"))
        assert world.member(group, "bob")["AppMemberDefinedData"] == [{"Key": "pub_m", "Value": "v"}]

    def test_the_later_of_two_values_counts(self, sqlite_world):
        pairs = [{"Key": "open_g", "Value": "1"}, {"Key": "open_g", "Value": "2"}]
        group = sqlite_world.group(owner=None, AppDefinedData=pairs)
        assert sqlite_world.info(group)["AppDefinedData"] == [{"Key": "open_g", "Value": "2"}]

    def test_an_empty_value_is_no_value(self, sqlite_world):
        """An empty Value deletes the key (doc 1047/33529); a new group has it never."""
        group = sqlite_world.group(owner=None, AppDefinedData=[{"Key": "open_g", "Value": ""}])
        assert sqlite_world.info(group)["AppDefinedData"] == []


class TestMemberCaps:
    def test_members_over_the_groups_own_limit(self, world):
        world.people("owner", "bob", "carl")
        fields = {"Type": "Public", "Name": "n", "Owner_Account": "owner"}
        members = [{"Member_Account": "bob"}, {"Member_Account": "carl"}]
        text = world.refused(10038, "create_group", **fields, MaxMemberCount=2, MemberList=members)
        assert "2" in text
        world.call("create_group", **fields, MaxMemberCount=3, MemberList=members)

    def test_old_name_of_the_field(self, sqlite_world):
        assert sqlite_world.info(sqlite_world.group(owner=None, MaxMemberNum=9))["MaxMemberNum"] == 9

    def test_no_live_room_has_one(self, sqlite_world):
        assert sqlite_world.info(sqlite_world.group("AVChatRoom", owner=None, MaxMemberCount=9))["ErrorCode"] == 0


def test_a_refused_creation_leaves_nothing_to_count(world):
    """The last check refuses after the first writes: counters, notices and members are as before."""
    world.people("alice", "bob")
    world.group("Public", owner="alice", GroupId="taken")
    before = world.dump()
    for _ in range(3):
        world.refused(
            10021, "create_group", Type="Public", Name="n", GroupId="taken", Owner_Account="bob",
            MemberList=[{"Member_Account": "alice"}],
        )  # fmt: skip
    assert world.dump() == before
    assert world.call("get_appid_group_list")["TotalCount"] == 1


@pytest.mark.parametrize(
    ("more", "owner"), [({}, ADMIN), ({"Owner_Account": ""}, ""), ({"Owner_Account": "bob"}, "bob")]
)
def test_by_an_administrator_at_the_gateway(world, more, owner):
    """As a user he owns what he makes; as an administrator he may name another owner, or nobody."""
    world.people("bob")
    answer = world.call("create_group", ADMIN, Type="Public", Name="n", **more)
    assert answer["GroupInfo"]["Owner_Account"] == owner
    assert world.info(answer["GroupId"])["Owner_Account"] == owner


def test_of_a_member_named_twice_the_first_naming_counts(world):
    world.people("bob")
    group = world.group(owner=None, MemberList=[{"Member_Account": "bob", "NameCard": card} for card in ("1st", "2nd")])
    assert world.member(group, "bob")["NameCard"] == "1st"


@pytest.mark.parametrize("owned", [True, False])
def test_many_first_members_plain_ones_and_others(world, owned):
    people = [f"u{number:02d}" for number in range(25)]
    world.people("owner", *people)
    listed = [{"Member_Account": user, **({"NameCard": user} if user in {"u03", "u17"} else {})} for user in people]
    group = world.group(owner="owner" if owned else None, MemberList=listed)
    roles = dict.fromkeys(people, "Member") | ({"owner": "Owner"} if owned else {})
    assert world.roles(group) == roles
    assert world.info(group)["MemberNum"] == len(roles)
    assert [m["Member_Account"] for m in world.members(group) if m["NameCard"]] == ["u03", "u17"]


def test_ids_differ_by_case_and_an_empty_one_is_no_choice(world):
    assert world.group(owner=None, GroupId="team") == "team"
    assert world.group(owner=None, GroupId="TEAM") == "TEAM"
    assert world.group(owner=None, GroupId="").startswith("@TGS#2")
