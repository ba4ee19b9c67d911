"""The short way of the API answers what the ASGI way answers, to the byte where the answer can be the same."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunzhu.core.command import COMMANDS
from wire.doors import CREATE, Door, signed

LIST = "group_open_http_svc/get_appid_group_list"
PATHS = sorted(COMMANDS)


def directly(door: Door, path: str, query: bytes, body: bytes) -> bytes:
    """Ask the door the short way."""

    async def ask() -> bytes:
        answer: asyncio.Future[bytes] = door.loop.create_future()
        door.application.rest.answer_directly(path, query, body, answer.set_result)
        return await answer

    return door.run(ask())


def both(door: Door, path: str, query: bytes, body: bytes) -> dict:
    """Ask both ways; the answers must be one."""
    short = directly(door, path, query, body)
    status, ordinary = door.send(f"/v4/{path}", body, query=query)
    assert status == 200
    assert json.loads(short) == json.loads(ordinary)
    return json.loads(short)


QUERIES = [
    {}, {"random": None}, {"random": ""}, {"random": "x&random=y"}, {"sdkappid": None}, {"sdkappid": "x"},
    {"sdkappid": "9" * 19}, {"sdkappid": "4294967296"}, {"sdkappid": "1499999999"}, {"identifier": ""},
    {"usersig": ""}, {"usersig": "x"}, {"contenttype": "xml"}, {"identifier": "%ff"}, {"identifier": "alice"},
    {"identifier": "alice", "usersig": signed("alice")}, {"usersig": signed("alice")},
    {"identifier": "a&identifier=b"}, {"random": "%ff"}, {"random": "é"},
]  # fmt: skip


@pytest.mark.parametrize("changes", QUERIES, ids=lambda changes: json.dumps(changes)[:40])
def test_queries(door: Door, changes: dict):
    both(door, LIST, door.query(**changes), b"{}")


@pytest.mark.parametrize("head", ["random=1&", "&&", "x&", "=&", "random=&", "contenttype=json&random=1&"])
def test_the_order_of_parameters_does_not_matter(door: Door, head: str):
    assert both(door, LIST, head.encode() + door.query(random=None), b"{}")["ErrorCode"] == 0


@pytest.mark.parametrize("body", [
    b"", b"{}", b"[]", b"{", b"null", b" " * (2**20 + 1), b" " * (2**20 - 2) + b"{}", b'{"Limit":0}', b'{"Limit":1e3}',
    b'{"Limit":1,"Limit":2}', b"\xff", b'{"Limit":' + b"9" * 5000 + b"}",
], ids=lambda body: f"{body[:12]!r}{len(body)}")  # fmt: skip
def test_bodies(door: Door, body: bytes):
    both(door, LIST, door.query(), body)


@pytest.mark.parametrize("path", [*PATHS, "", "x", "group_open_http_svc/", f"{CREATE}/", f"/{CREATE}", f"{CREATE}%20",
                                  "group_open_http_svc/send_group_msg"])  # fmt: skip
def test_paths(door: Door, path: str):
    both(door, path, door.query(), b'{"nothing":1}')


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(query=st.binary(max_size=80), body=st.binary(max_size=80), path=st.sampled_from(PATHS))
def test_noise(door: Door, query: bytes, body: bytes, path: str):
    both(door, path, query, body)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_noise_among_good_parameters(door: Door, data: st.DataObject):
    """Any text in the place of any parameter, in any order, some of them twice."""
    good = [part.encode() for part in door.query().decode().split("&")]
    word = st.sampled_from([b"random", b"sdkappid", b"identifier", b"usersig", b"contenttype"])
    strange = data.draw(st.lists(st.tuples(word, st.binary(max_size=12)).map(b"=".join), max_size=3))
    query = b"&".join(data.draw(st.permutations([*good, *strange])))
    both(door, LIST, query, b"{}")
