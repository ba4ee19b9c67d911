"""What the app's own server is told of: one row of a table for each callback that comes after (doc 1047/34354).

The row is written in the event's own transaction, so nothing that happened goes untold, and nothing is told that did
not happen. ``push.callbacks`` sends it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from qunzhu.commands import _group_callbacks as groups
from qunzhu.commands import _message_callbacks as messages
from qunzhu.core import errors as err
from qunzhu.core import events as ev
from qunzhu.core.callbacks import CALLBACKS
from qunzhu.core.events import Event
from qunzhu.core.ports import CallbackSettings, Tx, Who

LAST = "last-callback"
PLATFORMS = {"Mac": "macOS", "Linux": "Unknown", "": "Unknown"}
"""What a callback's URL calls platforms; the others as they are called everywhere."""
STATE = "State.StateChange"
QUOTA = "Group.CallbackOnDailyGroupQuotaAlarm"
OVER_LIMIT = "Alert.RequestOverLimit"


class StateChanged(msgspec.Struct, frozen=True):
    """A user logged in or out, or lost the connection, as the callback names action and reason (doc 1047/34357).

    ``kicked`` are the platforms of sessions that a login ended.
    """

    user: str
    action: str
    reason: str
    kicked: Sequence[str] = ()


class After(msgspec.Struct, frozen=True):
    """One callback: its command, and what its body is made by.

    ``body`` returns None where the event is none that the callback tells. ``lane`` is what keeps its order: a group's,
    or that of two users.
    """

    command: str
    lane: Callable[[Any], str]
    body: Callable[[Tx, Who, Any], Mapping[str, Any] | None]


class Failing(msgspec.Struct, frozen=True):
    """One callback that tells of a command that was refused: with which codes it is, and what it is made by."""

    command: str
    codes: Callable[[int], bool]
    lane: Callable[[Any, str], str]
    """Of the request, and who called."""
    body: Callable[[Tx, Who, Any, int, str], Mapping[str, Any] | None]


def _state(tx: Tx, who: Who, event: StateChanged) -> Mapping[str, Any]:
    del tx
    info = {"Action": event.action, "To_Account": event.user, "Reason": event.reason}
    kicked = {"KickedDevice": [{"Platform": name} for name in event.kicked]} if event.kicked else {}
    return {"EventTime": who.now_ms, "Info": info, **kicked}


def _group(command: str, body: Callable[..., Any]) -> After:
    return After(f"Group.{command}", groups.group_lane, body)


def _c2c(command: str, body: Callable[..., Any]) -> After:
    return After(f"C2C.{command}", lambda event: messages.pair_lane(event.sender, event.peer), body)


READ = After(
    "C2C.CallbackAfterMsgReport", lambda event: messages.pair_lane(event.reader, event.peer), messages.c2c_read
)
AFTER: dict[type[Event] | type[StateChanged], tuple[After, ...]] = {
    StateChanged: (After(STATE, lambda event: f"user {event.user}", _state),),
    ev.C2CSent: (_c2c("CallbackAfterSendMsg", messages.c2c_sent),),
    ev.C2CRead: (READ,),
    ev.C2CRecalled: (_c2c("CallbackAfterMsgWithDraw", messages.c2c_recalled),),
    ev.GroupCreated: (_group("CallbackAfterCreateGroup", groups.created),),
    ev.MembersJoined: (
        _group("CallbackAfterNewMemberJoin", groups.joined),
        _group("CallbackOnMemberStateChange", groups.returned),
        _group("CallbackAfterGroupFull", groups.filled),
    ),
    ev.MembersLeft: (
        _group("CallbackAfterMemberExit", groups.left),
        _group("CallbackOnMemberStateChange", groups.dropped),
    ),
    ev.MembersBanned: (_group("CallbackAfterMemberExit", groups.banned),),
    ev.MessageSent: (_group("CallbackAfterSendMsg", messages.sent),),
    ev.GroupDissolved: (_group("CallbackAfterGroupDestroyed", groups.dissolved),),
    ev.GroupInfoChanged: (_group("CallbackAfterGroupInfoChanged", groups.info_changed),),
    ev.MessagesRecalled: (_group("CallbackAfterRecallMsg", messages.recalled),),
    ev.TopicCreated: (_group("CallbackAfterCreateTopic", groups.topic_created),),
    ev.TopicsDestroyed: (_group("CallbackAfterTopicDestroyed", groups.topics_destroyed),),
    ev.TopicChanged: (_group("CallbackAfterTopicInfoChanged", groups.topic_changed),),
    ev.MemberRoleChanged: (_group("CallbackAfterMemberFieldChanged", groups.role_changed),),
    ev.MemberInfoChanged: (_group("CallbackAfterMemberFieldChanged", groups.card_changed),),
    ev.AttributesChanged: (_group("CallbackAfterGroupAttrChanged", groups.attributes_changed),),
    ev.ReceiptsGiven: (_group("CallbackAfterReadReceipt", groups.receipts_given),),
    ev.OwnerChanged: (_group("CallbackAfterChangeGroupOwner", groups.owner_changed),),
}
_FULL = Failing(
    "Group.CallbackAfterGroupFull", lambda code: code == err.GROUP_FULL.code, lambda req, _: f"group {req.GroupId}",
    lambda tx, who, req, _, __: groups.found_full(tx, who, req.GroupId),
)  # fmt: skip
REFUSED: dict[str, Failing] = {
    "send_group_msg": Failing(
        "Group.CallbackSendMsgException", lambda code: True, lambda req, _: f"group {req.GroupId}",
        messages.not_sent,
    ),
    "sendmsg": Failing(
        "C2C.CallbackAfterSendMsg", lambda code: code // 1000 == 20,
        lambda req, caller: messages.pair_lane(req.From_Account or caller, req.To_Account), messages.c2c_not_sent,
    ),
    "add_group_member": _FULL, "join_group": _FULL, "handle_group_application": _FULL,
}  # fmt: skip
"""By the name of the command that is refused. Of one-to-one messages those are told that the service itself did not
deliver (codes 20000 to 20999), not requests that were wrong."""


def on(settings: CallbackSettings, command: str) -> bool:
    """Say whether a callback is switched on, by its own switch or the one it shares."""
    return settings.on(CALLBACKS[command].switch or command)


def tells(settings: CallbackSettings, event: Event) -> bool:
    """Say whether an event may have come with something that the app's server is to be told.

    Of those that are no group's and no message's it is not known: one of the app's limits may have been reached.
    """
    if not isinstance(event, ev.GroupEvent | ev.C2CEvent):
        return True
    return any(on(settings, row.command) for row in AFTER.get(type(event), ()))


def report(tx: Tx, who: Who, event: Event | StateChanged) -> None:
    """Write what the app's server is to be told of an event."""
    if isinstance(event, ev.ConversationsRead):
        for one in messages.all_read(event):
            report(tx, who, one)
    for row in AFTER.get(type(event), ()):
        if on(who.app.settings.callbacks, row.command):
            body = row.body(tx, who, event)
            if body is not None:
                put(tx, who, row.command, row.lane(event), body)


def report_all(tx: Tx, told: Sequence[tuple[Who, Event | StateChanged]]) -> None:
    """Write what the app's server is to be told of what happened outside commands."""
    for who, event in told:
        report(tx, who, event)


def tells_refusal(settings: CallbackSettings, name: str, code: int) -> bool:
    """Say whether the app's server is to be told that a command was refused."""
    row = REFUSED.get(name)
    return row is not None and on(settings, row.command) and row.codes(code)


def report_refusal(tx: Tx, who: Who, name: str, req: Any, code: int, text: str) -> None:
    """Write what the app's server is to be told of a command that was refused, or did nothing.

    In a transaction of its own: a refusal leaves no trace of the command's.
    """
    row = REFUSED[name]
    if tells_refusal(who.app.settings.callbacks, name, code):
        body = row.body(tx, who, req, code, text)
        if body is not None:
            put(tx, who, row.command, row.lane(req, who.user), body)


def report_quota(tx: Tx, who: Who, used: int, quota: int) -> None:
    """Tell that today's net increase of groups is over the part of the quota that alarms (doc 1047/57455)."""
    if on(who.app.settings.callbacks, QUOTA):
        put(tx, who, QUOTA, "quota", {"QuotaUsed": used, "Quota": quota, "EventTime": str(who.now_ms)})


def report_over_limit(tx: Tx, who: Who, service: str, name: str, seen: int, limit: int) -> None:
    """Tell that a REST command was called more often in a second than is allowed."""
    if on(who.app.settings.callbacks, OVER_LIMIT):
        fields = {"ServiceName": service, "Command": name, "Request": seen, "Limit": limit}
        put(tx, who, OVER_LIMIT, "limits", fields)


def put(tx: Tx, who: Who, command: str, lane: str, body: Mapping[str, Any]) -> None:
    """Write one callback; it goes out after the commit."""
    tx.run(
        "INSERT INTO callbacks (num, lane, command, query, body, at_ms, tries, next_ms, dead, fault)"
        " VALUES (:num, :lane, :command, :query, :body, :at_ms, 0, 0, 0, '')",
        num=tx.count(LAST, 1), lane=lane, command=command, query=query(who, command), at_ms=who.now_ms,
        body=msgspec.json.encode({"CallbackCommand": command, **body}).decode(),
    )  # fmt: skip


def query(who: Who, command: str = "") -> str:
    """Return what a callback's URL says of who caused it, as JSON."""
    return msgspec.json.encode(cause(who, command)).decode()


def cause(who: Who, command: str = "") -> dict[str, str]:
    """Return what a callback's URL says of who caused it. The callback of states writes iOS in capitals."""
    platform = PLATFORMS.get(who.platform, who.platform)
    shown = platform.upper() if (command, platform) == (STATE, "iOS") else platform
    return {"ClientIP": who.client, "OptPlatform": shown}
