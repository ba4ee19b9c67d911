"""What a function and a callback of the C interface are, as rows of tables."""

from typing import Literal

import msgspec

Kind = Literal["text", "json", "number", "flag", "room", "callback"]
"""How a value crosses: text in UTF-8, JSON as text, an integer, a bool, a buffer to fill, a function."""
ROOM = 128
"""Bytes of a buffer that the caller gives, the terminating zero included."""


class Param(msgspec.Struct, frozen=True):
    """A parameter: its C name and type, and the key under which the Python SDK takes it."""

    name: str
    kind: Kind
    type: str
    key: str
    object: str = ""
    """What the JSON is: an object's name, in brackets an array of it."""


class Function(msgspec.Struct, frozen=True):
    """A C function. All but the synchronous ones end in a callback and ``const void* user_data``."""

    name: str
    params: tuple[Param, ...]
    returns: str
    sort: Literal["call", "sync", "listens"]
    user_data: bool = True

    @property
    def arguments(self) -> tuple[tuple[str, str], ...]:
        """Return the type and name of each argument, user data included."""
        own = tuple((param.type, param.name) for param in self.params)
        return own if not self.user_data else (*own, ("const void*", "user_data"))


def text(name: str, *, key: str = "") -> Param:
    """Describe a text in UTF-8."""
    return Param(name, "text", "const char*", key or name)


def json(name: str, what: str, *, key: str = "") -> Param:
    """Describe a text that is JSON."""
    return Param(name, "json", "const char*", key or name, what)


def _number(name: str, c_type: str, key: str) -> Param:
    return Param(name, "number", c_type, key or name)


def i32(name: str, *, key: str = "") -> Param:
    """Describe a signed number of 32 bits."""
    return _number(name, "int32_t", key)


def u32(name: str, *, key: str = "") -> Param:
    """Describe a number of 32 bits without a sign."""
    return _number(name, "uint32_t", key)


def i64(name: str, *, key: str = "") -> Param:
    """Describe a signed number of 64 bits."""
    return _number(name, "int64_t", key)


def u64(name: str, *, key: str = "") -> Param:
    """Describe a number of 64 bits without a sign."""
    return _number(name, "uint64_t", key)


def enum(name: str, c_type: str, *, key: str = "") -> Param:
    """Describe a member of an enum: 32 bits."""
    return _number(name, c_type, key)


def flag(name: str, *, key: str = "") -> Param:
    """Describe a bool."""
    return Param(name, "flag", "bool", key or name)


def room(name: str) -> Param:
    """Describe a buffer of ``ROOM`` bytes that is filled before the function returns; NULL asks for nothing."""
    return Param(name, "room", "char*", name)


def calls(name: str, c_type: str = "TIMCommCallback", *, key: str = "") -> Param:
    """Describe a function pointer; NULL asks for no answer. ``cb`` is told the result, others the SDK calls itself."""
    return Param(name, "callback", c_type, key or name)


def call(name: str, *params: Param) -> Function:
    """Describe a function that answers by a callback."""
    own = any(param.kind == "callback" for param in params)
    return Function(name, params if own else (*params, calls("cb")), "int", "call")


def sync(name: str, *params: Param, returns: str = "int") -> Function:
    """Describe a function that answers by its result."""
    return Function(name, params, returns, "sync", user_data=False)


def listens(name: str, c_type: str, *, user_data: bool = True) -> Function:
    """Describe a function that sets a listener; NULL clears it."""
    return Function(name, (calls("cb", c_type),), "void", "listens", user_data)
