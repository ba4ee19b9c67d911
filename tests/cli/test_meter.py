"""``qunzhu meter``: what a real server counted, shown while it runs and after it, and a recount of it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from qunzhu.client import connect
from qunzhu.commands.messages import SendGroupMsg
from served import SDKAPPID, Server, usersig

if TYPE_CHECKING:
    from pathlib import Path

    from cli.servers import Answer

HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
GROUPS = "group_open_http_svc"
MESSAGES = 3


async def talk(server: Server, group_id: str, first: int = 0) -> None:
    """Let two users be online, and one of them say something, with Randoms from a first one on."""
    async with (
        await connect(server.url, SDKAPPID, "ann", usersig("ann")) as ann,
        await connect(server.url, SDKAPPID, "ben", usersig("ben")),
    ):
        for number in range(first, first + MESSAGES):
            await ann.call(SendGroupMsg(GroupId=group_id, Random=number, MsgBody=HELLO))


@pytest.fixture(scope="module")
def busy(tmp_path_factory) -> Server:
    """Have something of everything happen on a server."""
    server = Server(tmp_path_factory.mktemp("meter"))
    server.rest("im_open_login_svc/multiaccount_import", Accounts=["ann", "ben"])
    fields: dict[str, Any] = {"Name": "n", "Owner_Account": "ann"}
    members = [{"Member_Account": "ben"}]
    made = server.rest(f"{GROUPS}/create_group", Type="Public", MemberList=members, **fields)["GroupId"]
    gone = server.rest(f"{GROUPS}/create_group", Type="ChatRoom", **fields)["GroupId"]
    assert server.rest(f"{GROUPS}/destroy_group", GroupId=gone)["ErrorCode"] == 0
    asyncio.run(talk(server, made))
    yield server
    server.process.kill()


@pytest.fixture
def meter(qunzhu, busy):
    """Return a function that runs the command on the server's data folder."""

    def run(*words: str) -> Answer:
        return qunzhu("meter", "--data", busy.folder / "data", *words)

    return run


def test_beside_the_server_and_after_it(meter, busy):
    time.sleep(2.5)  # deliveries are counted every second
    running = meter("--json").json
    assert (running["sdkappid"], len(running["period"])) == (SDKAPPID, len("YYYY-MM"))
    assert running["groups"] == {"created": 2, "dissolved": 1, "existing": 1, "peak": 2, "net": 1}
    assert running["kinds"]["Public"] == {"created": 1, "dissolved": 0, "existing": 1, "peak": 1, "net": 1}
    assert (running["members"], running["joined"], running["left"], running["accounts"]) == (2, 3, 1, 3)
    assert (running["messages"]["Public"], running["delivered"]) == (MESSAGES, {"group": 2 * MESSAGES, "C2C": 0})
    assert running["deliveries"] >= 2 * MESSAGES
    assert (running["active"], running["active_max"], running["online_peak"], running["logins"]) == (2, 2, 2, 2)
    assert running["days"][-1]["groups"] == running["groups"]
    [group] = busy.rest(f"{GROUPS}/get_appid_group_list")["GroupIdList"]
    asyncio.run(talk(busy, group["GroupId"], first=MESSAGES - 1))
    assert busy.stop() == 0
    after = meter("--json").json
    told = 2 * MESSAGES - 1
    assert after["messages"]["Public"] == told, "the same Random again is the same message"
    assert after["delivered"] == {"group": 2 * told, "C2C": 0}, "what was given last is counted at the stop"
    assert meter("--day", after["days"][-1]["period"], "--json").json["logins"] == 4


def test_tables(meter):
    lines = [line.split("\t") for line in meter().out.splitlines()]
    assert lines[0][1:] == ["Created", "Dissolved", "Net", "Existing", "Peak", "Messages", "Imported"]
    assert ["Public", "1", "0", "1", "1", "1", str(2 * MESSAGES - 1), "0"] in lines
    assert ["one-to-one", "", "", "", "", "", "0", "0"] in lines
    assert ["all", "2", "1", "1", "1", "2", str(2 * MESSAGES - 1), "0"] in lines
    assert ["active users", "2"] in lines
    days = [line.split("\t") for line in meter("--days").out.splitlines()]
    assert days[0][:3] == ["Day", "Created", "Dissolved"]
    assert days[-1][1:6] == ["2", "1", "1", "1", "2"]
    assert meter("--month", "2020-02").out.splitlines()[0].startswith("2020-02\t")
    assert len(meter("--month", "2020-02", "--days").out.splitlines()) == 1 + 29


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--day", "2026-02-30"], "YYYY-MM-DD"), (["--day", "today"], "YYYY-MM-DD"), (["--month", "2026-1"], "YYYY-MM"),
        (["--month", "2026-13"], "YYYY-MM"), (["--day", "2026-01-01", "--month", "2026-01"], "--day goes with neither"),
        (["--day", "20260101"], "YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_wrong_options(meter, words, named):
    answer = meter(*words)
    assert answer.code == 2
    assert named in answer.err


def test_there_must_be_an_app_that_was_used(qunzhu, tmp_path):
    assert "there is no app 5" in qunzhu("meter", "--app", 5, "--data", _made(qunzhu, tmp_path)).err
    answer = qunzhu("meter", "--data", tmp_path / "data")
    assert (answer.code, "was never used" in answer.err) == (1, True)


def _made(qunzhu, folder: Path) -> Path:
    assert qunzhu("app", "create", "--data", folder / "data").code == 0
    return folder / "data"


def test_check_and_doctor_find_what_differs(qunzhu, meter, busy):
    """Comes last: it spoils the data."""
    data = busy.folder / "data"
    assert meter("--check").out == "what was counted is what a recount finds\n"
    assert meter("--check", "--json").json == {"ok": True, "differences": []}
    assert _doctor(qunzhu, data)["state"] == "ok"
    connection = apsw.Connection(str(data / "apps" / str(SDKAPPID) / "app.db"))
    connection.execute("DELETE FROM members WHERE user_id = 'ben'")
    connection.close()
    answer = meter("--check")
    assert answer.code == 1
    assert answer.out.splitlines()[1:] == ["now\tmembers\t2\t1"]
    assert meter("--check", "--json").json["differences"] == [
        {"day": "", "name": "members", "meter": 2, "least": 1, "most": 1}
    ]
    row = _doctor(qunzhu, data)
    assert (row["state"], row["found"]) == ("fail", f"app {SDKAPPID}: 1 differ")
    assert "meter --check" in row["advice"]


def _doctor(qunzhu, data: Path) -> dict[str, str]:
    rows = qunzhu("doctor", "--json", "--data", data, "--listen", "127.0.0.1:0").json["findings"]
    return next(row for row in rows if row["check"] == "meters")
