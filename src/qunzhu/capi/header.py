"""The C header of the library, out of the tables. Sources made for the reference service's headers compile with it."""

from collections.abc import Iterator
from itertools import chain

from qunzhu import __version__
from qunzhu.capi.callbacks import CALLBACKS
from qunzhu.capi.functions import FUNCTIONS
from qunzhu.capi.keys import ALIASES, KEYS, OPERATIONS, TEXTS
from qunzhu.capi.members import ENUMS
from qunzhu.capi.rows import Param

NAME = "TIMCloud.h"
MARK = "/* qunzhu's C interface."
"""What the file begins with: one that does not is somebody else's."""
_HEAD = f"""{MARK} Made by `qunzhu sdk header` ({__version__}): make it anew, do not change it.
 *
 * All texts are UTF-8. A function with a callback returns 0 where it begins, and its callback is called once, later, on
 * a thread of the library; with any other result it is never called. Texts given to a callback live until it returns.
 */
#ifndef QUNZHU_TIM_CLOUD_H
#define QUNZHU_TIM_CLOUD_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif
"""
_TAIL = """
#ifdef __cplusplus
}
#endif

#endif
"""
_LEAST = -(1 << 31)


def header() -> str:
    """Return the header: enums, keys, types of callbacks, functions."""
    parts = chain([_HEAD], _enums(), _texts(), _aliases(), _callbacks(), _functions(), [_TAIL])
    return "".join(parts)


def counts() -> dict[str, int]:
    """Return how much there is of what."""
    return {
        "functions": sum(len(rows) for rows in FUNCTIONS.values()), "callbacks": len(CALLBACKS), "enums": len(ENUMS),
        "keys": sum(len(keys) for keys in KEYS.values()),
    }  # fmt: skip


def _enums() -> Iterator[str]:
    for name, members in ENUMS.items():
        lines = (f"    {member} = {_value(value)},\n" for member, value in members.items())
        yield f"\ntypedef enum {name} {{\n{''.join(lines)}}} {name};\n"


def _value(value: int) -> str:
    """Return a value as an int of C: the highest bit is the sign, and the least int has no literal."""
    if value >= 1 << 31:
        value -= 1 << 32
    return f"({_LEAST + 1} - 1)" if value == _LEAST else str(value)


def _texts() -> Iterator[str]:
    for name, texts in {**KEYS, "Operations of callExperimentalAPI": OPERATIONS, "Values": TEXTS}.items():
        yield f"\n/* {name} */\n"
        for own, text in texts.items():
            yield f'static const char *const {own} = "{text}";\n'


def _aliases() -> Iterator[str]:
    yield "\n/* Other spellings */\n"
    for alias, name in ALIASES.items():
        yield f"#define {alias} {name}\n"


def _callbacks() -> Iterator[str]:
    yield "\n"
    for name, params in CALLBACKS.items():
        own = [f"{_type(param.type)}{param.name}" for param in params]
        yield f"{_objects(params)}typedef void (*{name})({', '.join([*own, 'const void *user_data'])});\n"


def _functions() -> Iterator[str]:
    for manager, rows in FUNCTIONS.items():
        yield f"\n/* {manager} */\n"
        for row in rows:
            arguments = ", ".join(f"{_type(kind)}{name}" for kind, name in row.arguments) or "void"
            yield f"{_objects(row.params)}{_type(row.returns)}{row.name}({arguments});\n"


def _type(c_type: str) -> str:
    """Return a type with what stands between it and a name."""
    return c_type.replace("*", " *") if c_type.endswith("*") else f"{c_type} "


def _objects(params: tuple[Param, ...]) -> str:
    """Return a comment that says what the JSON among some parameters is."""
    known = [f"{param.name}: {param.object}" for param in params if param.object and param.object != "see function"]
    return f"/* {', '.join(known)} */\n" if known else ""
