"""One-to-one messages as rows, for tests of what hangs on them and of the conversations they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from worlds import World

WRITE = (
    "INSERT INTO c2c_messages (low, high, at, msg_seq, random, num, from_low, state, hidden, flags, quiet, body)"
    " VALUES (:low, :high, :at, :num, :num, :num, :from_low, 0, 0, :flags, :quiet, :body)"
)
TOUCH = (
    "INSERT INTO contacts (user_id, sort, peer, last_num, at, read_num, hidden_num, top_at, marks, custom_mark,"
    " custom_data, msg_flag) VALUES (:user, 1, :peer, :num, :at, 0, 0, 0, 0, '', '', 0)"
    " ON CONFLICT (user_id, sort, peer) DO UPDATE SET last_num = :num, at = :at"
)


def write(world: World, sender: str, receiver: str, words: str = "x", *, flags: int = 0, quiet: int = 0) -> str:
    """Store a message between two users, and return its MsgKey."""
    low, high = sorted((sender, receiver))
    num = world.rows("SELECT coalesce(max(num), 0) + 1 FROM c2c_messages")[0][0]
    body = {
        "From_Account": sender, "To_Account": receiver, "MsgSeq": num, "MsgRandom": num, "MsgTime": world.now,
        "MsgKey": f"{num}_{num}_{world.now}", "Num": num,
        "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}],
    }  # fmt: skip
    world.execute(
        WRITE, low=low, high=high, at=world.now, num=num, from_low=int(sender == low), flags=flags, quiet=quiet,
        body=msgspec.json.encode(body).decode(),
    )  # fmt: skip
    for user, peer in {(sender, receiver), (receiver, sender)}:
        world.execute(TOUCH, user=user, peer=peer, num=num, at=world.now)
    return str(body["MsgKey"])
