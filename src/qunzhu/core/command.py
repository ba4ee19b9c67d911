"""What a command is, and how request bytes become its record.

A command is one function ``def name(tx, who, req) -> reply`` under ``@command``. Its REST route, gateway method,
decoder, reference page, OpenAPI operation, coverage row and metric label are all derived from that function, its two
records and the decorator's row.
"""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from qunzhu.core.errors import (
    ACCOUNT_BAD_PARAMETER,
    ACCOUNT_NOT_TEXT,
    BAD_PARAMETER,
    BODY_NOT_JSON,
    COMMAND_TOO_FREQUENT,
    GROUP_INTERNAL,
    HISTORY_PARAMETER,
    NOT_APP_ADMIN,
    OPENIM_NOT_ADMIN,
    ErrorRow,
    Refused,
)
from qunzhu.core.limits import Check, Quick, account_fields, compile_checks, compile_quick
from qunzhu.core.ports import GATEWAY, REST, Tx, Who

R = TypeVar("R", bound="Reply", covariant=True)


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of a successful answer, under their wire names; the envelope is added by the edge."""

    statuses: ClassVar[tuple[str, ...]] = ("OK",)
    """What the envelope may call the answer."""

    @property
    def status(self) -> str:
        """Return what the envelope calls the answer."""
        return "OK"


class Request(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """Fields of a request, under their wire names. None means absent; unknown fields are ignored."""


class Done(Reply, frozen=True, kw_only=True):
    """An answer without fields."""


Handler = Callable[[Tx, Who, Any], Reply]


class Command(msgspec.Struct, frozen=True, dict=True):
    """One row of the command table.

    What reads request bodies is made when it is first asked for: a client, which has the same table, never asks.
    """

    name: str
    service: str
    run: Handler
    request: type[Request[Any]]
    reply: type[Reply]
    writes: bool
    doors: tuple[str, ...]
    doc: str
    """Product-doc id of the reference service; empty for commands of qunzhu's own gateway."""
    errors: tuple[ErrorRow, ...]
    aliases: tuple[str, ...]
    old_fields: Mapping[str, str]
    bad_input: ErrorRow
    field_errors: Mapping[str, ErrorRow]
    """Codes of single top-level fields that are absent or of a wrong type, where they have their own; ``Name?`` is of
    one that is absent only, ``Name[]`` of what is inside."""
    not_admin: ErrorRow
    """What a caller is answered who is no administrator of the app."""
    internal: ErrorRow
    per_second: int
    """How often an app may call it at the REST door where its plan limits requests."""
    too_frequent: ErrorRow

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[Request[Any]]:
        """Return what turns a body into the request record."""
        return msgspec.json.Decoder(self.request)

    @cached_property
    def check(self) -> Check | None:
        """Return the check of the record's limits, or None where it has none."""
        return compile_checks(self.request)

    @cached_property
    def quick(self) -> Quick:
        """Return the quick check, which says that ``check`` need not look."""
        return compile_quick(self.request)

    @cached_property
    def accounts(self) -> frozenset[str]:
        """Return the names of the fields that hold accounts."""
        return account_fields(self.request)

    @cached_property
    def old_marks(self) -> tuple[bytes, ...]:
        """Return what a body has that names fields as older editions do."""
        return tuple(f'"{name}"'.encode() for name in self.old_fields)

    @property
    def path(self) -> str:
        """Return ``<service>/<command>``, the part of the URL after /v4/."""
        return f"{self.service}/{self.name}"

    @property
    def help(self) -> str:
        """Return the first sentence of the function's docstring."""
        return (self.run.__doc__ or "").strip().split("\n")[0]

    def prepare(self) -> None:
        """Make now what reads request bodies, so that the first caller does not wait for it."""
        _ = self.decoder, self.check, self.quick, self.accounts, self.old_marks

    def decode(self, body: bytes) -> Request[Any]:
        """Turn a JSON body into the request record, or refuse with the documented code, naming field and limit."""
        try:
            request = self.decoder.decode(self._renamed(body))
        except msgspec.ValidationError as fault:
            raise self._type_fault(str(fault)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            raise Refused(BODY_NOT_JSON, str(fault)[:200]) from None
        except RecursionError:
            raise Refused(BODY_NOT_JSON, "nested too deeply") from None
        if not self.quick(request) and self.check is not None:
            self.check("", request)
        return request

    def _renamed(self, body: bytes) -> bytes:
        """Give fields of older editions their present names; the search spares the usual body a second parse."""
        if not any(mark in body for mark in self.old_marks):
            return body
        fields = msgspec.json.decode(body)
        if not isinstance(fields, dict):
            return body
        for old, new in self.old_fields.items():
            if old in fields:
                fields.setdefault(new, fields.pop(old))
        return msgspec.json.encode(fields)

    def _type_fault(self, text: str) -> Refused:
        """Name the field of a wrongly typed value; an account given as a number has a code of its own."""
        message, _, path = text.partition(" - at `$")
        field = re.sub(r"\[\.\.\.\]", "[]", path.rstrip("`").lstrip("."))
        if not field and message.startswith("Expected `object`"):
            return Refused(BODY_NOT_JSON, message)
        if missing := re.fullmatch(r"Object missing required field `(.+)`", message):
            name = f"{field}.{missing[1]}" if field else missing[1]
            return Refused(self._row_of(name, absent=not field), f"{name}: required, but absent")
        if (row := self._row_of(field)) is not self.bad_input:
            return Refused(row, f"{field}: {message}")
        leaf = re.sub(r"\[.*?\]", "", field).rpartition(".")[2]
        if leaf in self.accounts and re.search(r"got `(int|float)`", message):
            return Refused(ACCOUNT_NOT_TEXT, f"{field}: a number")
        return Refused(self.bad_input, f"{field}: {message}")

    def _row_of(self, field: str, *, absent: bool = False) -> ErrorRow:
        """Return the code of a field that is absent or of a wrong type."""
        own, top = self.field_errors, re.split(r"[.\[]", field, maxsplit=1)[0]
        if top != field:
            return own.get(f"{top}[]", self.bad_input)
        return own.get(f"{top}?" if absent and f"{top}?" in own else top, self.bad_input)


class Tried(Exception):
    """A command would have been done, and was undone."""


def tried(tx: Tx, who: Who, command: Command, req: Any) -> None:
    """Run a command in a transaction that is undone whatever comes of it: by ``Tried``, or by its own refusal."""
    command.run(tx, who, req)
    raise Tried


COMMANDS: dict[str, Command] = {}
"""By path, old names included."""
BY_NAME: dict[str, Command] = {}
"""By command name, old names included; names are unique across services."""

USUAL_RATE = 200
"""Calls of a command in a second, unless its page says otherwise (doc 1047/34620)."""
_BAD_INPUT = {"im_open_login_svc": ACCOUNT_BAD_PARAMETER}
_NOT_ADMIN = {"openim": OPENIM_NOT_ADMIN, "open_msg_svc": HISTORY_PARAMETER}
F = TypeVar("F", bound=Handler)


def command(
    service: str,
    *,
    writes: bool,
    doc: str = "",
    doors: tuple[str, ...] = (REST, GATEWAY),
    errors: tuple[ErrorRow, ...] = (),
    aliases: tuple[str, ...] = (),
    old_fields: Mapping[str, str] | None = None,
    bad_input: ErrorRow | None = None,
    field_errors: Mapping[str, ErrorRow] | None = None,
    internal: ErrorRow = GROUP_INTERNAL,
    per_second: int = USUAL_RATE,
    too_frequent: ErrorRow = COMMAND_TOO_FREQUENT,
) -> Callable[[F], F]:
    """Enter a handler into the command table.

    ``aliases`` are older paths (``service/command``) of the same command, ``old_fields`` older names of its top-level
    fields.
    """

    def enter(run: F) -> F:
        types = run.__annotations__
        row = Command(
            name=run.__name__, service=service, run=run, request=types["req"], reply=types["return"], writes=writes,
            doors=doors, doc=doc, errors=errors, aliases=aliases, old_fields=dict(old_fields or {}),
            bad_input=bad_input or _BAD_INPUT.get(service, BAD_PARAMETER), field_errors=field_errors or {},
            not_admin=_NOT_ADMIN.get(service, NOT_APP_ADMIN), internal=internal,
            per_second=per_second, too_frequent=too_frequent,
        )  # fmt: skip
        for path in (row.path, *aliases):
            name = path.rpartition("/")[2]
            if path in COMMANDS or BY_NAME.get(name, row) is not row:
                raise ValueError(f"two commands are called {path}")
            COMMANDS[path] = BY_NAME[name] = row
        return run

    return enter
