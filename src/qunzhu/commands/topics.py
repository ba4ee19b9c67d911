"""Topics: streams of messages inside a community, which share its members.

Docs 1047/49471, 49469, 49468, 49470, 53448.
"""

from typing import Annotated, Any, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._shared import (
    ON_OFF,
    GroupRow,
    MemberRow,
    TopicRow,
    allowed,
    find_group,
    find_member,
    find_topic,
    flag_name,
    publish,
    registered,
    topic_of,
)
from qunzhu.commands._streams import Stream, topic_read_seq
from qunzhu.commands._sweep import LEAVE_TO_SWEEP
from qunzhu.commands.groups import GroupIdText
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.events import TopicChanged, TopicCreated, TopicsDestroyed
from qunzhu.core.ids import check_topic_id, is_group_id, new_topic_id
from qunzhu.core.kinds import Notice
from qunzhu.core.limits import (
    UINT32,
    Account,
    FaceUrlText,
    GroupName,
    IntroductionText,
    NotificationText,
    items,
    number,
    one_of,
    text,
)
from qunzhu.core.ports import GATEWAY, REST, Tx, Who
from qunzhu.core.rights import Action

SERVICE = "million_group_open_http_svc"
CustomText = Annotated[str, text(3000, lines=True)]
TopicIds = Annotated[list[str], items(200, least=1, error=err.BAD_PARAMETER)]
GROUP_REFUSALS = (err.BAD_PARAMETER, err.NO_RIGHT, err.GROUP_UNKNOWN, err.GROUP_ID_INVALID, err.COMMUNITY_OFF)


class CreatedTopic(Reply, frozen=True, kw_only=True):
    """The new topic's id."""

    TopicId: str


class CreateTopic(Request[CreatedTopic], frozen=True, kw_only=True):
    """A topic to create."""

    GroupId: GroupIdText
    TopicName: GroupName
    TopicId: Annotated[str, text(96)] | None = None
    From_Account: Account | None = None
    CustomString: CustomText | None = None
    FaceUrl: FaceUrlText | None = None
    Notification: NotificationText | None = None
    Introduction: IntroductionText | None = None


INSERT_TOPIC = (
    "INSERT INTO topics (group_num, topic_id, name, introduction, notification, face_url, custom_string, creator,"
    " created_at, last_msg_at, next_seq, mute_all)"
    " VALUES (:num, :topic_id, :name, :introduction, :notification, :face_url, :custom, :creator, :at, 0, 1, 0)"
    " ON CONFLICT DO NOTHING RETURNING num"
)


@command(
    SERVICE, writes=True, doc="1047/49471",
    errors=(*GROUP_REFUSALS, err.GROUP_ID_TAKEN, err.GROUP_ID_OWN, err.USER_GROUP_QUOTA),
)  # fmt: skip
def create_topic(tx: Tx, who: Who, req: CreateTopic) -> CreatedTopic:
    """Create a topic in a community that has topics.

    The id is the caller's or a generated one; 10025 when the creator's topic has that id already, 10021 when another's
    has; 10037 when the community has as many topics as the plan allows.
    """
    group = with_topics(tx, who, req.GroupId, Action.CREATE_TOPIC)
    return CreatedTopic(TopicId=_create(tx, who, group, req, who.now))


def with_topics(tx: Tx, who: Who, group_id: str, action: Action) -> GroupRow:
    """Return a community with topics in which the caller may do ``action``."""
    group = find_group(tx, group_id)
    allowed(tx, who, group, action)
    _require_topics(who, group)
    return group


def _require_topics(who: Who, group: GroupRow) -> None:
    """Refuse (11000) a community without topics, and an app whose communities are switched off."""
    if not who.app.communities_on or not group.support_topic:
        raise Refused(err.COMMUNITY_OFF, f"GroupId: {group.group_id!r} has no topics")


def operator_of(tx: Tx, who: Who, named: str | None) -> str:
    """Return who is named as the one who acts: an app administrator may name any registered account."""
    if named is None or not who.admin:
        return who.user
    if not registered(tx, named):
        raise Refused(err.BAD_PARAMETER, f"From_Account: {named!r} is not registered")
    return named


def _create(tx: Tx, who: Who, group: GroupRow, req: CreateTopic, at: int, *, silent: bool = False) -> str:
    """Insert a topic, refuse (10037) one too many, and tell the community; return the id."""
    operator = operator_of(tx, who, req.From_Account)
    topic_id = _insert(tx, who, group, req, at, operator)
    cap = who.app.plan.topics
    row = None if cap is None else tx.one("SELECT count(*) FROM topics WHERE group_num = :num", num=group.num)
    if cap is not None and row and row[0] > cap:
        raise Refused(err.USER_GROUP_QUOTA, f"topics of the community: plan {who.app.plan_name} allows {cap}")
    event = TopicCreated(
        group_id=group.group_id, kind=group.kind_name, operator=operator, at=who.now, topic_id=topic_id,
        name=req.TopicName, creator=operator,
    )  # fmt: skip
    publish(tx, group, event, Notice.PUSHED, silent=silent)
    return topic_id


def _insert(tx: Tx, who: Who, group: GroupRow, req: CreateTopic, at: int, creator: str) -> str:
    """Insert the topic's row under the chosen or a generated id."""
    if req.TopicId:
        check_topic_id(group.group_id, req.TopicId)
    while True:
        topic_id = req.TopicId or new_topic_id(group.group_id, who.now_ms, who.random)
        row = tx.one(
            INSERT_TOPIC, num=group.num, topic_id=topic_id, name=req.TopicName, introduction=req.Introduction or "",
            notification=req.Notification or "", face_url=req.FaceUrl or "", custom=req.CustomString or "",
            creator=creator, at=at,
        )  # fmt: skip
        if row is not None:
            return topic_id
        if req.TopicId:
            own = find_topic(tx, group, topic_id).creator in {creator, who.user}
            raise Refused(err.GROUP_ID_OWN if own else err.GROUP_ID_TAKEN, f"TopicId: {topic_id!r}")


class ImportTopic(CreateTopic, frozen=True, kw_only=True):
    """A topic from before, with the time when it was made."""

    Type: Annotated[str, one_of("Community")] | None = None
    CreateTime: Annotated[int, number(0, UINT32)] | None = None


@command(
    "group_open_http_svc", writes=True, doc="1047/53448", doors=(REST,),
    errors=(*GROUP_REFUSALS, err.GROUP_ID_TAKEN, err.GROUP_ID_OWN, err.USER_GROUP_QUOTA),
)  # fmt: skip
def import_topic(tx: Tx, who: Who, req: ImportTopic) -> CreatedTopic:
    """Take over a topic from another system. Nobody is told."""
    group = with_topics(tx, who, req.GroupId, Action.CREATE_TOPIC)
    allowed(tx, who, group, Action.IMPORT)
    return CreatedTopic(TopicId=_create(tx, who, group, req, req.CreateTime or who.now, silent=True))


class TopicInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A topic as read back. Fields that a filter leaves out are absent; the ids always come."""

    GroupID: str
    GroupId: str
    TopicId: str
    TopicName: str | UnsetType = UNSET
    FaceUrl: str | UnsetType = UNSET
    Notification: str | UnsetType = UNSET
    Introduction: str | UnsetType = UNSET
    CustomString: str | UnsetType = UNSET
    NextMsgSeq: int | UnsetType = UNSET
    CreateTime: int | UnsetType = UNSET
    LastMsgTime: int | UnsetType = UNSET
    MuteAllMember: str | UnsetType = UNSET


class TopicSelf(msgspec.Struct, frozen=True, kw_only=True):
    """What a member has of a topic."""

    ShutUpTime: int
    MsgSeq: int
    MsgFlag: str


class TopicAndSelf(msgspec.Struct, frozen=True, kw_only=True):
    """One topic with its own ErrorCode; without ``SelfInfo`` where the user is no member."""

    ErrorCode: int = 0
    ErrorInfo: str = ""
    TopicInfo: TopicInfo
    SelfInfo: TopicSelf | UnsetType = UNSET


class Topics(Reply, frozen=True, kw_only=True):
    """One item per topic asked for, each with its own ErrorCode."""

    TopicAndSelfInfo: list[TopicAndSelf]


class GetTopic(Request[Topics], frozen=True, kw_only=True):
    """Which topics to read, and whose state in them."""

    GroupId: GroupIdText
    From_Account: Account | None = None
    TopicIdList: TopicIds | None = None
    ResponseFilter: list[str] | None = None


SELECT_TOPICS = (
    "SELECT coalesce(m.read_seq, -1), coalesce(m.msg_flag, -1), coalesce(s.until, 0), t.* FROM topics t"
    " LEFT JOIN topic_members m ON m.topic_num = t.num AND m.user_id = :user"
    " LEFT JOIN mutes s ON s.group_num = t.group_num AND s.topic_num = t.num AND s.user_id = :user"
    " WHERE t.group_num = :num"
)
ALL_TOPICS = SELECT_TOPICS + " ORDER BY t.num"
ONE_TOPIC = SELECT_TOPICS + " AND t.topic_id = :topic_id"


@command(SERVICE, writes=False, doc="1047/49469",
         errors=(*GROUP_REFUSALS, err.TOPIC_UNKNOWN, err.REPLY_TOO_LARGE))  # fmt: skip
def get_topic(tx: Tx, who: Who, req: GetTopic) -> Topics:
    """Read topics of a community, all or the named ones, with a user's own state in each.

    Through REST ``From_Account`` is required. A topic that does not exist is 110003 in its item.
    """
    group = with_topics(tx, who, req.GroupId, Action.READ_TOPICS)
    if req.From_Account is None and who.door != GATEWAY:
        raise Refused(err.BAD_PARAMETER, "From_Account: required, but absent")
    user = operator_of(tx, who, req.From_Account)
    member = find_member(tx, group, user)
    if req.TopicIdList is None:
        rows = tx.all(ALL_TOPICS, num=group.num, user=user)
        return Topics(TopicAndSelfInfo=[_shown(tx, who, group, member, row, req.ResponseFilter) for row in rows])
    found = []
    for topic_id in dict.fromkeys(req.TopicIdList):
        row = tx.one(ONE_TOPIC, num=group.num, user=user, topic_id=topic_id) if is_group_id(topic_id) else None
        found.append(_shown(tx, who, group, member, row, req.ResponseFilter) if row else _missing(group, topic_id))
    return Topics(TopicAndSelfInfo=found)


def _missing(group: GroupRow, topic_id: str) -> TopicAndSelf:
    return TopicAndSelf(
        ErrorCode=err.TOPIC_UNKNOWN.code, ErrorInfo=err.TOPIC_UNKNOWN.text,
        TopicInfo=TopicInfo(GroupID=group.group_id, GroupId=group.group_id, TopicId=topic_id),
    )  # fmt: skip


def _shown(
    tx: Tx, who: Who, group: GroupRow, member: MemberRow | None, row: tuple[Any, ...], wanted: list[str] | None
) -> TopicAndSelf:
    """Return a topic as the wire shows it, filtered, and what the member has of it."""
    read_seq, flag, until, *columns = row
    topic = TopicRow(*columns)
    fields: dict[str, Any] = {
        "TopicName": topic.name, "FaceUrl": topic.face_url, "Notification": topic.notification,
        "Introduction": topic.introduction, "CustomString": topic.custom_string, "NextMsgSeq": topic.next_seq,
        "CreateTime": topic.created_at, "LastMsgTime": topic.last_msg_at, "MuteAllMember": ON_OFF[topic.mute_all],
    }  # fmt: skip
    if wanted is not None:
        fields = {name: fields[name] for name in wanted if name in fields}
    return TopicAndSelf(
        TopicInfo=TopicInfo(GroupID=group.group_id, GroupId=group.group_id, TopicId=topic.topic_id, **fields),
        SelfInfo=UNSET if member is None else TopicSelf(
            ShutUpTime=until if until > who.now else 0,
            MsgSeq=topic_read_seq(tx, Stream(group, topic), member, read_seq),
            MsgFlag=group.kind.msg_flag if flag < 0 else flag_name(flag),
        ),
    )  # fmt: skip


class ModifyTopic(Request[Done], frozen=True, kw_only=True):
    """New values of a topic's profile; absent fields stay."""

    GroupId: GroupIdText
    TopicId: Annotated[str, text(96, min_bytes=1)]
    From_Account: Account | None = None
    TopicName: GroupName | None = None
    FaceUrl: FaceUrlText | None = None
    Notification: NotificationText | None = None
    Introduction: IntroductionText | None = None
    CustomString: CustomText | None = None
    MuteAllMember: Annotated[str, one_of("On", "Off")] | None = None


TOPIC_COLUMNS = {
    "TopicName": "name", "FaceUrl": "face_url", "Notification": "notification", "Introduction": "introduction",
    "CustomString": "custom_string",
}  # fmt: skip
UPDATE_TOPIC = (
    "UPDATE topics SET name = :name, face_url = :face_url, notification = :notification,"
    " introduction = :introduction, custom_string = :custom_string, mute_all = :mute_all WHERE num = :num"
)


@command(SERVICE, writes=True, doc="1047/49468", errors=GROUP_REFUSALS)
def modify_topic(tx: Tx, who: Who, req: ModifyTopic) -> Done:
    """Change a topic's profile, or mute everybody in it. A topic that does not exist is 10010 here."""
    group = find_group(tx, req.GroupId)
    topic = topic_of(tx, group, req.TopicId)
    changes = {name: value for name in TOPIC_COLUMNS if (value := getattr(req, name)) is not None}
    for action, asked in (
        (Action.EDIT_TOPIC, bool(changes) or req.MuteAllMember is None),
        (Action.MUTE_TOPIC, req.MuteAllMember is not None),
    ):
        if asked:
            allowed(tx, who, group, action, topic_num=topic.num if topic else 0)
    _require_topics(who, group)
    if topic is None:
        raise Refused(err.GROUP_UNKNOWN, f"TopicId: {req.TopicId!r}")
    operator = operator_of(tx, who, req.From_Account)
    mute = topic.mute_all if req.MuteAllMember is None else ON_OFF.index(req.MuteAllMember)
    columns = {column: changes.get(name, getattr(topic, column)) for name, column in TOPIC_COLUMNS.items()}
    if req.MuteAllMember is not None:
        changes["MuteAllMember"] = req.MuteAllMember
    if not changes:
        return Done()
    tx.run(UPDATE_TOPIC, num=topic.num, mute_all=mute, **columns)
    event = TopicChanged(
        group_id=group.group_id, kind=group.kind_name, operator=operator, at=who.now, topic_id=topic.topic_id,
        changes=changes,
    )  # fmt: skip
    publish(tx, group, event, Notice.PUSHED)
    return Done()


class DestroyedTopic(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one topic."""

    TopicId: str
    ErrorCode: int = 0
    ErrorInfo: str = ""


class DestroyedTopics(Reply, frozen=True, kw_only=True):
    """One item per topic of the request."""

    DestroyResultItem: list[DestroyedTopic]


class DestroyTopic(Request[DestroyedTopics], frozen=True, kw_only=True):
    """Which topics to delete."""

    GroupId: GroupIdText
    TopicIdList: TopicIds


REMOVE_TOPIC: tuple[LiteralString, ...] = (
    "DELETE FROM topic_members WHERE topic_num = :topic",
    "DELETE FROM mutes WHERE group_num = :num AND topic_num = :topic",
    "DELETE FROM topic_permissions WHERE group_num = :num AND topic_num = :topic",
    "DELETE FROM pinned_messages WHERE group_num = :num AND topic_num = :topic",
    LEAVE_TO_SWEEP,
    "DELETE FROM topics WHERE group_num = :num AND num = :topic",
)
"""Every table whose rows hang on a topic; the topic itself last."""


@command(SERVICE, writes=True, doc="1047/49470", errors=(*GROUP_REFUSALS, err.TOPIC_UNKNOWN))
def destroy_topic(tx: Tx, who: Who, req: DestroyTopic) -> DestroyedTopics:
    """Delete topics for good, with the state that members have of them.

    One that does not exist is 110003 in its item; one that the caller may not delete refuses all (10007).
    """
    group = find_group(tx, req.GroupId)
    asked = {topic_id: topic_of(tx, group, topic_id) for topic_id in req.TopicIdList}
    found = [topic for topic in asked.values() if topic is not None]
    for num in [topic.num for topic in found] or [0]:
        allowed(tx, who, group, Action.DESTROY_TOPIC, topic_num=num)
    _require_topics(who, group)
    if found:
        for statement in REMOVE_TOPIC:
            tx.many(statement, [{"num": group.num, "topic": topic.num} for topic in found])
        event = TopicsDestroyed(
            group_id=group.group_id, kind=group.kind_name, operator=who.user, at=who.now,
            topic_ids=[topic.topic_id for topic in found],
        )  # fmt: skip
        publish(tx, group, event, Notice.PUSHED)
    gone = err.TOPIC_UNKNOWN
    return DestroyedTopics(DestroyResultItem=[
        DestroyedTopic(TopicId=topic_id) if topic
        else DestroyedTopic(TopicId=topic_id, ErrorCode=gone.code, ErrorInfo=gone.text)
        for topic_id, topic in asked.items()
    ])  # fmt: skip
