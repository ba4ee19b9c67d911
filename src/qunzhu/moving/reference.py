"""An app of the reference service into a local one: group after group, from where the last try ended."""

import asyncio
import os
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from qunzhu.apps import checked, ensure_admins
from qunzhu.config import ConfigError
from qunzhu.core.errors import Refused
from qunzhu.core.limits import is_account
from qunzhu.core.ports import REST, App, CustomField, Who
from qunzhu.moving import CannotMove
from qunzhu.moving.calls import Reference
from qunzhu.moving.found import Field, Group, Info
from qunzhu.moving.notes import Begun, Done, Down, Finished, Notes
from qunzhu.moving.reading import INFOS, Reader
from qunzhu.moving.taking import (
    accounts_among_many,
    count_accounts,
    finish_group,
    is_message,
    is_there,
    streams_of,
    take_accounts,
    take_group,
    take_messages,
)
from qunzhu.store.batch import BatchStore

T = TypeVar("T")
R = TypeVar("R")
Seen = Callable[[int, int, int], None]
"""Is told how many groups there are, how many of them are done, and how many messages are there."""
HUNDRED = 100


class Importer:
    """One import, begun or gone on with.

    ``keep`` keeps the app's record where it changes; ``faults`` are what the engine raises of values it cannot keep.
    """

    def __init__(
        self, reference: Reference, store: BatchStore, notes: Notes, app: App, keep: Callable[[App], None], seen: Seen,
        faults: tuple[type[Exception], ...],
    ) -> None:  # fmt: skip
        self.app = app
        self._store, self._notes, self._keep, self._seen = store, notes, keep, seen
        self._reader = Reader(reference, notes.miss, lambda: [field.key for field in self.app.settings.group_fields])
        self._accounts: dict[str, bool] = {}
        self._faults = faults
        self._total = 0
        self._messages = sum(one.messages for one in notes.done.values())

    async def run(self) -> None:
        """Read all groups that are not done."""
        await self._settle(self.app.admins)
        ids = await self._reader.ids()
        self._total = len(ids)
        left = [one for one in ids if one not in self._notes.done]
        for start in range(0, len(left), INFOS):
            self._tell()
            await self._take(await self._reader.infos(left[start : start + INFOS]))
        self._tell()
        await self._store.write(ensure_admins, self.app, int(time.time()))
        self._notes.note(Finished(accounts=await self._store.read(count_accounts)), safe=True)

    def _tell(self) -> None:
        self._seen(self._total, len(self._notes.done), self._messages)

    def _who(self) -> Who:
        return Who(
            app=self.app, user=self.app.admins[0], admin=True, door=REST, now_ms=time.time_ns() // 1_000_000,
            random=os.urandom,
        )  # fmt: skip

    async def _take(self, infos: Sequence[Info]) -> None:
        """Put some groups into the app: what hangs on them, then their messages."""
        there = {info.GroupId for info in infos if await self._store.read(is_there, info.GroupId)}
        for group_id in there - self._notes.begun:
            self._notes.miss(group_id, "group", "the app has a group of this id already")
        read = await each(self._reader.group, [info for info in infos if info.GroupId not in there])
        groups = [group for group in read if group is not None]
        await self._settle({user for group in groups for user in group.users()})
        self._extend(groups)
        self._notes.note(Begun(groups=[group.info.GroupId for group in groups]), safe=True)
        taken = await each(self._put, groups)
        await each(self._finish, [*(there & self._notes.begun), *filter(None, taken)])

    async def _put(self, group: Group) -> str:
        """Put a group into the app, and return its id; empty where it is not taken."""
        try:
            left_out = await self._store.write(take_group, self._who(), group)
        except Refused as fault:
            self._notes.miss(group.info.GroupId, "group", f"{fault.row.code} {fault.text}")
            return ""
        except self._faults as fault:
            self._notes.miss(group.info.GroupId, "group", _in_one_line(fault))
            return ""
        for user in left_out:
            self._notes.miss(group.info.GroupId, "member or owner", f"{user!r} has no account")
        return group.info.GroupId

    async def _finish(self, group_id: str) -> None:
        """Read a group's messages, each stream from the newest down, and note it as done."""
        notices = 0
        for topic_id, newest in await self._store.read(streams_of, group_id):
            notices += await self._read_down(group_id, topic_id, newest)
        members, messages = await self._store.write(finish_group, self._who(), group_id)
        self._notes.note(Done(group=group_id, members=members, messages=messages, notices=notices))
        self._tell()

    async def _read_down(self, group_id: str, topic_id: str, newest: int) -> int:
        """Read the messages of a stream that are not there yet, and return how many notices it has."""
        down = self._notes.down.get((group_id, topic_id)) or Down(
            group=group_id, topic=topic_id, seq=newest + 1, notices=0
        )
        async for page in self._reader.messages(group_id, topic_id, down.seq - 1):
            messages = [place for place in page if is_message(place)]
            await self._settle({place.From_Account for place in messages})
            try:
                await self._store.write(take_messages, self._who(), group_id, topic_id, messages)
                self._messages += len(messages)
            except self._faults as fault:
                self._notes.miss(topic_id or group_id, "messages", _in_one_line(fault))
            down = msgspec.structs.replace(
                down, seq=min(place.MsgSeq for place in page),
                notices=down.notices + sum(1 for place in page if place.IsSystemMsg),
            )  # fmt: skip
            self._notes.note(down)
            self._tell()
        return down.notices

    async def _settle(self, users: Collection[str]) -> None:
        """Register those of some users who have an account there and none here."""
        new = {user for user in users if user not in self._accounts and is_account(user)}
        self._accounts |= dict.fromkeys(await self._store.read(accounts_among_many, new), True)
        asked = sorted(user for user in new if user not in self._accounts)
        parts = [asked[start : start + HUNDRED] for start in range(0, len(asked), HUNDRED)]
        for found in await each(self._reader.imported, parts):
            await self._store.write(take_accounts, self._who(), found)
            self._accounts |= dict.fromkeys(found, True)
        self._accounts |= {user: self._accounts.get(user, False) for user in asked}

    def _extend(self, groups: Sequence[Group]) -> None:
        """Add custom fields that groups or members have to the app's settings."""
        before = self.app
        self._add_fields("group_fields", (field for group in groups for field in group.info.AppDefinedData))
        self._add_fields("member_fields", (
            field for group in groups for member in group.members for field in member.AppMemberDefinedData
        ))  # fmt: skip
        if self.app != before:
            self._keep(self.app)

    def _add_fields(self, name: str, given: Iterable[Field]) -> None:
        present: tuple[CustomField, ...] = getattr(self.app.settings, name)
        for key in sorted({field.Key for field in given} - {field.key for field in present}):
            settings = msgspec.structs.replace(self.app.settings, **{name: (*present, CustomField(key))})
            try:
                self.app = checked(msgspec.structs.replace(self.app, settings=settings))
            except ConfigError as fault:
                self._notes.miss(key, "setting of a custom field", str(fault))
            present = getattr(self.app.settings, name)


def _in_one_line(fault: Exception) -> str:
    return f"the database cannot keep it: {str(fault).partition(chr(10))[0]}"


async def each(work: Callable[[T], Coroutine[Any, Any, R]], items: Sequence[T]) -> list[R]:
    """Do something with each of some items, all at once; where it fails for one, raise that fault."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work(item)) for item in items]
    except BaseExceptionGroup as faults:
        known = faults.subgroup(CannotMove)
        raise (known or faults).exceptions[0] from None
    return [task.result() for task in tasks]
