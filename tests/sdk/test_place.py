"""Where the server is, and whom the SDK trusts."""

from __future__ import annotations

import pytest

from qunzhu.tim import TimRender
from sdk.test_media import on_a_loop
from served import SDKAPPID, Server, usersig

NOBODY = "ws://127.0.0.1:9"
LONG = "longconnection_address_array"


def address(host: str, port: int, **more) -> dict:
    """Return a ServerAddress."""
    fields = {f"server_address_{key}": value for key, value in more.items()}
    return {"server_address_ip": host, "server_address_port": port, **fields}


async def ask(tim: TimRender, *long, **more) -> dict:
    """Name servers to the SDK."""
    info = {LONG: list(long), **more}
    request = {
        "request_internal_operation": "internal_operation_set_custom_server_info",
        "request_set_custom_server_info_param": info,
    }
    return await tim.callExperimentalAPI({"json_param": request, "user_data": "own"})


async def login(tim: TimRender, user: str = "alice") -> dict:
    """Log in after TIMInit."""
    assert await tim.TIMInit() == 0
    return await tim.TIMLogin({"userID": user, "userSig": usersig(user)})


@on_a_loop
async def test_the_server_that_was_named_last_of_all_goes_before_the_others(server: Server, monkeypatch):
    monkeypatch.setenv("QUNZHU_SERVER", NOBODY)
    assert (await login(TimRender(SDKAPPID)))["code"] == 9511
    tim = TimRender(SDKAPPID, NOBODY)
    answer = await ask(tim, address("127.0.0.1", server.port), server_public_key="any")
    assert answer["json_param"] == {"response_internal_operation": "internal_operation_set_custom_server_info"}
    assert (answer["code"], answer["user_data"]) == (0, "own")
    assert await tim.TIMInit({"server": NOBODY}) == 0
    assert (await login(tim))["code"] == 0
    await tim.TIMUninit()


@on_a_loop
async def test_the_environment_counts_where_nothing_else_is_said(server: Server, monkeypatch):
    monkeypatch.setenv("QUNZHU_SERVER", server.url)
    tim = TimRender(SDKAPPID)
    assert (await login(tim))["code"] == 0
    await tim.TIMUninit()
    assert (await login(TimRender(SDKAPPID, NOBODY)))["code"] == 9511


@on_a_loop
async def test_servers_are_tried_one_after_the_other(server: Server):
    tim = TimRender(SDKAPPID, NOBODY)
    assert (await ask(tim, address("127.0.0.1", 9), address("localhost", server.port), address("::1", 9)))["code"] == 0
    assert (await login(tim))["code"] == 0
    await tim.TIMUninit()
    assert (await ask(tim, address("127.0.0.1", 9), address("::1", 9, is_ipv6=True)))["code"] == 0
    assert (await login(tim))["code"] in {9511, 9508, 9512}  # 9508: a machine without IPv6


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (address("", 8140), -4, "server_address_ip: required"),
        (address("im.example.com", 0), -4, "server_address_port: required"),
        (address("im.example.com", 70000), -4, "1 to 65535"),
        (address("im.example.com", "8140"), -4, "server_address_port: must be int"),
        (address("im.example.com", 8140, is_quic=True), 7013, "QUIC"),
        (address("127.0.0.1", 8140, is_ipv6=True), -4, "no IPv6 address"),
        (address("im.example.com:81", 8140), -4, "is no host"),
        (address("ftp://im.example.com", 8140), -4, "is no host"),
        (address("ws://alice@im.example.com", 8140), -4, "is no host"),
        (address("[::1", 8140), -4, "is no host"),
    ],
)
@on_a_loop
async def test_addresses_that_are_none(wrong, code, said):
    tim = TimRender(SDKAPPID, NOBODY)
    answer = await ask(tim, wrong)
    assert (answer["code"], answer["json_param"], said in answer["desc"]) == (code, "", True), answer
    assert (await ask(tim, address("127.0.0.1", 9), shortconnection_address_array=[wrong]))["code"] == code
    assert (await ask(tim))["desc"] == f"{LONG}: required"


@on_a_loop
async def test_a_server_that_is_no_address_is_named_by_the_login():
    for tim in (TimRender(SDKAPPID, "ftp://example.com"), TimRender(SDKAPPID, "ws://127.0.0.1:port")):
        answer = await login(tim)
        assert (answer["code"], "server: " in answer["desc"] or "ort" in answer["desc"]) == (-4, True), answer
        assert await tim.TIMGetLoginStatus() == 3
        assert (await login(tim))["code"] == -4  # and not that a login is under way


@pytest.fixture
def secure(certificate, tmp_path):
    """Serve with a certificate that only its own file vouches for."""
    chain, key = certificate
    served = Server(tmp_path, "--tls-cert", str(chain), "--tls-key", str(key))
    yield served.url.replace("ws:", "wss:"), chain, served.port
    served.stop()


@on_a_loop
async def test_an_authority_is_trusted_by_connections_and_by_media(secure, tmp_path, monkeypatch):
    url, chain, port = secure
    assert "CERTIFICATE_VERIFY_FAILED" in (await login(TimRender(SDKAPPID, url)))["desc"]
    monkeypatch.setenv("QUNZHU_CA", str(chain))
    for tim in (TimRender(SDKAPPID, url), TimRender(SDKAPPID, NOBODY, ca=str(chain))):
        if tim._place.urls()[0].startswith("ws:"):
            monkeypatch.delenv("QUNZHU_CA")
            assert (await ask(tim, address("wss://127.0.0.1", port)))["code"] == 0
        assert (await login(tim))["code"] == 0
        (tmp_path / "f.txt").write_text("hello")
        elem = {"elem_type": 4, "file_elem_file_path": str(tmp_path / "f.txt")}
        sent = await tim.TIMMsgSendMessage(
            {"conv_id": "alice", "conv_type": 1, "params": {"message_elem_array": [elem]}}
        )  # fmt: skip
        assert sent["code"] == 0, sent
        [elem] = sent["json_param"]["message_elem_array"]
        assert elem["file_elem_url"].startswith("https://")
        asked = {"msg_download_elem_param_type": 1, "msg_download_elem_param_url": elem["file_elem_url"]}
        got = await tim.TIMMsgDownloadElemToPath({"params": asked, "path": str(tmp_path / "back")})
        assert (got["code"], (tmp_path / "back").read_text()) == (0, "hello"), got
        await tim.TIMUninit()


@on_a_loop
async def test_authorities_that_cannot_be_read(server: Server, tmp_path):
    (tmp_path / "none.pem").write_text("no certificate")
    for path, said in (
        (tmp_path / "missing.pem", "No such file"), (tmp_path / "none.pem", "holds no certificate"),
        (tmp_path, "Is a directory"), ("a\0b", "embedded null"),
    ):  # fmt: skip
        tim = TimRender(SDKAPPID, server.url)
        assert await tim.TIMInit({"ca": str(path)}) == 0
        answer = await tim.TIMLogin({"userID": "alice", "userSig": usersig("alice")})
        assert (answer["code"], answer["desc"].startswith("ca: ")) == (-4, True)
        assert said in answer["desc"], answer
    assert await TimRender().TIMInit({"ca": 1}) == -4
