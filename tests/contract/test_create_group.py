"""create_group on both engines: what it makes, what it refuses, and that a refusal leaves nothing behind."""

from __future__ import annotations

import re

import pytest

from qunzhu.core.command import BY_NAME
from worlds import ADMIN, DAY, KINDS, NOW, WITH_ADMINS, WITH_MEMBERS, on_plan, switched

#: From the pages 1047/33529, 33530 and 34895: apply option, invite option, older history, most members without a plan.
DEFAULTS = {
    "Private": ("DisableApply", "FreeAccess", "Off", 6000),
    "Public": ("NeedPermission", "DisableInvite", "Off", 6000),
    "ChatRoom": ("FreeAccess", "DisableInvite", "On", 6000),
    "AVChatRoom": ("FreeAccess", "DisableInvite", "Off", 0),
    "Community": ("FreeAccess", "FreeAccess", "Off", 1_000_000),
}
GENERATED = {
    "Private": r"@TGS#1[0-9A-Z]{17}", "Public": r"@TGS#2[0-9A-Z]{17}", "ChatRoom": r"@TGS#3[0-9A-Z]{17}",
    "AVChatRoom": r"@TGS#a[0-9A-Z]{17}", "Community": r"@TGS#_@TGS#c[0-9A-Z]{17}",
}  # fmt: skip
#: Kinds that store a notice of new members; a Work group sleeps until its owner's first message.
STORES_CREATION = {"Public", "Community"}
#: When the next day begins in the app's time zone (UTC+8), in seconds after NOW.
MIDNIGHT = 64_000


@pytest.mark.parametrize("kind", KINDS)
def test_bare(world, kind):
    answer = world.call("create_group", Type=kind, Name="g")
    assert answer.keys() == {"GroupId", "Type"}
    assert answer["Type"] == kind
    assert re.fullmatch(GENERATED[kind], answer["GroupId"])
    apply, invite, history, most = DEFAULTS[kind]
    info = world.info(answer["GroupId"])
    members = info.pop("MemberList", [])
    assert members == []
    assert info == {
        "ErrorCode": 0, "ErrorInfo": "", "GroupId": answer["GroupId"], "Type": kind, "Appid": world.app.sdkappid,
        "Name": "g", "Introduction": "", "Notification": "", "FaceUrl": "", "Owner_Account": "", "CreateTime": NOW,
        "InfoSeq": 0, "LastInfoTime": NOW, "LastMsgTime": 0, "NextMsgSeq": 1, "MemberNum": 0, "MaxMemberNum": most,
        "ApplyJoinOption": apply, "InviteJoinOption": invite, "MuteAllMember": "Off", "ShutUpAllMember": "Off",
        "HistoryMsgBeforeJoin": history, "SupportTopic": 0, "EnablePermission": 0, "DefaultPermission": 0,
        "AppDefinedData": [],
    }  # fmt: skip


@pytest.mark.parametrize(("new", "old"), [("Work", "Private"), ("Meeting", "ChatRoom")])
def test_new_names_of_kinds(world, new, old):
    assert world.call("create_group", Type=new, Name="g")["Type"] == old


@pytest.mark.parametrize("kind", WITH_MEMBERS)
def test_with_owner_and_members(world, kind):
    world.people("owner", "bob", "cid")
    told = len(world.events)
    group = world.group(kind, members=["bob", "cid"])
    assert world.roles(group) == {"owner": "Owner", "bob": "Member", "cid": "Member"}
    info = world.info(group)
    stored = kind in STORES_CREATION
    assert info["MemberNum"] == 3
    assert info["NextMsgSeq"] == 1 + stored
    assert info["LastMsgTime"] == (NOW if stored else 0)
    [event] = world.events[told:]
    assert (event.group_id, event.owner, event.members, event.operator) == (group, "owner", ["bob", "cid"], ADMIN)
    assert event.told == stored
    assert [(n["at_seq"], n["members"]) for n in world.stored(group)] == ([(1, ["bob", "cid"])] if stored else [])
    flag = "AcceptNotNotify" if kind == "ChatRoom" else "AcceptAndNotify"
    assert {m["MsgFlag"] for m in world.members(group)} == {flag}


@pytest.mark.parametrize("kind", WITH_MEMBERS)
def test_an_owner_alone_makes_no_notice(world, kind):
    world.people("owner")
    group = world.group(kind)
    assert world.roles(group) == {"owner": "Owner"}
    assert world.info(group)["NextMsgSeq"] == 1
    assert world.stored(group) == []


def test_every_field(world):
    world.people("owner", "bob")
    group = world.group(
        "Public", GroupId="team-1", Name="名" * 10, Introduction="a\nb", Notification="n\tm", FaceUrl="http://x/y",
        MaxMemberCount=7, ApplyJoinOption="FreeAccess", InviteJoinOption="NeedPermission",
        AppDefinedData=[{"Key": "open_g", "Value": "\x00 any"}, {"Key": "admin_g", "Value": "v"}],
        MemberList=[{
            "Member_Account": "bob", "Role": "Admin", "NameCard": "Bob", "MsgFlag": "Discard", "MuteTime": 60,
            "JoinTime": 5, "MsgSeq": 9,
            "AppMemberDefinedData": [{"Key": "open_m", "Value": "1"}, {"Key": "pub_m", "Value": "2"}],
        }],
    )  # fmt: skip
    assert group == "team-1"
    info = world.info(group)
    assert {name: info[name] for name in (
        "Name", "Introduction", "Notification", "FaceUrl", "MaxMemberNum", "ApplyJoinOption", "InviteJoinOption",
    )} == {
        "Name": "名" * 10, "Introduction": "a\nb", "Notification": "n\tm", "FaceUrl": "http://x/y", "MaxMemberNum": 7,
        "ApplyJoinOption": "FreeAccess", "InviteJoinOption": "NeedPermission",
    }  # fmt: skip
    assert sorted(info["AppDefinedData"], key=str) == [
        {"Key": "admin_g", "Value": "v"},
        {"Key": "open_g", "Value": "\x00 any"},
    ]
    assert world.member(group, "bob") == {
        "Member_Account": "bob", "Role": "Admin", "NameCard": "Bob", "MsgFlag": "Discard", "MuteUntil": NOW + 60,
        "ShutUpUntil": NOW + 60, "JoinTime": 5, "MsgSeq": 9, "LastSendMsgTime": 0,
        "AppMemberDefinedData": [{"Key": "open_m", "Value": "1"}, {"Key": "pub_m", "Value": "2"}],
    }  # fmt: skip


def test_a_user_creates_and_owns(world):
    world.people("ann", "bob")
    answer = world.call(
        "create_group", by="ann", Type="Public", Name="g",
        MemberList=[{"Member_Account": "bob", "JoinTime": 5, "MsgSeq": 9, "MsgFlag": "Discard", "NameCard": "B"}],
    )  # fmt: skip
    info = answer["GroupInfo"]
    assert (info["Owner_Account"], info["MemberNum"], info["Name"]) == ("ann", 2, "g")
    bob = world.member(answer["GroupId"], "bob")
    # Join time, read seq and another's receive option are the server's; the card is the creator's to give.
    assert (bob["JoinTime"], bob["MsgSeq"], bob["MsgFlag"], bob["NameCard"]) == (NOW, 0, "AcceptAndNotify", "B")


def test_a_user_may_not_create_for_another(world):
    world.people("ann", "bob")
    assert "Owner_Account" in world.refused(10007, "create_group", by="ann", Type="Public", Name="g", Owner_Account="bob")


@pytest.mark.parametrize(("fields", "owner"), [({}, ADMIN), ({"Owner_Account": ""}, ""), ({"Owner_Account": "bob"}, "bob")])
def test_an_administrator_at_the_gateway(world, fields, owner):
    world.people("bob")
    answer = world.call("create_group", by=ADMIN, Type="Public", Name="g", **fields)
    assert answer["GroupInfo"]["Owner_Account"] == owner


def test_a_user_named_twice_counts_once_and_the_first_naming_holds(world):
    world.people("owner", "bob")
    group = world.group(MemberList=[
        {"Member_Account": "bob", "NameCard": "first"}, {"Member_Account": "bob", "NameCard": "second"},
        {"Member_Account": "owner", "NameCard": "me", "Role": "Admin"},
    ])  # fmt: skip
    assert world.roles(group) == {"owner": "Owner", "bob": "Member"}
    assert world.info(group)["MemberNum"] == 2
    assert world.member(group, "bob")["NameCard"] == "first"
    assert world.member(group, "owner")["NameCard"] == "me"


@pytest.mark.parametrize("kind", WITH_ADMINS[:2] + ("Community",))
def test_initial_administrators(world, kind):
    world.people("owner", "bob")
    group = world.group(kind, MemberList=[{"Member_Account": "bob", "Role": "Admin"}]) if kind != "AVChatRoom" else None
    assert group is None or world.roles(group)["bob"] == "Admin"


def test_a_work_group_has_no_administrators(world):
    world.people("owner", "bob")
    text = world.refused(
        10007, "create_group", Type="Private", Name="g", Owner_Account="owner",
        MemberList=[{"Member_Account": "bob", "Role": "Admin"}],
    )  # fmt: skip
    assert "Role" in text


def test_the_role_of_an_initial_member_is_member_or_admin(world):
    world.people("owner", "bob")
    text = world.refused(
        10004, "create_group", Type="Public", Name="g", MemberList=[{"Member_Account": "bob", "Role": "Owner"}]
    )
    assert "Role" in text


@pytest.mark.parametrize(("kind", "seconds", "until"), [
    ("Public", 60, NOW + 60), ("Public", 4294967295, 4294967295), ("Public", 0, 0), ("Private", 60, 0),
])  # fmt: skip
def test_initial_mute(world, kind, seconds, until):
    world.people("owner", "bob")
    group = world.group(kind, MemberList=[{"Member_Account": "bob", "MuteTime": seconds}])
    assert world.member(group, "bob")["MuteUntil"] == until


def test_a_live_room_takes_no_members_but_an_owner(world):
    world.people("owner", "bob")
    assert "MemberList" in world.refused(
        10007, "create_group", Type="AVChatRoom", Name="g", Owner_Account="owner",
        MemberList=[{"Member_Account": "bob"}],
    )  # fmt: skip
    group = world.group("AVChatRoom")
    assert world.roles(group) == {}
    assert (world.info(group)["Owner_Account"], world.info(group)["MemberNum"]) == ("owner", 0)


def test_unregistered_accounts(world):
    world.people("owner")
    for kind in KINDS:
        assert "Owner_Account" in world.refused(10019, "create_group", Type=kind, Name="g", Owner_Account="nobody")
    assert "nobody" in world.refused(
        10019, "create_group", Type="Public", Name="g", Owner_Account="owner",
        MemberList=[{"Member_Account": "owner"}, {"Member_Account": "nobody"}],
    )  # fmt: skip


# Ids


@pytest.mark.parametrize("group_id", ["a", "a" * 48, "!~ #@TGS#", "@TGS", "@tgs#1", "x@TGS#1"])
def test_chosen_ids(world, group_id):
    assert world.call("create_group", Type="Public", Name="g", GroupId=group_id)["GroupId"] == group_id


@pytest.mark.parametrize("group_id", ["@TGS#_a", "@TGS#_" + "a" * 42])
def test_chosen_ids_of_a_community(world, group_id):
    assert world.call("create_group", Type="Community", Name="g", GroupId=group_id)["GroupId"] == group_id


@pytest.mark.parametrize(("kind", "group_id"), [
    ("Public", "a" * 49), ("Public", "@TGS#"), ("Public", "@TGS#1A"), ("Public", "@TGS#_a"), ("Public", "群"),
    ("Public", "a\tb"), ("Public", "a\x7f"), ("Public", "é"), ("Private", "@TGS#x"), ("AVChatRoom", "@TGS#a1"),
    ("Community", "team"), ("Community", "@TGS#1"), ("Community", "@TGS#_@TGS#c1"), ("Community", "@TGS#_"),
    ("Community", "@TGS#_" + "a" * 43), ("Community", "@TGS#_a@TOPIC#_b"),
])  # fmt: skip
def test_ids_that_nobody_may_choose(world, kind, group_id):
    assert "GroupId" in world.refused(10004, "create_group", Type=kind, Name="g", GroupId=group_id)


def test_an_empty_id_is_no_choice(world):
    assert world.call("create_group", Type="Public", Name="g", GroupId="")["GroupId"].startswith("@TGS#2")


def test_an_id_that_is_taken(world):
    world.people("ann", "bob")
    create = {"Type": "Public", "Name": "g", "GroupId": "team"}
    world.call("create_group", by="ann", **create)
    world.refused(10025, "create_group", by="ann", **create)
    world.refused(10021, "create_group", by="bob", **create)
    world.refused(10021, "create_group", **create)
    world.refused(10021, "create_group", **create, Owner_Account="bob")
    # The administrator who repeats his own call names the owner again.
    world.refused(10025, "create_group", **create, Owner_Account="ann")


def test_one_namespace_for_all_kinds(world):
    world.group("Public", owner=None, GroupId="team")
    for kind in ("Private", "ChatRoom", "AVChatRoom"):
        world.refused(10021, "create_group", Type=kind, Name="g", GroupId="team")


def test_ids_differ_by_case(world):
    world.group(owner=None, GroupId="team")
    assert world.group(owner=None, GroupId="TEAM") == "TEAM"


def test_an_id_is_free_after_the_group_was_dissolved(world):
    world.people("ann", "bob")
    world.group(owner="ann", members=["bob"], GroupId="team", Introduction="old")
    world.call("destroy_group", GroupId="team")
    world.call("create_group", by="bob", Type="ChatRoom", Name="new", GroupId="team")
    info = world.info("team")
    assert (info["Type"], info["Owner_Account"], info["Introduction"], info["MemberNum"], info["NextMsgSeq"]) == (
        "ChatRoom", "bob", "", 1, 1,
    )  # fmt: skip
    assert world.stored("team") == []


def test_an_id_of_another_app_is_free(world, make_world):
    other = make_world(world.engine)
    for each in (world, other):
        each.group(owner=None, GroupId="team")


# Custom fields


def test_custom_fields_that_a_creator_may_write(world):
    world.people("ann")
    data = [{"Key": key, "Value": "v"} for key in ("open_g", "owner_g", "any_g")]
    group = world.call("create_group", by="ann", Type="Public", Name="g", AppDefinedData=data)["GroupId"]
    assert sorted(world.info(group)["AppDefinedData"], key=str) == sorted(data, key=str)


@pytest.mark.parametrize(("by", "kind", "key", "code"), [
    ("ann", "Public", "admin_g", 10007), (None, "Public", "nothing", 10004), (None, "Public", "work_g", 10004),
    (None, "Private", "work_g", 0), (None, "Community", "open_g", 0), (None, "AVChatRoom", "owner_g", 0),
])  # fmt: skip
def test_custom_fields_of_a_group(world, by, kind, key, code):
    world.people("ann")
    fields = {"Type": kind, "Name": "g", "AppDefinedData": [{"Key": key, "Value": "v"}]}
    if code:
        assert key in world.refused(code, "create_group", by, **fields)
    else:
        assert world.code("create_group", by, **fields) == 0


@pytest.mark.parametrize(("by", "kind", "key", "code"), [
    ("ann", "Public", "admin_m", 10007), (None, "Public", "nothing", 10004), (None, "Private", "pub_m", 10004),
    ("ann", "Public", "pub_m", 0), (None, "Private", "admin_m", 0),
])  # fmt: skip
def test_custom_fields_of_a_member(world, by, kind, key, code):
    world.people("ann", "bob")
    member = {"Member_Account": "bob", "AppMemberDefinedData": [{"Key": key, "Value": "v"}]}
    fields = {"Type": kind, "Name": "g", "MemberList": [member]}
    if code:
        assert key in world.refused(code, "create_group", by, **fields)
    else:
        assert world.code("create_group", by, **fields) == 0


def test_an_empty_custom_value_is_not_kept(world):
    group = world.group(owner=None, AppDefinedData=[{"Key": "open_g", "Value": ""}])
    assert world.info(group)["AppDefinedData"] == []


# Communities and topics


def test_a_community_with_topics(world):
    answer = world.call(
        "create_group", Type="Community", Name="g", SupportTopic=1, EnablePermission=1, DefaultPermission=2**63 - 1
    )
    assert answer["HugeGroupFlag"] == 0
    info = world.info(answer["GroupId"])
    assert (info["SupportTopic"], info["EnablePermission"], info["DefaultPermission"]) == (1, 1, 2**63 - 1)


@pytest.mark.parametrize(("kind", "fields", "named"), [
    ("Public", {"SupportTopic": 1}, "SupportTopic"), ("Community", {"EnablePermission": 1}, "EnablePermission"),
    ("Community", {"SupportTopic": 1, "DefaultPermission": 1}, "DefaultPermission"),
])  # fmt: skip
def test_topics_elsewhere(world, kind, fields, named):
    assert named in world.refused(10004, "create_group", Type=kind, Name="g", **fields)


def test_join_options_of_a_community_are_fixed(world):
    group = world.group("Community", owner=None, ApplyJoinOption="DisableApply", InviteJoinOption="DisableInvite")
    info = world.info(group)
    assert (info["ApplyJoinOption"], info["InviteJoinOption"]) == ("FreeAccess", "FreeAccess")


def test_communities_need_plan_and_switch(world):
    world.app = on_plan(world.app, "legacy-pro")
    world.refused(10059, "create_group", Type="Community", Name="g")
    world.app = on_plan(world.app, "legacy-flagship", community=None)
    world.refused(11000, "create_group", Type="Community", Name="g")
    world.app = on_plan(world.app, "legacy-flagship")
    assert world.code("create_group", Type="Community", Name="g") == 0
    world.app = switched(on_plan(world.app, "open"), community=False)
    world.refused(11000, "create_group", Type="Community", Name="g")


# Caps by plan


def test_existing_groups(world, caps):
    caps(world, groups=3)
    for kind in ("Private", "Public", "ChatRoom"):
        last = world.group(kind, owner=None)
    for kind in ("Private", "Public", "ChatRoom"):
        assert "3" in world.refused(10058, "create_group", Type=kind, Name="g")
    assert world.code("create_group", Type="AVChatRoom", Name="g") == 0
    assert world.code("create_group", Type="Community", Name="g") == 0
    world.call("destroy_group", GroupId=last)
    assert world.code("create_group", Type="Public", Name="g") == 0
    world.refused(10058, "create_group", Type="Public", Name="g")


def test_existing_live_rooms(world, caps):
    caps(world, live_rooms=2)
    rooms = [world.group("AVChatRoom", owner=None) for _ in range(2)]
    world.refused(10036, "create_group", Type="AVChatRoom", Name="g")
    assert world.code("create_group", Type="Public", Name="g") == 0
    world.call("destroy_group", GroupId=rooms[0])
    assert world.code("create_group", Type="AVChatRoom", Name="g") == 0


def test_existing_communities(world, caps):
    caps(world, communities=1)
    assert world.code("create_group", Type="Community", Name="g") == 0
    world.refused(10058, "create_group", Type="Community", Name="g")


def test_the_daily_growth(world, caps):
    caps(world, net_groups_a_day=2, daily_excludes_communities=True)
    first = world.group(owner=None)
    world.group("AVChatRoom", owner=None)
    world.refused(10006, "create_group", Type="Private", Name="g")
    world.refused(10006, "create_group", Type="AVChatRoom", Name="g")
    assert world.code("create_group", Type="Community", Name="g") == 0
    world.call("destroy_group", GroupId=first)
    world.group(owner=None)
    world.refused(10006, "create_group", Type="Public", Name="g")


def test_the_daily_growth_follows_the_calendar_of_the_app(world, caps):
    caps(world, net_groups_a_day=1)
    yesterday = world.group(owner=None)
    world.now = NOW + MIDNIGHT - 1
    world.refused(10006, "create_group", Type="Public", Name="g")
    world.now = NOW + MIDNIGHT
    world.group(owner=None)
    world.refused(10006, "create_group", Type="Public", Name="g")
    # Net is what was created less what was dissolved on the same day, whenever that was created.
    world.call("destroy_group", GroupId=yesterday)
    world.group(owner=None)
    world.refused(10006, "create_group", Type="Public", Name="g")
    world.now = NOW + MIDNIGHT + DAY
    world.group(owner=None)


def test_another_time_zone(world, caps):
    caps(world, net_groups_a_day=1)
    world.app = switched(world.app, utc_offset_minutes=0)
    world.group(owner=None)
    world.now = NOW + 6399
    world.refused(10006, "create_group", Type="Public", Name="g")
    world.now = NOW + 6400
    world.group(owner=None)


def test_communities_count_daily_in_older_plans(world, caps):
    caps(world, net_groups_a_day=1, daily_excludes_communities=False)
    world.group("Community", owner=None)
    world.refused(10006, "create_group", Type="Public", Name="g")


def test_groups_of_a_user(world, caps):
    world.people("ann", "bob")
    caps(world, groups_per_user=2)
    for _ in range(2):
        world.group(owner="ann")
    assert "ann" in world.refused(10037, "create_group", Type="Public", Name="g", Owner_Account="ann")
    world.refused(10037, "create_group", by="ann", Type="Private", Name="g")
    text = world.refused(
        10037, "create_group", Type="Public", Name="g", Owner_Account="bob", MemberList=[{"Member_Account": "ann"}]
    )
    assert "ann" in text
    assert world.code("create_group", Type="Public", Name="g", Owner_Account="bob") == 0
    assert world.code("create_group", Type="Public", Name="g") == 0


def test_members_of_a_group(world, caps):
    world.people("owner", "bob", "cid")
    caps(world, group_members=2, community_members=3)
    assert "MaxMemberCount" in world.refused(10038, "create_group", Type="Public", Name="g", MaxMemberCount=3)
    people = [{"Member_Account": user} for user in ("bob", "cid")]
    assert "MemberList" in world.refused(
        10038, "create_group", Type="Private", Name="g", Owner_Account="owner", MemberList=people
    )
    assert world.info(world.group(owner=None, MemberList=people))["MaxMemberNum"] == 2
    assert world.info(world.group("Community", MemberList=people))["MaxMemberNum"] == 3
    assert world.info(world.group(MaxMemberCount=1))["MaxMemberNum"] == 1
    world.refused(10038, "create_group", Type="Public", Name="g", MaxMemberCount=1, MemberList=people)


def test_the_old_name_of_the_member_limit(world):
    assert world.info(world.group(owner=None, MaxMemberNum=7))["MaxMemberNum"] == 7


@pytest.mark.parametrize(("field", "value", "code"), [
    ("Type", "BChatRoom", 10004), ("Type", "private", 10004), ("Name", "", 10004), ("ApplyJoinOption", "Free", 10004),
    ("InviteJoinOption", "DisableApply", 10004), ("MaxMemberCount", 0, 10004), ("SupportTopic", 2, 10004),
    ("DefaultPermission", 2**63, 10004), ("MemberList", [{}], 10004), ("MemberList", [{"Member_Account": 1}], 60015),
    ("MemberList", [{"Member_Account": "a"}] * 101, 10005), ("Owner_Account", 7, 60015),
    ("AppDefinedData", [{"Key": "1a", "Value": ""}], 10004), ("AppDefinedData", [{"Key": "open_g"}], 10004),
])  # fmt: skip
def test_wrong_values(world, field, value, code):
    assert field in world.refused(code, "create_group", **{"Type": "Public", "Name": "g", field: value})


def test_the_documented_codes_are_listed():
    listed = {row.code for row in BY_NAME["create_group"].errors}
    assert listed >= {10004, 10005, 10006, 10007, 10021, 10025, 10036, 10037, 10038, 10058}
