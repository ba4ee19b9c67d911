"""Which listeners hear of what happens to messages that are there: one row per ``ChangeType`` of the pushes."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import msgspec

from qunzhu.client.errors import CallFailed
from qunzhu.core.limits import MSG_FLAGS
from qunzhu.core.notices import Notice
from qunzhu.tim.convert import MEMBER, Json
from qunzhu.tim.enums import TIMMsgStatus
from qunzhu.tim.local_messages import LocalMessages
from qunzhu.tim.message import C2C, GROUP, Message, Place, conversation_of, from_told, locator
from qunzhu.tim.message_params import Ref
from qunzhu.tim.notices import profile
from qunzhu.tim.pulled import Reading

log = logging.getLogger("qunzhu.tim")
Tell = Callable[..., None]


class MessageTeller:
    """Tells one user's listeners what happens to his messages, and keeps what is kept of them true."""

    def __init__(self, user: str, kept: LocalMessages, reading: Reading, tell: Tell) -> None:
        self.user, self.kept, self._reading, self._tell = user, kept, reading, tell

    async def message_changed(self, change: Notice) -> None:
        """Tell a ``message_change`` push."""
        if (row := MESSAGE_CHANGES.get(change["ChangeType"])) is None:
            return
        try:
            await row(self, change)
        except CallFailed as fault:
            log.warning("%s of a message is not told: %s", change["ChangeType"], fault.text)

    def conversation_changed(self, change: Notice) -> None:
        """Take a ``conversation_change`` push into account."""
        if (row := CONVERSATION_CHANGES.get(change["ChangeType"])) is not None:
            row(self, change)

    def tell(self, what: str, *args: Any) -> None:
        """Call a listener; what is no text, number or flag among the arguments comes as JSON."""
        self._tell(what, *(arg if isinstance(arg, str | int) else msgspec.json.encode(arg).decode() for arg in args))

    def refs(self, change: Notice) -> list[Ref]:
        """Return which messages a change is about."""
        if "MsgKey" in change:
            seq, random, at = map(int, change["MsgKey"].split("_"))
            return [Ref(Place(*conversation_of(change, self.user)), seq, random, at, change["From_Account"])]
        place = Place(GROUP, change.get("TopicId") or change["GroupId"])
        return [Ref(place, seq, 0, 0, "") for seq in change.get("MsgSeqList") or [change["MsgSeq"]]]

    async def messages(self, change: Notice) -> list[Message]:
        """Return the messages that a change is about, as they are kept, or else as the server has them now."""
        refs = self.refs(change)
        found = {ref: self._found(ref) for ref in refs}
        missing = [ref for ref, message in found.items() if message is None]
        read = await self._reading.at(refs[0].place, missing) if missing else []
        return [message for message in (*found.values(), *read) if message is not None]

    def _found(self, ref: Ref) -> Message | None:
        return self.kept.by_seq(ref.place, ref.seq) if ref.place.type == GROUP else self.kept.at(ref.place, ref.id)

    async def ids(self, change: Notice) -> list[str]:
        """Return the ids of the messages that a change is about."""
        if "MsgKey" in change:
            return [ref.id for ref in self.refs(change)]
        return [message["message_msg_id"] for message in await self.messages(change)]

    async def reacted(self, ref: Ref, reaction_id: str) -> bool:
        """Say whether the user is among those who gave a reaction; only the first of them come with a change."""
        return reaction_id in await self._reading.own_reactions(ref)

    async def profile(self, user: str) -> Json:
        """Return a user's profile."""
        return (await self._reading.profiles([user])).get(user, {})


async def _recalled(teller: MessageTeller, change: Notice) -> None:
    operator, reason = change["Operator_Account"], change.get("Reason", "")
    found = await teller.profile(operator)
    revoker = {
        "message_revoker_user_id": operator, "message_revoker_nick_name": found.get("Nick", ""),
        "message_revoker_face_url": found.get("FaceUrl", ""), "message_revoke_reason": reason,
    }  # fmt: skip
    gone = {
        "message_elem_array": [],
        "message_cloud_custom_str": "",
        "message_status": int(TIMMsgStatus.kTIMMsg_Revoked),
    }
    messages = [teller.kept.see({**message, **gone, **revoker}) for message in await teller.messages(change)]
    if messages:
        teller.tell("recalled", [{**locator(message), **revoker} for message in messages])


async def _modified(teller: MessageTeller, change: Notice) -> None:
    teller.tell("modified", [teller.kept.see(from_told(change["Message"], teller.user))])


def receipt(place: Place, message_id: str, **values: Any) -> dict[str, Any]:
    """Return a ``MessageReceipt``."""
    shown = {
        "conv_id": place.id, "conv_type": place.type, "msg_id": message_id, "time_stamp": 0, "is_peer_read": False,
        "read_count": 0, "unread_count": 0, **values,
    }  # fmt: skip
    return {f"msg_receipt_{key}": value for key, value in shown.items()}


async def _peer_read(teller: MessageTeller, change: Notice) -> None:
    place, at = Place(C2C, change["Reader_Account"]), change["ReadTime"]
    teller.kept.peer_read_up_to(place, at)
    teller.tell("receipts", [receipt(place, "", time_stamp=at, is_peer_read=True)])


async def _receipt(teller: MessageTeller, change: Notice) -> None:
    [ref], ids = teller.refs(change), await teller.ids(change)
    if ref.place.type == C2C:
        values = {"is_peer_read": True, "time_stamp": change.get("Time", ref.at)}
        teller.kept.update(teller.kept.at(ref.place, ref.id), receipt_peer_read=True, is_peer_read=True)
    else:
        values = {"read_count": change["ReadNum"], "unread_count": change["UnreadNum"]}
        counts = {f"group_receipt_{key}": value for key, value in values.items()}
        teller.kept.update(teller.kept.by_seq(ref.place, ref.seq), **counts)
    if ids:
        teller.tell("receipts", [receipt(ref.place, ids[0], **values)])


def extension(key: str, value: str = "") -> dict[str, str]:
    """Return a ``MessageExtension``."""
    return {"message_extension_key": key, "message_extension_value": value}


async def _extensions(teller: MessageTeller, change: Notice) -> None:
    for own_id in await teller.ids(change):
        if change["ExtensionList"]:
            told = [extension(item["Key"], item["Value"]) for item in change["ExtensionList"]]
            teller.tell("extensions_changed", own_id, told)
        if change["RemovedKeys"]:
            teller.tell("extensions_deleted", own_id, [extension(key) for key in change["RemovedKeys"]])


def reaction(item: Notice, *, mine: bool) -> dict[str, Any]:
    """Return a ``MessageReaction``."""
    return {
        "message_reaction_id": item["ReactionId"], "message_reaction_total_user_count": item["TotalUserCount"],
        "message_reaction_partial_user_info_array": [profile(user["UserID"], user) for user in item["UserList"]],
        "message_reaction_reacted_by_myself": mine,
    }  # fmt: skip


async def _reactions(teller: MessageTeller, change: Notice) -> None:
    prefix = "message_reaction_change_info_"
    [ref], told = teller.refs(change), []
    for item in change["ReactionList"]:
        mine = any(one["UserID"] == teller.user for one in item["UserList"])
        if not mine and item["TotalUserCount"] > len(item["UserList"]):
            mine = await teller.reacted(ref, item["ReactionId"])
        told.append(reaction(item, mine=mine))
    for own_id in await teller.ids(change):
        teller.tell("reactions", [{f"{prefix}msg_id": own_id, f"{prefix}reaction_list": told}])


async def _pinned(teller: MessageTeller, change: Notice) -> None:
    [ref], operator = teller.refs(change), change["Operator_Account"]
    if "Message" in change:
        message: Any = teller.kept.see(from_told(change["Message"], teller.user))
    else:
        message = next(iter(await teller.messages(change)), {"message_seq": ref.seq})
    found = await teller.profile(operator)
    member = {
        f"{MEMBER}identifier": operator, f"{MEMBER}group_id": change["GroupId"],
        f"{MEMBER}nick_name": found.get("Nick", ""), f"{MEMBER}face_url": found.get("FaceUrl", ""),
    }  # fmt: skip
    teller.tell("pinned", ref.place.id, message, change["Pinned"], member)


MESSAGE_CHANGES: dict[str, Callable[[MessageTeller, Notice], Awaitable[None]]] = {
    "Recalled": _recalled, "Modified": _modified, "Read": _peer_read, "Receipt": _receipt, "Extensions": _extensions,
    "Reactions": _reactions, "Pinned": _pinned,
}  # fmt: skip


HOUR, MINUTE = 3600, 60


def all_option(option: Notice) -> dict[str, int]:
    """Return a ``TIMReceiveMessageOptInfo``."""
    start = option["StartOfDay"]
    return {
        "msg_all_recv_msg_opt_start_hour": start // HOUR, "msg_all_recv_msg_opt_start_minute": start % HOUR // MINUTE,
        "msg_all_recv_msg_opt_start_second": start % MINUTE,
        "msg_all_recv_msg_opt_start_time_stamp": option["StartTime"], "msg_all_recv_msg_duration": option["Duration"],
        "msg_all_recv_msg_opt_level": MSG_FLAGS.index(option["MsgFlag"]),
    }  # fmt: skip


def _places(change: Notice) -> Iterable[tuple[Place, Notice]]:
    """Return the conversations that a change names: several, or one in the change itself."""
    listed: Sequence[Notice] = change.get("ConvList", [change])
    for item in listed:
        peer = item.get("Peer_Account") or item.get("To_Account")
        yield Place(C2C, peer) if peer else Place(GROUP, item.get("TopicId") or item["GroupId"]), item


def _read(teller: MessageTeller, change: Notice) -> None:
    for place, item in _places(change):
        upto = item.get("MsgSeq") if place.type == GROUP else item.get("ReadTime", change.get("Time"))
        if upto is not None:
            teller.kept.read_up_to(place, upto)


def _hidden(teller: MessageTeller, change: Notice) -> None:
    """Forget messages of a group that the user deleted for himself: some, or all up to a seq."""
    [(place, _)] = _places(change)
    found = [teller.kept.by_seq(place, seq) for seq in change.get("MsgSeqList", ())]
    teller.kept.drop(message for message in found if message is not None)
    if upto := change.get("Upto", 0):
        teller.kept.clear(place, upto)


def _doubt(teller: MessageTeller, change: Notice) -> None:
    """Take nothing of a conversation that was deleted for certain: its messages may be gone with it."""
    for place, _ in _places(change):
        teller.kept.doubt(place)


def _receive_option(teller: MessageTeller, change: Notice) -> None:
    teller.tell("receive_option", all_option(change))


def _deleted(teller: MessageTeller, change: Notice) -> None:
    [(place, _)] = _places(change)
    for key in change.get("MsgKeyList", ()):
        seq, random, at = map(int, key.split("_"))
        for sender in (teller.user, place.id):
            teller.kept.drop_id(place, Ref(place, seq, random, at, sender).id)


CONVERSATION_CHANGES: dict[str, Callable[[MessageTeller, Notice], None]] = {
    "Read": _read, "Deleted": _doubt, "MessagesDeleted": _deleted, "Hidden": _hidden,
    "AllReceiveOption": _receive_option,
}  # fmt: skip
