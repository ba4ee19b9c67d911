"""A caller's functions, and how values reach them: as C takes them."""

import logging
from collections.abc import Callable
from typing import Any

import msgspec

from qunzhu.capi.rows import Param

log = logging.getLogger("qunzhu.capi")
_RANGES = {"uint32_t": (0, 32), "uint64_t": (0, 64), "int64_t": (1, 64)}
Json = dict[str, Any]


class Callee:
    """A function of the caller's with its user data."""

    def __init__(self, pointer: Any, params: tuple[Param, ...], user_data: Any) -> None:
        self.pointer = pointer
        self.params = params
        self.user_data = user_data
        self.cleared = False
        """Set where it must not be called any more."""

    def call(self, args: list[Any]) -> None:
        """Call it with the values that its type has before the user data."""
        self.pointer(*map(_to_c, self.params, args), self.user_data)

    def answer(self, result: Json) -> None:
        """Call it with a call's result."""
        self.call(_ANSWERS.get(self.params[0].name, _common)(result))


Tell = Callable[[list[Any]], None]
"""A callback of the Python SDK: its list has the user data last, which is the SDK's own."""


def _to_c(param: Param, value: Any) -> Any:
    """Return a value as C takes it: texts end at a zero, numbers keep the bits they have room for."""
    if param.kind in {"text", "json"}:
        return value.encode(errors="replace")
    if param.kind == "flag":
        return bool(value)
    signed, bits = _RANGES.get(param.type, (1, 32))
    low = int(value) & (1 << bits) - 1
    return low - (1 << bits) if signed and low >> bits - 1 else low


def _common(result: Json) -> list[Any]:
    return [result["code"], result["desc"], as_text(result["json_param"])]


def _readers(result: Json) -> list[Any]:
    """Return a page of readers. Its callback has no room for a code: a failure is an empty last page."""
    if result["code"]:
        log.warning("TIMMsgGetGroupMessageReadMemberList: %s %s", result["code"], result["desc"])
        return ["[]", 0, True]
    page = result["json_param"]
    return [as_text(page["json_param"]), page["next_seq"], page["is_finished"]]


_ANSWERS = {"json_group_member_array": _readers}


def as_text(value: Any) -> str:
    """Return a result as the text it crosses as: a text is itself, all else its JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
