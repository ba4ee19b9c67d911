"""What ``qunzhu callbacks listen`` answers to what: a rule file, and how its rules match."""

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from qunzhu.cli.show import Failure

DECODERS: dict[str, Callable[..., Any]] = {
    ".toml": msgspec.toml.decode, ".json": msgspec.json.decode, ".yaml": msgspec.yaml.decode,
    ".yml": msgspec.yaml.decode,
}  # fmt: skip
ALLOWED = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule. ``match`` has by place in the body (``MsgBody.0.MsgType``; ``*`` any item or field) what is there."""

    command: str = "*"
    match: dict[str, Any] = {}
    answer: dict[str, Any] = {}
    delay: float = 0.0
    status: int = 200
    garbage: bool = False
    close: bool = False
    times: int = 0
    """How often it holds; 0: always."""

    @property
    def silent(self) -> bool:
        """Say that its answer is no JSON object."""
        return self.garbage or self.close

    @property
    def full_answer(self) -> dict[str, Any]:
        """Return the answer with the fields that every one has."""
        status = {"ActionStatus": "FAIL"} if self.answer.get("ErrorCode") else {}
        return {**ALLOWED, **status, **self.answer}

    @property
    def shown(self) -> str:
        """Return in a few words what it answers."""
        late = f"after {self.delay:g} s: " if self.delay else ""
        if self.silent:
            return late + ("no answer" if self.close else "garbage")
        http = f"HTTP {self.status} " if self.status != 200 else ""
        return f"{late}{http}{msgspec.json.encode(self.full_answer).decode()}"

    def matches(self, command: str, body: Any) -> bool:
        """Say whether it is for a callback."""
        if not fnmatch.fnmatchcase(command, self.command):
            return False
        return all(any(_same(wanted, found) for found in _at(body, place)) for place, wanted in self.match.items())


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule file."""

    rules: list[Rule] = []


NO_RULE = Rule()


class Answering:
    """Rules in use: some hold only so many times."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules.rules
        self._used: Counter[int] = Counter()

    def rule_for(self, command: str, body: Any) -> Rule:
        """Return the first rule that is for a callback, and count it."""
        for number, rule in enumerate(self._rules):
            if (not rule.times or self._used[number] < rule.times) and rule.matches(command, body):
                self._used[number] += 1
                return rule
        return NO_RULE


def load_rules(path: Path | None) -> Answering:
    """Return the rules of a file (TOML, JSON or YAML, by its ending), or none that always allow."""
    if path is None:
        return Answering(Rules())
    decode = DECODERS.get(path.suffix.lower())
    if decode is None:
        raise Failure(f"{path}: the name must end in one of {', '.join(DECODERS)}")
    try:
        rules: Rules = decode(path.read_bytes(), type=Rules)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise Failure(f"{path}: {fault}", "`qunzhu callbacks listen --help` shows a rule") from None
    except ImportError:
        raise Failure(f"{path}: YAML needs the package PyYAML", "write it as .toml or .json") from None
    return Answering(rules)


def _same(wanted: Any, found: Any) -> bool:
    """Say whether a value is the wanted one; in texts ``*`` stands for anything."""
    if isinstance(wanted, str) and isinstance(found, str):
        return fnmatch.fnmatchcase(found, wanted)
    return type(wanted) is type(found) and bool(wanted == found)


def _at(body: Any, place: str) -> Iterator[Any]:
    """Return the values at a place."""
    name, _, rest = place.partition(".")
    if isinstance(body, dict):
        below = list(body.values()) if name == "*" else [body[name]] if name in body else []
    elif isinstance(body, list):
        below = body if name == "*" else body[int(name) : int(name) + 1] if name.isdigit() else []
    else:
        below = []
    for value in below:
        if rest:
            yield from _at(value, rest)
        else:
            yield value
