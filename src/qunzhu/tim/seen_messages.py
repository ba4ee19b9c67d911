"""The messages that an SDK has seen lately, found by conversation and id, by id alone, and by seq."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from qunzhu.tim.message import Message, Place

MOST = 5000
Key = tuple[Place, str]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def place_of(message: Message) -> Place:
    """Return the conversation of a message."""
    return Place(message["message_conv_type"], message["message_conv_id"])


def key_of(message: Message) -> Key:
    """Return by what a message is kept: its conversation and its id."""
    return place_of(message), message["message_msg_id"]


class SeenMessages:
    """At most ``MOST`` messages; the ones seen longest ago drop out.

    They are kept as JSON, which needs a quarter of the room.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[int, bytes]] = OrderedDict()
        """Each with its seq."""
        self._ids: dict[str, dict[Key, None]] = {}
        self._seqs: dict[tuple[Place, int], Key] = {}
        self._stale: set[Key] = set()
        """What was seen before a break: it may have changed since."""

    def put(self, message: Message) -> None:
        """Keep a message, in place of what was kept of it."""
        key, seq = key_of(message), message["message_seq"]
        self._kept[key] = seq, _encode(message)
        self._kept.move_to_end(key)
        self._stale.discard(key)
        self._ids.setdefault(key[1], {})[key] = None
        if seq:
            self._seqs[key[0], seq] = key
        if len(self._kept) > MOST:
            self.drop(next(iter(self._kept)))

    def get(self, key: Key) -> Message | None:
        """Return a message, or None."""
        kept = self._kept.get(key)
        return None if kept is None else _decode(kept[1])

    def by_id(self, message_id: str) -> Iterable[Message]:
        """Return the messages of an id: several where one text went to several conversations in one second."""
        return [_decode(self._kept[key][1]) for key in self._ids.get(message_id, ())]

    def by_seq(self, place: Place, seq: int) -> Message | None:
        """Return the message of a group or topic that has a seq, or None."""
        key = self._seqs.get((place, seq))
        return None if key is None else self.get(key)

    def drop(self, key: Key) -> None:
        """Forget a message."""
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        self._stale.discard(key)
        self._ids[key[1]].pop(key)
        if not self._ids[key[1]]:
            del self._ids[key[1]]
        if self._seqs.get((key[0], kept[0])) == key:
            del self._seqs[key[0], kept[0]]

    def broken(self) -> None:
        """Take nothing that is kept for certain any longer: what happens to messages during a break is not told."""
        self._stale = set(self._kept)

    def doubt(self, place: Place) -> None:
        """Take nothing that is kept of one conversation for certain any longer."""
        self._stale.update(key for key in self._kept if key[0] == place)

    def is_stale(self, key: Key) -> bool:
        """Say whether a message may have changed since it was seen."""
        return key in self._stale

    def __iter__(self) -> Iterator[Message]:
        return (_decode(body) for _, body in list(self._kept.values()))
