"""Files with all messages of one hour, kept for seven days (doc 1047/34885): where they are, what goes into them."""

import datetime
import re
from collections.abc import Sequence
from typing import Annotated, Any, LiteralString

import msgspec

from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.limits import one_of, text
from qunzhu.core.media import ORIGINAL, Links
from qunzhu.core.messages import DELETED, C2CMessage, GroupMessage, decode_c2c_message, decode_group_message
from qunzhu.core.ports import REST, App, Row, Tx, Who

HOUR, KEPT = 3600, 7 * 86400
LATE = 60
"""How long after its end an hour counts as over: nothing is added to it then."""
SORTS = {"C2C": 1, "Group": 2}
PAGE = 500


class HistoryFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file: a link that expires, sizes and MD5 sums as it is, and as it is when unpacked."""

    URL: str
    ExpireTime: str
    FileSize: int
    FileMD5: str
    GzipSize: int
    GzipMD5: str


class HistoryFiles(Reply, frozen=True, kw_only=True):
    """The files of an hour."""

    File: list[HistoryFile]


class GetHistory(Request[HistoryFiles], frozen=True, kw_only=True):
    """Of which sort of conversations, and of which hour in the app's time zone (YYYYMMDDHH)."""

    ChatType: Annotated[str, one_of(*SORTS, error=err.HISTORY_PARAMETER)]
    MsgTime: Annotated[str, text(10, error=err.HISTORY_PARAMETER)]


SELECT_ARCHIVE = "SELECT uuid, size, md5, gzip_size, gzip_md5 FROM archives WHERE sort = :sort AND hour = :hour"


@command("open_msg_svc", writes=False, doc="1047/34885", doors=(REST,), bad_input=err.HISTORY_PARAMETER,
         internal=err.HISTORY_INTERNAL, per_second=10,
         errors=(err.HISTORY_PARAMETER, err.HISTORY_NOT_READY, err.HISTORY_EXPIRED))  # fmt: skip
def get_history(tx: Tx, who: Who, req: GetHistory) -> HistoryFiles:
    """Give the link to a file with all one-to-one or all group messages of one hour, packed with gzip.

    The file is JSON: ``MsgList`` holds the messages in the order of their times. It is made soon after the hour is
    over (1004 until then, and where there was no message) and kept for seven days (1005).
    """
    who.require_admin(err.HISTORY_PARAMETER)
    start = hour_named(who.app, req.MsgTime)
    if start is None:
        raise Refused(err.HISTORY_PARAMETER, f"MsgTime: {req.MsgTime!r} is no hour of the form YYYYMMDDHH")
    if start <= who.now - KEPT - HOUR:
        raise Refused(err.HISTORY_EXPIRED, f"MsgTime: {req.MsgTime}")
    row = tx.one(SELECT_ARCHIVE, sort=SORTS[req.ChatType], hour=start)
    if row is None or not row[0]:
        raise Refused(err.HISTORY_NOT_READY, f"MsgTime: {req.MsgTime}")
    uuid, size, md5, gzip_size, gzip_md5 = row
    until = min(who.now + who.media.link_seconds, start + HOUR + KEPT)
    link = Links(who.app.sdkappid, who.app.key).download(uuid, ORIGINAL, until)
    return HistoryFiles(File=[HistoryFile(
        URL=who.base + link, ExpireTime=_shown_time(who.app, until), FileSize=size, FileMD5=md5, GzipSize=gzip_size,
        GzipMD5=gzip_md5,
    )])  # fmt: skip


def _zone(app: App) -> datetime.timezone:
    return datetime.timezone(datetime.timedelta(minutes=app.settings.utc_offset_minutes))


def hour_named(app: App, name: str) -> int | None:
    """Return when an hour begins (unix seconds), or None for a text that names none."""
    if not re.fullmatch(r"[0-9]{10}", name):
        return None
    try:
        return int(datetime.datetime.strptime(name, "%Y%m%d%H").replace(tzinfo=_zone(app)).timestamp())
    except ValueError:
        return None


def _shown_time(app: App, at: int) -> str:
    return datetime.datetime.fromtimestamp(at, _zone(app)).strftime("%Y-%m-%d %H:%M:%S")


class Due(msgspec.Struct, frozen=True):
    """An hour that is over and was not looked at: of which sort, when it begins, and whether anything was said."""

    sort: int
    hour: int
    any: bool


SELECT_KNOWN = "SELECT sort, hour FROM archives"
SOME: dict[int, LiteralString] = {
    1: "SELECT 1 FROM c2c_messages WHERE at >= :start AND at < :end ORDER BY at LIMIT 1",
    2: "SELECT 1 FROM messages WHERE at >= :start AND at < :end AND random IS NOT NULL ORDER BY at LIMIT 1",
}


def due(tx: Tx, app: App, now: int) -> list[Due]:
    """Return the hours of the last seven days that are over and were not looked at, the oldest first."""
    shift = 60 * app.settings.utc_offset_minutes
    last = (now - LATE + shift) // HOUR * HOUR - shift - HOUR
    known = set(tx.all(SELECT_KNOWN))
    hours = [hour for hour in range(last - KEPT, last + 1, HOUR) if hour > now - KEPT - HOUR]
    return [
        Due(sort, hour, tx.one(SOME[sort], start=hour, end=hour + HOUR) is not None)
        for hour in hours for sort in SORTS.values() if (sort, hour) not in known
    ]  # fmt: skip


FIRST: dict[int, tuple[Any, ...]] = {1: ("", "", -1, -1), 2: (-1, -1, -1)}
"""What comes before every message of a second."""
SELECT_PAGE: dict[int, LiteralString] = {
    1: "SELECT at, low, high, msg_seq, random, state, body FROM c2c_messages"
       " WHERE (at, low, high, msg_seq, random) > (:at, :k0, :k1, :k2, :k3) AND at < :end"
       " ORDER BY at, low, high, msg_seq, random LIMIT :limit",
    2: "SELECT at, group_num, topic_num, seq, state, sender, body FROM messages"
       " WHERE (at, group_num, topic_num, seq) > (:at, :k0, :k1, :k2) AND at < :end AND random IS NOT NULL"
       " ORDER BY at, group_num, topic_num, seq LIMIT :limit",
}  # fmt: skip


def page(tx: Tx, what: Due, after: tuple[Any, ...] | None) -> tuple[list[dict[str, Any]], tuple[Any, ...] | None]:
    """Return messages of an hour after a place, and the place of the last one; None where there are no more."""
    at, *keys = after or (what.hour, *FIRST[what.sort])
    rows = tx.all(
        SELECT_PAGE[what.sort], at=at, end=what.hour + HOUR, limit=PAGE,
        **{f"k{number}": key for number, key in enumerate(keys)},
    )  # fmt: skip
    last = tuple(rows[-1][: 1 + len(keys)]) if len(rows) == PAGE else None
    return (_group_messages(rows) if what.sort == SORTS["Group"] else _c2c_messages(rows)), last


def _group_messages(rows: Sequence[Row]) -> list[dict[str, Any]]:
    found = []
    for *_, state, sender, body in rows:
        if sender and state != DELETED:
            message = decode_group_message(body)
            topic = {"TopicId": message.TopicId} if message.TopicId else {}
            receivers = {"To_Account": message.To_Account} if message.To_Account else {}
            found.append({"GroupId": message.GroupId, **topic, **receivers, **_written(message)})
    return found


def _c2c_messages(rows: Sequence[Row]) -> list[dict[str, Any]]:
    found = []
    for *_, state, body in rows:
        if state != DELETED:
            message = decode_c2c_message(body)
            found.append({"To_Account": message.To_Account, **_written(message)})
    return found


def _written(message: GroupMessage | C2CMessage) -> dict[str, Any]:
    """Return what a file says of a message besides where it went."""
    return {
        "From_Account": message.From_Account, "MsgSeq": message.MsgSeq, "MsgRandom": message.MsgRandom,
        "MsgTimestamp": message.MsgTime, "MsgBody": message.MsgBody, "CloudCustomData": message.CloudCustomData,
    }  # fmt: skip


class Archive(msgspec.Struct, frozen=True):
    """A file that was made, or (no uuid) the knowledge that there is nothing to put into one."""

    sort: int
    hour: int
    uuid: str = ""
    size: int = 0
    md5: str = ""
    gzip_size: int = 0
    gzip_md5: str = ""


RECORD = (
    "INSERT INTO archives (sort, hour, uuid, size, md5, gzip_size, gzip_md5)"
    " VALUES (:sort, :hour, :uuid, :size, :md5, :gzip_size, :gzip_md5) ON CONFLICT (sort, hour) DO NOTHING"
    " RETURNING gzip_size"
)


def record(tx: Tx, app: App, now: int, archives: Sequence[Archive]) -> None:
    """Note files that were made, and count their bytes."""
    noted = [tx.one(RECORD, **msgspec.structs.asdict(one)) for one in archives]
    _count(tx, app, now, "bytes.added", sum(row[0] for row in noted if row))


def _count(tx: Tx, app: App, now: int, name: str, size: int) -> None:
    if size:
        tx.meter(app.day(now), name, size)


SELECT_EXPIRED = "SELECT uuid FROM archives WHERE hour <= :hour ORDER BY hour"
FORGET = "DELETE FROM archives WHERE hour <= :hour RETURNING gzip_size"


def expired(tx: Tx, now: int) -> list[str]:
    """Return the files whose time is over."""
    return [uuid for (uuid,) in tx.all(SELECT_EXPIRED, hour=now - KEPT - HOUR)]


def forget(tx: Tx, app: App, now: int) -> None:
    """Forget the files whose time is over, once they are removed."""
    gone = tx.all(FORGET, hour=now - KEPT - HOUR)
    _count(tx, app, now, "bytes.removed", sum(size for (size,) in gone))
