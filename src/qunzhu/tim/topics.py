"""Calls about communities and their topics: those of the group header, and their twins of the community header."""

from collections.abc import Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.commands.topics import CreateTopic, DestroyTopic, GetTopic
from qunzhu.core.kinds import COMMUNITY
from qunzhu.tim import convert
from qunzhu.tim.calls import Calls, data_of, mapping
from qunzhu.tim.convert import WrongParameter, need, take, texts
from qunzhu.tim.enums import TIMResult
from qunzhu.tim.groups import create_group
from qunzhu.tim.params import CallbackParams, CommonResult
from qunzhu.tim.topic_info import FIELDS, TOPIC, modify_request, result


class TopicCalls(Calls):
    """Calls about communities and their topics."""

    async def TIMCommunityCreate(self, param: Mapping[str, Any]) -> CommonResult:
        """Create a community that has topics; ``json_param`` as of ``TIMGroupCreate``."""

        async def work(client: Client) -> dict[str, Any]:
            given = mapping(mapping(param).get("json_group_create_param"), "json_group_create_param")
            kind, topics = f"{convert.GROUP}group_type", f"{convert.GROUP}is_support_topic"
            if take(given, kind, int, COMMUNITY.sdk_number) != COMMUNITY.sdk_number:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{kind}: must be {COMMUNITY.sdk_number}")
            return await create_group(client, {**given, kind: COMMUNITY.sdk_number, topics: True})

        return await self._do(param, work)

    async def TIMGroupGetJoinedCommunityList(self, param: Any = "") -> CommonResult:
        """List the user's communities that have topics as ``GroupBaseInfo``."""

        async def work(client: Client) -> list[dict[str, Any]]:
            return [
                convert.joined(item)
                for item in await self._cached(client).joined()
                if item["Type"] == COMMUNITY.name and item["SupportTopic"]
            ]

        return await self._do(param, work)

    async def TIMGroupCreateTopicInCommunity(self, param: Mapping[str, Any]) -> CommonResult:
        """Create a topic from ``json_topic_info`` in the community ``group_id``; ``json_param`` is its id."""

        async def work(client: Client) -> str:
            given = mapping(mapping(param).get("json_topic_info"), "json_topic_info")
            need(given, f"{TOPIC}topic_name", str)
            reply = await client.call(
                CreateTopic(
                    GroupId=need(param, "group_id", str),
                    TopicId=take(given, f"{TOPIC}topic_id", str),
                    **{name: take(given, TOPIC + key, str) for name, (key, _) in FIELDS.items()},
                )
            )
            return reply.TopicId

        return await self._do(param, work)

    async def TIMGroupDeleteTopicFromCommunity(self, param: Mapping[str, Any]) -> CommonResult:
        """Delete the topics ``json_topic_id_array``; one ``TopicOperationResult`` each."""

        async def work(client: Client) -> list[dict[str, Any]]:
            prefix, given = "group_topic_operation_result_", mapping(param)
            ids = texts(given, "json_topic_id_array")
            if not ids:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, "json_topic_id_array: required")
            reply = await client.call(DestroyTopic(GroupId=need(given, "group_id", str), TopicIdList=ids))
            return [
                {
                    f"{prefix}error_code": item.ErrorCode,
                    f"{prefix}error_message": item.ErrorInfo,
                    f"{prefix}topic_id": item.TopicId,
                }
                for item in reply.DestroyResultItem
            ]

        return await self._do(param, work)

    async def TIMGroupSetTopicInfo(self, param: Mapping[str, Any]) -> CommonResult:
        """Change the fields of ``json_topic_info`` whose flags are set."""

        async def work(client: Client) -> str:
            await client.call(modify_request(mapping(mapping(param).get("json_topic_info"), "json_topic_info")))
            return ""

        return await self._do(param, work)

    async def TIMGroupGetTopicInfoList(self, param: Mapping[str, Any]) -> CommonResult:
        """Read the topics ``json_topic_id_array`` of a community, all where it is empty; a ``TopicInfoResult`` each."""

        async def work(client: Client) -> list[dict[str, Any]]:
            given = mapping(param)
            ids = texts(given, "json_topic_id_array")
            reply = await client.call(GetTopic(GroupId=need(given, "group_id", str), TopicIdList=ids or None))
            return [result(item) for item in reply.TopicAndSelfInfo]

        return await self._do(param, work)

    async def TIMSetGroupTopicCreatedCallback(self, param: CallbackParams) -> None:
        """Listen for new topics: ``[community's id, topic's id, user data]``."""
        self._listeners.set("topic_created", param.get("callback"), data_of(param))

    async def TIMSetGroupTopicDeletedCallback(self, param: CallbackParams) -> None:
        """Listen for deleted topics: ``[community's id, array of topic ids as text, user data]``."""
        self._listeners.set("topics_deleted", param.get("callback"), data_of(param))

    async def TIMSetGroupTopicChangedCallback(self, param: CallbackParams) -> None:
        """Listen for changes of topics: ``[community's id, TopicInfo as text, user data]``; the changed fields only."""
        self._listeners.set("topic_changed", param.get("callback"), data_of(param))

    async def TIMSetCommunityCreateTopicCallback(self, param: CallbackParams) -> None:
        """Listen for new topics, beside ``TIMSetGroupTopicCreatedCallback``."""
        self._listeners.set("community_topic_created", param.get("callback"), data_of(param))

    async def TIMSetCommunityDeleteTopicCallback(self, param: CallbackParams) -> None:
        """Listen for deleted topics, beside ``TIMSetGroupTopicDeletedCallback``."""
        self._listeners.set("community_topics_deleted", param.get("callback"), data_of(param))

    async def TIMSetCommunityChangeTopicInfoCallback(self, param: CallbackParams) -> None:
        """Listen for changes of topics, beside ``TIMSetGroupTopicChangedCallback``."""
        self._listeners.set("community_topic_changed", param.get("callback"), data_of(param))

    async def TIMSetCommunityReceiveTopicRESTCustomDataCallback(self, param: CallbackParams) -> None:
        """Listen for what the app's back end says in a topic: ``[topic's id, text, user data]``."""
        self._listeners.set("topic_custom_data", param.get("callback"), data_of(param))

    TIMCommunityGetJoinedCommunityList = TIMGroupGetJoinedCommunityList
    TIMCommunityCreateTopicInCommunity = TIMGroupCreateTopicInCommunity
    TIMCommunityDeleteTopicFromCommunity = TIMGroupDeleteTopicFromCommunity
    TIMCommunitySetTopicInfo = TIMGroupSetTopicInfo
    TIMCommunityGetTopicInfoList = TIMGroupGetTopicInfoList
