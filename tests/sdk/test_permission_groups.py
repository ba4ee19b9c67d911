"""Permission groups through the SDK: every call, and what the listeners of two users are told, in order."""

from __future__ import annotations

import asyncio
import itertools
import json

from qunzhu.core.events import TopicPermissionsAdded, TopicPermissionsChanged, TopicPermissionsRemoved
from qunzhu.core.notices import change
from qunzhu.tim import TimRender
from qunzhu.tim.changes import CHANGES
from served import SDKAPPID, Server, signed_in, until

HELPERS = "@PMG#_helpers"
TOP = 2**64 - 1
LISTENERS = (
    "TIMSetCommunityCreatePermissionGroupCallback", "TIMSetCommunityDeletePermissionGroupCallback",
    "TIMSetCommunityChangePermissionGroupInfoCallback", "TIMSetCommunityAddMembersToPermissionGroupCallback",
    "TIMSetCommunityRemoveMembersFromPermissionGroupCallback", "TIMSetCommunityAddTopicPermissionCallback",
    "TIMSetCommunityDeleteTopicPermissionCallback", "TIMSetCommunityModifyTopicPermissionCallback",
)  # fmt: skip
_numbers = itertools.count(1)


def names(*users: str) -> list[str]:
    """Return user ids that no other test has."""
    number = next(_numbers)
    return [f"{user}p{number}" for user in users]


async def ask(tim: TimRender, call: str, **param):
    """Make a call that must succeed; return its json_param."""
    result = await getattr(tim, call)({**param, "user_data": "own"})
    assert result["code"] == 0, result
    assert result["desc"] == ""
    assert result["user_data"] == "own"
    assert result["json_params"] == result["json_param"]
    return result["json_param"]


async def failed(tim: TimRender, call: str, **param) -> int:
    """Make a call that must fail; return its code."""
    result = await getattr(tim, call)(param)
    assert result["desc"]
    return result["code"]


async def community(tim: TimRender, *members: str) -> str:
    """Create a community with topics in which permission groups are in use."""
    made = await tim.TIMGroupCreate(
        {
            "params": {
                "create_group_param_group_name": "a community",
                "create_group_param_group_type": 5,
                "create_group_param_is_support_topic": True,
                "create_group_param_enable_permission_group": True,
                "create_group_param_default_permissions": 0,
                "create_group_param_group_member_array": [
                    {"group_member_info_identifier": user, "group_member_info_member_role": 200} for user in members
                ],
            }
        }
    )
    assert made["code"] == 0, made
    return made["json_param"]["create_group_result_groupid"]


async def listen(tim: TimRender) -> list[tuple[str, str, object]]:
    """Set all eight listeners; return the list in which they write name, group and value."""
    told: list[tuple[str, str, object]] = []

    def heard(name: str):
        def write(args):
            group, text, data = args
            assert data == f"{name}'s own"
            told.append((name.removeprefix("TIMSetCommunity").removesuffix("Callback"), group, json.loads(text)))

        return write

    for name in LISTENERS:
        await getattr(tim, name)({"callback": heard(name), "user_data": f"{name}'s own"})
    return told


def info(group: str, permission_group: str, name: str, mask: int, custom: str, members: int) -> dict:
    """Return a PermissionGroupInfo as it is read."""
    return {
        "community_group_id": group, "permission_group_id": permission_group, "permission_group_name": name,
        "permission_custom_data": custom, "group_permission": mask, "permission_group_member_count": members,
    }  # fmt: skip


def test_groups_and_members(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, alice) as (owner, _), signed_in(server, bob) as (member, _):
            group = await community(owner, bob)
            lists = [await listen(tim) for tim in (owner, member)]
            where = {"group_id": group, "permission_group_id": HELPERS}
            made = await ask(
                owner, "TIMCommunityCreatePermissionGroupInCommunity",
                json_permission_group_info={
                    "community_group_id": group, "permission_group_id": HELPERS, "permission_group_name": "帮手",
                    "permission_custom_data": "c", "group_permission": TOP,
                },
            )  # fmt: skip
            assert made == HELPERS
            second = await ask(
                owner, "TIMCommunityCreatePermissionGroupInCommunity",
                json_permission_group_info={"community_group_id": group, "permission_group_name": "two"},
            )  # fmt: skip
            assert second.startswith("@PMG#_@PMG#")
            changed = {
                "community_group_id": group, "permission_group_id": HELPERS, "permission_group_name": "Helpers",
                "permission_custom_data": "not this", "group_permission": 1, "permission_group_modify_info_flag": 3,
            }  # fmt: skip
            call = "TIMCommunityModifyPermissionGroupInfoInCommunity"
            assert await ask(owner, call, json_permission_group_info=changed) == ""
            added = await ask(
                owner, "TIMCommunityAddCommunityMembersToPermissionGroup", **where,
                json_member_id_array=[bob, "nobody at all"],
            )  # fmt: skip
            prefix = "permission_group_member_operation_result_"
            assert added == [
                {f"{prefix}identifier": bob, f"{prefix}error_code": 0},
                {f"{prefix}identifier": "nobody at all", f"{prefix}error_code": 10019},
            ]
            as_read = info(group, HELPERS, "Helpers", 1, "c", 1)
            other = info(group, second, "two", 0, "", 0)

            def results(*groups):
                return [
                    {
                        "permission_group_info_result_error_code": 0,
                        "permission_group_info_result_error_message": "",
                        "permission_group_info_result": one,
                    }
                    for one in groups
                ]

            call = "TIMCommunityGetPermissionGroupListInCommunity"
            both = await ask(member, call, group_id=group, json_permission_group_id_array=[])
            assert sorted(both, key=repr) == sorted(results(as_read, other), key=repr)
            named = await ask(member, call, group_id=group, json_permission_group_id_array=[HELPERS, "@PMG#_no"])
            assert named[:1] == results(as_read)
            assert named[1]["permission_group_info_result_error_code"] == 110006
            assert named[1]["permission_group_info_result"]["permission_group_id"] == "@PMG#_no"
            call = "TIMCommunityGetJoinedPermissionGroupListInCommunity"
            assert await ask(member, call, group_id=group) == results(as_read)
            assert await ask(owner, call, group_id=group) == []
            page = await ask(
                member, "TIMCommunityGetCommunityMemberListInPermissionGroup", **where, next_cursor=""
            )  # fmt: skip
            assert page["permission_group_member_info_result_next_cursor"] == ""
            [listed] = page["permission_group_member_info_result_array"]
            assert (listed["group_member_info_identifier"], listed["group_member_info_member_role"]) == (bob, 200)
            renamed = await member.TIMGroupModifyGroupInfo(
                {
                    "params": {
                        "group_modify_info_param_group_id": group,
                        "group_modify_info_param_modify_flag": 1,
                        "group_modify_info_param_group_name": "by bob",
                    }
                }
            )
            assert renamed["code"] == 0, renamed
            removed = await ask(
                owner, "TIMCommunityRemoveCommunityMembersFromPermissionGroup", **where, json_member_id_array=[bob]
            )
            assert removed == [{f"{prefix}identifier": bob, f"{prefix}error_code": 0}]
            gone = await ask(
                owner, "TIMCommunityDeletePermissionGroupFromCommunity", group_id=group,
                json_permission_group_id_array=[HELPERS, "@PMG#_no"],
            )  # fmt: skip
            prefix = "permission_group_operation_result_"
            assert [(item[f"{prefix}id"], item[f"{prefix}error_code"]) for item in gone] == [
                (HELPERS, 0), ("@PMG#_no", 110006),
            ]  # fmt: skip
            wanted = [
                ("CreatePermissionGroup", group, info(group, HELPERS, "帮手", TOP, "c", 0)),
                ("CreatePermissionGroup", group, other),
                ("ChangePermissionGroupInfo", group, info(group, HELPERS, "Helpers", 1, "c", 0)),
                ("AddMembersToPermissionGroup", group, {"permission_group_id": HELPERS, "member_id_list": [bob]}),
                ("RemoveMembersFromPermissionGroup", group, {"permission_group_id": HELPERS, "member_id_list": [bob]}),
                ("DeletePermissionGroup", group, [HELPERS]),
            ]
            await until(lambda: all(len(told) == len(wanted) for told in lists))
            assert lists == [wanted, wanted]

    asyncio.run(scenario())


def test_pages(server: Server):
    async def scenario():
        (alice,) = names("alice")
        async with signed_in(server, alice) as (owner, _):
            group = await community(owner)
            ids = [f"@PMG#_{number:02}" for number in range(23)]
            for one in ids:
                await ask(
                    owner, "TIMCommunityCreatePermissionGroupInCommunity",
                    json_permission_group_info={"community_group_id": group, "permission_group_id": one},
                )  # fmt: skip
            call = "TIMCommunityGetPermissionGroupListInCommunity"
            for asked in ([], ids):
                found = await ask(owner, call, group_id=group, json_permission_group_id_array=asked)
                assert [item["permission_group_info_result"]["permission_group_id"] for item in found] == ids

            many = [f"{alice}m{number:02}" for number in range(60)]
            server.rest("im_open_login_svc/multiaccount_import", Accounts=many)
            listed = [{"Member_Account": user} for user in many]
            server.rest("group_open_http_svc/add_group_member", GroupId=group, MemberList=listed)
            where = {"group_id": group, "permission_group_id": ids[0]}
            await ask(owner, "TIMCommunityAddCommunityMembersToPermissionGroup", **where, json_member_id_array=many)
            found, cursor = [], ""
            for size in (50, 10):
                page = await ask(
                    owner, "TIMCommunityGetCommunityMemberListInPermissionGroup", **where, next_cursor=cursor
                )
                cursor = page["permission_group_member_info_result_next_cursor"]
                assert len(page["permission_group_member_info_result_array"]) == size
                found += page["permission_group_member_info_result_array"]
            assert cursor == ""
            assert [item["group_member_info_identifier"] for item in found] == many

    asyncio.run(scenario())


def test_what_is_refused(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, alice) as (owner, _), signed_in(server, bob) as (member, _):
            group = await community(owner, bob)
            create = "TIMCommunityCreatePermissionGroupInCommunity"
            change = "TIMCommunityModifyPermissionGroupInfoInCommunity"
            here = {"community_group_id": group}
            assert await failed(member, create, json_permission_group_info=here) == 10007
            assert await failed(owner, create, json_permission_group_info={}) == -4
            assert await failed(owner, create) == -3
            assert await failed(owner, create, json_permission_group_info={**here, "group_permission": "1"}) == -4
            assert await failed(owner, create, json_permission_group_info={**here, "group_permission": 2**64}) == 10004
            one = {**here, "permission_group_id": HELPERS}
            assert await failed(owner, change, json_permission_group_info=one) == -4
            flags = {**one, "permission_group_modify_info_flag": 8}
            assert await failed(owner, change, json_permission_group_info=flags) == -4
            flags = {**one, "permission_group_modify_info_flag": 1}
            assert await failed(owner, change, json_permission_group_info=flags) == 110006
            where = {"group_id": group, "permission_group_id": HELPERS}
            for call, key in {
                "TIMCommunityDeletePermissionGroupFromCommunity": "json_permission_group_id_array",
                "TIMCommunityAddCommunityMembersToPermissionGroup": "json_member_id_array",
                "TIMCommunityRemoveCommunityMembersFromPermissionGroup": "json_member_id_array",
                "TIMCommunityAddTopicPermissionToPermissionGroup": "json_topic_permission_map",
                "TIMCommunityModifyTopicPermissionInPermissionGroup": "json_topic_permission_map",
                "TIMCommunityDeleteTopicPermissionFromPermissionGroup": "json_topic_id_array",
            }.items():
                assert await failed(owner, call, **where) == -4
                assert await failed(owner, call, **where, **{key: []}) == -4
                assert await failed(owner, call, **where, **{key: "x"}) == -4
            outside = TimRender(SDKAPPID, server.url)
            assert await failed(outside, "TIMCommunityGetJoinedPermissionGroupListInCommunity", group_id=group) == -1

    asyncio.run(scenario())


def test_topics_that_there_are_not(server: Server):
    async def scenario():
        (alice,) = names("alice")
        async with signed_in(server, alice) as (owner, _):
            group = await community(owner)
            info_of = {"community_group_id": group, "permission_group_id": HELPERS}
            await ask(owner, "TIMCommunityCreatePermissionGroupInCommunity", json_permission_group_info=info_of)
            where = {"group_id": group, "permission_group_id": HELPERS}
            near, far = f"{group}@TOPIC#_no", "@TGS#_x@TOPIC#_no"
            masks = [{"topic_permission_key": one, "topic_permission_value": 1} for one in (near, far)]
            prefix = "group_topic_operation_result_"
            for call, given in {
                "TIMCommunityAddTopicPermissionToPermissionGroup": {"json_topic_permission_map": masks},
                "TIMCommunityModifyTopicPermissionInPermissionGroup": {"json_topic_permission_map": masks},
                "TIMCommunityDeleteTopicPermissionFromPermissionGroup": {"json_topic_id_array": [near, far]},
            }.items():
                results = await ask(owner, call, **where, **given)
                assert [item.keys() for item in results] == [
                    {f"{prefix}error_code", f"{prefix}error_message", f"{prefix}topic_id"}
                ] * 2
                assert [(item[f"{prefix}topic_id"], item[f"{prefix}error_code"]) for item in results] == [
                    (near, 110003), (far, 110013),
                ]  # fmt: skip
            call, prefix = "TIMCommunityGetTopicPermissionInPermissionGroup", "topic_permission_result_"
            assert await ask(owner, call, **where, json_topic_id_array=[]) == []
            [item] = await ask(owner, call, **where, json_topic_id_array=[near])
            assert item.pop(f"{prefix}error_message")
            assert item == {
                f"{prefix}error_code": 110003, f"{prefix}topic_id": near, f"{prefix}topic_permission": 0,
                f"{prefix}group_id": group, f"{prefix}permission_group_id": HELPERS,
            }  # fmt: skip

    asyncio.run(scenario())


def test_what_listeners_are_told_of_topic_permissions():
    base = {"group_id": "g", "kind": "Community", "operator": "o", "at": 1, "permission_group_id": HELPERS}
    pairs = {"topic_permission_key": "t", "topic_permission_value": TOP}
    for event, what, value in (
        (TopicPermissionsAdded(**base, permissions={"t": TOP}), "added", {"topic_permission_map": [pairs]}),
        (TopicPermissionsChanged(**base, permissions={"t": TOP}), "changed", {"topic_permission_map": [pairs]}),
        (TopicPermissionsRemoved(**base, topics=["t"]), "removed", {"topic_id_list": ["t"]}),
    ):
        told = change(event)
        [(name, [group, text])] = CHANGES[told["ChangeType"]](told)
        assert (name, group) == (f"topic_permissions_{what}", "g")
        assert json.loads(text) == {"permission_group_id": HELPERS, **value}
