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


class RefusedByApp(Refused):
    """A refusal by the app's own server, or for want of its answer."""


class Dropped(Refused):
    """No answer at all: the connection ends instead. Only a double for tests does this."""

    def __init__(self) -> None:
        super().__init__(ErrorRow(-1, "double", "the connection was ended without an answer"))


ERRORS: dict[int, ErrorRow] = {}


def _row(code: int, area: str, text: str) -> ErrorRow:
    row = ErrorRow(code, area, text)
    if code in ERRORS:
        raise ValueError(f"error code {code} stands twice in the table")
    ERRORS[code] = row
    return row


HTTP_UNREADABLE = _row(60002, "common", "the HTTP request cannot be read")
BODY_NOT_JSON = _row(60003, "common", "the request body is not a JSON object")
COMMAND_TOO_FREQUENT = _row(60007, "common", "the command is called more often than the app may")
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
DAILY_USERS_QUOTA = _row(72000, "account", "the plan's number of active users of a day is used up")
MONTHLY_USERS_QUOTA = _row(72002, "account", "the plan's number of active users of a month is used up")
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
CALLBACK_REFUSED = _row(10016, "group", "the app's own server refused it")
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
# What happens to stored messages.
RECALL_UNKNOWN = _row(10030, "group", "the message to recall does not exist")
RECALL_TOO_LATE = _row(10031, "group", "the time for recalling the message is over")
RECALL_KIND_OF_MESSAGE = _row(10032, "group", "messages of this kind cannot be recalled")
RECALL_KIND_OF_GROUP = _row(10033, "group", "messages of this kind of group cannot be recalled")
HISTORY_KIND_OF_GROUP = _row(10035, "group", "messages of this kind of group are not stored and cannot be deleted")
DELETION_TOO_LARGE = _row(10051, "group", "too many messages to delete at once")
DELETION_UNKNOWN = _row(10052, "group", "there is no such message to delete")
HISTORY_PARAMETER = _row(1002, "history", "a parameter is missing or wrong, or the caller is no app administrator")
HISTORY_INTERNAL = _row(1003, "history", "internal error, try again")
HISTORY_NOT_READY = _row(1004, "history", "there is no file of this hour yet, or no message in it")
HISTORY_EXPIRED = _row(1005, "history", "files of an hour's messages are kept for seven days")
NO_RECEIPT = _row(10062, "group", "the message has no read receipts")
MESSAGE_TOO_LONG = _row(80002, "message", "the message is too long")
CALLBACK_FAILED = _row(80003, "message", "the app's own server did not answer, and messages wait for its consent")
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

# One-to-one messages
C2C_ACCOUNT_INVALID = _row(20003, "c2c_message", "the sender or the receiver is not valid or not registered")
C2C_CALLBACK_REFUSED = _row(20006, "c2c_message", "the app's own server refused the message")
C2C_MUTED = _row(20012, "c2c_message", "the sender is muted for one-to-one messages")
C2C_RECALL_LATE = _row(20016, "c2c_message", "the message is too old to be recalled")
C2C_MESSAGE_UNKNOWN = _row(20022, "c2c_message", "the message does not exist or is no longer kept")
C2C_RECALLED = _row(20023, "c2c_message", "the message was recalled already")
C2C_CONFLICT = _row(20027, "c2c_message", "somebody else changed the message: read it again, then change it")
BODY_MALFORMED = _row(90002, "openim_rest", "MsgBody does not have the form of messages")
MSG_SEQ_INVALID = _row(90004, "openim_rest", "MsgSeq is wrong")
MSG_RANDOM_INVALID = _row(90005, "openim_rest", "MsgRandom is missing or wrong")
MSG_TIME_INVALID = _row(90006, "openim_rest", "MsgTimeStamp is missing or wrong")
BODY_NOT_ARRAY = _row(90007, "openim_rest", "MsgBody is missing or not an array")
SENDER_INVALID = _row(90008, "openim_rest", "From_Account is missing, wrong or not registered")
OPENIM_NOT_ADMIN = _row(90009, "openim_rest", "the caller must be an administrator of the app")
ELEMENT_INVALID = _row(90010, "openim_rest", "an element of the message is wrong")
RECEIVER_UNKNOWN = _row(90012, "openim_rest", "To_Account is not registered")
LIFE_TIME_TOO_LARGE = _row(90026, "openim_rest", "a message is kept for at most 7 days (604800 seconds)")
RECEIVERS_NOT_ARRAY = _row(90028, "openim_rest", "To_Account is missing or not an array")
RECEIVERS_EMPTY = _row(90029, "openim_rest", "To_Account is empty")
SYNC_FROM_INVALID = _row(90030, "openim_rest", "SyncFromOldSystem is missing or wrong")
SYNC_OTHER_INVALID = _row(90031, "openim_rest", "SyncOtherMachine is wrong")
LIFE_TIME_INVALID = _row(90044, "openim_rest", "MsgLifeTime is wrong")
OPENIM_ACCOUNT_UNKNOWN = _row(90048, "openim_rest", "the account is not registered")
MSG_KEY_INVALID = _row(90054, "openim_rest", "MsgKey is missing or wrong")
BATCH_TOO_LONG = _row(90055, "openim_rest", "the message to many users is too long")
OPENIM_INTERNAL = _row(91000, "openim_rest", "internal error, try again")
C2C_TOO_LONG = _row(93000, "openim_rest", "the message is too long")
CONFIG_BAD_JSON = _row(130001, "config", "the request cannot be read")
GET_ACCOUNT_MISSING = _row(130002, "config", "Get_Account is missing")
GET_ACCOUNT_INVALID = _row(130003, "config", "Get_Account is wrong or not registered")
SET_ACCOUNT_MISSING = _row(130004, "config", "Set_Account is missing")
SET_ACCOUNT_INVALID = _row(130005, "config", "Set_Account is wrong or not registered")
SPEAKING_TIMES_MISSING = _row(130008, "config", "both C2CmsgNospeakingTime and GroupmsgNospeakingTime are missing")
CONFIG_QUERY = _row(130011, "config", "the figures cannot be read, try again")
CONFIG_INTERNAL = _row(130014, "config", "internal error, try again")

# Conversations, and what hangs on messages
CONTACT_ACCOUNT_UNKNOWN = _row(50001, "conversation", "the account is not registered")
CONTACT_BAD_PARAMETER = _row(50002, "conversation", "a parameter is missing or wrong")
CONTACT_NOT_ADMIN = _row(50003, "conversation", "only an app administrator may act for another user")
CONTACT_INTERNAL = _row(50004, "conversation", "internal error, try again")
CONTACT_NUMBER = _row(51006, "conversation", "no conversations, or too many, in one request")
CONTACT_GROUP_GONE = _row(51007, "conversation", "the group does not exist, or the user is not in it")
TOO_MANY_CONTACTS = _row(51008, "conversation", "at most 1000 conversations are in groups, and at most 1000 marked")
CONTACT_GROUP_UNKNOWN = _row(51009, "conversation", "the user has no such conversation group")
TOO_MANY_CONTACT_GROUPS = _row(51010, "conversation", "a user has at most 20 conversation groups")
CONTACT_GROUP_NAME = _row(51011, "conversation", "a conversation group's name is longer than 32 bytes")
TOO_MANY_PINNED_CONTACTS = _row(51012, "conversation", "a user pins at most 50 conversations")
CONTACT_HIGHER_PLAN = _row(51013, "conversation", "a higher plan is required")
EXTENSION_CONFLICT = _row(23001, "message", "somebody else changed the extension: read it again, then write")
EXTENSIONS_OFF = _row(23002, "message", "the message was sent without support for extensions")
EXTENSIONS_TOO_FREQUENT = _row(23003, "message", "a message's extensions are written at most 200 times a minute")
EXTENSION_UNKNOWN = _row(23004, "message", "no such message or extension")
TOO_MANY_REACTIONS = _row(23005, "message", "a message has at most 10 reactions")
TOO_MANY_REACTING = _row(23006, "message", "a reaction has at most 100 users")
REACTED_ALREADY = _row(23007, "message", "the user has given this reaction already")
REACTION_UNKNOWN = _row(23008, "message", "the message has no such reaction")
NOT_REACTED = _row(23009, "message", "the user has not given this reaction")
TOO_MANY_PINS = _row(10070, "group", "a group pins at most 10 messages")
PINNED_ALREADY = _row(10071, "message", "the message is pinned already")
# Media
NOT_AN_IMAGE = _row(6031, "media", "the file is not an image that can be read")
MEDIA_UNKNOWN = _row(114000, "media", "there is no such file")
MEDIA_DENIED = _row(114001, "media", "the link does not allow this")
MEDIA_TOO_LARGE = _row(114002, "media", "the file is too large")
MEDIA_UNAVAILABLE = _row(114004, "media", "files cannot be read or kept now, try again later")
MEDIA_TIMEOUT = _row(114005, "media", "the transfer stood still for too long")
MEDIA_PARAMETER = _row(114011, "media", "a parameter is missing or wrong")
