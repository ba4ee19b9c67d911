"""The attributes of groups that a client has read, kept true by what it is told, with the versions it has seen."""

import asyncio
import logging
import weakref
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET

from qunzhu.client import Client
from qunzhu.client.errors import CallFailed
from qunzhu.commands.attributes import GetGroupAttr, Written
from qunzhu.core.notices import Notice

log = logging.getLogger("qunzhu.tim")
CHANGED = "AttributesChanged"


class Known(msgspec.Struct, frozen=True):
    """Attributes of one group: value and version by key. ``version`` is the group's, None where nobody tells of it."""

    values: dict[str, tuple[str, int]]
    version: int | None


def shown(values: dict[str, tuple[str, int]], keys: Iterable[str] = ()) -> list[dict[str, str]]:
    """Return attributes as ``GroupAttributes``, only some keys where any are given."""
    wanted = frozenset(keys)
    return [
        {"group_attribute_key": key, "group_attribute_value": value}
        for key, (value, _) in sorted(values.items())
        if not wanted or key in wanted
    ]


class AttributeCache:
    """What is known of one client's groups. A missed version, a break or leaving a group drops what was known."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._heard: dict[str, int] = {}
        """The newest version told of each group: an answer that is older was overtaken."""
        self._before: dict[str, Known] = {}
        """What was known when the connection broke."""
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def writing(self, group: str) -> asyncio.Lock:
        """Return the lock of a group, so that one's own writes do not overtake each other's versions."""
        return self._locks.setdefault(group, asyncio.Lock())

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
        self._heard.clear()
        self._before.clear()

    def forget(self, group: str) -> None:
        """Forget a group: the next use reads it."""
        self._known.pop(group, None)
        self._heard.pop(group, None)
        self._before.pop(group, None)

    def broken(self) -> None:
        """Take nothing for true any longer, but remember what was, to find out what changed meanwhile."""
        self._before = self._known | self._before
        self._known = {}
        self._heard = {}

    async def of(self, client: Client, group: str) -> Known:
        """Return a group's attributes, read where they are not known."""
        if (known := self._known.get(group)) is not None:
            return known
        reply = await client.call(GetGroupAttr(GroupId=group))
        values = {item.key: (item.value, item.seq or 0) for item in reply.GroupAttrAry}
        read = Known(values, None if reply.MainSeq is UNSET else reply.MainSeq)
        if read.version is not None and read.version >= self._heard.get(group, 0):
            self._known[group] = read
        return read

    def changed(self, group: str, version: int, written: dict[str, str], removed: Iterable[str]) -> None:
        """Take a change into account: the next version is worked in, a later one means that some were missed."""
        self._heard[group] = max(version, self._heard.get(group, 0))
        known = self._known.get(group)
        if known is None or known.version is None or version <= known.version:
            return
        if version > known.version + 1:
            del self._known[group]
            return
        gone = frozenset(removed)
        values = {key: value for key, value in known.values.items() if key not in gone}
        self._known[group] = Known(values | {key: (value, version) for key, value in written.items()}, version)

    def wrote(self, group: str, answer: Written, written: dict[str, str], removed: Iterable[str] | None) -> None:
        """Take one's own write into account, before the push tells of it; ``removed`` None: all others."""
        if answer.MainSeq is UNSET:
            return
        known = self._known.get(group)
        others = [key for key in known.values if key not in written] if known else []
        self.changed(group, answer.MainSeq, written, others if removed is None else removed)

    async def completed(self, client: Client, change: Notice, *, heard: bool) -> Notice:
        """Return a pushed change of attributes with all attributes of the group after it; other changes as they are.

        Nothing is read for it where nobody listens (``heard``).
        """
        if change["ChangeType"] != CHANGED:
            return change
        written = {item["key"]: item["value"] for item in change["GroupAttr"]}
        self.changed(change["GroupId"], change["MainSeq"], written, change["RemovedKeys"])
        if not heard:
            return change
        try:
            known = await self.of(client, change["GroupId"])
        except CallFailed as fault:
            log.debug("attributes of %r: %s", change["GroupId"], fault.text)
            return change
        return {**change, "All": shown(known.values)}

    async def missed(self, client: Client, *, heard: bool) -> list[dict[str, Any]]:
        """Read anew what was known before a break; return a change for each group that has another version."""
        before, self._before = self._before, {}
        found: list[dict[str, Any]] = []
        for group, was in before.items() if heard else ():
            try:
                known = await self.of(client, group)
            except CallFailed as fault:
                log.debug("attributes of %r: %s", group, fault.text)
                continue
            if known.version != was.version:
                found.append({"GroupId": group, "ChangeType": CHANGED, "All": shown(known.values)})
        return found
