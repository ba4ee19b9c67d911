"""Which one-to-one messages a client has told, and how it finds out what it missed. No I/O of its own."""

from collections.abc import Callable, Iterable
from typing import Any

from qunzhu.client.events import C2CReceived, ClientEvent
from qunzhu.client.ledger import Caller, Push, Verdict
from qunzhu.commands.syncing import Sync
from qunzhu.core.pushes import C2C_MESSAGE

NEWEST = 2**53
"""A number after which there is nothing: asks for the newest one only."""


class C2CLedger:
    """The number of the newest one-to-one message told.

    Numbers grow in the whole app, so a user's have gaps; each push says which number his message before it had.
    """

    def __init__(self, known: int | None) -> None:
        self.seen = known or 0
        self.fresh = known is None
        """True until the first comparison, which then takes the server's state as known."""
        self.stale = True
        """True where the server must be asked: after a login, and after a gap."""

    def judge(self, push: dict[str, Any]) -> Verdict:
        """Take a pushed message into account. What is not stored (no number) is always new."""
        num = push.get("Num", 0)
        if num and push.get("Prev", 0) > self.seen and num > self.seen:
            self.stale = True
            return Verdict.GAP
        return Verdict.NEW if not num or self.accept(push) else Verdict.OLD

    def accept(self, message: dict[str, Any]) -> bool:
        """Take a stored message into account; False where it was told already."""
        if message["Num"] <= self.seen:
            return False
        self.seen = message["Num"]
        return True

    def begin(self, newest: int, held: Iterable[Push]) -> None:
        """Take the server's newest message as known, but for what waits to be told."""
        waiting = [push["Num"] - 1 for method, push in held if method == C2C_MESSAGE and push.get("Num")]
        self.seen = min([newest, *waiting])
        self.fresh = False


async def catch_up_c2c(
    call: Caller, ledger: C2CLedger, emit: Callable[[ClientEvent], None], held: Iterable[Push]
) -> None:
    """Tell the messages that were missed; ``held`` are pushes that wait until this is done.

    The ledger changes with each message told, so that a break in between loses and repeats nothing.
    """
    if ledger.fresh:
        ledger.begin((await call(Sync(C2C=NEWEST))).C2C, held)
        ledger.stale = False
    more = ledger.stale
    while more:
        page = await call(Sync(C2C=ledger.seen))
        for message in page.C2CMessages or ():
            if ledger.accept(message):
                emit(C2CReceived(message, missed=True))
        more = bool(page.MoreC2C)
        if not more:
            ledger.seen = page.C2C  # a lower one where the account, or the app, was made anew
    ledger.stale = False
