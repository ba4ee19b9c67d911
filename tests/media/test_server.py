"""Media on a real server: sockets, a kill in the middle, what is kept in memory, and a store that is away."""

from __future__ import annotations

import asyncio
import http.client
import re
import signal
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from media.files import Files, picture
from qunzhu.cli import doctor
from qunzhu.client import connect
from qunzhu.commands.media import RequestUpload, UploadAllowed
from qunzhu.config import Config, ConfigError, load_config
from qunzhu.core.media import MediaRules
from served import SDKAPPID, Server, usersig
from wire.doors import Door

MB = 1 << 20


def allowed(server: Server, size: int, sort: str = "File") -> UploadAllowed:
    """Ask for leave to upload."""

    async def ask() -> UploadAllowed:
        async with await connect(server.url, SDKAPPID, "alice", usersig("alice")) as client:
            return await client.call(RequestUpload(Sort=sort, Size=size))

    return asyncio.run(ask())


def begun(url: str, length: int, *more: str) -> socket.socket:
    """Connect and send the head of an upload."""
    parts = urlsplit(url)
    opened = socket.create_connection((parts.hostname, parts.port), timeout=20)
    head = [f"PUT {parts.path}?{parts.query} HTTP/1.1", "Host: x", f"Content-Length: {length}", *more, "", ""]
    opened.sendall("\r\n".join(head).encode())
    return opened


def sent(method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Send a request; return status and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    connection.request(method, f"{parts.path}?{parts.query}", body)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def media_of(server: Server) -> Path:
    """Return the folder of the app's media."""
    return server.folder / "data" / "apps" / str(SDKAPPID) / "media"


def test_a_kill_in_the_middle_leaves_nothing_to_be_seen(tmp_path):
    server = Server(tmp_path)
    link, body = allowed(server, 3 * MB), b"a" * (3 * MB)
    opened = begun(link.UploadUrl, len(body))
    opened.sendall(body[: 2 * MB])
    gathering = media_of(server) / "incoming" / link.UUID / "original"
    deadline = time.monotonic() + 20
    while not (gathering.exists() and gathering.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    server.stop(signal.SIGKILL)
    opened.close()
    assert gathering.exists()
    server.start()
    assert not gathering.exists(), "the next start clears away what was under way"
    assert sent("GET", link.Url)[0] == 404
    assert sent("PUT", link.UploadUrl, body)[0] == 200, "the link was not used up"
    server.stop(signal.SIGKILL)
    server.start()
    assert sent("GET", link.Url) == (200, body)
    assert sent("PUT", link.UploadUrl, body)[0] == 409
    assert server.stop() == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Serve to the tests below."""
    served = Server(tmp_path_factory.mktemp("server"))
    yield served
    served.stop()


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells it")


@needs_proc
def test_a_file_does_not_go_through_memory(server: Server):
    def peak() -> int:
        status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) // 1024

    link, body = allowed(server, 90 * MB), b"b" * (90 * MB)
    before = peak()
    assert sent("PUT", link.UploadUrl, body)[0] == 200
    assert sent("GET", link.Url) == (200, body)
    assert peak() - before < 30, "megabytes more than before"


def test_an_app_that_stops_in_the_middle_is_answered_nothing(server: Server):
    link = allowed(server, MB)
    with begun(link.UploadUrl, MB) as opened:
        opened.sendall(b"c" * 1000)
    time.sleep(0.3)
    assert not (media_of(server) / "incoming" / link.UUID).exists()
    assert sent("GET", link.Url)[0] == 404


def test_links_begin_with_the_address_that_the_session_asked(server: Server):
    for host in ("127.0.0.1", "localhost"):

        async def ask(host: str = host) -> UploadAllowed:
            url = f"ws://{host}:{server.port}"
            async with await connect(url, SDKAPPID, "alice", usersig("alice")) as client:
                return await client.call(RequestUpload(Sort="File", Size=1))

        link = asyncio.run(ask())
        assert link.Url.startswith(f"http://{host}:{server.port}/media/{SDKAPPID}/")
        assert link.UploadUrl.startswith(f"http://{host}:{server.port}/media/{SDKAPPID}/")


def test_leave_to_send(server: Server):
    """Expect: 100-continue spares a client the body of a request that is refused."""
    link = allowed(server, 5)
    with begun(link.UploadUrl, 5, "Expect: 100-continue") as opened:
        assert opened.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n")
        opened.sendall(b"hello")
        assert opened.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
    with begun(link.UploadUrl, 5, "Expect: 100-continue") as opened:
        answer = b""
        while part := opened.recv(4096):
            answer += part
        assert answer.startswith(b"HTTP/1.1 409 Conflict\r\n"), "and then the connection ends"


def test_a_refused_upload_does_not_harm_the_connection(server: Server):
    link = allowed(server, 100)
    parts = urlsplit(link.UploadUrl)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    for length, status in ((3 * MB, 413), (99, 400), (100, 200), (100, 409)):
        connection.request("PUT", f"{parts.path}?{parts.query}", b"d" * length)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


@needs_proc
def test_pillow_comes_with_the_first_image(server: Server):
    def loaded() -> bool:
        return "PIL" in Path(f"/proc/{server.process.pid}/maps").read_text(encoding="utf-8")

    assert not loaded()
    body = picture(400, 400)
    assert sent("PUT", allowed(server, len(body), "Image").UploadUrl, body)[0] == 200
    assert loaded()


class TestAStoreThatIsAway:
    def test_uploads_and_downloads(self, tmp_path, s3_settings):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # bound, but not listening
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            door = Door(tmp_path, **s3_settings(media_s3_endpoint=url))
            files = Files(door)
            link = files.allow(b"x")
            for answer in (files.get(link["Url"]), files.put(link["UploadUrl"], b"x")):
                assert (answer.status, answer.code) == (503, 114004)
                assert "127.0.0.1" not in answer.json["ErrorInfo"]
            files.close()
            door.close()

    def test_an_app_is_erased_once_it_is_back(self, tmp_path, s3_settings):
        from qunzhu.apps import erased_apps, mark_erased

        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            settings = s3_settings()
            door = Door(tmp_path, **{**settings, "media_s3_endpoint": url})
            door.run(door.backend._control.write(mark_erased, SDKAPPID))
            door.run(door.backend._tend_once())
            assert door.run(door.backend._control.read(erased_apps)) == [SDKAPPID]
            door.close()
        door = Door(tmp_path, **settings)
        assert door.run(door.backend._control.read(erased_apps)) == []
        door.close()


class TestDoctor:
    def test_a_store_that_works(self, tmp_path, s3_settings):
        config = Config(data=str(tmp_path / "data"), **s3_settings())
        assert doctor.media(config).state == "ok"
        assert doctor.media(config).state == "ok", "it leaves nothing behind that would be in its way"
        assert doctor.media(Config()).found == "in the data folder"
        assert not (tmp_path / "data").exists()

    @pytest.mark.parametrize("changes", [
        {"media_s3_endpoint": "http://127.0.0.1:1"}, {"media_store": "s3://there-is-no-such-bucket"},
    ])  # fmt: skip
    def test_a_store_that_does_not(self, tmp_path, s3_settings, changes):
        found = doctor.media(Config(data=str(tmp_path), **s3_settings(**changes)))
        assert (found.state, found.advice) == ("fail", "look at the settings media_store and media_s3_*")


class TestSettings:
    def test_rules(self):
        config = load_config({"public_url": "https://im.example.com/", "media_image_mb": 1, "media_link_seconds": 60},
                             None, {"QUNZHU_MEDIA_UPLOAD_SECONDS": "5"})  # fmt: skip
        assert config.media == MediaRules(
            public_url="https://im.example.com", image_bytes=MB, link_seconds=60, upload_seconds=5
        )
        assert Config().media == MediaRules()

    @pytest.mark.parametrize(("fields", "words"), [
        ({"public_url": "https://x/chat"}, "public_url"), ({"public_url": "im.example.com"}, "public_url"),
        ({"public_url": "ftp://x"}, "public_url"),
        ({"public_url": "https://x/?a=b"}, "public_url"), ({"media_image_mb": 0}, "media_image_mb: 0, at least 1"),
        ({"media_link_seconds": -1}, "media_link_seconds: -1"), ({"media_image_pixels": 0}, "media_image_pixels"),
        ({"media_store": "/srv"}, "media_store"), ({"media_store": "s3://"}, "media_store"),
        ({"media_store": "s3://UPPER"}, "media_store"), ({"media_store": "s3://bucket"}, "media_s3_key"),
        ({"media_store": "s3://bucket", "media_s3_key": "k"}, "media_s3_secret"),
        ({"media_s3_endpoint": "127.0.0.1:9000"}, "media_s3_endpoint"),
    ])  # fmt: skip
    def test_what_cannot_be(self, fields, words):
        with pytest.raises(ConfigError) as fault:
            load_config(fields, None, {})
        assert words in str(fault.value)

    def test_the_address_of_the_settings_comes_first(self, tmp_path):
        door = Door(tmp_path, public_url="https://im.example.com")
        files = Files(door)
        found = files.allow(b"x")
        assert found["Url"].startswith("https://im.example.com/media/1400000000/")
        files.close()
        door.close()
