"""What an SDK keeps of messages in memory: those it has seen or sent lately, and what the server knows nothing of.

The first are a cache: what has dropped out is read from the server again. The second are local messages (saved,
imported, or failed to be sent), local custom data, and which messages were deleted here only. They last as long as the
SDK; there is room for ``OWN_KEPT`` of each, and more are refused, never dropped.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

import msgspec

from qunzhu.core.ids import TOPIC_MARK
from qunzhu.tim.convert import WrongParameter
from qunzhu.tim.enums import TIMErrCode, TIMMsgStatus
from qunzhu.tim.message import C2C, GROUP, Message, Place
from qunzhu.tim.seen_messages import Key, SeenMessages, key_of, place_of

OWN_KEPT = 10000
SENT_KEPT = 10000
Position = tuple[int, int, int, int]
"""Where a message stands in its conversation: by time, then those of the server by seq, then local ones."""


class Local(msgspec.Struct, frozen=True):
    """A message that only the SDK has, and its number among them."""

    message: Message
    number: int


class Sending(msgspec.Struct, frozen=True):
    """A message that this SDK sends: its id before the server gave it its time, and after that, empty until then."""

    first_id: str
    id: str = ""


class LocalMessages:
    """The messages that one user's SDK keeps."""

    def __init__(self) -> None:
        self._seen = SeenMessages()
        self._newest: dict[Place, int] = {}
        self._local: dict[Key, Local] = {}
        self._last_local = 0
        self._custom: dict[Key, tuple[int, str]] = {}
        self._hidden: set[Key] = set()
        self._sent: OrderedDict[tuple[Place, int], Sending] = OrderedDict()
        self._later_ids: dict[str, str] = {}
        self._read: dict[Place, int] = {}
        self._all_read = 0
        self._peer_read: dict[Place, int] = {}
        self._receipts: OrderedDict[Key, None] = OrderedDict()

    def see(self, message: Message) -> Message:
        """Keep a message as the server has it now, and return it as the app shall see it."""
        self._seen.put(message)
        place = place_of(message)
        self._newest[place] = max(message["message_server_time"], self._newest.get(place, 0))
        return self.dressed(message)

    def now(self, place: Place, clock: int) -> int:
        """Return the time of a message made here: none before what was seen, though clocks differ by a second."""
        return max(clock, self._newest.get(place, 0))

    def broken(self) -> None:
        """Remember that what is kept may have changed during a break."""
        self._seen.broken()

    def doubt(self, place: Place) -> None:
        """Remember that what is kept of one conversation may have changed."""
        self._seen.doubt(place)

    def is_stale(self, message: Message) -> bool:
        """Say whether a message may have changed since it was seen."""
        return self._seen.is_stale(key_of(message))

    def dressed(self, message: Message) -> Message:
        """Return a message with what only the SDK knows of it."""
        key = key_of(message)
        number, text = self._custom.get(key, (0, ""))
        return {
            **message, "message_custom_int": number, "message_custom_str": text,
            "message_is_read": message.get("message_is_read") or self.is_read(message),
            "message_has_sent_receipt": message.get("message_has_sent_receipt") or key in self._receipts,
            "message_is_peer_read": message.get("message_is_peer_read") or self._is_peer_read(message),
        }  # fmt: skip

    def find(self, message_id: str) -> list[Message]:
        """Return the messages of an id: several where one text went to several conversations in one second."""
        ids = dict.fromkeys([message_id, self._later_ids.get(message_id, message_id)])
        found = [message for wanted in ids for message in self._seen.by_id(wanted)]
        found += [local.message for (_, own_id), local in self._local.items() if own_id in ids]
        return [self.dressed(message) for message in found if key_of(message) not in self._hidden]

    def at(self, place: Place, message_id: str) -> Message | None:
        """Return a message of a conversation, or None where it is not kept."""
        return next((message for message in self.find(message_id) if place_of(message) == place), None)

    def by_seq(self, place: Place, seq: int) -> Message | None:
        """Return the message of a group that has a seq, or None where it is not kept."""
        message = self._seen.by_seq(place, seq)
        return None if message is None else self.dressed(message)

    def all(self) -> Iterator[Message]:
        """Return everything that is kept and was not deleted."""
        for message in (*self._seen, *(local.message for local in self._local.values())):
            if key_of(message) not in self._hidden:
                yield self.dressed(message)

    def add(self, message: Message) -> Message:
        """Keep a message that only the SDK has; 6028 where there are too many."""
        key = key_of(message)
        _require_room(self._local, key, "local messages")
        self._last_local += 1
        self._local[key] = Local(message, self._last_local)
        return self.dressed(message)

    def local(self, place: Place) -> list[tuple[Position, Message]]:
        """Return the messages of a conversation that only the SDK has, oldest first."""
        found = [
            (self.position(local.message), self.dressed(local.message))
            for key, local in self._local.items()
            if key[0] == place
        ]
        return sorted(found, key=lambda item: item[0])

    def position(self, message: Message) -> Position:
        """Return where a message stands in its conversation."""
        local = self._local.get(key_of(message))
        if local is None:
            return message["message_server_time"], 0, message["message_seq"], message["message_rand"]
        return message["message_server_time"], 1, local.number, 0

    def is_local(self, message: Message) -> bool:
        """Say whether the server knows nothing of a message."""
        return key_of(message) in self._local

    def drop_id(self, place: Place, message_id: str) -> None:
        """Forget a message that is deleted, by its id."""
        self._seen.drop((place, message_id))
        self._custom.pop((place, message_id), None)

    def update(self, message: Message | None, **values: Any) -> None:
        """Change what is kept of a message, where it is kept; the values' names have no ``message_``."""
        kept = None if message is None else self._seen.get(key_of(message))
        if kept is not None:
            self._seen.put({**kept, **{f"message_{key}": value for key, value in values.items()}})

    def drop(self, messages: Iterable[Message]) -> None:
        """Forget messages that are deleted."""
        for key in [key_of(message) for message in messages]:
            self._seen.drop(key)
            self._local.pop(key, None)
            self._custom.pop(key, None)

    def hide(self, message: Message) -> None:
        """Show a message no more, here only; 6028 where there are too many such."""
        key = key_of(message)
        if self._local.pop(key, None) is None:
            _require_room(self._hidden, key, "messages deleted here only")
            self._hidden.add(key)

    def is_hidden(self, message: Message) -> bool:
        """Say whether a message was deleted here only."""
        return key_of(message) in self._hidden

    def clear(self, place: Place, upto: int | None = None) -> None:
        """Forget all messages of a conversation, or those of the server up to a seq."""
        self.drop([
            kept for kept in self.all() if place_of(kept) == place and (upto is None or 0 < kept["message_seq"] <= upto)
        ])  # fmt: skip

    def set_custom(self, message: Message, number: int, text: str) -> None:
        """Keep local custom data of a message; 6028 where there are too many."""
        _require_room(self._custom, key_of(message), "messages with local custom data")
        self._custom[key_of(message)] = number, text

    def sends(self, place: Place, random: int, first_id: str) -> None:
        """Remember what this SDK sends: it is not told of it as of a new message."""
        self._sent[place, random] = Sending(first_id)
        if len(self._sent) > SENT_KEPT:
            self._later_ids.pop(self._sent.popitem(last=False)[1].first_id, None)

    def sent(self, message: Message) -> Message:
        """Keep a message that was sent; the id that it had before stands for it, too."""
        place = place_of(message)
        own_id, key = message["message_msg_id"], (place, message["message_rand"])
        first_id = self._sent[key].first_id if key in self._sent else own_id
        if key in self._sent:
            self._sent[key] = Sending(first_id, own_id)
        if first_id != own_id:
            self._later_ids[first_id] = own_id
        self._local.pop((place, first_id), None)
        if place.type == GROUP and message["message_seq"]:
            self.read_up_to(place, message["message_seq"])  # whoever sends has read what was there
        return self.see(message)

    def is_own(self, message: Message) -> bool:
        """Say whether this SDK sent a message."""
        return bool(message["message_is_from_self"]) and (place_of(message), message["message_rand"]) in self._sent

    def was_lost(self, message: Message) -> bool:
        """Say whether this SDK sent a message and then took it for not sent."""
        place = place_of(message)
        sending = self._sent.get((place, message["message_rand"]))
        return sending is not None and (place, sending.first_id) in self._local

    def arrived(self, place: Place, random: int) -> Message | None:
        """Return a message that this SDK sent, if it was told already that the server has it."""
        sending = self._sent.get((place, random))
        return self.at(place, sending.id) if sending is not None and sending.id else None

    def read_up_to(self, place: Place, position: int) -> None:
        """Remember up to where the user has read: a seq in groups, a time with users."""
        self._read[place] = max(position, self._read.get(place, 0))

    def read_all(self, clock: int) -> None:
        """Remember that the user has read all that came so far, but for topics."""
        self._all_read = max([clock, *self._newest.values()])

    def knows_read(self, place: Place) -> bool:
        """Say whether it is known up to where the user has read."""
        return place in self._read

    def is_read(self, message: Message) -> bool:
        """Say whether the user has read a message, as far as is known."""
        place = place_of(message)
        at = message["message_server_time"]
        own = at if place.type == C2C else message["message_seq"]
        read = own <= self._read.get(place, -1) or (at <= self._all_read and TOPIC_MARK not in place.id)
        return bool(message["message_is_from_self"]) or read

    def peer_read_up_to(self, place: Place, at: int) -> None:
        """Remember up to when a user has read what this one sent him."""
        self._peer_read[place] = max(at, self._peer_read.get(place, 0))

    def _is_peer_read(self, message: Message) -> bool:
        own = bool(message["message_is_from_self"])
        return own and message["message_server_time"] <= self._peer_read.get(place_of(message), -1)

    def gave_receipt(self, message: Message) -> None:
        """Remember that the user sent a receipt for a message."""
        self._receipts[key_of(message)] = None
        if len(self._receipts) > SENT_KEPT:
            self._receipts.popitem(last=False)


def unsent(message: Message, *, cancelled: bool = False) -> Message:
    """Return a message that was not sent."""
    status = TIMMsgStatus.kTIMMsg_Cancel if cancelled else TIMMsgStatus.kTIMMsg_SendFail
    return {**message, "message_status": int(status)}


def _require_room(kept: Collection[Key], key: Key, what: str) -> None:
    if key not in kept and len(kept) >= OWN_KEPT:
        raise WrongParameter(TIMErrCode.ERR_OUT_OF_MEMORY, f"{what}: at most {OWN_KEPT} are kept")
