"""Servers for tests: one of one's own, in a process beside the tests, or one that runs already."""

import contextlib
import itertools
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qunzhu.testing.calls import Closing
from qunzhu.testing.double import Double
from qunzhu.testing.process import Process, ServerFailed

__all__ = ["RunningServer", "Server", "ServerFailed"]

MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there has a name of its own that nobody else may open
ROOM_BYTES = 256 << 20
"""So much memory must be free for the folder to be there."""
FIRST_SDKAPPID = 1_400_000_001
SHARED_FIRST, SHARED_NUMBERS = 1_500_000_000, 600_000_000
"""Numbers of apps on a server that others use as well are drawn from these, so that no two draw the same."""


class Apps:
    """Makes apps in a data folder, and has them erased.

    A number is never given twice: for a second after an app is erased, the server knows that it is not there.
    """

    def __init__(self, folder: Path, first: int) -> None:
        self._folder = folder
        self._numbers = itertools.count(first)

    def make(self, values: Mapping[str, Any]) -> tuple[int, str, str]:
        """Return number, key and first administrator of a new app."""
        import msgspec

        from qunzhu.apps import DEMO_ADMIN, create_app
        from qunzhu.core.ports import App, AppSettings

        inner = {name: value for name, value in values.items() if name in AppSettings.__struct_fields__}
        outer = {name: value for name, value in values.items() if name not in inner}
        if unknown := sorted(set(outer) - {"name", "plan", "admins", "key", "sdkappid"}):
            raise TypeError(f"an app has no {', '.join(unknown)}")
        given: dict[str, Any] = {
            "name": "", "plan": "open", "admins": (DEMO_ADMIN,), "key": None, "sdkappid": next(self._numbers),
            "now": int(time.time()), **outer, "settings": msgspec.convert(inner, AppSettings),
        }  # fmt: skip
        made: App = self._write(lambda tx: create_app(tx, **given | {"admins": tuple(given["admins"])}))
        return made.sdkappid, made.key, made.admins[0]

    def erase(self, sdkappid: int) -> None:
        """Take an app out of service; the server removes its data within a second or so."""
        from qunzhu.apps import mark_erased

        self._write(mark_erased, sdkappid)

    def _write(self, change: Any, *args: Any) -> Any:
        """Write with a store that is open for this alone: no threads or locks stay in the tests' process."""
        from qunzhu.apps import Home
        from qunzhu.config import Config

        home = Home(Config(data=str(self._folder)))
        if not home.exists():
            raise FileNotFoundError(f"{self._folder} is not the data folder of a server that keeps its apps there")
        with contextlib.closing(home.open_control()) as store:
            return store.write_now(change, *args)


class Server(Closing):
    """A server of one's own: a process on a free port of loopback, data in a temporary folder, in memory if it can be.

    ``https=True`` serves HTTPS with a local authority (extra ``testing``), for ``localhost``, ``127.0.0.1``, ``::1``,
    the reference service's hosts and ``hosts``, and starts a proxy that leads clients of those hosts here.
    ``settings`` are those of `qunzhu serve` by name. Raises ``ServerFailed`` if it does not start.
    """

    def __init__(
        self, *, https: bool = False, hosts: tuple[str, ...] = (), controls: bool = True,
        settings: Mapping[str, object] | None = None,
    ) -> None:  # fmt: skip
        self.folder = Path(tempfile.mkdtemp(prefix="qunzhu-", dir=_memory()))
        self.ca: str | None = None
        self.proxy: str | None = None
        self._processes: list[Process] = []
        try:
            given = {"data": self.folder / "data", "listen": "127.0.0.1:0", "controls": str(controls).lower()}
            given |= self._certificate(hosts) if https else {}
            self.url = self._start(given | dict(settings or {}))
            if https:
                self.proxy = self._start_proxy(hosts)
        except BaseException:
            self.close()
            raise
        self._apps = Apps(self.folder / "data", FIRST_SDKAPPID)

    def _certificate(self, hosts: tuple[str, ...]) -> dict[str, object]:
        from qunzhu.authority import REFERENCE_HOSTS, make_certificate

        made = make_certificate(self.folder / "tls", (*REFERENCE_HOSTS, *hosts))
        self.ca = str(made.ca)
        return {"tls_cert": made.cert, "tls_key": made.key}

    def _start(self, settings: Mapping[str, object]) -> str:
        environ = {f"QUNZHU_{name.upper()}": str(value) for name, value in settings.items()}
        process = Process(("qunzhu", "serve"), self.log, environ | {"QUNZHU_TETHERED_FOLDER": str(self.folder)})
        self._processes.append(process)
        import qunzhu.apps  # noqa: F401 - what makes apps takes time to import, and the server takes time to start

        return process.ready().split()[2]

    def _start_proxy(self, hosts: tuple[str, ...]) -> str:
        words = ["qunzhu.testing.proxy", "--listen", "127.0.0.1:0", "--to", self.url]
        for host in hosts:
            words += ["--host", host]
        self._processes.append(Process(words, self.log, {}))
        return self._processes[-1].ready().split()[2]

    @property
    def log(self) -> Path:
        """Return the file with what the server logged."""
        return self.folder / "log"

    @property
    def pid(self) -> int:
        """Return the server's process id."""
        return self._processes[0].pid

    def app(self, **values: Any) -> Double:
        """Make an app and return it; it is erased when it is closed.

        Values are those of `qunzhu app create` by the names of ``App`` and ``AppSettings``: name, plan, admins, key,
        group_fields, messages_per_second ...
        """
        sdkappid, key, admin = self._apps.make(values)
        return Double(
            self.url, sdkappid, key, admin, ca=self.ca, proxy=self.proxy, at_close=lambda: self._apps.erase(sdkappid)
        )

    def close(self) -> None:
        """End the server and remove its folder."""
        while self._processes:
            self._processes.pop().stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class RunningServer(Closing):
    """A server that runs already, with ``controls`` on.

    With its data folder on this machine every app is a new one; otherwise the app that is named is reset instead.
    """

    def __init__(self, app: Double, data: str | os.PathLike[str] | None = None) -> None:
        self._app = app
        self.url = app.url
        first = SHARED_FIRST + secrets.randbelow(SHARED_NUMBERS)
        self._apps = Apps(Path(data), first) if data is not None else None

    def app(self, **values: Any) -> Double:
        """Make an app, or reset the one there is; see ``Server.app`` for the values of a new one."""
        apps, one = self._apps, self._app
        if apps is not None:
            sdkappid, key, admin = apps.make(values)
            return Double(self.url, sdkappid, key, admin, ca=one.ca, at_close=lambda: apps.erase(sdkappid))
        if values:
            raise TypeError(f"{', '.join(values)}: an app of a server elsewhere stays as it is; name its data folder")
        one.reset()
        return Double(one.url, one.sdkappid, one.key, one.admin, ca=one.ca)


def _memory() -> str | None:
    """Return a folder in memory, or None where there is none with room."""
    try:
        found = os.statvfs(MEMORY)
    except OSError:
        return None
    return str(MEMORY) if os.access(MEMORY, os.W_OK) and found.f_bavail * found.f_frsize >= ROOM_BYTES else None
