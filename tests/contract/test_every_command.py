"""No command without its contract: help, codes from the one table, and tests that name it, its codes and its fields."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contract.one_to_one import write
from qunzhu.core.command import BY_NAME, COMMANDS
from qunzhu.core.errors import ERRORS
from qunzhu.core.ports import GATEWAY, REST
from qunzhu.core.reference import REFERENCE_PATHS

NAMES = sorted({command.name for command in BY_NAME.values()})
HERE = Path(__file__).parent
#: The tests that call commands; not this file, and not the ones that only loop over all of them.
SOURCES = {
    path.name: path.read_text(encoding="utf-8")
    for path in HERE.glob("test_*.py")
    if path.name not in {"test_every_command.py", "test_noise.py", "test_faults.py", "test_batch.py"}
}


def quoted(name: str) -> list[str]:
    """Return the contract files that name a command."""
    return [file for file, text in SOURCES.items() if f'"{name}"' in text]


@pytest.mark.parametrize("name", NAMES)
def test_it_has_help_and_codes(name):
    command = BY_NAME[name]
    assert re.fullmatch(r"[A-Z].*\.", command.help), command.help
    assert all(ERRORS[row.code] is row for row in (*command.errors, command.bad_input, command.internal))
    assert len({row.code for row in command.errors}) == len(command.errors)


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_test_names_it(name):
    assert quoted(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_test_sees_it_refuse(name):
    """Those that take nothing, or that refuse nothing of their own, have no refusal to test."""
    if name in {"open_session", "read_all_conversations", "get_all_receive_option"}:
        return
    table = re.compile(rf'refused\([^)]*"{name}"|refused\(\s*\d+, (?:command|name)\b')
    assert any(table.search(SOURCES[file]) for file in quoted(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_contract_test_gives_each_of_its_fields(name):
    text = "\n".join(SOURCES.values())
    fields = BY_NAME[name].request.__struct_fields__
    assert [field for field in fields if not re.search(rf"\b{field}\b", text)] == []


def test_names_and_doors():
    for path, command in COMMANDS.items():
        assert path == command.path or path in command.aliases
        assert BY_NAME[path.rpartition("/")[2]] is command
        assert set(command.doors) <= {REST, GATEWAY}
        if command.service != "gateway":
            assert path in REFERENCE_PATHS
            assert REST in command.doors
            assert command.doc
        else:
            assert REST not in command.doors


def test_reading_commands_write_nothing(world):
    """A command that says that it reads runs where writing is impossible; what it answers is not changed by asking."""
    world.people("owner", "bob")
    group = world.group("Public", members=["bob"])
    many = world.group("Community", members=["bob"], SupportTopic=1)
    helpers = {"GroupId": many, "PermissionGroupId": "@PMG#_helpers"}
    world.call("create_permission_group", **helpers)
    fields = {
        "get_group_info": {"GroupIdList": [group]}, "get_group_member_info": {"GroupId": group},
        "get_specified_group_member_info": {"GroupId": group, "Member_List_Account": ["bob"]},
        "get_role_in_group": {"GroupId": group, "User_Account": ["bob"]},
        "get_group_muted_account": {"GroupId": group}, "get_group_shutted_uin": {"GroupId": group},
        "get_appid_group_list": {},
        "get_joined_group_list": {"Member_Account": "bob"}, "account_check": {"CheckItem": [{"UserID": "bob"}]},
        "query_online_status": {"To_Account": ["bob"]}, "sync": {"Groups": {group: 0}},
        "get_user_profiles": {"To_Account": ["bob"]}, "get_all_receive_option": {},
        "get_permission_group": {"GroupId": many},
        "get_permission_group_member_list": helpers, "get_topic_permission_group": helpers,
        "get_joined_permission_groups": {"GroupId": many}, "get_topic": {"GroupId": many, "From_Account": "bob"},
        "renew_media_links": {"MediaList": [{"UUID": "0" * 32}]},
        "get_group_applications": {}, "get_group_attr": {"GroupId": group}, "get_group_counter": {"GroupId": group},
    }  # fmt: skip
    room = world.group("AVChatRoom", owner="bob")
    asked = world.say(group, "x", "owner", NeedReadReceipt=1)["MsgSeq"]
    fields |= {
        "group_msg_get_simple": {"GroupId": group, "ReqMsgNumber": 5}, "pull_group_messages": {"GroupId": group},
        "get_group_msg_receipt": {"GroupId": group, "MsgSeqList": [{"MsgSeq": asked}]},
        "get_group_msg_receipt_detail": {
            "GroupId": group, "MsgSeq": asked, "Filter": 0, "Cursor": "", "Count": 1,
        },
        "get_online_member_num": {"GroupId": room}, "get_members": {"GroupId": room, "Timestamp": 0},
        "check_members": {"GroupId": room, "Member_Account": ["bob"]}, "get_admin_list": {"GroupId": room},
        "get_group_ban_member": {"GroupId": room, "Offset": 0},
    }  # fmt: skip
    # One-to-one messages
    world.write("bob", "hello", From_Account="owner")
    fields |= {
        "get_c2c_unread_msg_num": {"To_Account": "bob"}, "getnospeaking": {"Get_Account": "bob"},
        "getappinfo": {},
        "admin_getroammsg": {
            "Operator_Account": "bob", "Peer_Account": "owner", "MaxCnt": 1, "MinTime": 0, "MaxTime": world.now,
        },
        "pull_c2c_messages": {"Peer_Account": "bob"},
    }  # fmt: skip
    # Conversations, and what hangs on messages
    by_bob = {"get_conversations", "get_unread_total", "get_message_reactions", "get_reaction_users"}
    seq = world.say(group, "hello", "owner")["MsgSeq"]
    key = write(world, "owner", "bob")
    world.call("add_message_reaction", "bob", GroupId=group, MsgSeq=seq, ReactionId="smile")
    fields |= {
        "get_list": {"From_Account": "bob", "TimeStamp": 0, "StartIndex": 0, "TopTimeStamp": 0, "TopStartIndex": 0,
                     "AssistFlags": 63},
        "get_contact_group": {"From_Account": "bob", "StartIndex": 0}, "get_conversations": {}, "get_unread_total": {},
        "search_contact_group": {"From_Account": "bob", "ContactItem": [{"Type": 1, "To_Account": "owner"}]},
        "get_c2c_receive_option": {"To_Account": ["owner"]}, "group_get_key_values": {"GroupId": group, "MsgSeq": seq},
        "get_key_values": {"From_Account": "owner", "To_Account": "bob", "MsgKey": key},
        "get_message_reactions": {"GroupId": group, "MsgSeqList": [seq]},
        "get_reaction_users": {"GroupId": group, "MsgSeq": seq, "ReactionId": "smile"},
        "get_pinned_group_messages": {"GroupId": group},
    }  # fmt: skip
    world.execute(
        "INSERT INTO archives (sort, hour, uuid, size, md5, gzip_size, gzip_md5) VALUES (2, :hour, :id, 1, '', 1, '')",
        hour=world.now // 3600 * 3600 - 3600, id="0" * 32,
    )  # fmt: skip
    fields["get_history"] = {"ChatType": "Group", "MsgTime": "2023111505"}
    before = world.dump()
    world.call("request_upload", Sort="File", Size=1)  # each time another UUID
    assert {*fields, "request_upload"} == {command.name for command in BY_NAME.values() if not command.writes}
    for name, given in fields.items():
        by = "bob" if name in by_bob else None
        assert world.call(name, by, **given) == world.call(name, by, **given)
    assert world.dump() == before
