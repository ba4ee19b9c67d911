"""The only wiring: settings -> stores, hubs, doors; start and clean stop."""

import asyncio
import contextlib
import functools
import gc
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from types import FrameType
from typing import TYPE_CHECKING

import structlog
import uvicorn

import qunzhu.commands  # noqa: F401 - fills the command table
from qunzhu import __version__
from qunzhu.apps import (
    DEMO_SDKAPPID,
    Home,
)
from qunzhu.backend import Backend
from qunzhu.config import Config, ConfigError
from qunzhu.core.command import COMMANDS
from qunzhu.core.media import PREFIX as MEDIA
from qunzhu.core.ports import App
from qunzhu.edge.auth import Gatekeeper
from qunzhu.edge.console_sessions import PREFIX as CONSOLE
from qunzhu.edge.console_sessions import Sessions
from qunzhu.edge.direct import ApiProtocol
from qunzhu.edge.gateway import GatewayDoor
from qunzhu.edge.media import MediaDoor
from qunzhu.edge.pages import CONTROLS, Pages
from qunzhu.edge.rest import MAX_BODY, PREFIX, Receive, RestDoor, Scope, Send
from qunzhu.edge.sockets import SocketProtocol

if TYPE_CHECKING:
    from qunzhu.edge.console import ConsoleDoor
    from qunzhu.edge.double import DoubleDoor

log = structlog.get_logger("qunzhu")
STOP_SECONDS = 10
SWITCH_SECONDS = 0.00002
"""How long a thread that wants the interpreter waits for another: the default of 5 ms would be seen in latencies."""


class Application:
    """The ASGI application: /v4/ is REST, /media/ media, /console/ the console, the rest are pages.

    The gateway's sockets come to its door.
    """

    def __init__(self, backend: Backend) -> None:
        gatekeeper = Gatekeeper(backend.revoked_before)
        self.rest = RestDoor(backend, gatekeeper)
        self.gateway = GatewayDoor(backend, gatekeeper)
        self._media = MediaDoor(backend, backend.home.open_media(), backend.home.folder)
        self.sessions = Sessions(backend.revoked_before)
        """Of the console."""
        self._backend, self._gatekeeper = backend, gatekeeper
        self._pages = Pages(backend.answers, backend.ends, backend.tally, census=backend.census)
        self._double = self._controls(backend) if backend.controls else None

    def _controls(self, backend: Backend) -> "DoubleDoor":
        """Open the door of the controls, and have both other doors watched for the records."""
        from qunzhu.edge.double import DoubleDoor
        from qunzhu.edge.double_watch import DoubleWatch

        self.rest.watch = self.gateway.watch = DoubleWatch(backend)
        return DoubleDoor(backend, self.gateway.time_moved)

    @functools.cached_property
    def console(self) -> "ConsoleDoor":
        """Return the console's door, which is imported when somebody first comes to it."""
        from qunzhu.edge.console import ConsoleDoor

        return ConsoleDoor(self._backend, self._gatekeeper, self.rest, self.sessions, self._double)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a request to its door."""
        if scope["type"] == "http":
            path = scope["path"]
            await (self.rest if path.startswith(PREFIX) else self._beside(path))(scope, receive, send)

    def _beside(self, path: str) -> "Callable[[Scope, Receive, Send], Awaitable[None]]":
        if path == CONSOLE or path.startswith(f"{CONSOLE}/"):
            return self.console
        if path.startswith(MEDIA):
            return self._media
        if self._double is not None and (path == CONTROLS or path.startswith(f"{CONTROLS}/")):
            return self._double
        return self._pages


async def _prepare() -> None:
    """Make what reads requests, one command at a turn of the loop: a server listens before it is made."""
    for command in COMMANDS.values():
        command.prepare()
        await asyncio.sleep(0)


class _Server(uvicorn.Server):
    """uvicorn, with a clean stop of ours: signals end sessions first, and the process leaves with status 0.

    ``ready`` is printed once it listens.
    """

    def __init__(self, config: uvicorn.Config, backend: Backend, ready: str) -> None:
        super().__init__(config)
        self._backend = backend
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so on standard output."""
        await super().startup(sockets)
        sys.stdout.write(f"{self._ready}\n")
        sys.stdout.flush()
        self._preparing = asyncio.create_task(_prepare())

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop, name, None)
        yield

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._backend.end_sessions()
        self.handle_exit(number, frame)


def _bind(config: Config) -> socket.socket:
    host, port = config.address
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as fault:
        raise ConfigError(f"cannot listen on {config.listen}: {fault}; name another address with --listen") from None
    listener.listen(2048)
    listener.set_inheritable(True)
    return listener


async def serve(config: Config) -> None:
    """Serve until SIGTERM or SIGINT."""
    home = Home(config)
    with contextlib.closing(home.lock()):
        listener = _bind(config)
        backend = Backend(config)
        try:
            apps = await backend.prepare(demo=config.demo)
            port = listener.getsockname()[1]
            backend.address = url_at(config, port)
            application = Application(backend)
            ready = ready_line(config, port, apps)
            if (config.demo or config.console_link) and apps:
                ready += f"\nconsole {console_link(config, port, application, apps)}"
            server = _Server(_uvicorn(config, application), backend, ready)
            if config.controls and not config.demo:
                log.warning("controls are on: administrators of apps can delete and change everything in them")
            tending = asyncio.create_task(backend.tend())
            await server.serve(sockets=[listener])
            tending.cancel()
        finally:
            await backend.close()
            listener.close()
    log.info("stopped")


def _uvicorn(config: Config, application: Application) -> uvicorn.Config:
    class Http(ApiProtocol):
        direct = application.rest
        max_body = MAX_BODY

    class Gateway(SocketProtocol):
        __slots__ = ()
        door = application.gateway

    return uvicorn.Config(
        application, loop="none", http=Http, ws=Gateway, lifespan="off", log_config=None, access_log=False,
        server_header=False, date_header=False, proxy_headers=False, timeout_keep_alive=75,
        timeout_graceful_shutdown=STOP_SECONDS, ssl_certfile=config.tls_cert or None,
        ssl_keyfile=config.tls_key or None, h11_max_incomplete_event_size=65536,
    )  # fmt: skip


def url_at(config: Config, port: int) -> str:
    """Return the URL under which the server listens."""
    return config.url.rpartition(":")[0] + f":{port}"


def ready_line(config: Config, port: int, apps: list[App]) -> str:
    """Return the one line that says the server is ready: URL, app and admin."""
    url = url_at(config, port)
    if not apps:
        return f"qunzhu ready {url} version {__version__}; no app yet: make one with `qunzhu app create`"
    shown = ", ".join(f"app {app.sdkappid} admin {app.admins[0]}" for app in apps[:3])
    more = f" and {len(apps) - 3} more apps" if len(apps) > 3 else ""
    return f"qunzhu ready {url} {shown}{more}"


def console_link(config: Config, port: int, application: Application, apps: list[App]) -> str:
    """Return a link that signs an administrator in once: of the demo app where there is one, else of the first."""
    app = next((one for one in apps if one.sdkappid == DEMO_SDKAPPID), apps[0])
    code = application.sessions.link(app, app.admins[0], int(time.time()))
    return f"{config.public_url.rstrip('/') or url_at(config, port)}{CONSOLE}/#code={code}"


def run(config: Config) -> None:
    """Serve on uvloop where it is to be had."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # what is made per request is freed by count, so the collector finds little
    try:
        import uvloop
    except ImportError:
        asyncio.run(serve(config))
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(config))
