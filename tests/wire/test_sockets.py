"""The WebSocket side of the gateway on real sockets: frames of all sorts, clients that do not read, and the closing."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from qunzhu.apps import Home, change_app
from qunzhu.cli.home import control
from qunzhu.config import Config
from served import SDKAPPID, Server, usersig

PING = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
TOLD = "group_open_http_svc/send_group_system_notification"


def dial(server: Server, **more) -> ClientConnection:
    return connect(f"{server.url}/gateway", compression=None, close_timeout=5, max_size=None, **more)


def call(peer: ClientConnection, method: str, **params) -> dict:
    peer.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}))
    while "id" not in (frame := json.loads(peer.recv(timeout=20))):
        pass
    return frame


def login(peer: ClientConnection, user: str) -> None:
    answer = call(peer, "login", sdkappid=SDKAPPID, identifier=user, usersig=usersig(user))
    assert "result" in answer, answer


def end(peer: ClientConnection) -> tuple[int, list[dict]]:
    """Read to the end; return the close code and what came before it."""
    frames = []
    try:
        while True:
            frames.append(json.loads(peer.recv(timeout=20)))
    except ConnectionClosed as closed:
        return closed.rcvd.code, frames


def room_of(server: Server, *users: str) -> str:
    members = [{"Member_Account": user} for user in users]
    made = server.rest("group_open_http_svc/create_group", Type="Public", Name="n", MemberList=members)
    assert made["ErrorCode"] == 0, made
    return made["GroupId"]


def metrics(server: Server) -> dict[str, float]:
    """Return the server's figures."""
    import urllib.request

    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=20) as page:
        lines = [line for line in page.read().decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def heard_until_last(peer: ClientConnection) -> int:
    """Return how many frames came before the last notice."""
    number = 0
    while json.loads(peer.recv(timeout=20)).get("params", {}).get("Content") != "last":
        number += 1
    return number


def narrow(server: Server) -> socket.socket:
    """Return a connected socket that takes little before it must be read."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 15)
    sock.connect(("127.0.0.1", server.port))
    return sock


def test_text_binary_and_parts_are_read_alike(server: Server):
    with dial(server) as peer:
        for frame in (
            PING,
            PING.encode(),
            [PING[:9], PING[9:20], PING[20:]],
            iter([PING.encode()[:30], PING.encode()[30:]]),
        ):
            peer.send(frame)
            answer = peer.recv(timeout=20)
            assert isinstance(answer, str)
            assert json.loads(answer)["result"]["ServerTime"] > 0


def test_a_ping_between_the_parts_of_a_text_is_answered(server: Server):
    with dial(server) as peer:

        def parts():
            yield PING[:9]
            assert peer.ping(b"here?").wait(20)
            yield PING[9:]

        peer.send(parts())
        assert json.loads(peer.recv(timeout=20))["id"] == 1


def test_many_frames_in_one_segment(server: Server):
    with dial(server) as peer, ThreadPoolExecutor(1) as reader:
        answers = reader.submit(lambda: [json.loads(peer.recv(timeout=20))["id"] for _ in range(2000)])
        for number in range(2000):
            peer.send(PING.replace("1,", f"{number},"))
        assert answers.result(30) == list(range(2000))


@pytest.mark.parametrize(("size", "code"), [(1 << 20, 4000), ((1 << 20) + 1, 1009)])
def test_the_largest_frame(server: Server, size: int, code: int):
    with dial(server) as peer:
        peer.send("x" * size)
        assert end(peer)[0] == code


def test_parts_count_together(server: Server):
    with dial(server) as peer:
        peer.send(["x" * (1 << 19), "x" * (1 << 19), "x"])
        assert end(peer)[0] == 1009


def test_a_text_that_is_not_utf8(server: Server):
    with dial(server) as peer:
        peer.send(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"\xff"}}', text=True)
        assert end(peer)[0] == 1007


def test_the_client_may_close_with_any_code(server: Server):
    with dial(server) as peer:
        login(peer, "sock-bye")
        peer.close(4321, "my own")
        assert (peer.close_code, peer.close_reason) == (4321, "my own")
    status = server.rest("openim/query_online_status", To_Account=["sock-bye"])
    assert status["QueryResult"][0]["Status"] == "Offline"


def test_a_frame_without_a_mask_is_against_the_protocol(server: Server):
    with dial(server) as peer:
        peer.socket.sendall(b"\x81\x02{}")
        assert end(peer)[0] == 1002


@pytest.mark.parametrize("path", ["/elsewhere", "/gateway/x"])
def test_elsewhere_there_is_no_gateway(server: Server, path: str):
    with pytest.raises(InvalidStatus) as refused, connect(f"{server.url}{path}"):
        pass
    assert refused.value.response.status_code == 403


def test_requests_before_the_handshake_leave_no_time_out_behind(server: Server):
    """A connection that was used for HTTP may become a WebSocket."""
    sock = socket.create_connection(("127.0.0.1", server.port))
    sock.sendall(b"POST /v4/x/y HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")
    assert b"ErrorCode" in sock.recv(65536)
    with connect(f"{server.url}/gateway", sock=sock, compression=None) as peer:
        peer.send(PING)
        assert json.loads(peer.recv(timeout=20))["id"] == 1


def test_who_does_not_read_is_ended_by_name_and_costs_nothing(server: Server):
    """The others hear everything, the server's memory stays, the reason waits for the slow one, and sync repairs."""
    with dial(server, sock=narrow(server)) as slow, dial(server) as quick:
        login(slow, "sock-slow")
        login(quick, "sock-quick")
        room = room_of(server, "sock-slow", "sock-quick")
        before = metrics(server)
        content, sent = "x" * 12000, 0
        with ThreadPoolExecutor(1) as reader:
            heard = reader.submit(heard_until_last, quick)
            while not metrics(server).get('qunzhu_session_ends_total{reason="slow"}', 0):
                for _ in range(20):
                    assert server.rest(TOLD, GroupId=room, Content=content)["ErrorCode"] == 0
                    sent += 1
                assert sent < 2000
            assert 1 << 20 < sent * len(content) < 16 << 20
            for _ in range(300):
                server.rest(TOLD, GroupId=room, Content=content)
            server.rest(TOLD, GroupId=room, Content="last")
            assert heard.result(30) >= sent + 300
        after = metrics(server)
        assert after["process_resident_memory_bytes"] - before["process_resident_memory_bytes"] < 8 << 20
        assert after["qunzhu_sessions"] == before["qunzhu_sessions"] - 1
        slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        code, frames = end(slow)
        assert code == 4004
        assert frames[-1]["params"] == {"Code": 4004, "Reason": "slow"}
        assert all(frame["params"].get("Content", content) == content for frame in frames[:-1])
        assert len(frames) < sent
    with dial(server) as again:
        login(again, "sock-slow")
        assert call(again, "sync", Groups={})["result"]["Groups"][room] >= 1


def test_pings_of_one_who_does_not_read_are_bounded_too(server: Server):
    slow = 'qunzhu_session_ends_total{reason="slow"}'
    before, sent = metrics(server).get(slow, 0), 0
    with narrow(server) as sock:
        sock.sendall(
            b"GET /gateway HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        assert sock.recv(1024).startswith(b"HTTP/1.1 101 ")
        while metrics(server).get(slow, 0) == before:
            sock.sendall((b"\x89\xfd" + bytes(4) + b"p" * 125) * 1000)
            sent += 1
            assert sent < 500


def test_an_upgrade_without_a_key_is_a_bad_request(server: Server):
    with socket.create_connection(("127.0.0.1", server.port)) as sock:
        sock.sendall(b"GET /gateway HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_a_stop_does_not_wait_for_who_does_not_read(tmp_path):
    server = Server(tmp_path)
    with dial(server, sock=narrow(server)) as slow, dial(server) as quick, dial(server) as stranger:
        login(slow, "sock-slow")
        login(quick, "sock-quick")
        room = room_of(server, "sock-slow")
        for _ in range(40):
            server.rest(TOLD, GroupId=room, Content="x" * 12000)
        began = time.monotonic()
        server.process.terminate()
        assert end(quick)[0] == 1012
        assert end(stranger)[0] == 1012
        assert server.process.wait(20) == 0
        assert time.monotonic() - began < 8
        server.process.stdout.close()


def test_over_tls(tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True,
    )  # fmt: skip
    server = Server(tmp_path, "--tls-cert", str(cert), "--tls-key", str(key))
    trust = ssl.create_default_context(cafile=str(cert))
    with connect(f"wss://localhost:{server.port}/gateway", ssl=trust, compression=None, max_size=None) as peer:
        login(peer, "sock-tls")
        made = call(peer, "create_group", Type="Public", Name="n")["result"]
        big = call(peer, "get_group_info", GroupIdList=[made["GroupId"]] * 50)
        assert len(big["result"]["GroupInfo"]) == 50
        assert call(peer, "logout")["result"] == {}
        assert end(peer)[0] == 4008
    assert server.stop() == 0


def test_what_was_pushed_and_dropped_is_counted(tmp_path):
    server = Server(tmp_path)
    with control(Home(Config(data=str(tmp_path / "data")))) as store:
        store.write_now(change_app, SDKAPPID, {}, {"messages_per_second": 1})
    time.sleep(2.5)  # a running server follows within a second
    with dial(server) as ann, dial(server) as bob:
        login(ann, "sock-ann")
        login(bob, "sock-bob")
        room = room_of(server, "sock-ann", "sock-bob")
        before = metrics(server)["qunzhu_deliveries_total"]
        body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hi"}}]
        sent = [
            server.rest("group_open_http_svc/send_group_msg", GroupId=room, Random=number, MsgBody=body)
            for number in range(30)
        ]
        dropped = sum(answer["MsgDropReason"] != "" for answer in sent)
        after = metrics(server)
    assert 0 < dropped < 30
    assert after['qunzhu_messages_dropped_total{priority="Normal"}'] == dropped
    assert after["qunzhu_deliveries_total"] - before == 2 * (30 - dropped)
    assert server.stop() == 0
