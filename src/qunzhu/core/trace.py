"""Why calls were refused and messages not sent: the latest of each app, in memory only. Pure."""

import itertools
from collections import deque
from collections.abc import Iterator

import msgspec

MOST, MOST_APPS = 1000, 200
"""So many are kept of an app, and of so many apps; the app to which nothing happened for longest goes first."""
MOST_TEXT = 300
REFUSED, DROPPED, REPEATED, VETOED = "refused", "dropped", "repeated", "vetoed"
HOW = (REFUSED, DROPPED, REPEATED, VETOED)
"""Refused with a code; over its stream's frequency; the same message once more, answered as the first one; dropped by
the app's own server, whose sender was told OK."""


class Traced(msgspec.Struct, frozen=True, kw_only=True):
    """One call. ``target`` is the group, topic or user that it names; ``at_ms`` the app's time.

    ``sender`` is in whose name an administrator called, where it was not his own.
    """

    num: int = 0
    at_ms: int
    how: str
    door: str = ""
    command: str
    user: str
    sender: str = ""
    target: str = ""
    code: int = 0
    text: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; empty fields stand for all. ``after`` is the number of the last one that is known."""

    how: str = ""
    user: str = ""
    target: str = ""
    code: int = 0
    after: int = 0

    def fits(self, one: Traced) -> bool:
        """Say whether it is looked for."""
        return (
            (not self.how or one.how == self.how)
            and (not self.user or self.user in {one.user, one.sender})
            and (not self.target or one.target == self.target)
            and (not self.code or one.code == self.code)
        )


class Traces:
    """What happened to the apps of a server since its start."""

    def __init__(self) -> None:
        self._of: dict[int, deque[Traced]] = {}
        self._numbers = itertools.count(1)

    def add(self, sdkappid: int, one: Traced) -> None:
        """Take note of a call."""
        ring = self._of.pop(sdkappid, None)
        if ring is None:
            ring = deque(maxlen=MOST)
            if len(self._of) >= MOST_APPS:
                del self._of[next(iter(self._of))]
        self._of[sdkappid] = ring
        text = one.text if len(one.text) <= MOST_TEXT else f"{one.text[:MOST_TEXT]}…"
        ring.append(msgspec.structs.replace(one, num=next(self._numbers), text=text))

    def newest(self, sdkappid: int, wanted: Wanted, limit: int) -> list[Traced]:
        """Return what is looked for, the newest first."""
        return list(itertools.islice(filter(wanted.fits, self._since(sdkappid, wanted.after)), limit))

    def _since(self, sdkappid: int, after: int) -> Iterator[Traced]:
        kept = reversed(self._of.get(sdkappid, ()))
        return itertools.takewhile(lambda one: one.num > after, kept)

    def drop(self, sdkappid: int) -> None:
        """Forget an app."""
        self._of.pop(sdkappid, None)


class _Named(msgspec.Struct):
    """What a request is about, as far as it says so."""

    TopicId: object = None
    GroupId: object = None
    To_Account: object = None
    From_Account: object = None


_decode = msgspec.json.Decoder(_Named).decode


def named_in(request: object) -> tuple[str, str]:
    """Return which group, topic or user a request names, and in whose name it is; empty where it says nothing.

    The request is its record, or the body that it came as.
    """
    if isinstance(request, bytes | bytearray):
        try:
            request = _decode(request)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return "", ""
    target = _text(request, "TopicId") or _text(request, "GroupId") or _text(request, "To_Account")
    return target, _text(request, "From_Account")


def _text(request: object, name: str) -> str:
    value = getattr(request, name, None)
    return value[:100] if isinstance(value, str) else ""
