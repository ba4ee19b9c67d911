"""One-to-one messages for tests of what hangs on them and of the conversations they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from worlds import World


def write(world: World, sender: str, receiver: str, words: str = "x", **more: Any) -> str:
    """Send a message between two users, and return its MsgKey: the n-th message has MsgSeq and MsgRandom n."""
    number = world.rows("SELECT count(*) + 1 FROM c2c_messages")[0][0]
    body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]
    fields = {"To_Account": receiver, "MsgSeq": number, "MsgRandom": number, "MsgBody": body, **more}
    return str(world.call("sendmsg", sender, **fields)["MsgKey"])
