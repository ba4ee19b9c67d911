"""The client's uploads and downloads: what comes of them, progress, links that are too old, and what can fail."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import create_default_context
from typing import TYPE_CHECKING

import pytest

from media.files import picture, size_of
from qunzhu.client import CallFailed, Client, Options, connect, open_websocket
from qunzhu.client.media import download, upload
from qunzhu.commands.media import RequestUpload
from served import SDKAPPID, Server, usersig

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MB = 1 << 20


def on_a_loop(test):
    """Make a test of a coroutine."""

    @functools.wraps(test)
    def run(*args, **fixtures):
        asyncio.run(test(*args, **fixtures))

    return run


@contextlib.asynccontextmanager
async def client_of(server: Server, user: str = "alice") -> AsyncIterator[Client]:
    """Give a client that is logged in."""
    async with await connect(server.url, SDKAPPID, user, usersig(user)) as client:
        yield client


async def failing(code: int, call) -> str:
    """Await what must fail with this code; return the text."""
    with pytest.raises(CallFailed) as fault:
        await call
    assert fault.value.code == code, fault.value.text
    return fault.value.text


@on_a_loop
async def test_there_and_back(server: Server, tmp_path):
    body = b"0123456789abcdef" * 65536 * 3
    source, place = tmp_path / "clip.mp4", tmp_path / "copy.mp4"
    source.write_bytes(body)
    up, down = [], []
    async with client_of(server) as alice, client_of(server, "bob") as bob:
        found = await upload(alice, source, "Video", lambda *step: up.append(step))
        assert found.Size == len(body)
        assert await download(bob, found.Url, place, lambda *step: down.append(step)) == len(body)
    assert place.read_bytes() == body
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "copy.mp4"}
    for steps in (up, down):
        assert len(steps) > 3
        assert steps == sorted(set(steps))
        assert {total for _, total in steps} == {len(body)}
        assert steps[-1] == (len(body), len(body))


@on_a_loop
async def test_an_image_from_memory(server: Server, tmp_path):
    body = picture(1000, 500)
    async with client_of(server) as client:
        found = await upload(client, body, "Image")
        assert found.ImageFormat == 1
        for one in found.ImageInfoArray:
            await download(client, one.URL, tmp_path / "shown")
            assert size_of((tmp_path / "shown").read_bytes()) == (one.Width, one.Height)


@pytest.mark.parametrize("name", ["clip.ogg", "no extension", "群.mp4", "line\nbreak", "a" * 250, "x.tar.gz"])
@on_a_loop
async def test_names_of_files(server: Server, tmp_path, name):
    """A name says the type where it suits the sort; what the server does not take in a name is replaced."""
    (tmp_path / name).write_bytes(b"x")
    async with client_of(server) as client:
        assert (await upload(client, tmp_path / name, "Video")).Size == 1


@on_a_loop
async def test_what_cannot_be_uploaded(server: Server, tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("no image")
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(28 * MB + 1)
    async with client_of(server) as client:
        assert "none" in await failing(7004, upload(client, tmp_path / "none", "File"))
        assert "29360129 bytes" in await failing(7005, upload(client, large, "Image"))
        await failing(7006, upload(client, tmp_path / "empty", "File"))
        await failing(7006, upload(client, b"", "File"))
        await failing(7007, upload(client, tmp_path, "File"))
        assert "JPEG" in await failing(6031, upload(client, tmp_path / "text", "Image"))
        await failing(114011, upload(client, b"x", "Movie"))
        await failing(114011, upload(client, b"x", "Sound", content_type="image/png"))
    await failing(6014, upload(client, b"x", "File"))


@on_a_loop
async def test_links_that_are_too_old(tmp_path):
    """Whoever got the message can still have the file: the client asks for a fresh link."""
    server = Server(tmp_path, "--media-link-seconds", "1")
    async with client_of(server) as alice, client_of(server, "bob") as bob:
        found = await upload(alice, b"still there", "File", name="n")
        await asyncio.sleep(2.2)
        assert await download(bob, found.Url, tmp_path / "n") == 11
        assert (tmp_path / "n").read_bytes() == b"still there"
    server.stop()


@on_a_loop
async def test_links_to_where_nobody_is(server: Server, tmp_path):
    """The sender reached the server under another address than the receiver does."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        async with client_of(server) as client:
            found = await upload(client, b"hello", "File")
            elsewhere = found.Url.replace(str(server.port), str(nobody.getsockname()[1]))
            assert await download(client, elsewhere, tmp_path / "n") == 5
            await failing(9511, download(client, elsewhere.replace(str(SDKAPPID), "1400000999"), tmp_path / "other"))
            await failing(9511, download(client, f"http://127.0.0.1:{nobody.getsockname()[1]}/x", tmp_path / "other"))
    assert not (tmp_path / "other").exists()


@on_a_loop
async def test_what_cannot_be_downloaded(server: Server, tmp_path):
    async with client_of(server) as client:
        link = await client.call(RequestUpload(Sort="File", Size=1))
        assert "no such file" in await failing(6009, download(client, link.Url, tmp_path / "n"))
        forged = link.Url.replace("k=", "k=x")
        assert "no such file" in await failing(6009, download(client, forged, tmp_path / "n")), "after a fresh link"
        for url in ("ftp://127.0.0.1/x", "nonsense", "http://[", "http://127.0.0.1:99999/", "http://127.0.0.1:x/"):
            await failing(6009, download(client, url, tmp_path / "n"))
        await failing(6009, download(client, f"http://127.0.0.1:{server.port}/media/é", tmp_path / "n"))
        found = await upload(client, b"x", "File")
        await failing(6022, download(client, found.Url, tmp_path / "no folder" / "n"))
        await failing(6022, download(client, found.Url, tmp_path))
    assert list(tmp_path.iterdir()) == []


class _Strange(BaseHTTPRequestHandler):
    """A server that is not ours: an image's URL may lead anywhere."""

    def do_GET(self) -> None:
        self.send_response(404 if self.path == "/404" else 200)
        if self.path == "/short":
            self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"some bytes")
        if self.path == "/still":
            self.server.hold.wait(30)

    def log_message(self, *args) -> None:
        """Say nothing."""


@pytest.fixture
def elsewhere():
    """Serve strange answers."""
    strange = ThreadingHTTPServer(("127.0.0.1", 0), _Strange)
    strange.hold = threading.Event()
    thread = threading.Thread(target=strange.serve_forever, args=(0.05,))
    thread.start()
    yield strange
    strange.hold.set()
    strange.shutdown()
    thread.join()
    strange.server_close()


@on_a_loop
async def test_files_of_other_servers(server: Server, tmp_path, elsewhere):
    base, steps = f"http://127.0.0.1:{elsewhere.server_port}", []
    async with client_of(server) as client:
        assert await download(client, f"{base}/x", tmp_path / "n", lambda *step: steps.append(step)) == 10
        assert steps == [(10, 0)], "it does not say how much there is"
        assert "10 of 100 bytes" in await failing(6009, download(client, f"{base}/short", tmp_path / "n2"))
        assert "404" in await failing(6009, download(client, f"{base}/404", tmp_path / "n2"))
    assert [path.name for path in tmp_path.iterdir()] == ["n"]


@on_a_loop
async def test_a_download_that_is_cancelled(server: Server, tmp_path, elsewhere):
    begun = asyncio.Event()
    async with client_of(server) as client:
        url = f"http://127.0.0.1:{elsewhere.server_port}/still"
        task = asyncio.create_task(download(client, url, tmp_path / "n", lambda *_: begun.set()))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(begun.wait(), 0.5)
        task.cancel()
        async with asyncio.timeout(5):
            with pytest.raises(asyncio.CancelledError):
                await task
    assert list(tmp_path.iterdir()) == []


@on_a_loop
async def test_an_upload_that_is_cancelled(server: Server):
    async with client_of(server) as client:
        begun = asyncio.Event()
        task = asyncio.create_task(upload(client, bytes(90 * MB), "File", lambda *_: begun.set()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await upload(client, b"after it", "File")).Size == 8


@on_a_loop
async def test_with_a_certificate_of_ones_own(certificate, tmp_path):
    chain, key = certificate
    server, trust = (
        Server(tmp_path, "--tls-cert", str(chain), "--tls-key", str(key)),
        create_default_context(cafile=chain),
    )
    url, options = server.url.replace("ws:", "wss:"), Options(dial=functools.partial(open_websocket, ssl=trust))
    async with await connect(url, SDKAPPID, "alice", usersig("alice"), options=options) as client:
        found = await upload(client, b"hello", "File", ssl=trust)
        assert found.Url.startswith(f"https://127.0.0.1:{server.port}/media/")
        assert await download(client, found.Url, tmp_path / "n", ssl=trust) == 5
        assert "certificate" in await failing(9508, download(client, found.Url, tmp_path / "other"))
    server.stop()


@on_a_loop
async def test_certificates_are_those_that_the_system_trusts(certificate, tmp_path, monkeypatch):
    chain, key = certificate
    server = Server(tmp_path, "--tls-cert", str(chain), "--tls-key", str(key))
    url = server.url.replace("ws:", "wss:")
    with pytest.raises(CallFailed, match="certificate") as raised:
        await connect(url, SDKAPPID, "alice", usersig("alice"))
    assert raised.value.code == 9508
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    async with await connect(url, SDKAPPID, "alice", usersig("alice")) as client:
        assert client.server_time() > 0
    server.stop()


@on_a_loop
async def test_a_callback_that_fails_does_no_harm(server: Server, caplog):
    async with client_of(server) as client:
        assert (await upload(client, b"x", "File", lambda *_: 1 / 0)).Size == 1
    assert "a progress callback failed" in caplog.text
