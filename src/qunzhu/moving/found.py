"""What the reference service says of a group, as records. Only what qunzhu keeps is named; other fields pass by."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from qunzhu.core.messages import Mention


class Field(msgspec.Struct, frozen=True):
    """A custom field."""

    Key: str
    Value: str


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """A group's profile, under the names of now and of before 2022."""

    GroupId: str
    ErrorCode: int = 0
    ErrorInfo: str = ""
    Type: str = ""
    Name: str = ""
    Introduction: str = ""
    Notification: str = ""
    FaceUrl: str = ""
    Owner_Account: str = ""
    CreateTime: int = 0
    InfoSeq: int = 0
    LastInfoTime: int = 0
    LastMsgTime: int = 0
    NextMsgSeq: int = 1
    MemberNum: int = 0
    MaxMemberNum: int | None = None
    ApplyJoinOption: str | None = None
    InviteJoinOption: str | None = None
    MuteAllMember: str = ""
    ShutUpAllMember: str = ""
    HistoryMsgBeforeJoin: str | None = None
    SupportTopic: int = 0
    EnablePermission: int = 0
    DefaultPermission: int = 0
    AppDefinedData: list[Field] = []


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a group."""

    Member_Account: str
    Role: str = "Member"
    JoinTime: int = 0
    MsgSeq: int = 0
    MsgFlag: str = ""
    LastSendMsgTime: int = 0
    NameCard: str = ""
    MuteUntil: int = 0
    ShutUpUntil: int = 0
    AppMemberDefinedData: list[Field] = []


class Muted(msgspec.Struct, frozen=True, kw_only=True):
    """Who is muted until when (unix seconds)."""

    Member_Account: str
    MutedUntil: int


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """A group in the list of all."""

    GroupId: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of an account."""

    UserID: str
    AccountStatus: str = ""


class Banned(msgspec.Struct, frozen=True, kw_only=True):
    """Who is banned until when (unix seconds)."""

    Member_Account: str
    BannedUntil: int


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic's profile."""

    TopicId: str
    TopicName: str = ""
    FaceUrl: str = ""
    Notification: str = ""
    Introduction: str = ""
    CustomString: str = ""
    NextMsgSeq: int = 1
    CreateTime: int = 0
    LastMsgTime: int = 0
    MuteAllMember: str = ""


class TopicItem(msgspec.Struct, frozen=True, kw_only=True):
    """A topic in an answer, with its own code."""

    ErrorCode: int = 0
    TopicInfo: Topic


class TopicBits(msgspec.Struct, frozen=True, kw_only=True):
    """What a permission group may do in a topic."""

    TopicId: str
    ErrorCode: int = 0
    Permission: int = 0


class Admin(msgspec.Struct, frozen=True, kw_only=True):
    """An administrator of a live room."""

    Admin_Account: str


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute of a group."""

    key: str
    value: str


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """A counter of a group."""

    Key: str
    Value: int


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """A permission group of a community."""

    PermissionGroupId: str
    PermissionGroupName: str = ""
    Permission: int = 0
    CustomString: str = ""
    CreateTime: int = 0


class PermissionGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A permission group with its members, and its bits by topic."""

    base: Permission
    members: list[str]
    topics: dict[str, int]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A place of a stream: a message, or what stands where one was."""

    MsgSeq: int
    From_Account: str = ""
    IsPlaceMsg: int = 0
    IsSystemMsg: int = 0
    MsgBody: list[dict[str, Any]] = []
    MsgPriority: int | str = 2
    MsgRandom: int = 0
    MsgTimeStamp: int = 0
    CloudCustomData: str = ""
    GroupAtInfo: list[Mention] = []
    To_Account: list[str] = []


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group with everything but its messages."""

    info: Info
    members: list[Member] = []
    muted: list[Muted] = []
    banned: list[Banned] = []
    admins: list[str] = []
    topics: list[Topic] = []
    topic_mutes: dict[str, list[Muted]] = {}
    attributes: list[Attribute] = []
    counters: list[Counter] = []
    permissions: list[PermissionGroup] = []

    def users(self) -> Iterator[str]:
        """Name everybody who must have an account."""
        yield self.info.Owner_Account
        listed: list[list[Member] | list[Muted] | list[Banned]] = [self.members, self.muted, self.banned]
        for some in (*listed, *self.topic_mutes.values()):
            for one in some:
                yield one.Member_Account
        yield from self.admins


Read = Callable[[dict[str, Any]], Any]


def records(kind: Any, field: str) -> Read:
    """Return what reads a list of records out of an answer."""
    return lambda answer: msgspec.convert(answer.get(field) or [], list[kind], strict=False)


def page(kind: Any, field: str, cursor: str = "Next") -> Read:
    """Return what reads a list of records out of an answer, and where the next page begins (nothing: at no place)."""
    read = records(kind, field)
    return lambda answer: (read(answer), answer.get(cursor))
