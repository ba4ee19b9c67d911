"""The file with an hour's messages: made by the server, downloaded by its link, and gone when its time is over."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from qunzhu.commands.archive import HOUR, KEPT
from served import SDKAPPID

if TYPE_CHECKING:
    from media.files import Files
    from wire.doors import Door

ZONE = 8 * HOUR


def tended(door: Door) -> None:
    """Let the server do for its files what it does every ten seconds."""
    door.run(door.backend._open[SDKAPPID].make_archives())


def write(door: Door, sql: str, **params: Any) -> None:
    """Change what is stored: an hour is too long for a test."""
    door.run(door.backend._open[SDKAPPID].store.write(lambda tx: tx.run(sql, **params)))


def test_it_is_made_downloaded_and_removed(files: Files):
    door = files.door
    hour = int(time.time()) // HOUR * HOUR - 2 * HOUR
    name = time.strftime("%Y%m%d%H", time.gmtime(hour + ZONE))
    group = door.call("group_open_http_svc/create_group", {"Type": "Public", "Name": "n"})["GroupId"]
    for number in range(3):
        body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": f"{number} 你好"}}]
        answer = door.call("group_open_http_svc/send_group_msg", {"GroupId": group, "Random": number, "MsgBody": body})
        assert answer["ErrorCode"] == 0, answer
    write(door, "UPDATE messages SET at = :at WHERE sender <> ''", at=hour + 5)
    write(door, "DELETE FROM archives")
    tended(door)
    asked = {"ChatType": "Group", "MsgTime": name}
    [file] = door.call("open_msg_svc/get_history", asked)["File"]
    answer = files.get(file["URL"])
    assert answer.status == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert (len(answer.body), hashlib.md5(answer.body).hexdigest()) == (file["GzipSize"], file["GzipMD5"])
    plain = gzip.decompress(answer.body)
    assert (len(plain), hashlib.md5(plain).hexdigest()) == (file["FileSize"], file["FileMD5"])
    found = json.loads(plain)["MsgList"]
    assert [one["MsgBody"][0]["MsgContent"]["Text"] for one in found] == [f"{number} 你好" for number in range(3)]
    assert files.get(file["URL"][:-1] + "_").status == 403
    write(door, "DELETE FROM messages")
    write(door, "DELETE FROM archives WHERE uuid = ''")
    write(door, "UPDATE archives SET hour = hour - :kept", kept=KEPT)
    tended(door)
    assert files.get(file["URL"]).status == 404
    assert door.call("open_msg_svc/get_history", asked)["ErrorCode"] == 1004
