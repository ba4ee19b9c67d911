"""Parameters of calls about messages: the conversation, and which message is meant. No I/O."""

from typing import Any

import msgspec

from qunzhu.core.limits import UINT32
from qunzhu.tim.convert import Json, WrongParameter, mapping, take
from qunzhu.tim.enums import TIMErrCode, TIMResult
from qunzhu.tim.local_messages import LocalMessages
from qunzhu.tim.message import C2C, GROUP, Message, Place, message_id


def place_given(given: Json) -> Place:
    """Return the conversation ``conv_id``, ``conv_type``, or refuse (-5) what is none."""
    return _place(take(given, "conv_type", int), take(given, "conv_id", str), "conv_id, conv_type")


def _place(kind: int | None, name: str | None, keys: str) -> Place:
    if kind not in {C2C, GROUP} or not name:
        raise WrongParameter(TIMResult.TIM_ERR_CONV, f"{keys}: {name!r} of type {kind!r} is no conversation")
    return Place(kind, name)


def decoded(given: Json, *keys: str) -> Any:
    """Return what a parameter holds: an object or array, or its JSON as text; None where it is absent.

    Callers of the C interface have a name of their own for some parameters: the first key that is there counts. What is
    returned is plain JSON and the caller's no longer; what cannot be JSON is refused (-3).
    """
    value = next((given[key] for key in keys if given.get(key) is not None), None)
    try:
        return msgspec.json.decode(value if isinstance(value, str) else msgspec.json.encode(value))
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError) as fault:
        raise WrongParameter(TIMResult.TIM_ERR_JSON, f"{keys[0]}: {fault}") from None


def object_given(given: Json, *keys: str) -> Json:
    """Return a parameter that must be an object (-3)."""
    return mapping(decoded(given, *keys), keys[0])


def objects_given(given: Json, *keys: str, most: int) -> list[Json]:
    """Return a parameter that must be an array (-3) of 1 to ``most`` objects (-4)."""
    value = decoded(given, *keys)
    if not isinstance(value, list):
        raise WrongParameter(TIMResult.TIM_ERR_JSON, f"{keys[0]}: must be an array, is {type(value).__name__}")
    require_number(len(value), keys[0], most)
    return [mapping(item, keys[0]) for item in value]


def texts_given(given: Json, *keys: str, most: int) -> list[str]:
    """Return a parameter that must be an array (-3) of 1 to ``most`` texts (-4)."""
    value = decoded(given, *keys)
    if not isinstance(value, list):
        raise WrongParameter(TIMResult.TIM_ERR_JSON, f"{keys[0]}: must be an array, is {type(value).__name__}")
    require_number(len(value), keys[0], most)
    if not all(isinstance(item, str) for item in value):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{keys[0]}: must hold strings")
    return list(value)


def require_number(number: int, key: str, most: int) -> None:
    """Refuse (-4) an empty array, and one that is too long."""
    if not 1 <= number <= most:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: {number} items, 1 to {most} are allowed")


class Ref(msgspec.Struct, frozen=True):
    """Which message is meant. ``seq`` is its place in a group, or its MsgSeq with a user; ``at`` is unix seconds."""

    place: Place
    seq: int
    random: int
    at: int
    sender: str

    @property
    def key(self) -> str:
        """Return the MsgKey of a message with a user."""
        return f"{self.seq}_{self.random}_{self.at}"

    @property
    def id(self) -> str:
        """Return the message's id."""
        return message_id(self.sender, self.at, self.random)

    def parties(self, user: str) -> dict[str, str]:
        """Return the fields that say who sent a message with a user, and to whom."""
        if self.sender == user:
            return {"From_Account": user, "To_Account": self.place.id}
        return {"From_Account": self.place.id, "To_Account": user}


def ref_of(message: Message) -> Ref:
    """Return which message one is."""
    place = Place(message["message_conv_type"], message["message_conv_id"])
    values = (message[f"message_{key}"] for key in ("seq", "rand", "server_time", "sender"))
    return Ref(place, *values)


def known(given: Json, kept: LocalMessages, place: Place | None = None) -> Message | None:
    """Return what is kept of a message that is given as a ``Message``, or None."""
    place = place or place_in(given)
    return kept.at(place, take(given, "message_msg_id", str, ""))


def place_in(given: Json) -> Place:
    """Return the conversation that a ``Message`` names (-5)."""
    kind, name = take(given, "message_conv_type", int), take(given, "message_conv_id", str)
    return _place(kind, name, "message_conv_id, message_conv_type")


def ref_given(given: Json, kept: LocalMessages, user: str, place: Place | None = None) -> Ref:
    """Return which message of the server a ``Message`` means; refuses a local one (6017), and what names none (-4)."""
    place = place or place_in(given)
    if (message := known(given, kept, place)) is not None:
        if kept.is_local(message):
            raise WrongParameter(TIMErrCode.ERR_INVALID_PARAMETERS, "the server has no such message: it is a local one")
        return ref_of(message)
    mine = take(given, "message_is_from_self", bool, default=False)
    sender = take(given, "message_sender", str) or (user if mine else place.id)
    ref = Ref(
        place, take(given, "message_seq", int, 0), take(given, "message_rand", int, 0),
        take(given, "message_server_time", int, 0), sender,
    )  # fmt: skip
    _require(ref)
    return ref


def _require(ref: Ref) -> None:
    """Refuse (-4) numbers that no message of the server has."""
    in_group = ref.place.type == GROUP
    least = (
        {"message_seq": int(in_group)} if in_group else {"message_seq": 0, "message_rand": 0, "message_server_time": 1}
    )
    for key, value in (("message_seq", ref.seq), ("message_rand", ref.random), ("message_server_time", ref.at)):
        if key in least and not least[key] <= value <= UINT32:
            raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: {value} names no message")
