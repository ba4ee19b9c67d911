"""Extensions of messages: texts by key that hang on one message, such as the votes of a poll.

Docs 1047/51195, 51194, 52170, 52169.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from qunzhu.commands._attached import Attached, MsgKeyText, Seq, between, message_at
from qunzhu.commands._c2c import named
from qunzhu.commands._history import reader_of
from qunzhu.commands._streams import find_stream
from qunzhu.commands.groups import GroupIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Reply, Request, command
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.events import C2CExtensionsChanged, ExtensionsChanged
from qunzhu.core.limits import Account, items, number, text
from qunzhu.core.messages import Mark
from qunzhu.core.ports import Tx, Who
from qunzhu.core.rights import Action

SERVICE = "openim_msg_ext_http_svc"
PAGE = 200
MOST = 300
MOST_A_CALL = 20
WRITES_A_MINUTE = 200
SET, DELETE, CLEAR = 1, 2, 3
Version = Annotated[int, number(0, 2**53)]
Pairs = dict[str, tuple[str, int]]
"""Value and version by key."""


class GivenExtension(msgspec.Struct, frozen=True, kw_only=True):
    """One extension to write or remove."""

    Key: Annotated[str, text(100, min_bytes=1)]
    Value: Annotated[str, text(1000, lines=True)] = ""
    Seq: Version | None = None


class Extension(msgspec.Struct, frozen=True, kw_only=True):
    """One extension with its version."""

    Key: str
    Value: str
    Seq: int


class ExtensionResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one extension of the request; of one that was refused, how it is now."""

    Extension: Extension
    ErrorCode: int = 0
    ErrorInfo: str = ""


class WrittenExtensions(Reply, frozen=True, kw_only=True):
    """One item per extension of the request, in its order."""

    ExtensionList: list[ExtensionResult]


Given = Annotated[list[GivenExtension], items(MOST_A_CALL, error=err.BAD_PARAMETER)]
_WRITE_ERRORS = (
    err.BAD_PARAMETER, err.HIGHER_PLAN, err.EXTENSION_CONFLICT, err.EXTENSIONS_OFF, err.EXTENSIONS_TOO_FREQUENT,
    err.EXTENSION_UNKNOWN,
)  # fmt: skip
_GROUP_ERRORS = (err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID)


class SetKeyValues(Request[WrittenExtensions], frozen=True, kw_only=True):
    """A message from one user to another, and what to do with its extensions."""

    To_Account: Account
    MsgKey: MsgKeyText
    OperateType: Annotated[int, number(SET, CLEAR)]
    From_Account: Account | None = None
    ExtensionList: Given | None = None


@command(SERVICE, writes=True, doc="1047/51195", errors=_WRITE_ERRORS)
def set_key_values(tx: Tx, who: Who, req: SetKeyValues) -> WrittenExtensions:
    """Set, remove (2) or clear (3) the extensions of a message from one user to another.

    Both of them may, and administrators. A user names for each the version he has read, 0 where it was not there, and
    is refused (23001) where somebody else was faster.
    """
    _require_plan(who)
    return _write(tx, who, between(tx, who, req.From_Account or who.user, req.To_Account, req.MsgKey), req)


class GroupSetKeyValues(Request[WrittenExtensions], frozen=True, kw_only=True):
    """A message to a group, and what to do with its extensions."""

    GroupId: GroupIdText
    MsgSeq: Seq
    OperateType: Annotated[int, number(SET, CLEAR)]
    ExtensionList: Given | None = None


@command(SERVICE, writes=True, doc="1047/52170", errors=(*_WRITE_ERRORS, *_GROUP_ERRORS))
def group_set_key_values(tx: Tx, who: Who, req: GroupSetKeyValues) -> WrittenExtensions:
    """Set, remove (2) or clear (3) the extensions of a message to a group; every member may."""
    stream = find_stream(tx, who, req.GroupId, None)
    reader = reader_of(tx, who, stream, Action.EXTEND)
    _require_plan(who)
    return _write(tx, who, message_at(tx, stream, reader, req.MsgSeq), req)


class Extensions(Reply, frozen=True, kw_only=True):
    """Extensions in the order of their versions, at most 200; the next page begins at the last one's ``Seq``."""

    ExtensionList: list[Extension]
    CompleteFlag: int
    LatestSeq: int
    ClearSeq: int


class GetKeyValues(Request[Extensions], frozen=True, kw_only=True):
    """A message from one user to another whose extensions to read."""

    To_Account: Account
    MsgKey: MsgKeyText
    From_Account: Account | None = None
    StartSeq: Version | None = None


@command(SERVICE, writes=False, doc="1047/51194",
         errors=(err.BAD_PARAMETER, err.HIGHER_PLAN, err.EXTENSION_UNKNOWN))  # fmt: skip
def get_key_values(tx: Tx, who: Who, req: GetKeyValues) -> Extensions:
    """Read the extensions of a message from one user to another, 200 at most."""
    _require_plan(who)
    message = between(tx, who, req.From_Account or who.user, req.To_Account, req.MsgKey)
    return _read(tx, message, req.StartSeq or 0)


class GroupGetKeyValues(Request[Extensions], frozen=True, kw_only=True):
    """A message to a group whose extensions to read."""

    GroupId: GroupIdText
    MsgSeq: Seq
    StartSeq: Version | None = None


@command(SERVICE, writes=False, doc="1047/52169",
         errors=(err.BAD_PARAMETER, err.HIGHER_PLAN, err.EXTENSION_UNKNOWN, *_GROUP_ERRORS))  # fmt: skip
def group_get_key_values(tx: Tx, who: Who, req: GroupGetKeyValues) -> Extensions:
    """Read the extensions of a message to a group, 200 at most."""
    stream = find_stream(tx, who, req.GroupId, None)
    reader = reader_of(tx, who, stream, Action.EXTEND)
    _require_plan(who)
    return _read(tx, message_at(tx, stream, reader, req.MsgSeq), req.StartSeq or 0)


def _require_plan(who: Who) -> None:
    if not who.app.plan.special_messages:
        raise Refused(err.HIGHER_PLAN, f"plan {who.app.plan_name} has no message extensions")


SELECT_VERSION = "SELECT latest, cleared, minute, writes FROM extension_versions WHERE owner = :owner"
SELECT_PAGE = (
    "SELECT name, value, seq FROM extensions WHERE owner = :owner AND seq >= :start ORDER BY seq, name LIMIT :limit"
)


def _read(tx: Tx, message: Attached, start: int) -> Extensions:
    rows = tx.all(SELECT_PAGE, owner=message.owner, start=start, limit=PAGE + 1)
    latest, cleared, _, _ = tx.one(SELECT_VERSION, owner=message.owner) or (0, 0, 0, 0)
    return Extensions(
        ExtensionList=[Extension(Key=key, Value=value, Seq=seq) for key, value, seq in rows[:PAGE]],
        CompleteFlag=int(len(rows) <= PAGE), LatestSeq=latest, ClearSeq=cleared,
    )  # fmt: skip


def _write(tx: Tx, who: Who, message: Attached, req: SetKeyValues | GroupSetKeyValues) -> WrittenExtensions:
    given = _given(who, req)
    if not message.flags & Mark.EXTENSION:
        raise Refused(err.EXTENSIONS_OFF, "SupportMessageExtension was not 1")
    latest, cleared, minute, writes = tx.one(SELECT_VERSION, owner=message.owner) or (0, 0, 0, 0)
    writes = writes if minute == who.now // 60 else 0
    if writes >= WRITES_A_MINUTE:
        raise Refused(err.EXTENSIONS_TOO_FREQUENT, f"the message had {writes} in this minute")
    change = _Change(tx, who, message, latest + 1)
    results = change.clear() if req.OperateType == CLEAR else [change.one(item, req.OperateType) for item in given]
    if change.write():
        version = {"latest": latest + 1, "cleared": latest + 1 if req.OperateType == CLEAR else cleared}
        tx.run(WRITE_VERSION, owner=message.owner, minute=who.now // 60, writes=writes + 1, **version)
        _emit(tx, who, message, change)
    return WrittenExtensions(ExtensionList=results)


WRITE_VERSION = (
    "INSERT INTO extension_versions (owner, latest, cleared, minute, writes)"
    " VALUES (:owner, :latest, :cleared, :minute, :writes)"
    " ON CONFLICT (owner) DO UPDATE SET latest = :latest, cleared = :cleared, minute = :minute, writes = :writes"
)


def _given(who: Who, req: SetKeyValues | GroupSetKeyValues) -> Sequence[GivenExtension]:
    """Return the extensions of a request, or refuse (10004) one without what its operation needs."""
    if req.OperateType == CLEAR:
        return ()
    if not req.ExtensionList:
        raise Refused(err.BAD_PARAMETER, f"ExtensionList: required for OperateType {req.OperateType}")
    for index, item in enumerate(req.ExtensionList):
        if item.Seq is None and not who.admin:
            raise Refused(err.BAD_PARAMETER, f"ExtensionList[{index}].Seq: required of users, but absent")
    return req.ExtensionList


UPSERT = (
    "INSERT INTO extensions (owner, name, value, seq) VALUES (:owner, :name, :value, :seq)"
    " ON CONFLICT (owner, name) DO UPDATE SET value = :value, seq = :seq"
)


class _Change:
    """What one call makes of a message's extensions."""

    def __init__(self, tx: Tx, who: Who, message: Attached, version: int) -> None:
        self._tx, self._who, self._message = tx, who, message
        self.version = version
        rows = tx.all("SELECT name, value, seq FROM extensions WHERE owner = :owner", owner=message.owner)
        self._present: Pairs = {name: (value, seq) for name, value, seq in rows}
        self.changed: dict[str, str] = {}
        self.removed: list[str] = []
        self.cleared = False

    def clear(self) -> list[ExtensionResult]:
        """Take all extensions away."""
        self.cleared = bool(self._present)
        self.removed = sorted(self._present)
        return []

    def one(self, item: GivenExtension, operation: int) -> ExtensionResult:
        """Set or remove one extension, or say why not."""
        value, seq = self._present.get(item.Key, ("", 0))
        if (refused := self._refusal(item, operation, seq)) is not None:
            row, detail = refused
            return _result(item.Key, value, seq, row, f"{row.text}: {detail}")
        if operation == DELETE:
            del self._present[item.Key]
            self.changed.pop(item.Key, None)
            self.removed.append(item.Key)
            return _result(item.Key, "", self.version)
        if item.Key in self.removed:
            self.removed.remove(item.Key)
        self._present[item.Key] = (item.Value, self.version)
        self.changed[item.Key] = item.Value
        return _result(item.Key, item.Value, self.version)

    def _refusal(self, item: GivenExtension, operation: int, seq: int) -> tuple[ErrorRow, str] | None:
        if not self._who.admin and item.Seq != seq:
            return err.EXTENSION_CONFLICT, f"{item.Key!r} Seq {item.Seq}, it is at {seq}"
        if operation == DELETE and not seq:
            return err.EXTENSION_UNKNOWN, f"Key: {item.Key!r}"
        if not seq and len(self._present) >= MOST:
            return err.BAD_PARAMETER, f"the message has {len(self._present)} extensions, at most {MOST} are allowed"
        return None

    def write(self) -> bool:
        """Write what changed, and say whether anything did."""
        owner = self._message.owner
        if self.removed:
            self._tx.many(
                "DELETE FROM extensions WHERE owner = :owner AND name = :name",
                [{"owner": owner, "name": name} for name in self.removed],
            )
        if self.changed:
            self._tx.many(UPSERT, [
                {"owner": owner, "name": name, "value": value, "seq": self.version}
                for name, value in self.changed.items()
            ])  # fmt: skip
        return bool(self.removed or self.changed)


def _result(key: str, value: str, seq: int, row: ErrorRow | None = None, info: str = "") -> ExtensionResult:
    return ExtensionResult(
        Extension=Extension(Key=key, Value=value, Seq=seq), ErrorCode=row.code if row else 0, ErrorInfo=info
    )


def _emit(tx: Tx, who: Who, message: Attached, change: _Change) -> None:
    what: dict[str, Any] = {
        "operator": who.user, "latest": change.version, "changed": change.changed, "removed": change.removed,
        "cleared": change.cleared,
    }  # fmt: skip
    if message.row is not None:
        tx.emit(C2CExtensionsChanged(**named(message.row), **what))
    elif message.stream is not None:
        group = message.stream.group
        tx.emit(ExtensionsChanged(
            group_id=group.group_id, kind=group.kind_name, at=who.now, msg_seq=message.seq,
            topic_id=message.stream.topic_id, users=message.users, **what,
        ))  # fmt: skip
