"""Send messages through the SDK interface, against `scripts/serve --demo`: alice writes, carol hears it.

python examples/send_message.py "Good morning"                    # to carol
python examples/send_message.py "Good morning" --file notes.txt   # with a file, which carol downloads
python examples/send_message.py "Good morning" --group my-group   # to a group that both are in; it is made if need be
"""

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from qunzhu.core.token import make_usersig
from qunzhu.tim import TIMConvType, TIMElemType, TIMGroupType, TimRender

SDKAPPID = 1400000000
KEY = "qunzhu-demo-key-for-local-use-only"


async def login(server: str | None, user: str) -> TimRender:
    """Log a user in; a first login registers the account."""
    tim = TimRender(SDKAPPID, server)
    await tim.TIMInit()
    usersig = make_usersig(KEY, SDKAPPID, user, now=int(time.time()))
    checked(await tim.TIMLogin({"userID": user, "userSig": usersig}))
    return tim


def checked(result: Any) -> Any:
    """Return what a call answers with, or stop where it failed."""
    if result["code"] != 0:
        raise SystemExit(f"{result['code']} {result['desc']}")
    return result["json_param"]


async def make_group(tim: TimRender, group: str) -> None:
    """Make a group with carol in it, unless it is there."""
    result = await tim.TIMGroupCreate({
        "params": {
            "create_group_param_group_id": group,
            "create_group_param_group_name": "talk",
            "create_group_param_group_type": TIMGroupType.kTIMGroup_Public,
            "create_group_param_group_member_array": [{"group_member_info_identifier": "carol"}],
        }
    })  # fmt: skip
    if result["code"] != 10025:  # alice has a group of that id already
        checked(result)


async def hear(tim: TimRender, message: dict[str, Any]) -> None:
    """Print a message, and download a file that it brings."""
    for elem in message["message_elem_array"]:
        if elem["elem_type"] == TIMElemType.kTIMElem_Text:
            print(f"{message['message_sender']}: {elem['text_elem_content']}")
        if elem["elem_type"] == TIMElemType.kTIMElem_File:
            path = Path(tempfile.mkdtemp()) / "download"
            wanted = {"msg_download_elem_param_type": 1, "msg_download_elem_param_url": elem["file_elem_url"]}
            checked(await tim.TIMMsgDownloadElemToPath({"params": wanted, "path": str(path)}))
            print(f"{elem['file_elem_file_name']}: {path.stat().st_size} bytes")


async def main(server: str | None, words: str, group: str, file: str) -> None:
    """Let carol listen, send as alice, and let carol read the history."""
    carol, alice = await login(server, "carol"), await login(server, "alice")
    if group:
        await make_group(alice, group)
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def on_messages(args: list[Any]) -> None:
        for message in json.loads(args[0]):
            if message["message_elem_array"][0]["elem_type"] == TIMElemType.kTIMElem_Text:
                heard.put_nowait(message)

    await carol.TIMAddRecvNewMsgCallback({"callback": on_messages})
    elems: list[dict[str, Any]] = [{"elem_type": TIMElemType.kTIMElem_Text, "text_elem_content": words}]
    if file:
        elems.append({"elem_type": TIMElemType.kTIMElem_File, "file_elem_file_path": file})
    kind = TIMConvType.kTIMConv_Group if group else TIMConvType.kTIMConv_C2C
    to_carol = {"conv_id": group or "carol", "conv_type": kind}
    sent = checked(await alice.TIMMsgSendMessage({**to_carol, "params": {"message_elem_array": elems}}))
    print("sent", sent["message_msg_id"])
    async with asyncio.timeout(10):
        await hear(carol, await heard.get())
    with_alice = {"conv_id": group or "alice", "conv_type": kind}
    page = checked(await carol.TIMMsgGetMsgList({**with_alice, "params": {"msg_getmsglist_param_count": 1}}))
    print("newest in the history:", page[0]["message_msg_id"])
    for tim in (alice, carol):
        await tim.TIMUninit()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="?", default="Good morning")
    parser.add_argument("--server", help="such as ws://127.0.0.1:8140, which is the default")
    parser.add_argument("--group", default="", help="send to a group of this id instead of to carol")
    parser.add_argument("--file", default="", help="send a file too")
    given = parser.parse_args()
    asyncio.run(main(given.server, given.words, given.group, given.file))
