"""Fills an app from one document in YAML or JSON, command by command, as an administrator (docs/guide/double.md)."""

import functools
import os
import re
from typing import Any, Protocol

import msgspec

from qunzhu.core.command import BY_NAME, Command, Reply
from qunzhu.core.errors import BAD_PARAMETER, BODY_NOT_JSON, Refused
from qunzhu.core.media import MediaRules
from qunzhu.core.ports import REST, App, CallbackSettings, Who
from qunzhu.core.seed import Plan, Seed, Step, seed_of

ALL_AT_ONCE = 0
"""Setting: any number of messages in a second."""


class SeedBackend(Protocol):
    """What seeding needs of the server."""

    address: str
    media: MediaRules

    def now_ms(self, sdkappid: int = 0) -> int:
        """Return an app's time, without one the server's, in unix milliseconds."""
        ...

    async def run_plainly(self, command: Command, who: Who, request: Any) -> Reply:
        """Run a command that meets no faults."""
        ...


async def seed(backend: SeedBackend, app: App, user: str, body: bytes) -> dict[str, int]:
    """Make everything in a document, in its order, and return how many of each sort.

    The first refusal ends it and names the entry: what stands before it is made, what stands after it is not. The app's
    own server is told nothing, and messages have no limit of frequency.
    """
    plan = Plan(read(body), int.from_bytes(os.urandom(2), "big") << 16)
    told = msgspec.structs.replace(app.settings, callbacks=CallbackSettings(), messages_per_second=ALL_AT_ONCE)
    who = Who(
        app=msgspec.structs.replace(app, settings=told), user=user, admin=True, door=REST,
        now_ms=backend.now_ms(app.sdkappid), random=os.urandom, address=backend.address, media=backend.media,
    )  # fmt: skip
    for step in plan.steps():
        try:
            step.reply = await _run(backend, who, step)
        except Refused as refused:
            made = ", ".join(f"{number} {sort}" for sort, number in plan.made.items())
            raise Refused(
                refused.row, f"{step.entry}: {step.command}: {refused.detail}; made before it: {made}"
            ) from None
    return plan.made


async def _run(backend: SeedBackend, who: Who, step: Step) -> dict[str, Any]:
    if step.at is not None:
        who = msgspec.structs.replace(who, now_ms=1000 * step.at)
    command = BY_NAME[step.command]
    reply = await backend.run_plainly(command, who, command.decode(msgspec.json.encode(step.fields)))
    found: dict[str, Any] = msgspec.to_builtins(reply)
    step.check(found)
    return found


def read(body: bytes) -> Seed:
    """Return a document as records. One that begins with ``{`` is JSON, any other YAML."""
    found = _json(body) if body.lstrip()[:1] == b"{" else _yaml(body)
    return seed_of(found)


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise Refused(BODY_NOT_JSON, str(fault)[:200]) from None


def _yaml(body: bytes) -> Any:
    try:
        import yaml
    except ImportError:
        raise Refused(BAD_PARAMETER, "YAML needs the extra `testing` on the server; JSON needs nothing") from None
    try:
        found = yaml.load(body.decode(), Loader=_loader())  # noqa: S506 - made of the safe one
        return msgspec.json.decode(msgspec.json.encode(found))  # what JSON cannot hold is refused
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as fault:
        raise Refused(BODY_NOT_JSON, f"not YAML either: {' '.join(str(fault).split())[:300]}") from None


@functools.cache
def _loader() -> Any:
    """Return the safe loader without what surprises: On, Off, Yes and No stay words, dates stay text, no aliases."""
    import yaml

    class Plain(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("aliases (*name) are not read")
            return super().compose_node(parent, index)

    surprising = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}
    Plain.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rows if tag not in surprising]
        for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    for first, word in (("t", "true"), ("f", "false")):
        Plain.yaml_implicit_resolvers.setdefault(first, []).append(("tag:yaml.org,2002:bool", re.compile(rf"{word}\Z")))
    return Plain
