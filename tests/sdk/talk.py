"""Two users who talk: their conversation, what they say, and everything their listeners are told of messages."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sdk.test_tim import created, member, names
from served import Ears, Server, signed_in, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qunzhu.tim import TimRender

C2C, GROUP = 1, 2
URL = "http://127.0.0.1/somewhere/else"


class MessageEars(Ears):
    """Collects what all listeners for messages are told: name, then the arguments with their JSON decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, list[Any]]] = []

    async def attach(self, tim: TimRender) -> None:
        """Listen to everything."""
        await super().attach(tim)
        for name in (
            "TIMSetMsgElemUploadProgressCallback", "TIMSetMsgReadedReceiptCallback", "TIMSetMsgRevokeCallback",
            "TIMSetMsgUpdateCallback", "TIMSetMsgExtensionsChangedCallback", "TIMSetMsgExtensionsDeletedCallback",
            "TIMSetMsgReactionsChangedCallback", "TIMSetMsgAllMessageReceiveOptionCallback",
            "TIMSetMsgGroupPinnedMessageChangedCallback",
        ):  # fmt: skip
            await getattr(tim, name)({"callback": self._hearing(name), "user_data": name})

    def _hearing(self, name: str):
        def heard(args: list[Any]) -> None:
            assert args[-1] == name
            self.told.append((name, [_decoded(arg) for arg in args[:-1]]))

        return heard

    def heard(self, part: str) -> list[list[Any]]:
        """Return what the listener was told whose name has ``part`` in it."""
        return [args for name, args in self.told if part in name]

    def texts(self) -> list[str]:
        """Return the texts of the messages that came."""
        elems = [elem for message in self.messages for elem in message["message_elem_array"]]
        return [elem["text_elem_content"] for elem in elems if elem["elem_type"] == 0]


def _decoded(arg: Any) -> Any:
    return json.loads(arg) if isinstance(arg, str) and arg[:1] in {"[", "{"} else arg


def text(words: str) -> dict[str, Any]:
    """Return a text element."""
    return {"elem_type": 0, "text_elem_content": words}


ELEMENTS = {
    "text": text("你好"),
    "custom": {"elem_type": 3, "custom_elem_data": "d", "custom_elem_desc": "e", "custom_elem_ext": "f",
               "custom_elem_sound": "g"},
    "face": {"elem_type": 6, "face_elem_index": 3, "face_elem_buf": "smile"},
    "place": {"elem_type": 7, "location_elem_desc": "here", "location_elem_longitude": 1.5,
              "location_elem_latitude": -2.25},
    "sound": {"elem_type": 2, "sound_elem_url": URL, "sound_elem_file_size": 5, "sound_elem_file_time": 2},
    "file": {"elem_type": 4, "file_elem_url": URL, "file_elem_file_size": 5, "file_elem_file_name": "a.txt"},
    "video": {"elem_type": 9, "video_elem_video_url": URL, "video_elem_video_size": 5,
              "video_elem_video_duration": 6, "video_elem_video_type": "mp4", "video_elem_image_url": URL,
              "video_elem_image_width": 7, "video_elem_image_height": 8},
    "image": {"elem_type": 1, "image_elem_orig_url": URL, "image_elem_orig_pic_width": 5, "image_elem_format": 3,
              "image_elem_thumb_url": f"{URL}/thumb", "image_elem_thumb_pic_width": 1},
    "merged": {"elem_type": 12, "merge_elem_title": "history", "merge_elem_abstract_array": ["a: hi"],
               "merge_elem_compatible_text": "old", "merge_elem_message_array": [
                   {"message_sender": "someone", "message_server_time": 7, "message_rand": 8, "message_seq": 9,
                    "message_conv_id": "g", "message_conv_type": 2, "message_elem_array": [text("inside")]}]},
}  # fmt: skip
"""One element of each kind that can be sent."""


class Talk:
    """Alice and bob, and the conversation that they have."""

    def __init__(self, kind: int, alice: tuple[Any, MessageEars, str], bob: tuple[Any, MessageEars, str]) -> None:
        self.kind = kind
        self.alice, self.alice_ears, self.alice_name = alice
        self.bob, self.bob_ears, self.bob_name = bob
        self.group = ""

    @property
    def from_alice(self) -> dict[str, Any]:
        """Return the conversation as alice names it."""
        return {"conv_id": self.group or self.bob_name, "conv_type": self.kind}

    @property
    def from_bob(self) -> dict[str, Any]:
        """Return the conversation as bob names it."""
        return {"conv_id": self.group or self.alice_name, "conv_type": self.kind}

    async def say(self, words: str, **more: Any) -> dict[str, Any]:
        """Let alice send a text; return the message as sent."""
        result = await self.send([text(words)], **more)
        assert result["code"] == 0, result
        return result["json_param"]

    async def send(self, elems: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """Let alice send elements; return the result."""
        message = {"message_elem_array": elems, **{f"message_{key}": value for key, value in more.items()}}
        return await self.alice.TIMMsgSendMessage({**self.from_alice, "params": message, "user_data": "s"})

    async def got(self, words: str) -> dict[str, Any]:
        """Wait until a text has come to bob; return the message."""
        await until(lambda: words in self.bob_ears.texts())
        return next(m for m in self.bob_ears.messages if m["message_elem_array"][:1] == [text(words)])

    async def history(self, tim: TimRender, **params: Any) -> list[dict[str, Any]]:
        """Read the conversation through alice's or bob's SDK."""
        asked = {f"msg_getmsglist_param_{key}": value for key, value in params.items()}
        place = self.from_alice if tim is self.alice else self.from_bob
        result = await tim.TIMMsgGetMsgList({**place, "params": asked})
        assert result["code"] == 0, result
        return result["json_param"]


@asynccontextmanager
async def hearing(server: Server, user: str) -> AsyncIterator[tuple[TimRender, MessageEars]]:
    """Give an SDK in which a user is logged in, and what its listeners are told of messages."""
    async with signed_in(server, user) as (tim, _):
        ears = MessageEars()
        await ears.attach(tim)
        yield tim, ears


@asynccontextmanager
async def talk(server: Server, kind: int, group_type: int = 0) -> AsyncIterator[Talk]:
    """Give alice and bob a conversation: of their own, or of a new group."""
    alice, bob = names("alice", "bob")
    async with hearing(server, bob) as (b, b_ears), hearing(server, alice) as (a, a_ears):
        they = Talk(kind, (a, a_ears, alice), (b, b_ears, bob))
        if kind == GROUP:
            they.group = await created(a, group_type=group_type, group_member_array=[member(bob)])
            await until(lambda: they.group in b._client.known)
        yield they
