"""Searching one's groups and their members."""

from __future__ import annotations

import asyncio

from sdk.test_tim import created, names
from served import Server, signed_in


def words(*keywords: str, what: str = "", fields: list[int] | None = None, **more) -> dict:
    """Return the parameter of a search."""
    prefix = f"group_search_{what}params_"
    given = {f"{prefix}keyword_list": list(keywords), **{f"{prefix}{key}": value for key, value in more.items()}}
    if fields is not None:
        given[f"{prefix}field_list"] = fields
    return {"searchParams": given, "data": "d"}


def test_groups(server: Server):
    async def scenario():
        alice, bob = names("alice", "bob")
        async with signed_in(server, alice) as (a, _), signed_in(server, bob) as (b, _):
            chess = await created(a, group_name="Chess Club", group_id=f"board-{alice}")
            go = await created(a, group_name="围棋 club", group_id=f"stones-{alice}")
            await created(b, group_name="Chess of others")

            async def found(*keywords, **more):
                result = await a.TIMGroupSearchGroups(words(*keywords, **more))
                assert (result["code"], result["user_data"]) == (0, "d"), result
                return [item["group_detail_info_group_id"] for item in result["json_param"]]

            assert await found("CLUB") == [chess, go]
            assert await found("围棋", "chess") == [chess, go]
            assert await found("stones") == [go]
            assert await found("stones", fields=[2]) == []
            assert await found("stones", fields=[1]) == await found("stones", fields=[1, 2]) == [go]
            assert await found("nothing") == []
            listed = await a.TIMGroupGetGroupInfoList({"groupIds": [go]})
            result = await a.TIMGroupSearchGroups(words("stones"))
            assert result["json_param"] == [listed["json_param"][0]["get_groups_info_result_info"]]
            for wrong in (words(), words("", fields=[1]), words(*"abcdef"), words("a", fields=[3])):
                assert (await a.TIMGroupSearchGroups(wrong))["code"] == -4
            assert (await a.TIMGroupSearchGroups(words(*"abcde")))["code"] == 0

    asyncio.run(scenario())


def test_members(server: Server):
    async def scenario():
        alice, bob, carol = names("alice", "bob", "carol")
        server.rest("im_open_login_svc/account_import", UserID=carol, Nick="Caroline")
        async with signed_in(server, alice) as (a, _), signed_in(server, bob) as (b, _):
            card = {"group_member_info_identifier": bob, "group_member_info_name_card": "The Bishop"}
            nick = {"group_member_info_identifier": carol}
            one = await created(a, group_type=0, group_member_array=[card, nick])
            two = await created(a, group_type=5, group_member_array=[nick])
            alien = await created(b)

            async def found(*keywords, **more):
                result = await a.TIMGroupSearchGroupMembers(words(*keywords, what="member_", **more))
                assert (result["code"], result["user_data"]) == (0, "d"), result
                return {
                    item["group_search_member_result_groupid"]: [
                        member["group_member_info_identifier"]
                        for member in item["group_search_member_result_member_info_list"]
                    ]
                    for item in result["json_param"]
                }

            assert await found("caroline") == {one: [carol], two: [carol]}
            assert await found("caroline", fields=[2, 8]) == {one: [carol], two: [carol]}
            assert await found("caroline", fields=[1, 4, 8]) == {}
            assert await found("bishop", "caroline") == {one: [bob, carol], two: [carol]}
            assert await found("bishop", fields=[8]) == {one: [bob]}
            assert await found(alice, bob, fields=[1], groupid_list=[two, alien]) == {two: [alice]}
            result = await a.TIMGroupSearchGroupMembers(words("bishop", what="member_"))
            [member] = result["json_param"][0]["group_search_member_result_member_info_list"]
            assert member["group_member_info_name_card"] == "The Bishop"
            assert member["group_member_info_group_id"] == one
            for wrong in (words(what="member_"), words(*"abcdef", what="member_")):
                assert (await a.TIMGroupSearchGroupMembers(wrong))["code"] == -4
            assert (await a.TIMGroupSearchGroupMembers(words("a", what="member_", fields=[16])))["code"] == -4

    asyncio.run(scenario())
