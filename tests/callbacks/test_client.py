"""What posts callbacks: URL and signature, one connection for many, and a name for every way to fail."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qunzhu.core.ports import CallbackSettings
from qunzhu.push import callback_client
from qunzhu.push.addresses import forbidden
from qunzhu.push.callback_client import MAX_ANSWER, CallbackClient, CallbackFailed, sign
from receiver import ALLOW, Hang, Raw, http, receiving

COMMAND = "Group.CallbackBeforeSendMsg"
CAUSE = {"ClientIP": "203.0.113.7", "OptPlatform": "iOS"}
NOW = 1669872112


def settings(url: str, **more) -> CallbackSettings:
    return CallbackSettings(url=url, private=True, **more)


def post(*calls: CallbackSettings, body: bytes = b'{"A":1}', demo: bool = False):
    """Post one callback after another with one client; return the answers, a failure as it is."""

    async def run():
        client, answers = CallbackClient(1400000000, demo=demo), []
        for one in calls:
            try:
                answers.append(await client.post(one, COMMAND, body, CAUSE, now=NOW))
            except CallbackFailed as failed:
                answers.append(failed)
        await client.close()
        return answers

    return asyncio.run(run())


def fault(*args, **more) -> tuple[str, str]:
    """Post one callback, which must fail."""
    (failed,) = post(*args, **more)
    assert isinstance(failed, CallbackFailed), failed
    assert failed.fault in callback_client.FAULTS
    return failed.fault, failed.detail


def test_the_signature_is_that_of_the_published_example():
    assert sign("xxxxyyyy", NOW) == "17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061"


def test_a_callback_says_in_its_url_who_caused_it(receiver):
    assert post(settings(receiver.url)) == [ALLOW]
    (got,) = receiver.got
    assert (got.method, got.path, got.body) == ("POST", "/callback", {"A": 1})
    assert got.headers["content-type"] == "application/json"
    assert got.query == {
        "SdkAppid": "1400000000", "CallbackCommand": COMMAND, "contenttype": "json", "ClientIP": "203.0.113.7",
        "OptPlatform": "iOS",
    }  # fmt: skip


def test_with_a_token_the_url_is_signed(receiver):
    assert post(settings(receiver.url, token="xxxxyyyy")) == [ALLOW]
    query = receiver.got[0].query
    assert query["RequestTime"] == str(NOW)
    assert query["Sign"] == hashlib.sha256(f"xxxxyyyy{NOW}".encode()).hexdigest()


def test_connections_are_kept(receiver):
    assert post(*[settings(receiver.url)] * 5) == [ALLOW] * 5
    assert len({got.peer for got in receiver.got}) == 1


def test_what_may_no_longer_be_reached_is_not_reached_over_a_kept_connection(receiver):
    first, second = post(settings(receiver.url), CallbackSettings(url=receiver.url))
    assert first == ALLOW
    assert second.fault == "forbidden address"
    assert len(receiver.got) == 1


OK = b'{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":""}'


@pytest.mark.parametrize(
    ("answer", "named", "said"),
    [
        (Hang(), "timeout", "no answer within 0.3 s"),
        (http("500 Internal Server Error", OK), "status", "HTTP status 500"),
        (http("204 No Content", b""), "status", "HTTP status 204"),
        (http("302 Found", b"", "location: http://127.0.0.1:1/"), "status", "HTTP status 302"),
        (http("200 OK", b"yes"), "garbage", "not JSON"),
        (http("200 OK", b""), "garbage", "not JSON"),
        (http("200 OK", b"\xff\xfe"), "garbage", "not JSON"),
        (http("200 OK", b"[0]"), "garbage", "not a JSON object"),
        (http("200 OK", b"[" * 100_000), "garbage", "not JSON"),
        (http("200 OK", b" " * (MAX_ANSWER + 1)), "too large", f"over {MAX_ANSWER} bytes"),
        (Raw(b""), "closed", ""),
        (Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n" + OK), "closed", ""),
        (Raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "garbage", "not HTTP"),
        (Raw(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100_000), "garbage", "not HTTP"),
        (Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n" + OK, pause=0.05), "timeout", "no answer within 0.3 s"),
    ],
    ids=["hang", "500", "204", "302", "text", "empty", "binary", "array", "deep", "huge", "close", "cut", "ssh",
         "endless head", "trickle"],
)  # fmt: skip
@pytest.mark.usefixtures("soon")
def test_every_way_not_to_answer_has_a_name(receiver, answer, named, said):
    receiver.answer = answer
    start = time.monotonic()
    found, detail = fault(settings(receiver.url))
    assert found == named
    assert said in detail
    assert time.monotonic() - start < 1.5
    assert len(receiver.got) == 1


def test_a_redirect_is_not_followed(receiver):
    receiver.answer = http("307 Temporary Redirect", b"", f"location: {receiver.url}")
    assert fault(settings(receiver.url))[0] == "status"
    assert len(receiver.got) == 1


def test_a_port_where_nobody_listens_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        assert fault(settings(url))[0] == "connect"


def test_a_name_that_there_is_not_is_named():
    assert fault(settings("http://no-such-name.invalid/"))[0] in {"connect", "timeout"}


@pytest.mark.usefixtures("soon")
def test_a_server_that_does_not_understand_tls_is_named(receiver):
    url = receiver.url.replace("http:", "https:")
    assert fault(settings(url))[0] == "timeout"


@pytest.fixture
def certificate(tmp_path) -> Path:
    """Make a certificate of localhost, with its key in the same file."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine to make a certificate with")
    file = tmp_path / "localhost.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", file, "-out", f"{file}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return file


def test_a_certificate_must_be_trusted(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with receiving(tls=context) as receiver:
        url = receiver.url.replace("http://127.0.0.1", "https://localhost")
        named, detail = fault(settings(url))
        assert (named, receiver.got) == ("connect", [])
        assert "certificate" in detail.lower()
        code = (
            "import asyncio; from qunzhu.core.ports import CallbackSettings as S; from"
            " qunzhu.push.callback_client import CallbackClient as C; asyncio.run(C(1).post("
            f"S(url={url!r}, private=True), 'x', b'{{}}', {{}}, now=1))"
        )
        trusting = {**os.environ, "SSL_CERT_FILE": str(certificate)}
        done = subprocess.run([sys.executable, "-c", code], env=trusting, check=False, capture_output=True, text=True)
        assert len(receiver.got) == 1, done.stderr


ADDRESSES = {
    "127.0.0.1": "loopback", "127.8.9.10": "loopback", "::1": "loopback", "0.0.0.0": "unspecified",
    "::": "unspecified", "10.1.2.3": "private", "172.16.0.1": "private", "192.168.1.1": "private",
    "169.254.169.254": "link-local", "fe80::1": "link-local", "fe80::1%1": "link-local", "224.0.0.1": "multicast",
    "ff02::1": "multicast", "fc00::1": "private", "fd12::1": "private", "fec0::1": "private",
    "100.64.0.1": "reserved", "255.255.255.255": "private", "240.0.0.1": "private", "198.18.0.1": "private",
    "::ffff:127.0.0.1": "IPv4-mapped", "::ffff:8.8.8.8": "IPv4-mapped", "::127.0.0.1": "reserved",
    "2002:7f00:1::": "loopback", "2002:a9fe:a9fe::": "link-local", "64:ff9b::10.0.0.1": "private",
    "64:ff9b:1::1": "private", "2001:db8::1": "private", "2001:0:4136:e378:8000:63bf:3fff:fdd2": "private",
    "8.8.8.8": "", "2606:4700::1111": "", "64:ff9b::8.8.8.8": "", "2002:808:808::": "",
}  # fmt: skip


@pytest.mark.parametrize(("address", "sort"), ADDRESSES.items())
def test_addresses_inside_are_told_from_those_outside(address, sort):
    assert forbidden(address) == sort


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f000001", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]", "[::127.0.0.1]"]
)
def test_no_form_of_an_address_reaches_inside(receiver, host):
    named, detail = fault(CallbackSettings(url=f"http://{host}:{receiver.port}/"))
    assert named == "forbidden address"
    assert "callbacks may not go to" in detail
    assert receiver.connections == 0


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0", "0177.0.0.1"])
def test_unusual_forms_of_an_address_lead_nowhere(receiver, host):
    assert fault(CallbackSettings(url=f"http://{host}:{receiver.port}/"))[0] == "connect"
    assert receiver.connections == 0


@pytest.mark.usefixtures("soon")
def test_a_name_that_means_an_address_inside_is_refused_each_time_it_is_looked_up(receiver, monkeypatch):
    """The name's first address lies outside, where nobody answers; what it means after that lies inside."""
    found = [[("192.0.2.1", 80)], [("127.0.0.1", receiver.port)]]
    monkeypatch.setattr(callback_client, "NAMES_SECONDS", 0)

    def look_up(host, port, *_):
        assert host == "example.test"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in found.pop(0)]

    monkeypatch.setattr(callback_client.socket, "getaddrinfo", look_up)
    url = f"http://example.test:{receiver.port}/"
    monkeypatch.setattr("qunzhu.push.addresses.forbidden", lambda a: "" if a == "192.0.2.1" else forbidden(a))
    first, second = post(CallbackSettings(url=url), CallbackSettings(url=url))
    assert first.fault in {"timeout", "connect"}
    assert (second.fault, receiver.connections) == ("forbidden address", 0)


def test_the_demo_may_call_this_machine_and_no_other(receiver):
    assert post(CallbackSettings(url=receiver.url), demo=True) == [ALLOW]
    assert fault(CallbackSettings(url="http://169.254.169.254/"), demo=True)[0] == "forbidden address"


def test_a_server_without_callbacks_does_not_import_the_library():
    code = "import sys, qunzhu.app, qunzhu.cli.apps; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_one_callback_does_not_wait_for_another(receiver):
    receiver.answer = lambda got: Hang(1.0) if got.body["slow"] else ALLOW

    async def run():
        client = CallbackClient(1)
        slow = asyncio.create_task(client.post(settings(receiver.url), COMMAND, b'{"slow":1}', CAUSE, now=NOW))
        await asyncio.sleep(0.05)
        start = time.monotonic()
        await client.post(settings(receiver.url), COMMAND, b'{"slow":0}', CAUSE, now=NOW)
        passed = time.monotonic() - start
        await slow
        await client.close()
        return passed

    assert asyncio.run(run()) < 0.5
