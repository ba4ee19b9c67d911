"""The page of events, and of the tips and notices by which users hear of them: what the code makes of samples."""

from typing import Any

import msgspec

from qunzhu.core.elements import Element
from qunzhu.core.events import (
    AccountsChanged,
    AllReceiveOptionSet,
    ApplicationDecided,
    ApplicationMade,
    ApplicationsSeen,
    AttributesChanged,
    C2CExtensionsChanged,
    C2CHidden,
    C2CModified,
    C2CReactionChanged,
    C2CRead,
    C2CRecalled,
    C2CReceiptGiven,
    C2CSent,
    ContactGroupChanged,
    ContactNow,
    ContactsChanged,
    ConversationsRead,
    CountersChanged,
    DailyQuotaNear,
    Event,
    ExtensionsChanged,
    GroupCreated,
    GroupDissolved,
    GroupInfoChanged,
    GroupWoken,
    HistoryCleared,
    LoginsRevoked,
    MarksChanged,
    MemberInfoChanged,
    MemberRoleChanged,
    MembersBanned,
    MembersJoined,
    MembersLeft,
    MembersMuted,
    MembersUnbanned,
    MessageDropped,
    MessageModified,
    MessagePinned,
    MessagesDeleted,
    MessageSent,
    MessagesHidden,
    MessagesImported,
    MessagesRecalled,
    NoticeSent,
    OwnerChanged,
    PermissionGroupChanged,
    PermissionGroupCreated,
    PermissionGroupDestroyed,
    PermissionMembersAdded,
    PermissionMembersRemoved,
    Reacting,
    ReactionChanged,
    ReadMoved,
    Receipt,
    ReceiptsGiven,
    RequestsOverLimit,
    Silenced,
    Sort,
    TopicChanged,
    TopicCreated,
    TopicPermissionsAdded,
    TopicPermissionsChanged,
    TopicPermissionsRemoved,
    TopicsDestroyed,
)
from qunzhu.core.fields import about
from qunzhu.core.messages import C2CMessage, GroupMessage, encode_message
from qunzhu.core.notices import change, system_notices, tip
from qunzhu.core.pushes import pushes, skipped
from qunzhu.core.wire import ENDS
from qunzhu.reference.blocks import Block, Code, Heading, Page, Table, Text, yes

_AT = 1767225600
_IN: dict[str, Any] = {"group_id": "@TGS#_team", "kind": "Community", "operator": "alice", "at": _AT}
_HELPERS, _TOPIC = "@PMG#_helpers", "@TGS#_team@TOPIC#_news"
_SENT: dict[str, Any] = {"group_id": "team-1", "kind": "Public", "operator": "alice", "at": _AT}
_MESSAGE = msgspec.Raw(encode_message(GroupMessage(
    GroupId="team-1", GroupType="Public", From_Account="alice", MsgSeq=11, MsgTime=_AT, MsgRandom=1934,
    MsgBody=[Element("TIMTextElem", {"Text": "Good morning"})], Nick="Alice",
)))  # fmt: skip
_BETWEEN: dict[str, Any] = {"sender": "alice", "peer": "bob", "msg_seq": 1, "random": 1934, "at": _AT, "num": 7}
_WHICH = {**_BETWEEN, "msg_seq": 93847636, "random": 1287657, "num": 57}
_KEY = f"93847636_1287657_{_AT}"
_LETTER = msgspec.Raw(encode_message(C2CMessage(
    From_Account="alice", To_Account="bob", MsgSeq=93847636, MsgRandom=1287657, MsgTime=_AT, MsgKey=_KEY, Num=57,
    MsgBody=[Element("TIMTextElem", {"Text": "Are you there?"})], Nick="Alice",
)))  # fmt: skip
_SMILES = Reacting("smile", 1, [{"UserID": "bob", "Nick": "Bob", "FaceUrl": ""}])
SAMPLES: tuple[tuple[str, Event], ...] = (
    ("A group is made with one more member",
     GroupCreated(group_id="team-1", kind="Public", operator="alice", at=_AT, seq=1, name="Team", owner="alice",
                  members=["bob"])),
    ("Somebody is added",
     MembersJoined(group_id="team-1", kind="Public", operator="alice", at=_AT, seq=2, users=["carol"], how="Invite",
                   member_num=3)),
    ("Somebody joins by himself",
     MembersJoined(group_id="team-1", kind="Public", operator="dave", at=_AT, seq=3, users=["dave"], how="Apply",
                   member_num=4)),
    ("Somebody leaves",
     MembersLeft(group_id="team-1", kind="Public", operator="dave", at=_AT, seq=4, users=["dave"], how="Quit",
                 member_num=3)),
    ("Somebody is removed",
     MembersLeft(group_id="team-1", kind="Public", operator="alice", at=_AT, seq=5, users=["carol"], how="Kick",
                 member_num=2, reason="moved on")),
    ("The profile changes",
     GroupInfoChanged(group_id="team-1", kind="Public", operator="alice", at=_AT, seq=6,
                      changes={"Notification": "Meeting at ten"})),
    ("The group gets another owner",
     OwnerChanged(group_id="team-1", kind="Public", operator="alice", at=_AT, seq=7, old="alice", new="bob")),
    ("A member is made administrator",
     MemberRoleChanged(group_id="team-1", kind="Public", operator="bob", at=_AT, seq=8, user="alice", role="Admin")),
    ("An administrator is one no more",
     MemberRoleChanged(group_id="team-1", kind="Public", operator="bob", at=_AT, seq=9, user="alice", role="Member")),
    ("Members are muted",
     MembersMuted(group_id="team-1", kind="Public", operator="bob", at=_AT, seq=10, users=["alice"], seconds=3600,
                  until=_AT + 3600)),
    ("A member is muted in a topic",
     MembersMuted(group_id="@TGS#_club", kind="Community", operator="bob", at=_AT, told=False, users=["alice"],
                  seconds=3600, until=_AT + 3600, topic_id="@TGS#_club@TOPIC#_news")),
    ("A member's receive option changes",
     MemberInfoChanged(group_id="team-1", kind="Public", operator="alice", at=_AT, told=False, user="alice",
                       changes={"MsgFlag": "Discard"})),
    ("An app administrator tells something",
     NoticeSent(group_id="team-1", kind="Public", operator="administrator", at=_AT, users=[],
                content="The server restarts at noon.")),
    ("A message is sent", MessageSent(**_SENT, seq=11, message=_MESSAGE, random=1934, kept=True, member=True)),
    ("A message is sent to some members",
     MessageSent(**_SENT, seq=12, message=_MESSAGE, random=1935, flags=16, kept=True, member=True,
                 users=["alice", "bob"])),
    ("Messages are recalled", MessagesRecalled(**_SENT, seqs=[11], reason="A mistake")),
    ("A message is modified", MessageModified(**_SENT, message=_MESSAGE, msg_seq=11, flags=64)),
    ("Messages are deleted for everybody", MessagesDeleted(**_SENT, told=False, seqs=[11])),
    ("History is cleared", HistoryCleared(**_SENT, told=False, upto=100)),
    ("A member deletes messages for himself", MessagesHidden(**_SENT, told=False, seqs=[11])),
    ("A member deletes all messages up to a seq for himself", MessagesHidden(**_SENT, told=False, upto=100)),
    ("Messages are imported", MessagesImported(**_SENT, told=False, messages=[_MESSAGE], flags=32)),
    ("A member has read up to a seq", ReadMoved(**_SENT, upto=11, unread=3)),
    ("A member has read messages whose senders wanted to know",
     ReceiptsGiven(group_id="team-1", kind="Public", operator="bob", at=_AT, told=False,
                   receipts=[Receipt(11, "alice", 1, 5)])),
    ("A message is over the frequency of its group", MessageDropped(**_SENT, priority="Low")),
    ("A group that slept is woken by its owner's first message",
     GroupWoken(group_id="team-2", kind="Private", operator="alice", at=_AT, told=False, users=["alice", "bob"])),
    ("The group is dissolved",
     GroupDissolved(group_id="team-1", kind="Public", operator="bob", at=_AT, name="Team", owner="bob", member_num=2)),
    ("A permission group is made",
     PermissionGroupCreated(**_IN, permission_group_id=_HELPERS, name="Helpers", permission=34, custom_string="")),
    ("A permission group changes",
     PermissionGroupChanged(**_IN, permission_group_id=_HELPERS, name="Helpers", permission=2, custom_string="",
                            member_num=0)),
    ("Members are put into a permission group",
     PermissionMembersAdded(**_IN, permission_group_id=_HELPERS, users=["bob"], member_num=1)),
    ("A permission group gets bits for a topic",
     TopicPermissionsAdded(**_IN, permission_group_id=_HELPERS, permissions={_TOPIC: 4})),
    ("A permission group's bits for a topic change",
     TopicPermissionsChanged(**_IN, permission_group_id=_HELPERS, permissions={_TOPIC: 12})),
    ("A permission group loses its bits for a topic",
     TopicPermissionsRemoved(**_IN, permission_group_id=_HELPERS, topics=[_TOPIC])),
    ("Members are taken out of a permission group",
     PermissionMembersRemoved(**_IN, permission_group_id=_HELPERS, users=["bob"], member_num=0)),
    ("Permission groups are destroyed", PermissionGroupDestroyed(**_IN, permission_group_ids=[_HELPERS])),
    ("Somebody applies",
     ApplicationMade(group_id="team-1", kind="Public", operator="erin", at=_AT, told=False, num=1, sort=Sort.APPLY,
                     user="erin", inviter="", message="May I join?", at_ms=_AT * 1000, deciders=["alice"])),
    ("Somebody is invited and must agree",
     ApplicationMade(group_id="team-1", kind="Public", operator="alice", at=_AT, told=False, num=2,
                     sort=Sort.ASK_INVITEE, user="frank", inviter="alice", message="Come in", at_ms=_AT * 1000,
                     deciders=["frank"])),
    ("A member invites somebody, and administrators must agree",
     ApplicationMade(group_id="team-1", kind="Public", operator="bob", at=_AT, told=False, num=3,
                     sort=Sort.ASK_ADMINS, user="frank", inviter="bob", message="", at_ms=_AT * 1000,
                     deciders=["alice"])),
    ("An application is accepted",
     ApplicationDecided(group_id="team-1", kind="Public", operator="alice", at=_AT, told=False, num=1, sort=Sort.APPLY,
                        user="erin", inviter="", accepted=True, message="Welcome")),
    ("An invitation is refused",
     ApplicationDecided(group_id="team-1", kind="Public", operator="frank", at=_AT, told=False, num=2,
                        sort=Sort.ASK_INVITEE, user="frank", inviter="alice", accepted=False, message="No time")),
    ("A user has seen the applications", ApplicationsSeen(user="alice", at_ms=_AT * 1000)),
    ("A topic is made",
     TopicCreated(group_id="@TGS#_club", kind="Community", operator="alice", at=_AT,
                  topic_id="@TGS#_club@TOPIC#_news", name="News", creator="alice")),
    ("A topic changes",
     TopicChanged(group_id="@TGS#_club", kind="Community", operator="alice", at=_AT,
                  topic_id="@TGS#_club@TOPIC#_news", changes={"Notification": "Meeting at ten"})),
    ("Topics are deleted",
     TopicsDestroyed(group_id="@TGS#_club", kind="Community", operator="alice", at=_AT,
                     topic_ids=["@TGS#_club@TOPIC#_news"])),
    ("Attributes are written",
     AttributesChanged(group_id="team-1", kind="Public", operator="alice", at=_AT, version=8, option="modify",
                       changed={"seat-1": "alice"})),
    ("Attributes are removed",
     AttributesChanged(group_id="team-1", kind="Public", operator="alice", at=_AT, version=9, option="delete",
                       removed=["seat-1"])),
    ("Counters are written",
     CountersChanged(group_id="team-1", kind="Public", operator="bob", at=_AT, changed={"likes": 12})),
    ("Counters are deleted",
     CountersChanged(group_id="team-1", kind="Public", operator="alice", at=_AT, removed=["likes"])),
    ("Somebody is banned from a live room",
     MembersBanned(group_id="live-1", kind="AVChatRoom", operator="alice", at=_AT, users=["dave"], until=_AT + 3600,
                   reason="spam")),
    ("A ban is lifted",
     MembersUnbanned(group_id="live-1", kind="AVChatRoom", operator="alice", at=_AT, users=["dave"])),
    ("Members of a live room are marked",
     MarksChanged(group_id="live-1", kind="AVChatRoom", operator="alice", at=_AT, marks={1000: ["carol"]},
                  enabled=True)),
    ("A message's extensions are written",
     ExtensionsChanged(**_SENT, msg_seq=11, latest=1, changed={"monday": "alice"})),
    ("Extensions of a message between two users are cleared",
     C2CExtensionsChanged(**_BETWEEN, operator="bob", latest=2, removed=["monday"], cleared=True)),
    ("A message gets a reaction",
     ReactionChanged(**_SENT, msg_seq=11, now=_SMILES, given=True, at_ms=_AT * 1000)),
    ("A message between two users gets a reaction",
     C2CReactionChanged(**_BETWEEN, operator="bob", at_ms=_AT * 1000, now=_SMILES, given=True)),
    ("A message is pinned", MessagePinned(**_SENT, msg_seq=11, pinned=True, message=_MESSAGE)),
    ("A user pins a conversation",
     ContactsChanged(user="alice", at=_AT, change="Pinned", contacts=[
         ContactNow(sort=1, peer="bob", top_at=_AT, marks=1, custom_mark="", msg_flag=0, hidden_num=0, hidden_at=0,
                    changed_at=_AT),
     ])),
    ("A user makes a conversation group",
     ContactGroupChanged(user="alice", at=_AT, change="Created", num=1, name="Work", items=[(2, "team-1")])),
    ("A user reads everything",
     ConversationsRead(user="alice", at=_AT, groups={"team-1": 11}, peers={"bob": (7, _AT)})),
    ("A message between two users is sent", C2CSent(**_WHICH, message=_LETTER, holders=["bob", "alice"],
                                                     told={"bob": 41, "alice": 52})),
    ("A message between two users is recalled",
     C2CRecalled(**_WHICH, operator="alice", time=_AT + 60, reason="A mistake", message=_LETTER,
                 holders=["alice", "bob"])),
    ("A message between two users is changed", C2CModified(**_WHICH, message=_LETTER, holders=["alice", "bob"])),
    ("A message between two users was read, and its sender wanted to know",
     C2CReceiptGiven(**_WHICH, message=_LETTER)),
    ("A user has read what another sent him", C2CRead(reader="bob", peer="alice", num=57, at=_AT, unread=0)),
    ("A user removes his copies of messages", C2CHidden(user="bob", peer="alice", nums=[57], keys=[_KEY])),
    ("An account is muted in the whole app", Silenced(user="bob", c2c_until=_AT + 3600, group_until=0)),
    ("Accounts are registered or deleted", AccountsChanged(registered=["erin"])),
    ("An account's logins are revoked", LoginsRevoked(user="erin", before=_AT)),
    ("The day's quota of new groups is nearly used up",
     DailyQuotaNear(sdkappid=1400000000, used=7000, quota=10000)),
    ("A command is called more often than the app may",
     RequestsOverLimit(sdkappid=1400000000, service="group_open_http_svc", command="create_group", requests=350,
                       limit=200, second=_AT)),
    ("A user sets how all messages reach him",
     AllReceiveOptionSet(user="erin", flag="AcceptNotNotify", start_of_day=79200, start_at=0, seconds=28800)),
)  # fmt: skip
"""At least one of every event, so that every form of tip and notice is shown."""


def events_page() -> Page:
    """Return the page of events, tips and notices."""
    blocks: list[Block] = [
        Text("A command's events are part of its transaction. Users hear of them through the gateway: a `group_tip`"
             " or `group_change` goes to every session of the group's members, a `group_notice` to those it concerns."
             " Changes are never stored. Below, what is pushed for a sample of each. Whether a tip is stored, only"
             " pushed or not made depends on the [kind](kinds)."),
    ]  # fmt: skip
    for title, event in SAMPLES:
        blocks += _event(title, event)
    blocks += [Heading("Fields of tips and notices"), _field_table(), *_ends()]
    return Page("events", "Events", blocks)


def _event(title: str, event: Event) -> list[Block]:
    record = type(event)
    doc = " ".join((record.__doc__ or "").split()).replace("``", "`")
    blocks: list[Block] = [Heading(title, 3), Text(f"Event `{record.__name__}`. {doc}")]
    told = tip(event)
    if told is not None:
        blocks += [Text("`group_tip` to the members:"), _json(told)]
    if (changed := change(event)) is not None:
        blocks += [Text("`group_change` to the members:"), _json(changed)]
    for users, notice in system_notices(event):
        whom = "every member" if users is None else ", ".join(f"`{user}`" for user in users)
        blocks += [Text(f"`group_notice` to {whom}:"), _json(notice)]
    for push in pushes(event):
        whom = "everybody in the group" if push.users is None else ", ".join(f"`{user}`" for user in push.users)
        blocks += [Text(f"`{push.method}` to {whom}:"), _json(push.params)]
    if isinstance(event, MessageSent) and event.users:
        blocks += [Text("`group_seq` to the others in the group:"), _json(skipped(event).params)]
    if len(blocks) == 2:
        blocks.append(Text("No tip and no notice: it takes effect on sessions only."))
    return blocks


def _json(value: Any) -> Code:
    return Code(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def notice_fields() -> dict[str, set[str]]:
    """Return the fields of all tips and notices, each with the types it comes with."""
    found: dict[str, set[str]] = {}
    for _, event in SAMPLES:
        told = [notice for notice in (tip(event), change(event)) if notice]
        for notice in told + [notice for _, notice in system_notices(event)]:
            for name, value in notice.items():
                found.setdefault(name, set()).add(_type(value))
    return found


def _type(value: object) -> str:
    if isinstance(value, list):
        return "array of objects" if value and isinstance(value[0], dict) else "array of strings"
    return {str: "string", int: "integer"}.get(type(value), "object")


def _field_table() -> Table:
    rows = [(f"`{name}`", ", ".join(sorted(types)), about("Notice", name)) for name, types in notice_fields().items()]
    return Table(("Field", "Type", "Meaning"), rows)


def _ends() -> list[Block]:
    rows = [(str(end.code), f"`{end.name}`", yes(end.again)) for end in ENDS.values()]
    return [
        Heading("Why a session ends"),
        Text("A last push `session_end` names code and reason; then the connection closes with the same code."),
        Table(("Close code", "Reason", "Connect again"), rows),
    ]
