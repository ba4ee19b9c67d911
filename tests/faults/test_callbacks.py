"""A server is killed again and again while it tells the app's own server, which fails now and then: nothing is lost."""

from __future__ import annotations

import random
import signal
import threading
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from callbacks.sending import switch, wait
from conftest import ENGINES
from qunzhu.store.postgres import drop_schema
from receiver import ALLOW, http, receiving
from served import SDKAPPID, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from receiver import Got, Receiver

GROUPS = tuple(f"shop-{number}" for number in range(5))
HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]
SENT = "Group.CallbackAfterSendMsg"


class Crowd:
    """Sends to all groups from threads as long as the server answers, and keeps what was answered."""

    def __init__(self, server: Server) -> None:
        self.sent: defaultdict[str, list[int]] = defaultdict(list)
        self._server = server
        self._numbers = iter(range(1, 10**9))
        self._threads = [threading.Thread(target=self._talk, args=(group,)) for group in GROUPS]
        for thread in self._threads:
            thread.start()

    def _talk(self, group: str) -> None:
        while True:
            message = {"GroupId": group, "Random": next(self._numbers), "MsgBody": HELLO}
            try:
                answer = self._server.rest("group_open_http_svc/send_group_msg", **message)
            except (OSError, ValueError):
                return  # it is dead
            assert answer["ErrorCode"] == 0, answer
            if not answer["MsgDropReason"]:
                self.sent[group].append(answer["MsgSeq"])

    def number(self) -> int:
        """Return how many were answered."""
        return sum(map(len, self.sent.values()))

    def end(self) -> dict[str, list[int]]:
        """Wait until the server's end is noticed, and return what was answered by group."""
        for thread in self._threads:
            thread.join(30)
        return self.sent


def heard(receiver: Receiver) -> dict[str, list[int]]:
    """Return by group the seqs of messages in the order in which each came first."""
    found: defaultdict[str, dict[int, None]] = defaultdict(dict)
    for got in list(receiver.got):
        if got.query["CallbackCommand"] == SENT:
            found[got.body["GroupId"]].setdefault(got.body["MsgSeq"])
    return {group: list(seqs) for group, seqs in found.items()}


@pytest.fixture(params=ENGINES)
def database(request) -> Iterator[str]:
    """Name the database of each engine, which is empty for SQLite."""
    if request.param == "sqlite":
        yield ""
        return
    url = request.getfixturevalue("postgres_url")
    yield url
    drop_schema(url, f"qunzhu_app_{SDKAPPID}")
    drop_schema(url, "qunzhu_control")


def test_killed_while_callbacks_wait(tmp_path, database):
    rng = random.Random(6)
    sent: defaultdict[str, list[int]] = defaultdict(list)
    server = Server(tmp_path, *(["--database", database] if database else []))
    for group in GROUPS:
        server.rest("group_open_http_svc/create_group", Type="Public", Name=group, GroupId=group)

    def moody(got: Got) -> object:
        return http("503 Busy", b"") if rng.random() < 0.05 else ALLOW

    with receiving() as receiver:
        receiver.answer = moody
        switch(tmp_path / "data", database=database, url=receiver.url, tries=99)
        wait(lambda: server.rest("group_open_http_svc/create_group", Type="Public", Name="x") and receiver.got)
        for _ in range(4):
            crowd, enough = Crowd(server), rng.randint(60, 160)
            wait(lambda crowd=crowd, enough=enough: crowd.number() >= enough, 60)
            server.stop(signal.SIGKILL)
            for group, seqs in crowd.end().items():
                sent[group] += seqs
            server.start()
        wait(lambda: all(set(sent[group]) <= set(heard(receiver).get(group, ())) for group in GROUPS), 60)
        found = heard(receiver)
        assert all(seqs == sorted(seqs) for seqs in found.values()), "a lane lost its order"
        assert sum(map(len, sent.values())) >= 240
    assert server.stop() == 0
