"""Files of messages: uploaded with progress, cancelled, downloaded; merged messages too large for a message."""

from __future__ import annotations

import asyncio
import json
import struct
import zlib

import pytest

from sdk.talk import C2C, GROUP, talk, text
from served import Server, until

BOTH = pytest.mark.parametrize("kind", [C2C, GROUP])


async def ok(call) -> object:
    """Return what a call that must succeed answers with."""
    result = await call
    assert result["code"] == 0, result
    return result["json_param"]


def png(width: int, height: int) -> bytes:
    """Return a picture of one colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\x00" + b"\x80\x20\x20" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@BOTH
def test_a_file_goes_up_and_comes_down(server: Server, tmp_path, kind):
    async def scenario():
        path, content = tmp_path / "report.txt", b"line\n" * 200_000
        path.write_bytes(content)
        async with talk(server, kind) as they:
            sent = await they.send([{"elem_type": 4, "file_elem_file_path": str(path)}])
            assert sent["code"] == 0, sent
            [mine] = sent["json_param"]["message_elem_array"]
            assert (mine["file_elem_file_name"], mine["file_elem_file_size"]) == ("report.txt", len(content))
            assert mine["file_elem_file_path"] == str(path)
            told = they.alice_ears.heard("Upload")
            assert told[-1][1:] == [0, len(content), len(content)]
            assert told[0][0]["message_status"] == 1
            await until(lambda: [m for m in they.bob_ears.messages if m["message_elem_array"][0]["elem_type"] == 4])
            [elem] = they.bob_ears.messages[-1]["message_elem_array"]
            assert elem["file_elem_file_path"] == ""
            assert elem["file_elem_url"] == mine["file_elem_url"]
            for number, asked in enumerate((
                {"msg_download_elem_param_url": elem["file_elem_url"]},
                {"msg_download_elem_param_id": elem["file_elem_file_id"]},
            )):  # fmt: skip
                progress: list[list] = []
                target = tmp_path / f"copy {number}"
                done = await ok(they.bob.TIMMsgDownloadElemToPath({
                    "params": {"msg_download_elem_param_type": 1, **asked}, "path": str(target),
                    "callback": progress.append, "user_data": "d",
                }))  # fmt: skip
                assert done["msg_download_elem_result_total_size"] == len(content)
                assert target.read_bytes() == content
                assert (progress[-1][0], progress[-1][1], progress[-1][3]) == (0, "downloading", "d")
                assert json.loads(progress[-1][2])["msg_download_elem_result_current_size"] == len(content)
            lost = {"params": {"msg_download_elem_param_type": 1, "msg_download_elem_param_id": "f" * 32},
                    "path": str(tmp_path / "nothing")}  # fmt: skip
            assert (await they.bob.TIMMsgDownloadElemToPath(lost))["code"] == 6009
            lost["params"]["msg_download_elem_param_id"] = "no id of ours"
            assert (await they.bob.TIMMsgDownloadElemToPath(lost))["code"] == 6009
            assert not (tmp_path / "nothing").exists()

    asyncio.run(scenario())


def test_pictures_sounds_and_videos(server: Server, tmp_path):
    async def scenario():
        picture, sound = tmp_path / "p.png", tmp_path / "s.mp3"
        picture.write_bytes(png(1000, 500))
        sound.write_bytes(b"ID3 some sound")
        async with talk(server, GROUP) as they:
            elems = [
                {"elem_type": 1, "image_elem_orig_path": str(picture), "image_elem_level": 0},
                {"elem_type": 2, "sound_elem_file_path": str(sound), "sound_elem_file_time": 3},
                {"elem_type": 9, "video_elem_video_path": str(sound), "video_elem_video_type": "mp4",
                 "video_elem_video_duration": 9, "video_elem_image_path": str(picture),
                 "video_elem_image_type": "png"},
            ]  # fmt: skip
            sent = await they.send(elems)
            assert sent["code"] == 0, sent
            await until(lambda: len(they.bob_ears.messages[-1]["message_elem_array"]) == 3)
            image, heard, video = they.bob_ears.messages[-1]["message_elem_array"]
            sizes = [(image[f"image_elem_{size}_pic_width"], image[f"image_elem_{size}_pic_height"])
                     for size in ("orig", "large", "thumb")]  # fmt: skip
            assert sizes == [(1000, 500), (720, 360), (198, 99)]
            assert image["image_elem_format"] == 3
            assert len({image[f"image_elem_{size}_url"] for size in ("orig", "large", "thumb")}) == 3
            assert (heard["sound_elem_file_time"], heard["sound_elem_file_size"]) == (3, 14)
            assert (video["video_elem_image_width"], video["video_elem_image_height"]) == (1000, 500)
            assert (video["video_elem_video_size"], video["video_elem_video_duration"]) == (14, 9)
            assert {args[1] for args in they.alice_ears.heard("Upload")} == {0, 1, 2}
            sound.write_bytes(b"")
            assert (await they.send([elems[1]]))["code"] == 7006
            assert (await they.send([{"elem_type": 1, "image_elem_orig_path": str(tmp_path / "x")}]))["code"] == 7004
            picture.write_bytes(b"no picture")
            assert (await they.send([elems[0]]))["code"] == 6031

    asyncio.run(scenario())


def test_an_upload_is_cancelled(server: Server, tmp_path):
    async def scenario():
        path = tmp_path / "large"
        path.write_bytes(b"x" * 90_000_000)
        async with talk(server, GROUP) as they:
            elem = {"elem_type": 4, "file_elem_file_path": str(path)}
            param = {**they.from_alice, "params": {"message_elem_array": [elem]}}
            outcome: list[list] = []
            own_id = await they.alice.TIMMsgSendMessageV2({**param, "callback": outcome.append})
            cancel = {**they.from_alice, "message_id": own_id}
            assert (await they.alice.TIMMsgCancelSend({**cancel, "message_id": "nothing"}))["code"] == 8020
            await ok(they.alice.TIMMsgCancelSend(cancel))
            await until(lambda: outcome)
            assert outcome[0][0] == 8021
            assert (await they.alice.TIMMsgCancelSend(cancel))["code"] == 8020
            [kept] = await ok(they.alice.TIMMsgFindMessages({"json_message_id_array": [own_id]}))
            assert kept["message_status"] == 7
            sent = await they.say("after")
            assert (await they.alice.TIMMsgCancelSend({**cancel, "message_id": sent["message_msg_id"]}))["code"] == 8020

    asyncio.run(scenario())


@BOTH
def test_merged_messages_are_kept_apart_where_they_are_many(server: Server, kind):
    async def scenario():
        async with talk(server, kind) as they:
            told = [await they.say(f"{n} " + "words " * 30) for n in range(38)]
            for number, expected in ((3, 3), (38, 38)):
                merged = {
                    "elem_type": 12, "merge_elem_title": f"the first {number}", "merge_elem_abstract_array": ["a", "b"],
                    "merge_elem_compatible_text": "old", "merge_elem_message_array": told[:number],
                }  # fmt: skip
                sent = await they.send([merged])
                assert sent["code"] == 0, sent
                await until(lambda merged=merged: [
                    e for m in they.bob_ears.messages for e in m["message_elem_array"]
                    if e.get("merge_elem_title") == merged["merge_elem_title"]
                ])  # fmt: skip
                came = they.bob_ears.messages[-1]
                apart = bool(came["message_elem_array"][0]["merge_elem_relay_json_key"])
                assert apart is (number == 38)
                inside = await ok(they.bob.TIMMsgDownloadMergerMessage({"params": came}))
                assert len(inside) == expected
                assert [m["message_msg_id"] for m in inside] == [m["message_msg_id"] for m in told[:number]]
                assert inside[0]["message_elem_array"] == told[0]["message_elem_array"]
                assert inside[0]["message_sender"] == they.alice_name
            assert (await they.bob.TIMMsgDownloadMergerMessage({"params": told[0]}))["code"] == 6016
            elsewhere = {"elem_type": 12, "merge_elem_title": "t", "merge_elem_relay_json_key": "of another server",
                         "merge_elem_message_array": []}  # fmt: skip
            gone = {"params": {"message_elem_array": [elsewhere]}}
            assert (await they.bob.TIMMsgDownloadMergerMessage(gone))["code"] == 6009

    asyncio.run(scenario())


def test_texts_are_no_files(server: Server):
    async def scenario():
        async with talk(server, C2C) as they:
            await they.send([text("x")])
            assert they.alice_ears.heard("Upload") == []

    asyncio.run(scenario())
