"""Limits of fields, written into their types, and the checks derived from them (docs 1047/33529, 34895).

A limit stands once, as ``Annotated`` metadata of the field. The decoder's check, the OpenAPI description and the
reference page are all read from it. Byte limits are counted in UTF-8.
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import inspect as mi

from qunzhu.core.errors import BAD_PARAMETER, STATUS_BAD_JSON, STATUS_TOO_MANY, TOO_MANY_ACCOUNTS, ErrorRow, Refused

_ONE_LINE = re.compile(r"[\x00-\x1f\x7f]")
_MANY_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

Check = Callable[[str, Any], None]
"""Takes the field's path and its value; raises ``Refused`` with a text that names field, limit and size."""
Quick = Callable[[Any], bool]
"""Takes a request; True says that all its fields are within their limits, False that ``Check`` must look."""


def _meta(check: Check, quick: str, schema: Mapping[str, Any], **extra: object) -> msgspec.Meta:
    """Return a limit; ``quick`` is an expression about a value ``x`` that is true of usual values within it only."""
    return msgspec.Meta(extra_json_schema=dict(schema), extra={"check": check, "quick": quick, **extra})


def text(
    max_bytes: int, *, min_bytes: int = 0, lines: bool = False, binary: bool = False, error: ErrorRow = BAD_PARAMETER,
    long: ErrorRow | None = None,
) -> msgspec.Meta:  # fmt: skip
    """Limit a text to ``max_bytes`` of UTF-8 without control characters; line breaks and tabs pass with ``lines``.

    ``long`` is the code of a text that is too long, where it has one of its own.
    """
    forbidden = None if binary else (_MANY_LINES if lines else _ONE_LINE)

    def check(path: str, value: str) -> None:
        size = len(value) if value.isascii() else len(value.encode())
        if size > max_bytes:
            raise Refused(long or error, f"{path}: {size} bytes, at most {max_bytes} bytes of UTF-8 are allowed")
        if size < min_bytes:
            raise Refused(error, f"{path}: {size} bytes, at least {min_bytes} needed")
        if forbidden is not None and (found := forbidden.search(value)):
            raise Refused(error, f"{path}: control character U+{ord(found[0]):04X} at position {found.start()}")

    plain = "" if binary else " and x.isprintable()"
    return _meta(
        check,
        f"{min_bytes} <= len(x) <= {max_bytes} and x.isascii(){plain}",
        {"x-max-bytes": max_bytes, **({"minLength": min_bytes} if min_bytes else {})},
    )


def is_account(value: str) -> bool:
    """Say whether a text can be a UserID: 1 to 32 bytes of printable ASCII."""
    return 0 < len(value) <= 32 and not _NOT_PRINTABLE.search(value)


def account(error: ErrorRow = BAD_PARAMETER) -> msgspec.Meta:
    """Limit a UserID: 1 to 32 bytes of printable ASCII (doc 1047/34348; the limits page is narrower and older)."""

    def check(path: str, value: str) -> None:
        if not is_account(value):
            raise Refused(error, f"{path}: {len(value.encode())} bytes, 1 to 32 bytes of printable ASCII are allowed")

    return _meta(
        check, "0 < len(x) <= 32 and x.isascii() and x.isprintable()",
        {"minLength": 1, "maxLength": 32, "pattern": "^[ -~]+$"}, account=True,
    )  # fmt: skip


def number(low: int, high: int, error: ErrorRow = BAD_PARAMETER) -> msgspec.Meta:
    """Limit an integer to ``low..high``."""

    def check(path: str, value: int) -> None:
        if not low <= value <= high:
            raise Refused(error, f"{path}: {value} is not within {low} to {high}")

    return _meta(check, f"{low} <= x <= {high}", {"minimum": low, "maximum": high})


def one_of(*names: str, error: ErrorRow = BAD_PARAMETER) -> msgspec.Meta:
    """Limit a text to the given names."""

    def check(path: str, value: str) -> None:
        if value not in names:
            raise Refused(error, f"{path}: {value[:40]!r} is not one of {', '.join(names)}")

    return _meta(check, f"x in {names!r}", {"enum": list(names)})


def items(
    most: int, *, least: int = 0, error: ErrorRow = TOO_MANY_ACCOUNTS, empty: ErrorRow = BAD_PARAMETER
) -> msgspec.Meta:
    """Limit the number of items of an array."""

    def check(path: str, value: list[Any]) -> None:
        if len(value) > most:
            raise Refused(error, f"{path}: {len(value)} items, at most {most} are allowed")
        if len(value) < least:
            raise Refused(empty, f"{path}: {len(value)} items, at least {least} needed")

    return _meta(check, f"{least} <= len(x) <= {most}", {"maxItems": most, **({"minItems": least} if least else {})})


def key(max_bytes: int) -> msgspec.Meta:
    """Limit a custom field's key: letters, digits and ``_``, not starting with a digit."""

    def check(path: str, value: str) -> None:
        if not 0 < len(value) <= max_bytes or not _KEY.match(value):
            raise Refused(
                BAD_PARAMETER,
                f"{path}: {value[:40]!r} ({len(value.encode())} bytes), "
                f"1 to {max_bytes} letters, digits or _ are allowed, not starting with a digit",
            )

    return _meta(
        check, f"len(x) <= {max_bytes} and x.isascii() and x.isidentifier()",
        {"minLength": 1, "maxLength": max_bytes, "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"},
    )  # fmt: skip


Account = Annotated[str, account()]
MaybeAccount = Annotated[str, text(32), msgspec.Meta(extra={"account": True})]
"""A UserID where an empty text means nobody."""
GroupName = Annotated[str, text(30, min_bytes=1)]
IntroductionText = Annotated[str, text(240, lines=True)]
NotificationText = Annotated[str, text(300, lines=True)]
FaceUrlText = Annotated[str, text(100)]
NameCardText = Annotated[str, text(50)]
Flag = Annotated[int, number(0, 1)]
UINT32 = 4294967295
APPLY_OPTIONS = ("FreeAccess", "NeedPermission", "DisableApply")
INVITE_OPTIONS = ("FreeAccess", "NeedPermission", "DisableInvite")
MSG_FLAGS = ("AcceptAndNotify", "Discard", "AcceptNotNotify", "AcceptNotNotifyExceptAt")
"""In the order of ``TIMReceiveMessageOpt``."""
STATUS_ACCOUNTS = items(500, least=1, error=STATUS_TOO_MANY, empty=STATUS_BAD_JSON)


def _parts(node: mi.Type) -> tuple[list[Mapping[str, Any]], mi.Type, bool]:
    """Unwrap one field type: its own limits, the bare type below, and whether it is an account."""
    limits: list[Mapping[str, Any]] = []
    is_account = False
    while True:
        if isinstance(node, mi.Metadata):
            extra = node.extra or {}
            if "check" in extra:
                limits.append(extra)
            is_account = is_account or bool(extra.get("account"))
            node = node.type
        elif isinstance(node, mi.UnionType):
            node = next(part for part in node.types if not isinstance(part, mi.NoneType | mi.CustomType))
        else:
            return limits, node, is_account


def _compile(node: mi.Type) -> Check | None:
    """Turn a field type into one check of its value, or None where nothing is limited."""
    limits, bare, _ = _parts(node)
    checks: list[Check] = [limit["check"] for limit in limits]
    if isinstance(bare, mi.ListType) and (each := _compile(bare.item_type)):
        checks.append(functools.partial(_check_items, each))
    elif isinstance(bare, mi.DictType) and (each := _compile(bare.value_type)):
        checks.append(functools.partial(_check_values, each))
    elif isinstance(bare, mi.StructType) and (whole := _compile_fields(bare)):
        checks.append(whole)
    if not checks:
        return None
    return checks[0] if len(checks) == 1 else functools.partial(_check_all, tuple(checks))


def _check_all(checks: Iterable[Check], path: str, value: object) -> None:
    for check in checks:
        check(path, value)


def _check_items(each: Check, path: str, value: list[Any]) -> None:
    for index, item in enumerate(value):
        each(f"{path}[{index}]", item)


def _check_values(each: Check, path: str, value: dict[str, Any]) -> None:
    for name, item in value.items():
        each(f"{path}.{name[:100]}", item)


def _compile_fields(struct: mi.StructType) -> Check | None:
    found = ((field.name, _compile(field.type)) for field in struct.fields)
    checks = tuple((name, check) for name, check in found if check is not None)
    if not checks:
        return None

    def check_fields(path: str, value: object) -> None:
        prefix = f"{path}." if path else ""
        for name, check in checks:
            part = getattr(value, name)
            if part is not None:
                check(prefix + name, part)

    return check_fields


def compile_checks(record: type[msgspec.Struct]) -> Check | None:
    """Return the check of a whole request record, or None where no field is limited."""
    node = mi.type_info(record)
    return _compile_fields(node) if isinstance(node, mi.StructType) else None


def compile_quick(record: type[msgspec.Struct]) -> Quick:
    """Return the quick check of a whole request record: the limits of all fields written out as one function.

    Usual requests are within their limits, and calling a function per field to find that out took a sixth of a
    creation's time.
    """
    lines = ["def quick(x0):", *_quick_lines(mi.type_info(record), "x0", 1), "    return True"]
    made: dict[str, Any] = {}
    exec("\n".join(lines), made)  # noqa: S102 - the text is made above, from this module's own expressions
    quick: Quick = made["quick"]
    return quick


def _quick_lines(node: mi.Type, name: str, depth: int) -> list[str]:
    """Return the lines that leave with False where the value called ``name`` is over a limit."""
    limits, bare, _ = _parts(node)
    indent, inner = "    " * depth, f"x{depth}"
    lines = []
    for limit in limits:
        condition = re.sub(r"\bx\b", name, limit["quick"])
        lines.append(f"{indent}if not ({condition}): return False")
    if isinstance(bare, mi.ListType | mi.DictType):
        item = bare.item_type if isinstance(bare, mi.ListType) else bare.value_type
        body = _quick_lines(item, inner, depth + 1)
        values = name if isinstance(bare, mi.ListType) else f"{name}.values()"
        lines += [f"{indent}for {inner} in {values}:", *body] if body else []
    elif isinstance(bare, mi.StructType):
        for field in bare.fields:
            if body := _quick_lines(field.type, inner, depth + 1):
                lines += [f"{indent}{inner} = {name}.{field.name}", f"{indent}if {inner} is not None:", *body]
    return lines


def account_fields(record: type[msgspec.Struct]) -> frozenset[str]:
    """Return the names of all fields, at any depth, that hold accounts (a number there is 60015)."""
    names: set[str] = set()

    def visit(name: str, node: mi.Type) -> None:
        _, bare, is_account = _parts(node)
        if is_account:
            names.add(name)
        if isinstance(bare, mi.ListType):
            visit(name, bare.item_type)
        elif isinstance(bare, mi.StructType):
            for field in bare.fields:
                visit(field.encode_name, field.type)

    visit("", mi.type_info(record))
    return frozenset(names)
