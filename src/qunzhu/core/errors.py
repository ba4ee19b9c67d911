"""The error codes that this server answers with, as rows of one table.

Codes and their meaning are the documented ones of the reference service (doc 1047/34348); the texts are our own.
A command raises ``Refused(ROW, detail)``; the edge turns it into the envelope or the JSON-RPC error.
"""

import msgspec


class ErrorRow(msgspec.Struct, frozen=True):
    """One documented error code."""

    code: int
    area: str
    text: str


class Refused(Exception):
    """A documented refusal: a row of the table and, if it helps, the field, limit and size that caused it."""

    def __init__(self, row: ErrorRow, detail: str = "") -> None:
        super().__init__(row.code, detail or row.text)
        self.row = row
        self.detail = detail

    @property
    def text(self) -> str:
        """Return the text for ``ErrorInfo``."""
        return f"{self.row.text}: {self.detail}" if self.detail else self.row.text


ERRORS: dict[int, ErrorRow] = {}


def _row(code: int, area: str, text: str) -> ErrorRow:
    row = ErrorRow(code, area, text)
    if code in ERRORS:
        raise ValueError(f"error code {code} stands twice in the table")
    ERRORS[code] = row
    return row


HTTP_UNREADABLE = _row(60002, "common", "the HTTP request cannot be read")
BODY_NOT_JSON = _row(60003, "common", "the request body is not a JSON object")
COMMAND_UNKNOWN = _row(60009, "common", "no such service or command")
NOT_APP_ADMIN = _row(60010, "common", "the caller must be an administrator of the app")
SDKAPPID_MISSING = _row(60012, "common", "the URL parameter sdkappid is missing")
REPLY_UNENCODABLE = _row(60013, "common", "the reply could not be put into JSON")
ACCOUNT_NOT_TEXT = _row(60015, "common", "an account must be a JSON string")
APP_DISABLED = _row(60016, "common", "the app is switched off")
COMMAND_DISABLED = _row(60017, "common", "the command is switched off for this app")
OVERLOADED = _row(60018, "common", "too many requests are waiting, try again later")
URL_PARAMETER = _row(60025, "common", "a URL parameter is missing or wrong")

USERSIG_EXPIRED = _row(70001, "account", "the UserSig has expired or was revoked")
USERSIG_EMPTY = _row(70002, "account", "the UserSig is empty")
USERSIG_MALFORMED = _row(70003, "account", "the UserSig cannot be decoded")
USERSIG_WRONG = _row(70009, "account", "the UserSig was not made with this app's key")
USERSIG_OTHER_USER = _row(70013, "account", "the UserSig was made for another identifier")
USERSIG_OTHER_APP = _row(70014, "account", "the UserSig was made for another SDKAppID")
APP_UNKNOWN = _row(70020, "account", "no app has this SDKAppID")
USERSIG_TOO_MANY_FAILURES = _row(70050, "account", "too many failed UserSig checks, try again in a minute")
ACCOUNT_UNKNOWN = _row(70107, "account", "the account is not registered")
ACCOUNT_QUOTA = _row(70398, "account", "the plan's number of accounts is used up")
ACCOUNT_DELETED_LATELY = _row(70399, "account", "the account was deleted less than three months ago")
ACCOUNT_BAD_PARAMETER = _row(70402, "account", "a parameter is missing or wrong")
ACCOUNT_INTERNAL = _row(70500, "account", "internal error, try again")
ACCOUNT_DELETE_FORBIDDEN = _row(71000, "account", "this app's plan or settings forbid deleting accounts")

GROUP_NOT_LOGGED_IN = _row(10001, "group", "not logged in")
GROUP_INTERNAL = _row(10002, "group", "internal error, try again")
BAD_PARAMETER = _row(10004, "group", "a parameter is missing or wrong")
TOO_MANY_ACCOUNTS = _row(10005, "group", "too many accounts in one request")
TOO_FREQUENT = _row(10006, "group", "the operation is over its frequency limit")
NO_RIGHT = _row(10007, "group", "no permission")
OWNER_MAY_NOT_LEAVE = _row(10009, "group", "the owner may not leave this kind of group")
GROUP_UNKNOWN = _row(10010, "group", "the group does not exist or was dissolved")
ALREADY_MEMBER = _row(10013, "group", "the user is a member already")
GROUP_FULL = _row(10014, "group", "the group is full")
GROUP_ID_INVALID = _row(10015, "group", "the group ID is not valid")
REPLY_TOO_LARGE = _row(10018, "group", "the reply would be larger than 1 MB, ask for less")
MEMBER_UNKNOWN = _row(10019, "group", "the account is not registered")
SENDER_MUTED = _row(10017, "group", "the sender is muted")
GROUP_ID_TAKEN = _row(10021, "group", "the group ID is used by another owner")
GROUP_ID_OWN = _row(10025, "group", "the group ID is used already, and the caller owns that group")
ALREADY_HANDLED = _row(10024, "group", "the application or invitation was decided already")
LIVE_ROOM_QUOTA = _row(10036, "group", "the plan's number of live rooms is used up")
USER_GROUP_QUOTA = _row(10037, "group", "the user's number of groups is used up")
MEMBER_QUOTA = _row(10038, "group", "more members than the plan allows")
ATTRIBUTE_KEY = _row(10045, "group", "an attribute's key is longer than 32 bytes")
ATTRIBUTE_VALUE = _row(10046, "group", "an attribute's value is longer than 4000 bytes")
TOO_MANY_ATTRIBUTES = _row(10047, "group", "a group has at most 16 attributes")
ATTRIBUTES_TOO_LARGE = _row(10048, "group", "a group's attribute values have at most 16000 bytes together")
ATTRIBUTES_TOO_FREQUENT = _row(10049, "group", "a group's attributes are written at most 5 times a second")
ATTRIBUTE_UNKNOWN = _row(10050, "group", "the group has no such attribute")
TOO_MANY_MENTIONS = _row(10053, "group", "a message mentions at most 30 users")
ATTRIBUTE_CONFLICT = _row(10056, "group", "somebody else changed the attribute: read it again, then write")
GROUP_QUOTA = _row(10058, "group", "the plan's number of groups is used up")
HIGHER_PLAN = _row(10059, "group", "a higher plan is required")
GROUP_TOO_LARGE_FOR_RECEIPTS = _row(10060, "group", "read receipts are for groups of at most 200 members")
RECEIPT_ONLINE_ONLY = _row(10061, "group", "a message for those who are online only has no read receipts")
TOO_MANY_COUNTERS = _row(10063, "group", "a group has at most 20 counters")
MESSAGE_TOO_LONG = _row(80002, "message", "the message is too long")
COMMUNITY_OFF = _row(11000, "group", "communities or topics are switched off")
TOPIC_UNKNOWN = _row(110003, "group", "the topic does not exist or was deleted")
PERMISSION_GROUP_UNKNOWN = _row(110006, "group", "the permission group does not exist or was dissolved")
TOPIC_IN_PERMISSION_GROUP = _row(110010, "group", "the topic is in the permission group already")
TOPIC_NOT_IN_PERMISSION_GROUP = _row(110011, "group", "the topic is not in the permission group")
TOPIC_ID_INVALID = _row(110013, "group", "the topic ID is not valid")
TOPIC_PERMISSION_GONE = _row(110014, "group", "the topic permission was deleted already")

STATUS_BAD_JSON = _row(90001, "openim_rest", "the request cannot be read")
STATUS_BAD_ACCOUNT = _row(90003, "openim_rest", "To_Account is missing or wrong")
STATUS_TOO_MANY = _row(90011, "openim_rest", "more than 500 accounts in one request")
STATUS_INTERNAL = _row(90994, "openim_rest", "internal error, try again")
