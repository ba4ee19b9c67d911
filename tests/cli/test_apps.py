"""``qunzhu app`` and ``qunzhu usersig``."""

from __future__ import annotations

import fcntl
import time

import pytest

from cli.servers import DEMO, Server
from qunzhu.core.token import check_usersig

KEY = "a-key-of-the-tests"


def test_create_list_show_set(qunzhu):
    made = qunzhu(
        "app", "create", "--json", "--name", "shop", "--plan", "2025-pro", "--admin", "ann", "--admin", "bo",
        "--group-field", "colour:Work,Public:owner", "--group-field", "size", "--member-field", "team::AppAdmin",
        "--no-community", "--utc-offset", "-03:30",
    ).json  # fmt: skip
    assert made["sdkappid"] == 1400000001
    assert len(made["key"]) == 64
    assert (made["admins"], made["plan"], made["utc_offset"]) == (["ann", "bo"], "2025-pro", "-03:30")
    assert made["communities"] is False
    assert made["group_fields"] == [
        {"key": "colour", "kinds": ["Private", "Public"], "write": "Owner"},
        {"key": "size", "kinds": [], "write": "Member"},
    ]
    assert made["member_fields"] == [{"key": "team", "kinds": [], "write": "AppAdmin"}]
    second = qunzhu("app", "create", "--json", "--key", KEY).json
    assert (second["sdkappid"], second["admins"], second["plan"]) == (1400000002, ["administrator"], "open")

    hidden = qunzhu("app", "show", 1400000002, "--json").json
    assert hidden == {name: value for name, value in second.items() if name != "key"}
    assert qunzhu("app", "show", 1400000002, "--show-key", "--json").json == second
    assert KEY not in qunzhu("app", "show", 1400000002).out
    assert KEY in qunzhu("app", "show", 1400000002, "--show-key").out

    changed = qunzhu("app", "set", 1400000001, "--json", "--plan", "open", "--admin", "cy", "--group-field", "",
                     "--community", "--disable", "--disable-command", "destroy_group",
                     "--invite-consent", "Work").json  # fmt: skip
    kept = {name: made[name] for name in ("name", "utc_offset", "member_fields", "created_at")}
    assert {name: changed[name] for name in kept} == kept
    assert (changed["plan"], changed["admins"], changed["group_fields"]) == ("open", ["cy"], [])
    assert (changed["communities"], changed["enabled"]) == (True, False)
    assert changed["disabled_commands"] == ["destroy_group"]
    assert (made["invite_consent"], changed["invite_consent"]) == ([], ["Private"])
    assert qunzhu("app", "show", 1400000001, "--show-key", "--json").json["key"] == made["key"]

    assert [one["sdkappid"] for one in qunzhu("app", "list", "--json").json] == [1400000001, 1400000002]
    table = qunzhu("app", "list").out.splitlines()
    assert table[0].split("\t")[:3] == ["SDKAppID", "Name", "Plan"]
    assert table[1].split("\t")[:5] == ["1400000001", "shop", "open", "cy", "off"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--plan", "gold"], "--plan"),
        (["--invite-consent", "Club"], "invite consent"),
        (["--admin", "x" * 33], "admins"),
        (["--admin", ""], "admins"),
        ([word for n in range(11) for word in ["--admin", f"a{n}"]], "admins: 11"),
        (["--key", "short"], "key"),
        (["--key", "with spaces in it"], "key"),
        (["--sdkappid", "0"], "sdkappid"),
        (["--sdkappid", str(2**32)], "sdkappid"),
        (["--group-field", "1st"], "1st"),
        (["--group-field", "k" * 17], "group_fields"),
        (["--group-field", "k:Club"], "Club"),
        (["--group-field", "k::Anybody"], "Anybody"),
        (["--group-field", "k", "--group-field", "k"], "twice"),
        ([word for n in range(6) for word in ["--member-field", f"k{n}"]], "member_fields: 6"),
        (["--utc-offset", "8"], "--utc-offset"),
        (["--utc-offset", "+15:00"], "utc offset"),
        (["--disable-command", "no_such"], "no_such"),
        (["--message-bytes", "1023"], "message bytes: 1023 is not within 1024 to 32768"),
        (["--message-bytes", "32769"], "message bytes"),
        (["--message-bytes", "12k"], "--message-bytes"),
        (["--messages-per-second", "-1"], "messages per second"),
        (["--messages-per-second", "10001"], "messages per second"),
        (["--duplicate-seconds", "-1"], "duplicate seconds"),
        (["--duplicate-seconds", "86401"], "duplicate seconds"),
        (["--recall-seconds", "-1"], "recall seconds"),
        (["--recall-seconds", "31536001"], "recall seconds"),
        (["--rate", "create_group"], "--rate"),
        (["--rate", "create_group=-1"], "--rate"),
        (["--rate", "create_group=1000001"], "rate: create_group: 1000001 is not within 0 to 1000000"),
        (["--rate", "no_such=1"], "rate: there is no no_such"),
        (["--rate", "*=1", "--rate", "*=2"], "twice"),
        (["--extend", "live_rooms=unlimited"], "plan open does not sell 'live_rooms'"),
        (["--plan", "legacy-pro", "--extend", "groups=500"], "it sells live_rooms, group_members"),
        (["--plan", "legacy-pro", "--extend", "history_days=31"], "plan legacy-pro sells 30, 90, 180, 360"),
        (["--plan", "legacy-pro", "--extend", "history_days=unlimited"], "history_days to unlimited"),
        (["--plan", "legacy-pro", "--extend", "history_days"], "--extend"),
        (["--plan", "legacy-pro", "--extend", "history_days=30", "--extend", "history_days=90"], "twice"),
    ],
)
def test_wrong_values_are_named_and_nothing_is_made(qunzhu, options, named):
    answer = qunzhu("app", "create", "--json", *options)
    assert (answer.code, answer.out) == (2, "")
    assert named in answer.error["message"]
    listed = qunzhu("app", "list", "--json")
    assert listed.code == 1 or listed.json == []


def test_settings_of_messages(qunzhu):
    defaults = {"message_bytes": 12288, "messages_per_second": 40, "duplicate_seconds": 300, "recall_seconds": 120}
    made = qunzhu("app", "create", "--json").json
    assert {name: made[name] for name in defaults} == defaults
    least = {"message_bytes": 1024, "messages_per_second": 0, "duplicate_seconds": 0, "recall_seconds": 0}
    words = [word for name, value in least.items() for word in (f"--{name.replace('_', '-')}", value)]
    changed = qunzhu("app", "set", made["sdkappid"], "--json", *words).json
    assert {name: changed[name] for name in least} == least
    assert "any number" in qunzhu("app", "show", made["sdkappid"]).out
    again = qunzhu("app", "set", made["sdkappid"], "--json", "--recall-seconds", 31536000).json
    assert {name: again[name] for name in least} == {**least, "recall_seconds": 31536000}
    assert qunzhu("app", "set", made["sdkappid"], "--recall-seconds", 31536001).code == 2
    assert qunzhu("app", "show", made["sdkappid"], "--json").json["recall_seconds"] == 31536000


def test_rates_and_extensions(qunzhu):
    made = qunzhu(
        "app", "create", "--json", "--plan", "legacy-pro", "--extend", "live_rooms=unlimited", "--extend",
        "history_days=90", "--rate", "create_group=50", "--rate", "*=0",
    ).json  # fmt: skip
    assert made["extensions"] == {"live_rooms": None, "history_days": 90}
    assert made["rates"] == {"create_group": 50, "*": 0}
    number = made["sdkappid"]
    text = qunzhu("app", "show", number).out
    assert "live_rooms=unlimited, history_days=90" in text
    assert "create_group=50, *=0" in text
    changed = qunzhu("app", "set", number, "--json", "--extend", "group_members=2000", "--rate", "").json
    assert (changed["extensions"], changed["rates"]) == ({"group_members": 2000}, {})
    refused = qunzhu("app", "set", number, "--json", "--plan", "legacy-flagship")
    assert (refused.code, "group_members to 2000" in refused.error["message"]) == (2, True)
    assert qunzhu("app", "set", number, "--plan", "2025-pro").code == 2
    moved = qunzhu("app", "set", number, "--json", "--plan", "2025-pro", "--extend", "").json
    assert (moved["plan"], moved["extensions"]) == ("2025-pro", {})


def test_a_smaller_plan_while_the_server_runs(qunzhu, tmp_path):
    """What exists stays; what is new is refused within a second or two."""
    folder = ("--data", tmp_path / "data")
    server = Server("--demo", *map(str, folder))
    try:
        place = ("--url", server.url, *folder)
        for n in range(11):
            assert qunzhu("group", "create", "--type", "AVChatRoom", "--name", f"r{n}", *place).code == 0
        assert qunzhu("app", "set", DEMO, "--plan", "legacy-trial", "--rate", "*=0", *folder).code == 0
        time.sleep(2.5)
        answer = qunzhu("group", "create", "--json", "--type", "AVChatRoom", "--name", "new", *place)
        assert (answer.code, answer.error["ErrorCode"]) == (1, 10036)
        assert len(qunzhu("group", "list", "--json", *place).json) == 11
        assert qunzhu("app", "set", DEMO, "--plan", "open", *folder).code == 0
        time.sleep(2.5)
        assert qunzhu("group", "create", "--type", "AVChatRoom", "--name", "new", *place).code == 0
    finally:
        server.stop()


def test_a_number_is_given_once(qunzhu):
    assert qunzhu("app", "create", "--sdkappid", 77).code == 0
    assert "77 exists already" in qunzhu("app", "create", "--sdkappid", 77).err
    assert qunzhu("app", "create", "--sdkappid", 2**32 - 1).code == 0
    assert "sdkappid" in qunzhu("app", "create").err


def test_unknown_app_and_missing_folder(qunzhu):
    for words in (
        ["app", "list"],
        ["app", "show", 1],
        ["app", "set", 1, "--name", "x"],
        ["app", "erase", 1],
        ["usersig", "u"],
    ):
        answer = qunzhu(*words, "--json", "--data", "nowhere")
        assert (answer.code, answer.out) == (1, "")
        assert "is not a data folder" in answer.error["message"]
        assert answer.error["advice"]
    qunzhu("app", "create")
    for words in (
        ["app", "show", 1],
        ["app", "set", 1, "--name", "x"],
        ["app", "erase", 1],
        ["usersig", "u", "--app", 1],
    ):
        answer = qunzhu(*words, "--json")
        assert (answer.code, answer.error["message"]) == (1, "there is no app 1")
    assert qunzhu("app", "set", 1400000001).code == 2


def test_data_folder_that_is_none(qunzhu, tmp_path):
    (tmp_path / "control.db").write_text("this is no database, and longer than a header of one" * 40)
    answer = qunzhu("app", "list", "--json", "--data", tmp_path)
    assert answer.code == 1
    assert "not a database" in answer.error["message"]


def test_apps_in_postgres(qunzhu, postgres_url):
    place = ("--database", postgres_url, "--json")
    number = qunzhu("app", "create", "--name", "pg", *place).json["sdkappid"]
    assert qunzhu("app", "set", number, "--name", "changed", *place).json["name"] == "changed"
    assert number in [one["sdkappid"] for one in qunzhu("app", "list", *place).json]
    assert qunzhu("app", "erase", number, "--yes", "--wait", 0, *place).json["by"] == "command"
    assert number not in [one["sdkappid"] for one in qunzhu("app", "list", *place).json]


def test_database_that_does_not_answer(qunzhu):
    answer = qunzhu("app", "list", "--json", "--database", "postgresql://127.0.0.1:1/none")
    assert answer.code == 1
    assert "Connection refused" in answer.error["message"]


def test_usersig(qunzhu):
    app = qunzhu("app", "create", "--key", KEY, "--json").json["sdkappid"]
    before = int(time.time())
    made = qunzhu("usersig", "alice", "--expire", 600, "--json").json
    assert (made["identifier"], made["sdkappid"]) == ("alice", app)
    assert before + 600 <= made["expires_at"] <= int(time.time()) + 600
    assert check_usersig(KEY, app, "alice", made["usersig"], before).valid_until == made["expires_at"]
    line = qunzhu("usersig", "alice").out
    assert check_usersig(KEY, app, "alice", line.rstrip("\n"), before).valid_until >= before + 180 * 86400
    for words in (["x" * 33], ["é"], [""], ["u", "--expire", 0]):
        assert qunzhu("usersig", *words).code == 2


def test_usersig_asks_which_of_several_apps(qunzhu):
    qunzhu("app", "create")
    qunzhu("app", "create")
    answer = qunzhu("usersig", "u", "--json")
    assert answer.code == 1
    assert "1400000001, 1400000002" in answer.error["message"]
    assert qunzhu("usersig", "u", "--json", QUNZHU_APP="1400000002").json["sdkappid"] == 1400000002
    qunzhu("app", "create", "--sdkappid", DEMO)
    assert qunzhu("usersig", "u", "--json").json["sdkappid"] == int(DEMO)


def test_erase_asks_for_the_number_again(qunzhu):
    qunzhu("app", "create")
    for typed in ("", "y\n", "1400000002\n"):
        answer = qunzhu("app", "erase", 1400000001, stdin=typed)
        assert (answer.code, answer.out) == (1, "")
    assert len(qunzhu("app", "list", "--json").json) == 1
    assert qunzhu("app", "erase", 1400000001, stdin="1400000001\n").code == 0
    assert qunzhu("app", "list", "--json").json == []


def test_erase_without_a_server(qunzhu, tmp_path):
    qunzhu("app", "create")
    folder = tmp_path / "qunzhu-data" / "apps" / "1400000001"
    folder.mkdir(parents=True)
    (folder / "app.db").write_text("rows")
    answer = qunzhu("app", "erase", 1400000001, "--yes", "--json")
    assert answer.json == {"sdkappid": 1400000001, "erased": True, "by": "command"}
    assert not folder.exists()


def test_erase_while_a_server_runs(qunzhu, tmp_path):
    place = ("--data", str(tmp_path / "data"))
    qunzhu("app", "create", *place)
    qunzhu("app", "create", *place)
    server = Server(*place)
    try:
        for app in (1400000001, 1400000002):
            assert qunzhu("group", "list", *place, "--app", app, "--url", server.url, "--json").json == []
        assert (tmp_path / "data" / "apps" / "1400000001").exists()
        answer = qunzhu("app", "erase", 1400000001, "--yes", "--json", *place)
        assert answer.json == {"sdkappid": 1400000001, "erased": True, "by": "server"}
        assert not (tmp_path / "data" / "apps" / "1400000001").exists()
        gone = qunzhu("group", "list", "--app", 1400000001, "--key", KEY, "--url", server.url, "--json")
        assert gone.error["ErrorCode"] == 70020
        assert qunzhu("group", "list", "--app", 1400000002, *place, "--url", server.url, "--json").json == []
    finally:
        code, _, err = server.stop()
    assert code == 0, err


def test_erase_gives_up_on_a_server_that_does_not_answer(qunzhu, tmp_path):
    qunzhu("app", "create")
    with (tmp_path / "qunzhu-data" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4242")
        lock.flush()
        answer = qunzhu("app", "erase", 1400000001, "--yes", "--wait", "0.3", "--json")
    assert answer.code == 1
    assert "pid 4242" in answer.error["message"]
    assert "restarted" in answer.error["advice"]
    assert qunzhu("app", "list", "--json").json == []
    assert qunzhu("app", "erase", 1400000001, "--yes", "--json").json["by"] == "command"


def test_a_running_server_follows_changes(qunzhu, tmp_path):
    place = ("--data", str(tmp_path / "data"))
    server = Server(*place)
    try:
        assert "no app yet" in server.line
        app = qunzhu("app", "create", "--key", KEY, "--json", *place).json["sdkappid"]
        call = ("group", "list", "--json", "--app", app, "--url", server.url)
        assert qunzhu(*call, "--key", KEY).json == []
        qunzhu("app", "set", app, "--disable", *place)
        deadline = time.monotonic() + 5
        while (answer := qunzhu(*call, *place)).code == 0 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert answer.error["ErrorCode"] == 60016
    finally:
        assert server.stop()[0] == 0
