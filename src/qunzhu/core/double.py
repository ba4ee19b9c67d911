"""What makes an app's server a double for tests: its own clock, and rules for faults of commands and pushes. Pure."""

import random
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Generic, Protocol, TypeVar

import msgspec

from qunzhu.core.command import BY_NAME, COMMANDS
from qunzhu.core.errors import BAD_PARAMETER, ERRORS, Dropped, ErrorRow, Refused
from qunzhu.core.limits import UINT32, Account, number, one_of
from qunzhu.core.limits import text as words
from qunzhu.core.ports import GATEWAY, REST

ANY = "*"
LOGIN, LOGIN_COMMAND = "login", "open_session"
"""The gateway's own first call, and the command that it runs."""
MOST_DELAY_MS = 600_000
MOST_TIMES = 1_000_000
MOST_COPIES = 100
LAST_SECOND = UINT32
PUSHES = (
    "c2c_message", "conversation_change", "group_change", "group_message", "group_notice", "group_seq", "group_tip",
    "message_change",
)  # fmt: skip
"""Every push that sessions get of events, by its method."""


class Clock:
    """An app's time in unix milliseconds: the real one, moved by some, or standing still."""

    def __init__(self, real_ms: Callable[[], int]) -> None:
        self._real_ms = real_ms
        self._shift = 0
        self._stands_at: int | None = None

    def now_ms(self) -> int:
        """Return the app's time."""
        return self._real_ms() + self._shift if self._stands_at is None else self._stands_at

    @property
    def frozen(self) -> bool:
        """Say that it stands still."""
        return self._stands_at is not None

    @property
    def real(self) -> bool:
        """Say that it shows the real time."""
        return not self._shift and self._stands_at is None

    @property
    def ahead_ms(self) -> int:
        """Return by how much it is before the real time."""
        return self.now_ms() - self._real_ms()

    def put(self, at_ms: int) -> None:
        """Show a time; it stands still or runs on as before."""
        if not 0 <= at_ms <= 1000 * LAST_SECOND:
            raise Refused(BAD_PARAMETER, f"time: {at_ms / 1000:.3f} s is not within 0 to {LAST_SECOND}")
        if self._stands_at is None:
            self._shift = at_ms - self._real_ms()
        else:
            self._stands_at = at_ms

    def freeze(self, at_ms: int | None = None) -> None:
        """Stand still, at another time where one is given."""
        self._stands_at = self.now_ms()
        if at_ms is not None:
            self.put(at_ms)

    def run_on(self) -> None:
        """Go on from the time that it shows."""
        if self._stands_at is not None:
            self._shift, self._stands_at = self._stands_at - self._real_ms(), None

    def reset(self) -> None:
        """Show the real time."""
        self._shift, self._stands_at = 0, None

    def state(self) -> tuple[int, int | None]:
        """Return what ``back`` brings back."""
        return self._shift, self._stands_at

    def back(self, state: tuple[int, int | None]) -> None:
        """Be as it was."""
        self._shift, self._stands_at = state


class Rule(Protocol):
    """What rules of both sorts have in common."""

    @property
    def times(self) -> int | None:
        """So often it takes effect; None: until it is cleared."""
        ...

    @property
    def probability(self) -> float | None:
        """Part of what matches, on which it takes effect; None: on all."""
        ...


class FaultRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fault of a command: it is refused, comes late, or the connection ends without an answer."""

    command: Annotated[str, words(80, min_bytes=1)]
    """A command by name, ``login``, or ``*`` for all."""
    user: Account | None = None
    door: Annotated[str, one_of(REST, GATEWAY)] | None = None
    times: Annotated[int, number(1, MOST_TIMES)] | None = None
    probability: float | None = None
    code: Annotated[int, number(1, 2**31 - 1)] | None = None
    text: Annotated[str, words(1000)] | None = None
    delay_ms: Annotated[int, number(1, MOST_DELAY_MS)] | None = None
    drop: bool = False
    after: bool = False
    """The command runs first: only its answer is lost."""

    @property
    def name(self) -> str:
        """Return the name of the command in the command table."""
        return LOGIN_COMMAND if self.command == LOGIN else self.command

    def fault(self) -> Refused | None:
        """Return what is answered in the command's place, or None for its own answer."""
        if self.drop:
            return Dropped()
        if self.code is None:
            return None
        known = ERRORS.get(self.code)
        return Refused(ErrorRow(self.code, "double", self.text or (known.text if known else "a fault of the double")))


class PushRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fault of a push: sessions do not get it, or get it more than once."""

    push: Annotated[str, words(40, min_bytes=1)]
    """The method of the push, or ``*`` for all."""
    user: Account | None = None
    times: Annotated[int, number(1, MOST_TIMES)] | None = None
    probability: float | None = None
    lose: bool = False
    repeat: Annotated[int, number(1, MOST_COPIES)] | None = None
    """So many more times it comes."""


def checked_fault(path: str, rule: FaultRule) -> FaultRule:
    """Return a rule under its command's present name, or refuse (10004) one that cannot take effect."""
    _check_probability(path, rule.probability)
    if rule.code is None and not rule.drop and rule.delay_ms is None:
        raise Refused(BAD_PARAMETER, f"{path}: one of code, delay_ms and drop is needed")
    if rule.code is not None and rule.drop:
        raise Refused(BAD_PARAMETER, f"{path}: code and drop exclude each other")
    if rule.text is not None and rule.code is None:
        raise Refused(BAD_PARAMETER, f"{path}.text: needs a code")
    if rule.command in {ANY, LOGIN}:
        return rule
    found = BY_NAME.get(rule.command) or COMMANDS.get(rule.command)
    if found is None or not found.doors:
        raise Refused(BAD_PARAMETER, f"{path}.command: there is no {rule.command[:80]!r}; * stands for all")
    return msgspec.structs.replace(rule, command=found.name)


def checked_push(path: str, rule: PushRule) -> PushRule:
    """Return a rule, or refuse (10004) one that cannot take effect."""
    _check_probability(path, rule.probability)
    if rule.lose == (rule.repeat is not None):
        raise Refused(BAD_PARAMETER, f"{path}: one of lose and repeat is needed")
    if rule.push not in {ANY, *PUSHES}:
        raise Refused(BAD_PARAMETER, f"{path}.push: {rule.push!r} is not one of {', '.join((ANY, *PUSHES))}")
    return rule


def _check_probability(path: str, value: float | None) -> None:
    if value is not None and not 0 < value <= 1:
        raise Refused(BAD_PARAMETER, f"{path}.probability: {value} is not over 0 and up to 1")


R = TypeVar("R", bound=Rule)


class Set(msgspec.Struct, Generic[R]):
    """A rule that is set. What it draws depends on its seed, its number and the matching calls alone."""

    number: int
    rule: R
    chance: random.Random
    hits: int = 0

    def meets(self) -> bool:
        """Say whether a match takes effect, and count that."""
        times, probability = self.rule.times, self.rule.probability
        if times is not None and self.hits >= times:
            return False
        if probability is not None and self.chance.random() >= probability:
            return False
        self.hits += 1
        return True

    def shown(self) -> dict[str, Any]:
        """Return it for people."""
        return {"number": self.number, **msgspec.to_builtins(self.rule), "hits": self.hits}


class Rules(Generic[R]):
    """The rules of one sort, first match first."""

    def __init__(self) -> None:
        self._set: list[Set[R]] = []
        self._last = 0

    def __bool__(self) -> bool:
        """Say whether there are any."""
        return bool(self._set)

    def add(self, rules: Iterable[R], seed: int) -> None:
        """Set rules after those that are there."""
        for rule in rules:
            self._last += 1
            chance = random.Random(f"{seed}/{len(self._set)}")  # noqa: S311 - drawn the same way in every run
            self._set.append(Set(self._last, rule, chance))

    def clear(self) -> None:
        """Drop all."""
        self._set.clear()
        self._last = 0

    def first(self, matches: Callable[[R], bool]) -> R | None:
        """Return the first rule that matches and takes effect."""
        return next((one.rule for one in self._set if matches(one.rule) and one.meets()), None)

    def shown(self) -> list[dict[str, Any]]:
        """Return them for people."""
        return [one.shown() for one in self._set]


def fault_of(rules: Rules[FaultRule], door: str, command: str, user: str) -> FaultRule | None:
    """Return the rule that takes effect on a call, or None."""
    return rules.first(
        lambda rule: rule.name in {ANY, command} and rule.user in {None, user} and rule.door in {None, door}
    )


def copies(rules: Rules[PushRule], method: str, user: str) -> int:
    """Return how often a session gets a push."""
    rule = rules.first(lambda rule: rule.push in {ANY, method} and rule.user in {None, user})
    if rule is None:
        return 1
    return 0 if rule.lose else 1 + (rule.repeat or 0)
