"""Files with all messages of one hour: made once the hour is over, found for seven days, and removed then."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from qunzhu.commands import archive
from qunzhu.core.media import Links, target_of
from qunzhu.push.archive import Archivist
from qunzhu.store.media import LocalMedia, media_folder
from worlds import ADMIN, KEY, NOW, SDKAPPID, World, switched

#: NOW is 2023-11-15 06:13:20 in the app's time zone.
HOUR, NEXT = "2023111506", "2023111507"
START = NOW - 13 * 60 - 20


@pytest.fixture
def media(tmp_path) -> LocalMedia:
    return LocalMedia(tmp_path)


@pytest.fixture
def archivist(world: World, media: LocalMedia, tmp_path) -> Any:
    """Return what lets the archivist do all that is due now."""

    class Store:
        """The world's store, as the loop sees one."""

        @staticmethod
        async def read(fn: Any, *args: Any) -> Any:
            return world.store.read_now(fn, *args)

        @staticmethod
        async def write(fn: Any, *args: Any) -> Any:
            return world.store.write_now(fn, *args)

    made = Archivist(Store(), media, tmp_path)
    return lambda: asyncio.run(made.tend(world.app, world.now))


@pytest.fixture
def spoken(world: World) -> str:
    """Let there be messages of groups, of a topic and to one user in one hour, and one in the next."""
    world.people("owner", "alice", "bob")
    group = world.group("Public", members=["alice"])
    world.say(group, "one", "alice", CloudCustomData="c", Random=5)
    world.now += 60
    world.say(group, "taken back", "alice")
    world.call("group_msg_recall", "alice", GroupId=group, MsgSeqList=[{"MsgSeq": 3}])
    world.say(group, "deleted", "owner")
    world.call("delete_group_msg_by_sender", GroupId=group, Sender_Account="owner")
    club = world.group("Community", GroupId="@TGS#_club", members=["alice"], SupportTopic=1)
    world.call("create_topic", GroupId=club, TopicId="@TGS#_club@TOPIC#_t", TopicName="t")
    world.say(club, "in the topic", "alice", TopicId="@TGS#_club@TOPIC#_t")
    world.call("sendmsg", From_Account="alice", To_Account="bob", MsgRandom=7, MsgBody=text("to bob"))
    world.now += 3600
    world.say(group, "later", "alice")
    return group


def text(words: str) -> list[dict]:
    return [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]


def content(world: World, media: LocalMedia, sort: str, hour: str = HOUR) -> list[dict[str, Any]]:
    """Follow a link to its file, check what is said of it, and return its messages."""
    [file] = world.call("get_history", ChatType=sort, MsgTime=hour)["File"]
    parts = urlsplit(file["URL"])
    target, query = target_of(parts.path), parse_qs(parts.query)
    until = Links(SDKAPPID, KEY).require(target, query["e"][0], query["k"][0], world.now)
    assert world.now < until <= world.now + 7 * 86400
    packed = (media._folder(SDKAPPID, target.uuid) / "original").read_bytes()
    plain = gzip.decompress(packed)
    assert (file["GzipSize"], file["GzipMD5"]) == (len(packed), hashlib.md5(packed).hexdigest())
    assert (file["FileSize"], file["FileMD5"]) == (len(plain), hashlib.md5(plain).hexdigest())
    return json.loads(plain)["MsgList"]


def test_all_messages_of_an_hour_are_in_its_file(world: World, spoken, archivist, media):
    world.refused(1004, "get_history", ChatType="Group", MsgTime=HOUR)
    archivist()
    first, recalled, topic = content(world, media, "Group")
    assert first == {
        "GroupId": spoken, "From_Account": "alice", "MsgSeq": 2, "MsgRandom": 5, "MsgTimestamp": NOW,
        "MsgBody": text("one"), "CloudCustomData": "c",
    }  # fmt: skip
    assert (recalled["MsgSeq"], recalled["MsgBody"]) == (3, [])
    assert (topic["GroupId"], topic["TopicId"]) == ("@TGS#_club", "@TGS#_club@TOPIC#_t")
    [to_bob] = content(world, media, "C2C")
    assert (to_bob["From_Account"], to_bob["To_Account"], to_bob["MsgBody"]) == ("alice", "bob", text("to bob"))
    world.refused(1004, "get_history", ChatType="Group", MsgTime=NEXT)
    world.now += 3600
    archivist()
    assert [one["MsgBody"] for one in content(world, media, "Group", NEXT)] == [text("later")]
    world.refused(1004, "get_history", ChatType="C2C", MsgTime=NEXT)


def test_an_hour_of_many_pages_has_each_message_once(world: World, archivist, media):
    world.people("owner", "alice")
    world.app = switched(world.app, messages_per_second=0)
    groups = [world.group("Public") for _ in range(3)]
    for number in range(3 * 400):
        world.say(groups[number % 3], str(number), "owner")
        world.now += number % 400 == 399
    for number in range(archive.PAGE + 1):
        world.call("sendmsg", From_Account="alice", To_Account="owner", MsgRandom=number, MsgBody=text(str(number)))
    world.now += 3600
    archivist()
    found = content(world, media, "Group")
    assert sorted(int(one["MsgBody"][0]["MsgContent"]["Text"]) for one in found) == list(range(1200))
    assert [one["MsgTimestamp"] for one in found] == sorted(one["MsgTimestamp"] for one in found)
    assert len(content(world, media, "C2C")) == archive.PAGE + 1


def test_files_go_after_seven_days(world: World, spoken, archivist, media, tmp_path):
    archivist()
    files = {path.name for path in media_folder(tmp_path, SDKAPPID).glob("??/*")}
    assert len(files) == 2
    world.now = START + 3600 + 7 * 86400 - 1
    archivist()
    assert content(world, media, "Group")
    world.now += 1
    world.refused(1005, "get_history", ChatType="Group", MsgTime=HOUR)
    archivist()
    assert files & {path.name for path in media_folder(tmp_path, SDKAPPID).glob("??/*")} == set()
    assert world.rows("SELECT count(*) FROM archives WHERE hour = :hour", hour=START) == [(0,)]


def test_a_file_that_was_not_noted_is_made_anew(world: World, spoken, archivist, media):
    archivist()
    world.execute("DELETE FROM archives")
    archivist()
    assert len(content(world, media, "Group")) == 3
    assert archivist() is None


def test_hours_follow_the_apps_time_zone(world: World, spoken, archivist, media):
    world.app = switched(world.app, utc_offset_minutes=330)
    archivist()
    assert len(content(world, media, "Group", "2023111503")) == 3  # 03:43 in UTC+5:30
    [file] = world.call("get_history", ChatType="Group", MsgTime="2023111503")["File"]
    assert file["ExpireTime"].startswith("2023-11-22 04:")


def test_refused(world: World):
    world.refused(1002, "get_history", ChatType="Room", MsgTime=HOUR)
    for name in ("202311150", "2023111524", "2023131506", "20231115 6", "tomorrow!!", "2023-11-15"):
        world.refused(1002, "get_history", ChatType="C2C", MsgTime=name)
    world.refused(1002, "get_history", "alice", ChatType="C2C", MsgTime=HOUR)
    world.refused(1004, "get_history", ADMIN, ChatType="C2C", MsgTime="2033111506")
    world.refused(1005, "get_history", ChatType="C2C", MsgTime="2023110706")
