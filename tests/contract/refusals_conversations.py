"""Refusals of conversations and of what hangs on messages: what they are about, calls that pass, calls that do not.

The rows of ``CASES`` are those of ``refusals.Case``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from worlds import NOW

if TYPE_CHECKING:
    from worlds import World

SERVICES = {"recentcontact", "openim_msg_ext_http_svc"}
HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
POLL, PLAIN, BUSY, TEN, CROWDED, FIRST_PIN, TO_SOME, LAST = 2, 3, 4, 5, 6, 7, 17, 18
"""Seqs of the messages in the group ``chat``, whose owner's is the first; ten from the first pin on are pinned."""
KEY, PLAIN_KEY, BUSY_KEY = (f"{number}_{number}_{NOW}" for number in (1, 2, 3))
BEN = {"Type": 1, "To_Account": "ben"}
ANNS = {"From_Account": "ann"}
ONE = [{"Key": "k", "Value": "v", "Seq": 0}]
SMILE = {"GroupId": "chat", "MsgSeq": POLL, "ReactionId": "smile"}
DOWN = {"special_messages": False}
CONTACT = (
    "INSERT INTO contacts (user_id, sort, peer, last_num, at, read_num, hidden_num, top_at, marks, custom_mark,"
    " msg_flag, changed_at) VALUES ('other', 1, :peer, 0, 0, 0, 0, :top_at, 0, :custom, 0, 1)"
)
ITEM = "INSERT INTO contact_group_items (user_id, num, sort, peer) VALUES ('other', 1, 1, :peer)"
REACTION = "INSERT INTO reactions (owner, reaction, user_id, at_ms) VALUES (:owner, :reaction, :user, 1)"
VERSION = (
    "INSERT INTO extension_versions (owner, latest, cleared, minute, writes) VALUES (:owner, 200, 0, :minute, 200)"
)


def furnish_conversations(world: World) -> None:
    """Make what the calls below are about: a group's messages, ann's with ben, and what one user has no room for."""
    members = [{"Member_Account": user} for user in ("ann", "ben")]
    world.group("Public", GroupId="chat", MemberList=members)
    support = {POLL: 1, BUSY: 1}
    for seq in range(POLL, LAST + 1):
        more = {"To_Account": ["ben"]} if seq == TO_SOME else {"SupportMessageExtension": support.get(seq, 0)}
        assert world.say("chat", "x", "owner", **more)["MsgSeq"] == seq
    for seq in range(FIRST_PIN, FIRST_PIN + 10):
        world.call("pin_group_message", "owner", GroupId="chat", MsgSeq=seq, Pinned=True)
    for number in (1, 2, 3):
        world.call("sendmsg", "ann", To_Account="ben", MsgSeq=number, MsgRandom=number, MsgBody=HELLO,
                   SupportMessageExtension=int(number != 2))  # fmt: skip
    world.call("add_message_reaction", "ann", **{**SMILE, "ReactionId": "heart"})
    world.call("create_contact_group", **ANNS, GroupContactItem=[{"GroupName": "work", "ContactItem": [BEN]}])
    for number in range(20):
        given = [{"GroupName": f"f{number}", "ContactItem": [BEN]}]
        world.call("create_contact_group", From_Account="guest", GroupContactItem=given)
    world.call("create_contact_group", From_Account="other", GroupContactItem=[
        {"GroupName": "full", "ContactItem": [BEN]},
    ])  # fmt: skip
    [(num,)] = world.rows("SELECT num FROM groups WHERE group_id = 'chat'")
    owner = f"g:{num}:0:"
    given = [{"owner": f"{owner}{TEN}", "reaction": f"r{n}", "user": "ben"} for n in range(10)]
    given += [{"owner": f"{owner}{CROWDED}", "reaction": "smile", "user": f"m{n}"} for n in range(100)]
    peers = [{"peer": f"m{n}", "top_at": int(n < 50), "custom": "c"} for n in range(1000)]
    busy = [{"owner": name, "minute": NOW // 60} for name in (f"{owner}{BUSY}", "c:3")]
    for statement, rows in (
        (REACTION, given), (CONTACT, peers), (ITEM, [{"peer": row["peer"]} for row in peers[:999]]), (VERSION, busy),
    ):  # fmt: skip
        world.store.write_now(lambda tx, sql=statement, these=rows: tx.many(sql, these))


PASSES: dict[str, tuple[str | None, dict[str, Any]]] = {
    "get_list": (None, {**ANNS, "TimeStamp": 0, "StartIndex": 0, "TopTimeStamp": 0, "TopStartIndex": 0,
                        "AssistFlags": 7}),
    "delete": (None, {**ANNS, **BEN}),
    "pin_conversation": ("ann", {**BEN, "Pinned": True}),
    "set_c2c_receive_option": ("ann", {"To_Account": ["ben"], "MsgFlag": "Discard"}),
    "get_c2c_receive_option": ("ann", {"To_Account": ["ben"]}),
    "get_conversations": ("ann", {}),
    "get_unread_total": ("ann", {}),
    "read_all_conversations": ("ann", {}),
    "set_conversation_data": ("ann", {"ConvList": [BEN], "CustomData": "c"}),
    "create_contact_group": (None, {**ANNS, "GroupContactItem": [{"GroupName": "n", "ContactItem": [BEN]}]}),
    "update_contact_group": (
        None, {**ANNS, "UpdateType": 1,
               "UpdateGroup": {"UpdateGroupType": 1, "OldGroupName": "work", "NewGroupName": "n"}},
    ),
    "del_contact_group": (None, {**ANNS, "GroupName": ["work"]}),
    "mark_contact": (None, {**ANNS, "MarkItem": [{"OptType": 1, "ContactItem": BEN, "SetMark": [1]}]}),
    "get_contact_group": (None, {**ANNS, "StartIndex": 0}),
    "search_contact_group": (None, {**ANNS, "ContactItem": [BEN]}),
    "set_key_values": (None, {**ANNS, "To_Account": "ben", "MsgKey": KEY, "OperateType": 1, "ExtensionList": ONE}),
    "get_key_values": (None, {**ANNS, "To_Account": "ben", "MsgKey": KEY}),
    "group_set_key_values": (None, {"GroupId": "chat", "MsgSeq": POLL, "OperateType": 1, "ExtensionList": ONE}),
    "group_get_key_values": (None, {"GroupId": "chat", "MsgSeq": POLL}),
    "add_message_reaction": ("ann", SMILE),
    "remove_message_reaction": ("ann", {**SMILE, "ReactionId": "heart"}),
    "get_reaction_users": ("ann", {**SMILE, "ReactionId": "heart"}),
    "get_message_reactions": ("ann", {"GroupId": "chat", "MsgSeqList": [POLL]}),
    "pin_group_message": ("owner", {"GroupId": "chat", "MsgSeq": FIRST_PIN, "Pinned": False}),
    "get_pinned_group_messages": ("ann", {"GroupId": "chat"}),
}  # fmt: skip
#: Those of a user: others' are refused (50003), and those of nobody (50001).
OWNED = [name for name, (_, fields) in PASSES.items() if fields.get("From_Account") == "ann"
         and not name.endswith("key_values")]  # fmt: skip


def _with(name: str, **changed: Any) -> dict[str, Any]:
    return {**PASSES[name][1], **changed}


def _folder(**changed: Any) -> dict[str, Any]:
    return _with("create_contact_group", GroupContactItem=[{"GroupName": "n", "ContactItem": [BEN], **changed}])


def _update(**changed: Any) -> dict[str, Any]:
    fields = PASSES["update_contact_group"][1]
    return {**fields, "UpdateGroup": {**fields["UpdateGroup"], **changed}}


def _mark(**changed: Any) -> dict[str, Any]:
    return _with("mark_contact", MarkItem=[{"OptType": 1, "ContactItem": BEN, "SetMark": [1], **changed}])


def _extended(code: int, words: tuple[str, ...], key: str = KEY, seq: int = POLL, **more: Any) -> list[tuple[Any, ...]]:
    """Return the same refusal of both sorts of messages; ``rest`` are the further columns."""
    rest = more.pop("rest", ())
    return [
        (code, "set_key_values", _with("set_key_values", MsgKey=key, **more), words, *rest),
        (code, "group_set_key_values", _with("group_set_key_values", MsgSeq=seq, **more), words, *rest),
    ]


GONE = {"Type": 2, "ToGroupId": "gone"}
NOBODY = {"Type": 1, "To_Account": "nobody"}
MANY = [{"Type": 1, "To_Account": f"m{number}"} for number in range(301)]
CLUB = "@TGS#_club"
TOPICAL = ("add_message_reaction", "remove_message_reaction", "get_reaction_users", "get_message_reactions",
           "pin_group_message", "get_pinned_group_messages")  # fmt: skip
REACTING = TOPICAL[:4]
AS_ITEM = (None, None, True)
#: One plain call of each command that names conversations, with these in their place.
OF_ITEMS = {
    "create_contact_group": lambda item: _folder(GroupName=f"{item['Type']}", ContactItem=[item]),
    "update_contact_group": lambda item: _update(
        UpdateGroupType=2, ContactUpdateItem=[{"ContactOptType": 1, "ContactItem": item}]
    ),
    "mark_contact": lambda item: _mark(ContactItem=item),
}
CASES: list[tuple[Any, ...]] = [
    *((50003, name, PASSES[name][1], ("From_Account: 'ann' is not the caller",), "ben") for name in OWNED),
    *((50001, name, _with(name, From_Account="nobody"), ("From_Account: 'nobody'",)) for name in OWNED),
    *((51007, name, make(GONE), ("'gone' of 'ann'",), None, *AS_ITEM) for name, make in OF_ITEMS.items()),
    *((50001, name, make(NOBODY), ("To_Account: 'nobody'",), None, *AS_ITEM) for name, make in OF_ITEMS.items()),
    *(
        (51008, name, {**make(BEN), "From_Account": "other"}, ("1001 conversations would", "at most 1000"))
        for name, make in OF_ITEMS.items()
        if name == "mark_contact"
    ),
    (51008, "create_contact_group",
     {"From_Account": "other", "GroupContactItem": [{"GroupName": "n", "ContactItem": [{**BEN, "To_Account": "ann"}]}]},
     ("1001 conversations would be in groups", "at most 1000")),
    (51008, "update_contact_group", {"From_Account": "other", "UpdateType": 1, "UpdateGroup": {
        "UpdateGroupType": 2, "OldGroupName": "full",
        "ContactUpdateItem": [{"ContactOptType": 1, "ContactItem": {**BEN, "To_Account": "ann"}}],
    }}, ("1001 conversations would be in groups", "at most 1000")),
    (51008, "set_conversation_data", _with("set_conversation_data"), ("1001 conversations would",), "other"),
    (50001, "set_conversation_data", _with("set_conversation_data", ConvList=[NOBODY]), ("'nobody'",), "ann", *AS_ITEM),
    (51007, "set_conversation_data", _with("set_conversation_data", ConvList=[{"Type": 2, "GroupId": "gone"}]),
     ("'gone' of 'ann'",), "ann", *AS_ITEM),
    (51006, "set_conversation_data", _with("set_conversation_data", ConvList=[]), ("ConvList: 0 items", "least 1"),
     "ann"),
    (51006, "get_conversations", {"ConvList": MANY[:101]}, ("ConvList: 101 items, at most 100",), "ann"),
    (50002, "get_conversations", {"Next": "1:2"}, ("Next: '1:2'",), "ann"),
    (50002, "get_unread_total", {"Filter": {"Type": 3}}, ("Filter.Type: 3", "1 to 2"), "ann"),
    (50001, "pin_conversation", _with("pin_conversation", To_Account="nobody"), ("To_Account: 'nobody'",), "ann"),
    (51007, "pin_conversation", {"Type": 2, "GroupId": "gone", "Pinned": True}, ("'gone' of 'ann'",), "ann"),
    (51012, "pin_conversation", PASSES["pin_conversation"][1], ("'other' has 50",), "other"),
    (50001, "set_c2c_receive_option", _with("set_c2c_receive_option", To_Account=["nobody"]), ("'nobody'",), "ann"),
    (50002, "set_c2c_receive_option", _with("set_c2c_receive_option", MsgFlag="Loud"), ("MsgFlag: 'Loud'",), "ann"),
    (50002, "get_c2c_receive_option", {"To_Account": []}, ("To_Account: 0 items",), "ann"),
    (51006, "create_contact_group", _folder(ContactItem=[]), ("ContactItem: 0 items",)),
    (51006, "update_contact_group", _update(UpdateGroupType=2), ("ContactUpdateItem: required",)),
    (51006, "mark_contact", _with("mark_contact", MarkItem=[]), ("MarkItem: 0 items",)),
    (51006, "search_contact_group", _with("search_contact_group", ContactItem=MANY), ("301 items, at most 300",)),
    (51009, "update_contact_group", _update(OldGroupName="none"), ("'none' of 'ann'",)),
    (51009, "del_contact_group", _with("del_contact_group", GroupName=["none"]), ("'none' of 'ann'",)),
    (51010, "create_contact_group", {**_folder(), "From_Account": "guest"}, ("'guest' has 20",)),
    (51011, "create_contact_group", _folder(GroupName="n" * 33), ("GroupName: 33 bytes, at most 32",)),
    (51011, "update_contact_group", _update(NewGroupName="n" * 33), ("NewGroupName: 33 bytes, at most 32",)),
    (51011, "del_contact_group", _with("del_contact_group", GroupName=["n" * 33]), ("33 bytes, at most 32",)),
    *(
        (51013, name, PASSES[name][1], ("plan tests has no",), None, DOWN)
        for name in ("create_contact_group", "update_contact_group", "del_contact_group", "mark_contact")
    ),
    *_extended(23001, ("'k' Seq 5, it is at 0",), ExtensionList=[{**ONE[0], "Seq": 5}], rest=("ben", *AS_ITEM)),
    *_extended(23002, ("SupportMessageExtension was not 1",), PLAIN_KEY, PLAIN),
    *_extended(23003, ("the message had 200 in this minute",), BUSY_KEY, BUSY),
    *_extended(23004, ("Key: 'k'",), OperateType=2, rest=(None, *AS_ITEM)),
    *_extended(10059, ("plan tests has no message extensions",), rest=(None, DOWN)),
    *_extended(10004, ("ExtensionList: required for OperateType 1",), ExtensionList=None),
    (23004, "get_key_values", _with("get_key_values", MsgKey="9_9_9"), ("MsgKey: '9_9_9' between 'ann' and 'ben'",)),
    (23004, "group_get_key_values", _with("group_get_key_values", MsgSeq=99), ("MsgSeq: 99 in 'chat'",)),
    (10059, "get_key_values", PASSES["get_key_values"][1], ("no message extensions",), None, DOWN),
    (10059, "group_get_key_values", PASSES["group_get_key_values"][1], ("no message extensions",), None, DOWN),
    *((10059, name, PASSES[name][1], ("plan tests has no",), PASSES[name][0], DOWN) for name in TOPICAL),
    *(
        (110003, name, _with(name, GroupId=CLUB, TopicId=f"{CLUB}@TOPIC#_none"), ("TopicId", "@TOPIC#_none"), "owner")
        for name in TOPICAL
    ),
    *((110013, name, _with(name, TopicId="x" * 97), ("TopicId: 97 bytes",), PASSES[name][0]) for name in TOPICAL),
    *((23004, name, _with(name, MsgSeq=99), ("MsgSeq: 99 in 'chat'",), "ann") for name in REACTING[:3]),
    (23004, "get_message_reactions", {"GroupId": "chat", "MsgSeqList": [99]}, ("MsgSeq: 99",), "ann", *AS_ITEM),
    (23005, "add_message_reaction", {**SMILE, "MsgSeq": TEN}, ("the message has 10",), "ann"),
    (23006, "add_message_reaction", {**SMILE, "MsgSeq": CROWDED}, ("ReactionId: 'smile' has 100",), "ann"),
    (23007, "add_message_reaction", {**SMILE, "ReactionId": "heart"}, ("'heart' of 'ann'",), "ann"),
    (23008, "remove_message_reaction", {**SMILE, "ReactionId": "none"}, ("ReactionId: 'none'",), "ann"),
    (23009, "remove_message_reaction", {**SMILE, "ReactionId": "heart"}, ("'heart' of 'ben'",), "ben"),
    (23008, "get_reaction_users", {**SMILE, "ReactionId": "none"}, ("ReactionId: 'none'",), "ann"),
    (10070, "pin_group_message", {"GroupId": "chat", "MsgSeq": POLL, "Pinned": True}, ("'chat' has 10",), "owner"),
    (10071, "pin_group_message", {"GroupId": "chat", "MsgSeq": FIRST_PIN, "Pinned": True},
     (f"MsgSeq: {FIRST_PIN} in 'chat'",), "owner"),
    (10004, "pin_group_message", {"GroupId": "chat", "MsgSeq": TO_SOME, "Pinned": True}, ("for some",), "owner"),
]  # fmt: skip
