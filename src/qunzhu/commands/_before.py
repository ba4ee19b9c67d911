"""What an app's own server is asked before something happens: one row of a table for each command (doc 1047/34354).

``push.before`` asks, and runs the command with what the answer leaves of the request. What an answer's ErrorCode means
is the same for all: 0 allows, 1 refuses, a code of the row's range refuses with that code and the answer's text, 2
drops a message where the row says what its sender is then told. Any other code refuses as 1 does: whoever answers one
does not mean to allow.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, LiteralString

import msgspec

from qunzhu.commands.c2c import SendMsg, SentC2C, key_of, may_write, online_only
from qunzhu.commands.groups import CreateGroup, may_make
from qunzhu.commands.joining import JoinGroup, may_ask
from qunzhu.commands.members import ADDED, AddGroupMember, may_add
from qunzhu.commands.messages import NOT_BEFORE, SendGroupMsg, SentMessage, forbids, may_send
from qunzhu.commands.topics import CreateTopic, operator_of, with_topics
from qunzhu.core import errors as err
from qunzhu.core.command import BY_NAME, Reply, Request
from qunzhu.core.elements import Element, check_body, check_size
from qunzhu.core.errors import ErrorRow, Refused, RefusedByApp
from qunzhu.core.kinds import BY_NAME as KIND_BY_NAME
from qunzhu.core.kinds import KINDS, LIVE
from qunzhu.core.ports import CallbackSettings, Tx, Who
from qunzhu.core.rights import OWNER, Action, Role

ALLOW, REFUSE, DROP = range(3)
GROUP_CODES, C2C_CODES = range(10100, 10201), range(120001, 130001)
MAX_TEXT = 1024
"""Characters of an answer's text that are passed on."""
Body = Mapping[str, Any] | None


class Answer(msgspec.Struct, frozen=True):
    """What the app's server says. Null and absent are the same."""

    ErrorCode: int
    ErrorInfo: str | None = None
    MsgBody: list[Element] | None = None
    CloudCustomData: str | None = None
    RefusedMembers_Account: list[str] | None = None


class Unusable(Exception):
    """An answer cannot be made use of; the text says why."""


class Before(msgspec.Struct, frozen=True):
    """One callback: its command, what its body is made by, and what becomes of the request.

    ``ask`` runs in a reading transaction. It refuses what the command would, so that nobody is asked for nothing, and
    returns None where there is nothing to ask.
    """

    command: str
    ask: Callable[[Tx, Who, Any], Body]
    refused: ErrorRow = err.CALLBACK_REFUSED
    codes: range = GROUP_CODES
    """Codes that the app's server may refuse with, which are passed on."""
    switch: str = ""
    """Whose switch it shares; empty: it has its own."""
    dropped: Callable[[Who, Any], Reply] | None = None
    """What the sender of a message is told that is dropped."""
    changed: Callable[[Who, Any, Answer], Request[Any]] | None = None
    named: Callable[[Who, Any], Request[Any]] | None = None
    """Gives a request what its callback names it by; it then keeps the time of the call."""

    @property
    def message(self) -> bool:
        """Say whether it is about a message, which its sender can exempt and the app can hold back."""
        return self.dropped is not None

    def wanted(self, who: Who, req: Any) -> bool:
        """Say whether the app's server is to be asked."""
        if not who.app.settings.callbacks.on(self.switch or self.command):
            return False
        return not (self.message and forbids(who, NOT_BEFORE, req.ForbidCallbackControl))

    def passed(self, who: Who, req: Any, given: Mapping[str, Any]) -> Request[Any] | Reply:
        """Return what an answer leaves of a request, or the reply to one that it drops; refuse what it refuses."""
        try:
            answer = msgspec.convert(given, Answer)
        except msgspec.ValidationError as fault:
            raise Unusable(str(fault)) from None
        if answer.ErrorCode == ALLOW:
            return req if self.changed is None else self.changed(who, req, answer)
        if answer.ErrorCode == DROP and self.dropped is not None:
            return self.dropped(who, req)
        raise self._refusal(answer)

    def failed(self, settings: CallbackSettings, fault: str) -> None:
        """Let what was not answered pass, or refuse (80003) a message that the app holds back then."""
        if settings.block and self.message:
            raise RefusedByApp(err.CALLBACK_FAILED, fault)

    def _refusal(self, answer: Answer) -> RefusedByApp:
        code = answer.ErrorCode
        if code in self.codes:
            return RefusedByApp(ErrorRow(code, "callback", (answer.ErrorInfo or self.refused.text)[:MAX_TEXT]))
        return RefusedByApp(self.refused, "" if code == REFUSE else f"it answered ErrorCode {code}")


def _time(who: Who) -> dict[str, str]:
    return {"EventTime": str(who.now_ms)}


def _accounts(users: Sequence[str]) -> list[dict[str, str]]:
    return [{"Member_Account": user} for user in users]


SELECT_OWNED: LiteralString = (
    "SELECT g.kind_name, count(*) FROM members m JOIN groups g ON g.num = m.group_num"
    " WHERE m.user_id = :user AND m.role = :owner GROUP BY g.kind_name"
)
SELECT_OWN_ROOMS: LiteralString = "SELECT count(*) FROM groups WHERE owner = :user AND kind_name = 'AVChatRoom'"


def _create_group(tx: Tx, who: Who, req: CreateGroup) -> Body:
    """Ask about a new group (doc 1047/34368). The groups counted are those that its owner has now."""
    owner, members, _, _ = may_make(tx, who, req, Action.CREATE)
    kind, owned = KIND_BY_NAME[req.Type], {kind.name: 0 for kind in KINDS}
    if owner:
        owned |= dict(tx.all(SELECT_OWNED, user=owner, owner=int(OWNER)))
        rooms = tx.one(SELECT_OWN_ROOMS, user=owner)
        owned[LIVE.name] = int(rooms[0]) if rooms else 0
    return {
        "Operator_Account": who.user, "Owner_Account": owner, "Type": kind.name, "Name": req.Name,
        "CreateGroupNum": owned[kind.name], "CreatedGroupNum": owned,
        "MemberList": _accounts([user for user in members if user != owner]), **_time(who),
    }  # fmt: skip


def _create_topic(tx: Tx, who: Who, req: CreateTopic) -> Body:
    """Ask about a new topic (doc 1047/49463)."""
    group = with_topics(tx, who, req.GroupId, Action.CREATE_TOPIC)
    operator = operator_of(tx, who, req.From_Account)
    return {"Operator_Account": operator, "Type": group.kind_name, "Name": req.TopicName}


def _join(tx: Tx, who: Who, req: JoinGroup) -> Body:
    """Ask about a user who wants to join (doc 1047/34370); not about one who is in the live room already."""
    group, role = may_ask(tx, who, req)
    if role is not Role.OUTSIDER:
        return None
    return {"GroupId": group.group_id, "Type": group.kind_name, "Requestor_Account": who.user, **_time(who)}


def _add(tx: Tx, who: Who, req: AddGroupMember) -> Body:
    """Ask about users who are to be added (doc 1047/34371): those who have an account and are no members."""
    group, _, results = may_add(tx, who, req)
    users = [user for user, result in results.items() if result == ADDED]
    if not users:
        return None
    return {
        "GroupId": group.group_id, "Type": group.kind_name, "Operator_Account": who.user,
        "DestinationMembers": _accounts(users), **_time(who),
    }  # fmt: skip


class _Sifted(AddGroupMember, frozen=True, kw_only=True):
    """The same request, with those whom the app's server does not want in."""

    refused: frozenset[str]


def _sifted(who: Who, req: AddGroupMember, answer: Answer) -> AddGroupMember:
    del who
    if not answer.RefusedMembers_Account:
        return req
    return _Sifted(**msgspec.structs.asdict(req), refused=frozenset(answer.RefusedMembers_Account))


def _send(tx: Tx, who: Who, req: SendGroupMsg) -> Body:
    """Ask about a message to a group or topic (doc 1047/34374)."""
    stream, sender = may_send(tx, who, req)
    online_only = req.OnlineOnlyFlag if stream.group.kind.stores_messages else 0
    return {
        "GroupId": stream.group.group_id, "Type": stream.group.kind_name, "From_Account": sender,
        "Operator_Account": who.user, "Random": req.Random, "OnlineOnlyFlag": online_only or 0, "MsgBody": req.MsgBody,
        "CloudCustomData": req.CloudCustomData or "", **({"TopicId": stream.topic_id} if stream.topic else {}),
        **_time(who),
    }  # fmt: skip


def _write(tx: Tx, who: Who, req: SendMsg) -> Body:
    """Ask about a message to a user (doc 1047/34364)."""
    sender, key = may_write(tx, who, req), key_of(who, req)
    return {
        "From_Account": sender, "To_Account": req.To_Account, "MsgSeq": key.msg_seq, "MsgRandom": key.random,
        "MsgTime": key.at, "MsgKey": str(key), "OnlineOnlyFlag": online_only(req), "MsgBody": req.MsgBody,
        "CloudCustomData": req.CloudCustomData or "",
    }  # fmt: skip


def _keyed(who: Who, req: SendMsg) -> SendMsg:
    return msgspec.structs.replace(req, MsgSeq=key_of(who, req).msg_seq)


def _rewritten(who: Who, req: Any, answer: Answer) -> Any:
    """Return a message with the answer's elements and CloudCustomData, checked as if a client had sent them."""
    given = {"MsgBody": answer.MsgBody, "CloudCustomData": answer.CloudCustomData}
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        return req
    new, command = msgspec.structs.replace(req, **changes), BY_NAME[COMMAND_OF[type(req)]]
    try:
        if command.check is not None:
            command.check("", new)
        check_body(new.MsgBody, err.BAD_PARAMETER)
        check_size(new.MsgBody, new.CloudCustomData, who.app.settings.message_bytes, err.MESSAGE_TOO_LONG)
    except Refused as refused:
        raise Unusable(refused.text) from None
    return new


def _not_sent(who: Who, req: SendGroupMsg) -> SentMessage:
    """Answer as for a message that nobody keeps: a seq would be another message's."""
    del req
    return SentMessage(MsgTime=who.now, MsgSeq=0)


def _not_written(who: Who, req: SendMsg) -> SentC2C:
    return SentC2C(MsgTime=who.now, MsgKey=str(key_of(who, req)))


COMMAND_OF: dict[type[Request[Any]], str] = {SendGroupMsg: "send_group_msg", SendMsg: "sendmsg"}
BEFORE: dict[str, Before] = {
    "create_group": Before("Group.CallbackBeforeCreateGroup", _create_group),
    "create_topic": Before("Group.CallbackBeforeCreateTopic", _create_topic, switch="Group.CallbackBeforeCreateGroup"),
    "join_group": Before("Group.CallbackBeforeApplyJoinGroup", _join),
    "add_group_member": Before("Group.CallbackBeforeInviteJoinGroup", _add, changed=_sifted),
    "send_group_msg": Before("Group.CallbackBeforeSendMsg", _send, dropped=_not_sent, changed=_rewritten),
    "sendmsg": Before(
        "C2C.CallbackBeforeSendMsg", _write, refused=err.C2C_CALLBACK_REFUSED, codes=C2C_CODES, dropped=_not_written,
        changed=_rewritten, named=_keyed,
    ),
}  # fmt: skip
"""By the name of the command. Nobody is asked about imports, messages to many users and broadcasts."""


def refusals(name: str) -> tuple[ErrorRow, ...]:
    """Return with which codes a command may be refused because of its callback, but for the app's own codes."""
    row = BEFORE.get(name)
    return () if row is None else (row.refused, err.CALLBACK_FAILED) if row.message else (row.refused,)
