"""Every listener of the Python SDK fires through C, with the types of the headers."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from capi.library import Heard, Library
from qunzhu.capi.functions import BY_NAME
from qunzhu.core.token import make_usersig
from qunzhu.tim import TimRender
from served import KEY, SDKAPPID, Server, usersig

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTERS = tuple(name for name, row in BY_NAME.items() if row.sort == "listens" and hasattr(TimRender, name))
TOPIC, HELPERS, BIG = "group_topic_info_", "@PMG#_helpers", 2**53 + 1
CREATE = "create_group_param_"
MESSAGE = {"elem_type": 0, "text_elem_content": "你好"}


class Other:
    """Another user's Python SDK on a thread of its own, called like the C functions: with their arguments in order."""

    def __init__(self, server: Server, user: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._tim = TimRender(SDKAPPID, server.url)
        self._run(self._tim.TIMInit())
        self.call("TIMLogin", user, usersig(user))

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def call(self, name: str, *args: Any) -> Any:
        """Run a call that must succeed."""
        param: dict[str, Any] = {}
        for one, arg in zip(
            (one for one in BY_NAME[name].params if one.kind not in {"room", "callback"}), args, strict=True
        ):
            first, _, rest = one.key.partition(".")
            param[first] = {**param.get(first, {}), rest: arg} if rest else arg
        result = self._run(getattr(self._tim, name)(param))
        assert result["code"] == 0, (name, result)
        return result["json_param"]

    def close(self) -> None:
        """Log out and end the thread."""
        self._run(self._tim.TIMUninit())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def two(server: Server, library: Library, name: str, *setters: str) -> Iterator[tuple[Library, Other, Heard]]:
    """Give the library with a user ``NAME-c`` who hears, and another user ``NAME``."""
    heard = Heard(library)
    heard.listen(*setters)
    library.start(server.url)
    library.login(f"{name}-c")
    other = Other(server, name)
    try:
        yield library, other, heard
    finally:
        other.close()


def community(other: Other, member: str) -> str:
    """Create a community with topics and permission groups."""
    made = other.call("TIMGroupCreate", {
        f"{CREATE}group_name": "a community", f"{CREATE}group_type": 5, f"{CREATE}is_support_topic": True,
        f"{CREATE}enable_permission_group": True,
        f"{CREATE}group_member_array": [{"group_member_info_identifier": member}],
    })  # fmt: skip
    return made["create_group_result_groupid"]


def test_topics(library: Library, server: Server):
    setters = [name for name in SETTERS if "Topic" in name and "Permission" not in name]
    assert len(setters) == 7
    with two(server, library, "topics", *setters) as (_, other, heard):
        group = community(other, "topics-c")
        topic = other.call("TIMCommunityCreateTopicInCommunity", group, {f"{TOPIC}topic_name": "新"})
        changed = {f"{TOPIC}topic_id": topic, f"{TOPIC}topic_name": "newer", "group_modify_info_param_modify_flag": 1}
        other.call("TIMCommunitySetTopicInfo", changed)
        notice = {"GroupId": group, "Content": "from 后台", "TopicId": topic}
        assert server.rest("group_open_http_svc/send_group_system_notification", **notice)["ErrorCode"] == 0
        other.call("TIMCommunityDeleteTopicFromCommunity", group, [topic])
        there = (group.encode(), topic.encode())
        for header in ("TIMSetGroupTopic{}Callback", "TIMSetCommunity{}Callback"):
            names = (
                ("Created", "Changed", "Deleted")
                if "Group" in header
                else ("CreateTopic", "ChangeTopicInfo", "DeleteTopic")
            )
            created, told, deleted = (heard.wait(header.format(name)) for name in names)
            assert created == there
            assert told[0] == there[0]
            assert json.loads(told[1])[f"{TOPIC}topic_name"] == "newer"
            assert (deleted[0], json.loads(deleted[1])) == (there[0], [topic])
        custom = heard.wait("TIMSetCommunityReceiveTopicRESTCustomDataCallback")
        assert custom == (there[1], "from 后台".encode())


def test_permission_groups(library: Library, server: Server):
    setters = [name for name in SETTERS if "Permission" in name]
    assert len(setters) == 8
    with two(server, library, "permissions", *setters) as (_, other, heard):
        group = community(other, "permissions-c")
        topic = other.call("TIMCommunityCreateTopicInCommunity", group, {f"{TOPIC}topic_name": "t"})
        made = {"community_group_id": group, "permission_group_id": HELPERS, "permission_group_name": "帮手",
                "group_permission": 2**64 - 1}  # fmt: skip
        other.call("TIMCommunityCreatePermissionGroupInCommunity", made)
        changed = {**made, "permission_group_name": "new", "permission_group_modify_info_flag": 1}
        other.call("TIMCommunityModifyPermissionGroupInfoInCommunity", changed)
        other.call("TIMCommunityAddCommunityMembersToPermissionGroup", group, HELPERS, ["permissions-c"])
        allowed = [{"topic_permission_key": topic, "topic_permission_value": 1}]
        less = [{"topic_permission_key": topic, "topic_permission_value": 2}]
        other.call("TIMCommunityAddTopicPermissionToPermissionGroup", group, HELPERS, allowed)
        other.call("TIMCommunityModifyTopicPermissionInPermissionGroup", group, HELPERS, less)
        other.call("TIMCommunityDeleteTopicPermissionFromPermissionGroup", group, HELPERS, [topic])
        other.call("TIMCommunityRemoveCommunityMembersFromPermissionGroup", group, HELPERS, ["permissions-c"])
        other.call("TIMCommunityDeletePermissionGroupFromCommunity", group, [HELPERS])
        for name in setters:
            found, text = heard.wait(name)
            assert found == group.encode()
            told = json.loads(text)
            assert told == [HELPERS] if "DeletePermissionGroup" in name else told["permission_group_id"] == HELPERS
        created = json.loads(heard.wait("TIMSetCommunityCreatePermissionGroupCallback")[1])
        assert created["group_permission"] == 2**64 - 1


def test_conversations(library: Library, server: Server):
    setters = [name for name in SETTERS if name.startswith("TIMSetConv")]
    assert len(setters) == 8
    with two(server, library, "convs", *setters) as (tim, other, heard):
        wanted = {"conversation_list_filter_conv_type": 1}
        assert tim.TIMConvSubscribeUnreadMessageCountByFilter(json.dumps(wanted).encode()) == 0
        other.call("TIMMsgSendMessage", "convs-c", 1, {"message_elem_array": [MESSAGE]})
        event, text = heard.wait("TIMSetConvEventCallback", lambda event, _: event == 0)
        assert (event, json.loads(text)[0]["conv_id"]) == (0, "convs")
        [total] = heard.wait("TIMSetConvTotalUnreadMessageCountChangedCallback", lambda total: total > 0)
        assert total == 1
        told = heard.wait("TIMSetConvUnreadMessageCountChangedByFilterCallback", lambda _, total: total > 0)
        assert (json.loads(told[0]), told[1]) == (wanted, 1)
        tim.call("TIMConvCreateConversationGroup", "家", ["c2c_convs"])
        tim.call("TIMConvRenameConversationGroup", "家", "home")
        tim.call("TIMConvDeleteConversationsFromGroup", "home", ["c2c_convs"])
        tim.call("TIMConvAddConversationsToGroup", "home", ["c2c_convs"])
        tim.call("TIMConvDeleteConversationGroup", "home")
        name, text = heard.wait("TIMSetConvConversationGroupCreatedCallback")
        assert (name, json.loads(text)[0]["conv_id"]) == ("家".encode(), "convs")
        assert heard.wait("TIMSetConvConversationGroupNameChangedCallback") == ("家".encode(), b"home")
        assert heard.wait("TIMSetConvConversationsAddedToGroupCallback")[0] == b"home"
        name, text, reason = heard.wait("TIMSetConvConversationsDeletedFromGroupCallback")
        assert (name, json.loads(text)[0]["conv_id"], reason) == (b"home", "convs", 0)
        assert heard.wait("TIMSetConvConversationGroupDeletedCallback") == (b"home",)


def test_groups(library: Library, server: Server):
    setters = (
        "TIMSetGroupTipsEventCallback",
        "TIMSetGroupAttributeChangedCallback",
        "TIMSetGroupCounterChangedCallback",
    )
    with two(server, library, "groups", *setters) as (tim, other, heard):
        made = other.call("TIMGroupCreate", {f"{CREATE}group_name": "群", f"{CREATE}add_option": 2})
        group = made["create_group_result_groupid"]
        tim.call("TIMGroupJoin", group, "hello")
        attributes = [{"group_attribute_key": "键", "group_attribute_value": "值"}]
        other.call("TIMGroupInitGroupAttributes", group, attributes)
        counter = {"group_counter_key": "n", "group_counter_value": BIG}
        other.call("TIMGroupSetGroupCounters", group, [counter])
        negative = {"group_counter_key": "low", "group_counter_value": -(2**63)}
        assert tim.call("TIMGroupSetGroupCounters", group, [negative]) == [negative]
        assert tim.call("TIMGroupSetGroupCounters", group, ["n"]) == [counter]  # as the npm package reads
        assert tim.call("TIMGroupGetGroupCounters", group, ["n"]) == [counter]
        [text] = heard.wait("TIMSetGroupTipsEventCallback")
        assert json.loads(text)["group_tips_elem_group_id"] == group
        told = heard.wait("TIMSetGroupAttributeChangedCallback")
        assert (told[0], json.loads(told[1])) == (group.encode(), attributes)
        set_to = "TIMSetGroupCounterChangedCallback"
        assert heard.wait(set_to, lambda _, key, __: key == b"n") == (group.encode(), b"n", BIG)
        assert heard.wait(set_to, lambda _, key, __: key == b"low") == (group.encode(), b"low", -(2**63))


def test_messages(library: Library, server: Server, tmp_path):
    setters = [name for name in SETTERS if name.startswith("TIMSetMsg")] + ["TIMAddRecvNewMsgCallback"]
    assert len(setters) == 10
    file = tmp_path / "file"
    file.write_bytes(b"x" * 300_000)
    with two(server, library, "talk", *setters) as (tim, other, heard):
        made = other.call("TIMGroupCreate", {f"{CREATE}group_name": "群", f"{CREATE}add_option": 2})
        group = made["create_group_result_groupid"]
        tim.call("TIMGroupJoin", group, "")
        asks = {
            "message_elem_array": [MESSAGE],
            "message_need_read_receipt": True,
            "message_support_message_extension": True,
        }
        sent = tim.call("TIMMsgSendMessage", group, 2, asks, None)
        own_id = sent["message_msg_id"].encode()
        [came] = other.call("TIMMsgGetMsgList", group, 2, {"msg_getmsglist_param_count": 1})
        other.call("TIMMsgSendMessageReadReceipts", [came])
        other.call("TIMMsgAddMessageReaction", came, "👍")
        pairs = [{"message_extension_key": "k", "message_extension_value": "v"}]
        other.call("TIMMsgSetMessageExtensions", came, pairs)
        other.call("TIMMsgDeleteMessageExtensions", came, ["k"])
        other.call("TIMPinGroupMessage", group, came, True)
        other.call("TIMPinGroupMessage", group, came, False)
        other.call("TIMMsgModifyMessage", {**came, "message_elem_array": [{**MESSAGE, "text_elem_content": "new"}]})
        other.call("TIMMsgRevoke", group, 2, came)
        tim.call("TIMMsgSetAllReceiveMessageOpt", 2, 22, 30, 5, 3600)
        elem = {"elem_type": 4, "file_elem_file_path": str(file), "file_elem_file_name": "f"}
        tim.call("TIMMsgSendMessage", group, 2, {"message_elem_array": [elem]}, None)
        other.call("TIMMsgSendMessage", group, 2, {"message_elem_array": [MESSAGE]})

        def hears(name: str, *which: Any) -> list[Any]:
            return [_decoded(arg) for arg in heard.wait(name, *which)]

        [[receipt]] = hears("TIMSetMsgReadedReceiptCallback")
        assert receipt["msg_receipt_read_count"] == 1
        [[reaction]] = hears("TIMSetMsgReactionsChangedCallback")
        assert reaction["message_reaction_change_info_reaction_list"][0]["message_reaction_id"] == "👍"
        assert hears("TIMSetMsgExtensionsChangedCallback") == [own_id, pairs]
        assert hears("TIMSetMsgExtensionsDeletedCallback")[0] == own_id
        for pinned in (True, False):
            told = hears("TIMSetMsgGroupPinnedMessageChangedCallback", lambda *args, pinned=pinned: args[2] is pinned)
            assert (told[0], told[1]["message_seq"]) == (group.encode(), sent["message_seq"])
            assert told[3]["group_member_info_identifier"] == "talk"
        [[changed]] = hears("TIMSetMsgUpdateCallback")
        assert changed["message_elem_array"][0]["text_elem_content"] == "new"
        [[revoked]] = hears("TIMSetMsgRevokeCallback")
        assert revoked["message_locator_seq"] == sent["message_seq"]
        [option] = hears("TIMSetMsgAllMessageReceiveOptionCallback")
        assert option["msg_all_recv_msg_opt_start_hour"] == 22
        message, index, done, size = hears("TIMSetMsgElemUploadProgressCallback", lambda *args: args[2] == args[3])
        assert (message["message_elem_array"][0]["elem_type"], index, done, size) == (4, 0, 300_000, 300_000)
        hears("TIMAddRecvNewMsgCallback", lambda text: json.loads(text)[0]["message_elem_array"] == [MESSAGE])


def _decoded(arg: Any) -> Any:
    return json.loads(arg) if isinstance(arg, bytes) and arg[:1] in {b"[", b"{"} else arg


def test_the_end_of_a_login(library: Library, server: Server):
    setters = (
        "TIMSetKickedOfflineCallback", "TIMSetUserSigExpiredCallback", "TIMSetNetworkStatusListenerCallback",
        "TIMSetLogCallback",
    )  # fmt: skip
    heard = Heard(library)
    heard.listen(*setters)
    library.start(server.url)
    library.login("ending")
    assert heard.wait("TIMSetNetworkStatusListenerCallback", lambda status, *_: status == 0)[1:] == (0, b"")
    level, line = heard.wait("TIMSetLogCallback", lambda _, line: b"logged in" in line)
    assert (level > 0, line.decode().isprintable()) == (True, True)
    again = Other(server, "ending")
    assert heard.wait("TIMSetKickedOfflineCallback") == ()
    again.close()
    assert library.TIMGetLoginStatus() == 3
    assert library.begin("TIMGroupGetJoinedGroupList")[0] == -2
    short = make_usersig(KEY, SDKAPPID, "ending", now=int(time.time()), expire=1)
    library.call("TIMLogin", "ending", short)
    assert heard.wait("TIMSetUserSigExpiredCallback") == ()
    assert library.begin("TIMGroupGetJoinedGroupList")[0] == -2


def test_the_server_goes_and_comes_back(library: Library, tmp_path):
    served = Server(tmp_path)
    heard = Heard(library)
    heard.listen("TIMSetNetworkStatusListenerCallback")
    library.start(served.url)
    library.login("outage")
    served.process.kill()
    served.process.wait()
    served.process.stdout.close()
    heard.wait("TIMSetNetworkStatusListenerCallback", lambda status, *_: status == 1)
    code, waits = library.begin("TIMGroupGetJoinedGroupList")
    served.start()
    states = "TIMSetNetworkStatusListenerCallback"
    heard.wait(states, lambda *_: [status for status, *_ in heard.of(states)].count(0) > 1)
    assert code == 0
    assert waits.result()[0] in {0, 9508, 6012}
    assert library.call("TIMGroupGetJoinedGroupList") == []
    assert library.TIMUninit() == 0
    served.stop()


def test_all_listeners_of_the_sdk_were_among_them():
    source = (
        test_topics,
        test_permission_groups,
        test_conversations,
        test_groups,
        test_messages,
        test_the_end_of_a_login,
    )
    names = {const for test in source for const in test.__code__.co_consts if isinstance(const, str)}
    flat = {one for test in source for const in test.__code__.co_consts if isinstance(const, tuple) for one in const}
    prefixes = ("TIMSetConv", "TIMSetMsg", "Topic", "Permission")
    left = [name for name in SETTERS if name not in names | flat and not any(one in name for one in prefixes)]
    assert left == ["TIMRemoveRecvNewMsgCallback"]
