"""Every callback command of the reference service, as a table (docs 1047/34354, 34355).

``commands._before`` and ``commands._callbacks`` have a row for each that this server sends.
"""

import difflib
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

BEFORE, AFTER = "before", "after"
ALL = "*"
MAX_HOST = 63
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z")
_NOT_IN_URL = re.compile(r"[^!-~]|[!$&?#]")


class Callback(msgspec.Struct, frozen=True):
    """One callback command. ``switch`` is the command whose switch it shares; empty: it has its own."""

    name: str
    phase: str
    """``before``: the app's server may refuse or change what is asked. ``after``: it is told what happened."""
    about: str
    switch: str = ""
    there: bool = False
    """True where this server has the service that it is about, and sends it."""


_SHARED = {
    "Group.CallbackBeforeCreateTopic": "Group.CallbackBeforeCreateGroup",
    "Group.CallbackAfterCreateTopic": "Group.CallbackAfterCreateGroup",
    "Group.CallbackAfterTopicDestroyed": "Group.CallbackAfterGroupDestroyed",
    "Group.CallbackAfterTopicInfoChanged": "Group.CallbackAfterGroupInfoChanged",
}
_SERVED = {
    "State": ((AFTER, "StateChange", "A user logged in or out, or lost the connection."),),
    "Group": (
        (BEFORE, "CallbackBeforeCreateGroup", "A group is about to be made."),
        (BEFORE, "CallbackBeforeCreateTopic", "A topic is about to be made."),
        (BEFORE, "CallbackBeforeApplyJoinGroup", "A user asks to join a group."),
        (BEFORE, "CallbackBeforeInviteJoinGroup", "Users are about to be added to a group."),
        (BEFORE, "CallbackBeforeSendMsg", "A message to a group or topic is about to be sent."),
        (AFTER, "CallbackAfterCreateGroup", "A group was made."),
        (AFTER, "CallbackAfterCreateTopic", "A topic was made."),
        (AFTER, "CallbackAfterNewMemberJoin", "Users joined a group."),
        (AFTER, "CallbackAfterMemberExit", "Users left a group or were removed."),
        (AFTER, "CallbackAfterSendMsg", "A message to a group or topic was sent."),
        (AFTER, "CallbackSendMsgException", "A message to a group could not be sent."),
        (AFTER, "CallbackAfterGroupFull", "A group is full."),
        (AFTER, "CallbackAfterGroupDestroyed", "A group was dissolved."),
        (AFTER, "CallbackAfterTopicDestroyed", "Topics were deleted."),
        (AFTER, "CallbackAfterGroupInfoChanged", "Name, introduction, notification or face of a group changed."),
        (AFTER, "CallbackAfterTopicInfoChanged", "Name, introduction, notification or face of a topic changed."),
        (AFTER, "CallbackAfterRecallMsg", "Messages of a group or topic were recalled."),
        (AFTER, "CallbackOnMemberStateChange", "Users in a live room lost the connection or came back."),
        (AFTER, "CallbackAfterMemberFieldChanged", "A member's role or name card changed."),
        (AFTER, "CallbackAfterGroupAttrChanged", "A group's attributes changed."),
        (AFTER, "CallbackAfterReadReceipt", "Read receipts were given."),
        (AFTER, "CallbackAfterChangeGroupOwner", "A group has another owner."),
        (AFTER, "CallbackOnDailyGroupQuotaAlarm", "The day's net new groups are over 70 percent of the quota."),
    ),
    "C2C": (
        (BEFORE, "CallbackBeforeSendMsg", "A message to a user is about to be sent."),
        (AFTER, "CallbackAfterSendMsg", "A message to a user was sent, or refused by the service."),
        (AFTER, "CallbackAfterMsgReport", "A user has read what another wrote."),
        (AFTER, "CallbackAfterMsgWithDraw", "A message to a user was recalled."),
    ),
    "Alert": ((AFTER, "RequestOverLimit", "A REST command was over its rate."),),
}
_MISSING = {
    "Profile": ((AFTER, "CallbackPortraitSet", "A profile changed."),),
    "Sns": (
        (BEFORE, "CallbackPrevFriendAdd", "A user asks to add friends."),
        (BEFORE, "CallbackPrevFriendResponse", "A user answers requests of friends."),
        (AFTER, "CallbackFriendAdd", "Users became friends."),
        (AFTER, "CallbackFriendDelete", "Users are friends no more."),
        (AFTER, "CallbackBlackListAdd", "Users were put onto a block list."),
        (AFTER, "CallbackBlackListDelete", "Users were taken from a block list."),
    ),
    "Follow": (
        (AFTER, "CallbackAfterFollowAdd", "A user follows others."),
        (AFTER, "CallbackAfterFollowDelete", "A user follows others no more."),
    ),
    "Bot": (
        (AFTER, "OnC2CMessage", "A user wrote to a bot."),
        (AFTER, "OnGroupMessage", "A bot was mentioned in a group."),
    ),
    "Chatbot": ((AFTER, "OnC2CSignalMessage", "A signal was sent to a bot."),),
    "ContentCallback": ((AFTER, "ResultNotify", "Content was moderated."),),
    "Push": (
        (AFTER, "OfflinePush", "A stage of an offline push was reached."),
        (AFTER, "AllMemberPush", "Something was pushed to all users."),
    ),
    "OfficialAccount": (
        (BEFORE, "CallbackBeforeCreateOfficialAccount", "An official account is about to be made."),
        (AFTER, "CallbackAfterCreateOfficialAccount", "An official account was made."),
        (AFTER, "CallbackAfterOfficialAccountInfoChanged", "An official account's profile changed."),
        (AFTER, "CallbackAfterOfficialAccountDestroyed", "An official account was deleted."),
        (BEFORE, "CallbackBeforeAddSubscriber", "A subscriber is about to be added."),
        (AFTER, "CallbackAfterAddSubscriber", "A subscriber was added."),
        (AFTER, "CallbackAfterDeleteSubscriber", "A subscriber was removed."),
        (AFTER, "CallbackAfterOfficialAccountFull", "An official account is full."),
        (BEFORE, "CallbackBeforeSendMsg", "An official account's message is about to be sent."),
        (AFTER, "CallbackAfterSendMsg", "An official account's message was sent."),
        (AFTER, "CallbackAfterMsgWithDraw", "An official account's message was recalled."),
    ),
}
CALLBACKS: dict[str, Callback] = {
    (name := f"{service}.{short}"): Callback(name, phase, about, _SHARED.get(name, ""), there)
    for there, services in ((True, _SERVED), (False, _MISSING))
    for service, rows in services.items()
    for phase, short, about in rows
}
SWITCHES = tuple(name for name, row in CALLBACKS.items() if row.there and not row.switch)
"""What an app can switch on."""


def unknown_switch(name: str) -> str:
    """Return why a name cannot be switched on, with what to write instead; empty where it can."""
    if name == ALL or name in SWITCHES:
        return ""
    row = CALLBACKS.get(name)
    if row is None:
        near = nearest(name, (*SWITCHES, ALL))
        return f"there is no callback {name!r}; " + (
            f"the nearest is {near}" if near else "see `qunzhu app set --help`"
        )
    if row.switch:
        return f"{name} shares the switch of {row.switch}: name that one"
    return f"{name} is about a service that this server does not have"


def nearest(name: str, among: Iterable[str]) -> str:
    """Return the name that was most likely meant, or an empty text; case does not count, nor a missing service."""
    known = {one.lower(): one for one in among}
    bare = next((one for one in known if one.endswith(f".{name.lower()}")), "")
    found = [bare] if bare else difflib.get_close_matches(name.lower(), known, 1)
    return known[found[0]] if found else ""


def wrong_url(url: str) -> str:
    """Return why a URL cannot be one for callbacks, by the rules of its page (doc 1047/34354); empty where it can."""
    if not url.startswith(("http://", "https://")):
        return "does not begin with http:// or https://"
    if found := _NOT_IN_URL.search(url):
        return f"has {found[0]!r}: spaces, !, $, &, ? and # are not allowed, nor what is not ASCII"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as fault:
        return f"cannot be read: {fault}"
    wrong = (
        ("@" in parts.netloc, "names a user: only host and port are allowed before the path"),
        (port == 0, "has port 0"),
        (not _HOST.match(host) or ".." in host, f"has host {host!r}: letters, digits, hyphens and dots are allowed"),
        (len(host) > MAX_HOST, f"has a host of {len(host)} characters, at most {MAX_HOST} are allowed"),
    )
    return next((text for is_so, text in wrong if is_so), "")
