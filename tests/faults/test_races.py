"""One id, however many ask at the same instant; and ids that the server makes."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from qunzhu.core.token import make_usersig
from served import ADMIN, KEY, SDKAPPID, Server

CONNECTIONS = 64
CALLS = 10_000


def answers(server: Server, bodies: list[dict]) -> list[dict]:
    """Send bodies to create_group over 64 connections at once."""
    signed = make_usersig(KEY, SDKAPPID, ADMIN, now=int(time.time()))
    path = f"/v4/group_open_http_svc/create_group?sdkappid={SDKAPPID}&identifier={ADMIN}&usersig={signed}&random=1"

    def worker(mine: list[dict]) -> list[dict]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        found = []
        for body in mine:
            connection.request("POST", path, json.dumps(body))
            found.append(json.loads(connection.getresponse().read()))
        connection.close()
        return found

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return [
            answer for part in pool.map(worker, [bodies[i::CONNECTIONS] for i in range(CONNECTIONS)]) for answer in part
        ]


def test_one_id_is_given_once(server: Server):
    owners = ["alice", "bob"]
    server.rest("im_open_login_svc/multiaccount_import", Accounts=owners)
    bodies = [
        {"Type": "Public", "Name": "mine", "GroupId": "the-one", "Owner_Account": owners[n % 2]} for n in range(CALLS)
    ]
    codes = Counter(answer["ErrorCode"] for answer in answers(server, bodies))
    assert codes[0] == 1
    assert codes[0] + codes[10021] + codes[10025] == CALLS
    [info] = server.rest("group_open_http_svc/get_group_info", GroupIdList=["the-one"])["GroupInfo"]
    assert (info["ErrorCode"], info["MemberNum"], len(info["MemberList"])) == (0, 1, 1)
    owner = info["Owner_Account"]
    assert codes[10025] == CALLS // 2 - 1, f"{owner} asked {CALLS // 2} times"


def test_made_ids_differ(server: Server):
    before = server.rest("group_open_http_svc/get_appid_group_list", Limit=1)["TotalCount"]
    found = answers(server, [{"Type": "Public", "Name": "any"}] * CALLS)
    assert {answer["ErrorCode"] for answer in found} == {0}
    assert len({answer["GroupId"] for answer in found}) == CALLS
    assert server.rest("group_open_http_svc/get_appid_group_list", Limit=1)["TotalCount"] == before + CALLS
