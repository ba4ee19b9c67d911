"""Who may do what with what hangs on messages: the server against a table written after the documentation alone."""

from __future__ import annotations

from typing import Any

import pytest

from contract.rights_second import KINDS, NO_RIGHT, ROLES
from worlds import ADMIN, World

Row = tuple[int | None, int | None, int | None, int | None, int | None]
NOBODY: Row = (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT)
#: 52170, 52169: "app admins and group members"; Private, Public and ChatRoom, neither AVChatRoom nor Community.
EXTENSIONS: dict[str, Row] = {
    #             Work Public Meeting AVChat  Community
    "app_admin": (0, 0, 0, NO_RIGHT, NO_RIGHT),
    "owner": (0, 0, 0, NO_RIGHT, NO_RIGHT),
    "admin": (None, 0, 0, NO_RIGHT, NO_RIGHT),
    "member": (0, 0, 0, NO_RIGHT, NO_RIGHT),
    "outsider": NOBODY,
}
#: The SDK's header: any user who has the message; a live room keeps none.
REACTIONS: dict[str, Row] = {
    "app_admin": (0, 0, 0, NO_RIGHT, 0),
    "owner": (0, 0, 0, NO_RIGHT, 0),
    "admin": (None, 0, 0, NO_RIGHT, 0),
    "member": (0, 0, 0, NO_RIGHT, 0),
    "outsider": NOBODY,
}
#: Pinning: owner and administrators, in all kinds that keep messages.
PINS: dict[str, Row] = {
    "app_admin": (0, 0, 0, NO_RIGHT, 0),
    "owner": (0, 0, 0, NO_RIGHT, 0),
    "admin": (None, 0, 0, NO_RIGHT, 0),
    "member": (NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT, NO_RIGHT),
    "outsider": NOBODY,
}
TABLE: dict[str, tuple[dict[str, Row], dict[str, Any]]] = {
    "group_set_key_values": (EXTENSIONS, {"OperateType": 1, "ExtensionList": [{"Key": "k", "Value": "v", "Seq": 0}]}),
    "group_get_key_values": (EXTENSIONS, {}),
    "add_message_reaction": (REACTIONS, {"ReactionId": "new"}),
    "remove_message_reaction": (REACTIONS, {"ReactionId": "old"}),
    "get_reaction_users": (REACTIONS, {"ReactionId": "old"}),
    "get_message_reactions": (REACTIONS, {}),
    "pin_group_message": (PINS, {"Pinned": True}),
    "get_pinned_group_messages": (REACTIONS, {}),
}


def furnished(world: World, kind: str) -> tuple[str, int]:
    """Make a group of a kind in which every role has somebody, and a message that all of them reacted to."""
    world.people("owner", "admin", "member", "outsider")
    if kind == "AVChatRoom":
        group = world.group(kind)
        world.call("modify_admin", GroupId=group, CommandType=1, Admin_Account=["admin"])
        world.there(group, "member")
        return group, 1
    role = {} if kind == "Private" else {"Role": "Admin"}
    group = world.group(kind, MemberList=[{"Member_Account": "admin", **role}, {"Member_Account": "member"}])
    seq = world.say(group, "hello", "owner", SupportMessageExtension=1)["MsgSeq"]
    for user in ("owner", "admin", "member", ADMIN):
        world.call("add_message_reaction", user, GroupId=group, MsgSeq=seq, ReactionId="old")
    return group, seq


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("kind", KINDS)
def test_who_may(world: World, kind: str, name: str):
    rows, fields = TABLE[name]
    group, seq = furnished(world, kind)
    place = {"MsgSeqList": [seq]} if name == "get_message_reactions" else {"MsgSeq": seq}
    found = {}
    for role in ROLES:
        if rows[role][KINDS.index(kind)] is not None:
            found[role] = world.code(name, ADMIN if role == "app_admin" else role, GroupId=group, **place, **fields)
            world.execute("DELETE FROM extensions")
            world.execute("DELETE FROM pinned_messages")
    expected = {role: row[KINDS.index(kind)] for role, row in rows.items()}
    assert found == {role: code for role, code in expected.items() if code is not None}
