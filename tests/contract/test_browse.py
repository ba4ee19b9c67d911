"""What the console reads of a store: groups that are looked for, rights, applications; on both engines."""

from __future__ import annotations

import pytest

from qunzhu.commands import _browse
from qunzhu.commands._browse import applications_in, rights_in, search_groups
from qunzhu.core.errors import Refused
from qunzhu.core.rights import Action
from worlds import ADMIN, KINDS


def found(world, text="", kind="", owner="", limit=50):
    """Return the ids of all pages, and how many calls it took."""
    ids, place, calls = [], "", 0
    while True:
        page = world.store.read_now(search_groups, world.who(), text, kind, owner, place, limit)
        ids += [one.group_id for one in page.groups]
        assert len(page.groups) <= limit
        calls, place = calls + 1, page.next
        if not place:
            return ids, calls


@pytest.fixture
def groups(world):
    """Make groups of all kinds; return their ids, oldest first."""
    world.people("owner", "other", "bob")
    ids = []
    for number in range(10):
        kind = KINDS[number % 5]
        chosen = {"GroupId": f"{'@TGS#_' if kind == 'Community' else ''}team-{number}"}
        ids.append(world.group(kind, owner="owner" if number < 7 else "other", Name=f"Name {number} 50%_!", **chosen))
    return ids


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_all_groups_newest_first_page_by_page(world, groups, limit):
    ids, _ = found(world, limit=limit)
    assert ids == groups[::-1]


def test_each_is_shown_as_it_is(world, groups):
    page = world.store.read_now(search_groups, world.who(), "team-1", "", "", "", 50)
    [one] = page.groups
    assert (one.group_id, one.name, one.kind, one.owner, one.members) == (
        "team-1",
        "Name 1 50%_!",
        "Public",
        "owner",
        1,
    )
    assert page.total == len(groups)


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_by_the_begin_of_the_id_then_by_any_part(world, groups, limit):
    ids, _ = found(world, "team-", limit=limit)
    by_prefix = sorted(one for one in groups if one.startswith("team-"))
    assert ids == by_prefix + [one for one in groups[::-1] if one not in by_prefix]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NAME 3", [3]),
        ("50%", range(10)),
        ("0%_!", range(10)),
        ("%%", []),
        ("a_", []),
        ("EAM-4", [4]),
        ("nowhere", []),
        ("名", []),
    ],
)
def test_by_a_part_of_name_or_id(world, groups, text, expected):
    ids, _ = found(world, text)
    assert sorted(ids) == sorted(groups[number] for number in expected)


def test_a_name_that_is_not_ascii(world):
    group = world.group(owner=None, Name="早安群")
    assert found(world, "安") == ([group], 1)


@pytest.mark.parametrize("limit", [1, 50])
def test_by_kind_and_owner(world, groups, limit):
    assert found(world, kind="AVChatRoom", limit=limit)[0] == [groups[8], groups[3]]
    assert found(world, owner="other", limit=limit)[0] == groups[:6:-1]
    assert found(world, "name", kind="AVChatRoom", owner="other", limit=limit)[0] == [groups[8]]
    assert found(world, owner="nobody", limit=limit)[0] == []


def test_a_member_is_no_owner(world):
    world.people("owner", "bob")
    world.group(members=["bob"])
    assert found(world, owner="bob")[0] == []


def test_one_call_looks_at_so_many_rows(world, groups, monkeypatch):
    monkeypatch.setattr(_browse, "WINDOW", 3)
    ids, calls = found(world, "name 0")
    assert (ids, calls) == ([groups[0]], 4)
    page = world.store.read_now(search_groups, world.who(), "name 0", "", "", "", 50)
    assert (page.groups, page.searched) == ([], 3)


def test_a_strange_place_begins_anew(world, groups):
    for place in ("x", "n:", "n:x", "n:-1"):
        page = world.store.read_now(search_groups, world.who(), "", "", "", place, 50)
        assert [one.group_id for one in page.groups] == groups[::-1]


def test_who_is_in_a_live_room_is_counted(world):
    world.people("owner", "bob")
    room = world.group("AVChatRoom")
    world.there(room, "bob")
    page = world.store.read_now(search_groups, world.who(), room, "", "", "", 50)
    assert [one.members for one in page.groups] == [1]


@pytest.mark.parametrize(
    "read", [lambda tx, who: search_groups(tx, who, "", "", "", "", 1), lambda tx, who: rights_in(tx, who, "x", "bob")]
)
def test_only_administrators(world, read):
    with pytest.raises(Refused) as refused:
        world.store.read_now(read, world.who("bob"))
    assert refused.value.row.code == 60010


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("user", ["owner", "admin", "member", "outsider", ADMIN])
def test_a_right_is_given_where_the_command_does_it(world, kind, user):
    """For each action with a command of its own: what the table says of a user is what the command answers him."""
    world.people("owner", "admin", "member", "outsider")
    group = _with_roles(world, kind)
    rights = world.store.read_now(rights_in, world.who(), group, user)
    assert set(rights.actions) == {action.name for action in Action}
    assert rights.app_admin is (user == ADMIN)
    for action, name, fields in (
        ("READ_MEMBERS", "get_group_member_info", {}),
        ("EDIT_PROFILE", "modify_group_base_info", {"Introduction": "new"}),
        ("MUTE_ALL", "modify_group_base_info", {"MuteAllMember": "Off"}),
        ("TRANSFER", "change_group_owner", {"NewOwner_Account": "owner"}),
        ("READ_ATTRIBUTES", "get_group_attr", {}),
        ("DISSOLVE", "destroy_group", {}),
    ):
        right = rights.actions[action]
        code = world.code(name, user, GroupId=group, **fields)
        assert right.allowed is (code != 10007), (action, right, code)
        assert right.allowed is (right.reason == "")
        assert right.code in {0, 10007, 10004, 10009}


def _with_roles(world, kind):
    if kind == "AVChatRoom":
        group = world.group(kind)
        world.call("modify_admin", GroupId=group, CommandType=1, Admin_Account=["admin"])
        world.there(group, "member")
        return group
    members = [
        {"Member_Account": "admin", **({} if kind == "Private" else {"Role": "Admin"})},
        {"Member_Account": "member"},
    ]
    return world.group(kind, MemberList=members)


def test_upon_whom_a_role_may_act(world):
    world.people("owner", "admin", "member")
    group = _with_roles(world, "Public")
    over = {
        user: world.store.read_now(rights_in, world.who(), group, user).over
        for user in ("owner", "admin", "member", ADMIN)
    }
    assert over == {
        "owner": ["NotMember", "Member", "Admin"], "admin": ["NotMember", "Member"], "member": ["NotMember"],
        ADMIN: ["NotMember", "Member", "Admin"],
    }  # fmt: skip


def test_rights_by_a_permission_group(world):
    world.people("owner", "bob")
    group = world.group(
        "Community", MemberList=[{"Member_Account": "bob"}], SupportTopic=1, EnablePermission=1, DefaultPermission=1
    )
    rights = world.store.read_now(rights_in, world.who(), group, "bob")
    assert rights.actions["EDIT_PROFILE"].allowed
    assert not rights.actions["KICK"].allowed


def test_rights_of_nobody_and_in_no_group(world):
    world.people("owner")
    group = world.group()
    assert not world.store.read_now(rights_in, world.who(), group, "nobody").registered
    with pytest.raises(Refused) as refused:
        world.store.read_now(rights_in, world.who(), "nowhere", "owner")
    assert refused.value.row.code == 10010


def test_applications_of_a_group(world):
    world.people("owner", "bob", "carol")
    group, other = world.group(ApplyJoinOption="NeedPermission"), world.group(ApplyJoinOption="NeedPermission")
    for user in ("bob", "carol"):
        world.now += 1
        world.call("join_group", user, GroupId=group, Message=f"I am {user}")
    world.call("join_group", "bob", GroupId=other)
    page = world.store.read_now(applications_in, world.who(), group, 0, 1)
    assert [(one.user, one.message, one.handled_by) for one in page.applications] == [("carol", "I am carol", "")]
    rest = world.store.read_now(applications_in, world.who(), group, page.next, 1)
    assert ([one.user for one in rest.applications], rest.next) == (["bob"], 0)
    world.call("handle_group_application", ADMIN, GroupId=group, ApplicationId=page.applications[0].id, Accept=1)
    decided = world.store.read_now(applications_in, world.who(), group, 0, 50).applications[0]
    assert (decided.user, decided.handled_by, decided.accepted) == ("carol", ADMIN, True)
    assert world.roles(group)["carol"] == "Member"


def test_applications_where_nobody_decides(world):
    world.people("owner")
    with pytest.raises(Refused) as refused:
        world.store.read_now(applications_in, world.who(), world.group("Community"), 0, 50)
    assert refused.value.row.code == 10007
