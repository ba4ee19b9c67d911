"""The messages that an SDK has seen lately, found by conversation and id, by id alone, and by seq."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from qunzhu.tim.message import Message, Place

MOST = 10000
Key = tuple[Place, str]


def place_of(message: Message) -> Place:
    """Return the conversation of a message."""
    return Place(message["message_conv_type"], message["message_conv_id"])


def key_of(message: Message) -> Key:
    """Return by what a message is kept: its conversation and its id."""
    return place_of(message), message["message_msg_id"]


class SeenMessages:
    """At most ``MOST`` messages; the ones seen longest ago drop out."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Message] = OrderedDict()
        self._ids: dict[str, dict[Key, None]] = {}
        self._seqs: dict[tuple[Place, int], Key] = {}
        self._stale: set[Key] = set()
        """What was seen before a break: it may have changed since."""

    def put(self, message: Message) -> None:
        """Keep a message, in place of what was kept of it."""
        key = key_of(message)
        self._kept[key] = message
        self._kept.move_to_end(key)
        self._stale.discard(key)
        self._ids.setdefault(key[1], {})[key] = None
        if message["message_seq"]:
            self._seqs[key[0], message["message_seq"]] = key
        if len(self._kept) > MOST:
            self.drop(next(iter(self._kept)))

    def get(self, key: Key) -> Message | None:
        """Return a message, or None."""
        return self._kept.get(key)

    def by_id(self, message_id: str) -> Iterable[Message]:
        """Return the messages of an id: several where one text went to several conversations in one second."""
        return [self._kept[key] for key in self._ids.get(message_id, ())]

    def by_seq(self, place: Place, seq: int) -> Message | None:
        """Return the message of a group or topic that has a seq, or None."""
        key = self._seqs.get((place, seq))
        return None if key is None else self._kept[key]

    def drop(self, key: Key) -> None:
        """Forget a message."""
        message = self._kept.pop(key, None)
        if message is None:
            return
        self._stale.discard(key)
        self._ids[key[1]].pop(key)
        if not self._ids[key[1]]:
            del self._ids[key[1]]
        if self._seqs.get((key[0], message["message_seq"])) == key:
            del self._seqs[key[0], message["message_seq"]]

    def broken(self) -> None:
        """Take nothing that is kept for certain any longer: what happens to messages during a break is not told."""
        self._stale = set(self._kept)

    def is_stale(self, key: Key) -> bool:
        """Say whether a message may have changed since it was seen."""
        return key in self._stale

    def __iter__(self) -> Iterator[Message]:
        return iter(self._kept.values())
