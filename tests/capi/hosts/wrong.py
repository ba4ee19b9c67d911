"""Calls every function with everything that no function takes, in every state; prints what came of it as JSON.

Arguments: library, server, how much: ``all`` or ``states``.
"""

import collections
import ctypes
import itertools
import json
import re
import sys
import threading
import time
from pathlib import Path

import qunzhu.tim
from capi.library import PROTOTYPES, Library, sig
from qunzhu.capi.functions import BY_NAME

ENDING = {"TIMInit", "TIMUninit", "TIMLogin", "TIMLogout"}
"""These change the state: they are called at its end."""
AT_ONCE = {"TIMSignalingInvite": 7013, "TIMSignalingInviteInGroup": 7013}
"""These are not served: who reads the id out of their buffer must know it at once."""
DEEP = 100_000
HUGE = 16 << 20
SOURCES = Path(qunzhu.tim.__file__).parent.glob("*.py")
KEYS = sorted({key for path in SOURCES for key in re.findall(r'"([a-z]+(?:_[a-z0-9]+)+)"', path.read_text())})
VALUES = [
    None,
    True,
    -1,
    0,
    2**31,
    2**32,
    2**63,
    2**64,
    -(2**63),
    1e300,
    "",
    "x",
    "\0",
    [],
    [[]],
    [1],
    {},
    [{}],
    [None],
]
JSONS: list[bytes | None] = [
    None, b"", b"null", b"0", b"true", b'"x"', b"[]", b"{}", b"[1]", b'["x"]', b"[{}]", b"[null]", b"{", b'{"a"}',
    b"\xff", b'"\xff"', b'["\xed\xa0\x80"]', b'["\\ud800"]', b'["\\u0000"]', b"1e400", b"[" * DEEP,
    b"[" * DEEP + b"]" * DEEP, b'{"a":' * 500 + b"1" + b"}" * 500, b"[" * 900 + b"]" * 900,
    *(json.dumps(dict.fromkeys(KEYS, value)).encode() for value in VALUES),
    *(json.dumps([dict.fromkeys(KEYS, value)]).encode() for value in VALUES),
]  # fmt: skip
HUGES = [
    b'{"%s":"%s"}' % (b"message_elem_array", b"x" * HUGE),
    b'["%s"]' % (b"x" * HUGE),
    b"[%s1]" % (b"1," * (HUGE // 8)),
]
TEXTS: list[bytes | None] = [None, b"", b"x", b"\xff\xfe", b"@TGS#_@TGS#nowhere", b"undefined", b"x" * 10000, b"%s%n%p"]
NUMBERS = [0, 1, -1, 2**31 - 1, -(2**31), 2**32 - 1, 2**53, 2**63 - 1, -(2**63), 2**64 - 1]
NO_CODE = ctypes.create_string_buffer(b"no code")


class Hostile:
    """One library, and the count of callbacks by the user data that each call has of its own."""

    def __init__(self) -> None:
        self.library = Library(sys.argv[1])
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        self.told: collections.Counter[int] = collections.Counter()
        self.begun: dict[int, str] = {}
        self.faults: list[str] = []
        self.hearing = {name: made(self._hearer(name)) for name, made in PROTOTYPES.items()}

    def _hearer(self, kind):
        def hear(*args):
            with self.lock:
                self.told[args[-1] or 0] += kind != "TIMCommCallback" or args[0] is not None
                if any(arg is None for arg in args[:-1]):
                    self.faults.append(f"{kind}: NULL among {args}")

        return hear

    def call(self, name: str, text, given, number: int, *, callback: bool = True) -> int:
        """Call a function with one value for all parameters of a sort."""
        row, own = BY_NAME[name], next(self.numbers)
        room = ctypes.create_string_buffer(128)
        values = {"text": text, "json": given, "number": number, "flag": bool(number % 2), "room": room}
        args = [
            values[param.kind] if param.kind != "callback" else
            self.hearing[param.type] if callback else PROTOTYPES[param.type]()
            for param in row.params
        ]  # fmt: skip
        if row.user_data:
            args.append(own)
        result = getattr(self.library, name)(*args)
        if row.sort == "call" and callback and result == 0:
            self.begun[own] = name
        if row.returns == "const char*" and not result:
            self.faults.append(f"{name}: no text")
        if row.sort == "call" and result not in {AT_ONCE.get(name, 0), -1, -2, -3, -4}:
            self.faults.append(f"{name}: {result}")
        return result if isinstance(result, int) else 0

    def everything(self, names, *, huge: bool = False) -> collections.Counter[int]:
        """Call functions with everything; return how often each result came."""
        found: collections.Counter[int] = collections.Counter()
        for name in names:
            jsons = any(param.kind == "json" for param in BY_NAME[name].params)
            given = [*JSONS, *(HUGES if huge else [])] if jsons else [b"{}"] * len(NUMBERS)
            texts = itertools.cycle(TEXTS)
            for number, one in zip(itertools.cycle(NUMBERS), given):
                found[self.call(name, next(texts), one, number)] += 1
            for text in TEXTS:
                found[self.call(name, text, b"{}", 0)] += 1
            if huge:
                found[self.call(name, b"x" * HUGE, b"{}", 0)] += 1
            found[self.call(name, None, None, 0, callback=False)] += 1
        return found

    def settle(self, seconds: float = 60) -> None:
        """Wait until every call that began has been answered, and look for more."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(not self.told[number] for number in self.begun):
            time.sleep(0.02)
        time.sleep(0.2)
        for number, name in self.begun.items():
            allowed = (1, 2) if name == "TIMMsgSendNewMsgEx" else (1,)
            if self.told[number] not in allowed:
                self.faults.append(f"{name} was answered {self.told[number]} times")
        self.begun.clear()

    def no_code(self) -> None:
        """Give every function a callback that is a text: it counts as none."""
        for row in BY_NAME.values():
            if row.name in ENDING:
                continue
            function = getattr(self.library, row.name)
            args = [
                ctypes.cast(NO_CODE, PROTOTYPES[one.type]) if one.kind == "callback" else
                {"text": b"x", "json": b"{}", "number": 1, "flag": True}.get(one.kind, ctypes.create_string_buffer(128))
                for one in row.params
            ]  # fmt: skip
            function(*args, *([0] if row.user_data else []))


def main() -> None:
    """Go through the states: before init, after it, logged in, stopped, and once more."""
    hostile, everything = Hostile(), sys.argv[3] == "all"
    library = hostile.library
    calls = [row.name for row in BY_NAME.values() if row.sort == "call" and row.name not in ENDING]
    others = [row.name for row in BY_NAME.values() if row.sort != "call" and row.name not in ENDING]
    results: dict[str, dict[str, dict[int, int]]] = {}

    def state(name: str, *, huge: bool = False) -> None:
        results[name] = {"calls": {}, "others": hostile.everything(others)}
        results[name]["calls"] = hostile.everything(calls, huge=huge)
        hostile.no_code()
        hostile.settle()

    state("before")
    library.start(sys.argv[2])
    results["login"] = {"calls": hostile.everything(["TIMLogin"], huge=True)}
    hostile.settle()
    state("out")
    library.login("hostile")
    state("in", huge=everything)
    results["init"] = {
        "calls": collections.Counter(library.TIMInit(number & (1 << 64) - 1, b"{}") for number in NUMBERS)
    }
    results["config"] = {"calls": collections.Counter(library.TIMInit(1400000000, one) for one in JSONS)}
    assert library.TIMUninit() == 0
    state("after")
    assert library.TIMUninit() == -1
    library.start(sys.argv[2])
    assert library.TIMLogin(b"hostile", sig("hostile"), hostile.hearing["TIMCommCallback"], 5_000_000) == 0
    hostile.begun[5_000_000] = "TIMLogin"
    hostile.settle()
    results["again"] = {"status": library.TIMGetLoginStatus()}
    hostile.call("TIMLogout", None, None, 0)
    hostile.settle()
    sys.stdout.write(json.dumps({"results": results, "faults": hostile.faults[:50]}))


main()
