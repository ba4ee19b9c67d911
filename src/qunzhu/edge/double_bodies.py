"""What the controls of a double take, each one record. A field that does not exist is refused: it would do nothing."""

import re
from typing import Annotated, Any

import msgspec

from qunzhu.core.double import FaultRule, PushRule
from qunzhu.core.errors import BAD_PARAMETER, BODY_NOT_JSON, Refused
from qunzhu.core.limits import UINT32, Account, Check, compile_checks, items, number, one_of, text
from qunzhu.core.wire import PLATFORMS

MOST_RULES = 1000
SNAPSHOT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a control takes. Without a field it only tells what is set."""


class ClockBody(Body, frozen=True, kw_only=True):
    """Times and spans in seconds, fractions allowed. In this order: real, set, advance, freeze."""

    real: bool = False
    """Show the real time again."""
    set: float | None = None
    """Show this unix time."""
    advance: float | None = None
    """Show a time so much later, or earlier where it is negative."""
    freeze: bool | float | None = None
    """true: stand still; a unix time: stand still there; false: go on from the time that is shown."""


class FaultsBody(Body, frozen=True, kw_only=True):
    """Rules are looked at in the order in which they were added; the first that matches and takes effect counts."""

    clear: bool = False
    """Drop all rules, those of pushes too, before others are added."""
    add: Annotated[list[FaultRule], items(MOST_RULES, error=BAD_PARAMETER)] = []
    pushes: Annotated[list[PushRule], items(MOST_RULES, error=BAD_PARAMETER)] = []
    seed: int = 0
    """Of what is drawn for probabilities: with the same seed the same calls meet the same faults."""


class CutBody(Body, frozen=True, kw_only=True):
    """Whose sessions end; absent fields stand for all. ``code`` is one of the gateway's."""

    user: Account | None = None
    platform: Annotated[str, one_of(*PLATFORMS)] | None = None
    code: Annotated[int, number(1000, 4999)] | None = None


class ResetBody(Body, frozen=True, kw_only=True):
    """Empties the app: its record and the administrators' accounts stay."""

    keep: Annotated[list[Annotated[str, one_of("clock", "faults")]], items(2, error=BAD_PARAMETER)] = []
    """What else stays as it is."""


class SnapshotBody(Body, frozen=True, kw_only=True):
    """Keeps the app's data under a name, 1 to 64 letters, digits, ``.``, ``_`` or ``-``."""

    name: Annotated[str, text(64, min_bytes=1)] | None = None
    drop: Annotated[str, text(64, min_bytes=1)] | None = None
    """Remove a snapshot."""


class RestoreBody(Body, frozen=True, kw_only=True):
    """Puts a snapshot in the place of the app's data. The clock stays as it is."""

    name: Annotated[str, text(64, min_bytes=1)]


class RecordBody(Body, frozen=True, kw_only=True):
    """Clears, then starts or stops the record; ``get`` has the lines themselves answered."""

    clear: bool = False
    start: bool = False
    stop: bool = False
    get: bool = False


_CHECKS: dict[type[Body], Check | None] = {
    body: compile_checks(body)
    for body in (ClockBody, FaultsBody, CutBody, ResetBody, SnapshotBody, RestoreBody, RecordBody)
}


def decode(record: type[Body], body: bytes) -> Any:
    """Return a body as its record, or refuse (60003, 10004) what it cannot be."""
    try:
        found = msgspec.json.decode(body or b"{}", type=record)
    except msgspec.ValidationError as fault:
        message, _, path = str(fault).partition(" - at `$")
        field = path.rstrip("`").lstrip(".")
        if not field and message.startswith("Expected `object`"):
            raise Refused(BODY_NOT_JSON, message) from None
        raise Refused(BAD_PARAMETER, f"{field}: {message}" if field else message) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Refused(BODY_NOT_JSON, str(fault)[:200]) from None
    if (check := _CHECKS[record]) is not None:
        check("", found)
    return found


def milliseconds(field: str, seconds: float) -> int:
    """Return seconds as milliseconds, or refuse (10004) more than a clock can show."""
    if abs(seconds) > UINT32:
        raise Refused(BAD_PARAMETER, f"{field}: {seconds:.0f} is not within {-UINT32} to {UINT32}")
    return round(1000 * seconds)


def snapshot_name(field: str, name: str) -> str:
    """Return a name that can be a file's, or refuse it (10004)."""
    if not SNAPSHOT.match(name):
        raise Refused(
            BAD_PARAMETER,
            f"{field}: {name!r}, 1 to 64 letters, digits, ., _ or - are allowed, beginning with a letter or digit",
        )
    return name
