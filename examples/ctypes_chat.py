"""A group chat on the terminal through the C library, from a Python without qunzhu: only `ctypes` is needed.

qunzhu sdk build
python examples/ctypes_chat.py qunzhu-sdk/libImSDK.so alice "$(qunzhu usersig alice --app 1400000000)"    # a new group
python examples/ctypes_chat.py qunzhu-sdk/libImSDK.so bob "$(qunzhu usersig bob --app 1400000000)" GROUP  # joins it

A line is sent; /history prints what was said; the end of the input, or /quit, leaves the group. The Python must be of
the version of the one that made the library. Programs in Python have a simpler way: `qunzhu.tim`.
"""

import ctypes
import json
import queue
import sys
from typing import Any

APP = 1400000000
GROUP = 2
"""``kTIMConv_Group``."""
ON_ANSWER = ctypes.CFUNCTYPE(None, ctypes.c_int32, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
ON_MESSAGES = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p)

answers: queue.SimpleQueue[tuple[int, str, str]] = queue.SimpleQueue()


@ON_ANSWER
def on_answer(code: int, desc: bytes, json_params: bytes, user_data: int | None) -> None:
    """Keep a call's answer. This runs on a thread of the library."""
    del user_data
    answers.put((code, desc.decode(), json_params.decode()))


@ON_MESSAGES
def on_messages(json_msg_array: bytes, user_data: int | None) -> None:
    """Print messages as they come."""
    del user_data
    show(json.loads(json_msg_array))


def show(messages: list[dict[str, Any]]) -> None:
    """Print the texts among messages."""
    for message in messages:
        for elem in message["message_elem_array"]:
            if "text_elem_content" in elem:
                print(f"{message['message_sender']}: {elem['text_elem_content']}", flush=True)


class Chat:
    """The library with a user who is logged in."""

    def __init__(self, path: str, user: str, usersig: str) -> None:
        self._library = ctypes.CDLL(path)
        self._library.TIMAddRecvNewMsgCallback(on_messages, None)
        if began := self._library.TIMInit(ctypes.c_uint64(APP), b"{}"):
            raise SystemExit(f"start: {began}")
        self.call("TIMLogin", user.encode(), usersig.encode())

    def call(self, name: str, *args: Any) -> Any:
        """Run a call that answers by a callback, and return its JSON."""
        code, desc, text = getattr(self._library, name)(*args, on_answer, None), "", ""
        if code == 0:
            code, desc, text = answers.get()
        if code:
            raise SystemExit(f"{name}: {code} {desc}")
        return json.loads(text) if text else None

    def enter(self, group: str | None) -> str:
        """Join a group, or make one that everybody may join; return its id."""
        if group:
            self.call("TIMGroupJoin", group.encode(), b"")
            return group
        param = {"create_group_param_group_name": "chat", "create_group_param_add_option": 2}
        return str(self.call("TIMGroupCreate", json.dumps(param).encode())["create_group_result_groupid"])

    def say(self, group: str, text: str) -> None:
        """Send a text."""
        message = {"message_elem_array": [{"elem_type": 0, "text_elem_content": text}]}
        self.call("TIMMsgSendMessage", group.encode(), GROUP, json.dumps(message).encode(), None)

    def history(self, group: str) -> None:
        """Print what was said lately, newest last."""
        wanted = json.dumps({"msg_getmsglist_param_count": 20}).encode()
        print("-- history")
        show(self.call("TIMMsgGetMsgList", group.encode(), GROUP, wanted)[::-1])

    def leave(self, group: str, *, owner: bool) -> None:
        """Leave the group, which its owner cannot, and stop."""
        if not owner:
            self.call("TIMGroupQuit", group.encode())
        self._library.TIMUninit()


def main(path: str, user: str, usersig: str, group: str | None = None) -> None:
    """Talk until the input ends."""
    chat = Chat(path, user, usersig)
    place = chat.enter(group)
    print(f"in {place}", flush=True)
    for line in sys.stdin:
        words = line.rstrip("\n")
        if words == "/quit":
            break
        if words == "/history":
            chat.history(place)
        elif words:
            chat.say(place, words)
    chat.leave(place, owner=group is None)


if __name__ == "__main__":
    main(*sys.argv[1:])
