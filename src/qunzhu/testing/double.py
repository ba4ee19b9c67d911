"""One app on a server for tests: what a back end needs to reach it, calls, and the double's controls."""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from qunzhu.core.reference import REFERENCE
from qunzhu.core.token import DEFAULT_EXPIRE, make_usersig
from qunzhu.testing.calls import Caller, Closing, NoAnswer
from qunzhu.testing.controls import Clock, Faults, Record, Seed, seed_body

_SERVICES = {command: service for service, commands in REFERENCE.items() for command in commands}
NOT_FOUND = 404
LASTING = 50 * 365 * 86400
"""For how long the signatures of our own calls hold, in seconds: longer than a test moves its clock."""


class Double(Closing):
    """An app: where it is, who its administrator is, and what a test may do to it.

    ``rest`` calls the server API as the administrator. The controls need a server that has them on: ``clock``,
    ``faults`` and ``record`` are objects of their own, the others methods. A refusal raises ``CallRefused``, a server
    that does not answer ``NoAnswer``.
    """

    def __init__(
        self, url: str, sdkappid: int, key: str, admin: str = "administrator", *, ca: str | None = None,
        proxy: str | None = None, at_close: Callable[[], object] | None = None,
    ) -> None:  # fmt: skip
        self.url = url.rstrip("/")
        self.sdkappid = sdkappid
        self.key = key
        self.admin = admin
        self.ca = ca
        self.proxy = proxy
        self._at_close = at_close
        self._caller = Caller(self.url, ca)
        self.clock = Clock(self._control)
        self.faults = Faults(self._control)
        self.record = Record(self._control, self._read)

    @property
    def ws_url(self) -> str:
        """Return the gateway's address, for SDKs of users."""
        return f"ws{self.url.removeprefix('http')}"

    def usersig(self, user: str | None = None, expire: int = DEFAULT_EXPIRE) -> str:
        """Return a UserSig of a user, or of the administrator, that holds for ``expire`` seconds of the app's clock."""
        return make_usersig(self.key, self.sdkappid, user or self.admin, now=int(self.clock.now()), expire=expire)

    def rest(self, command: str, /, *, ok: bool = True, **fields: Any) -> dict[str, Any]:
        """Call the server API as the administrator, and return the reply.

        The command is ``service/name``, or the name alone where the documentation has it. With ``ok=False`` a refusal
        is returned as it is instead of raised.
        """
        path = command if "/" in command else f"{_SERVICES.get(command, 'unknown')}/{command}"
        if path.startswith("unknown/"):
            raise ValueError(f"command: there is no {command!r}")
        return self._caller.reply("POST", f"/v4/{path}?{self._query()}", path, json.dumps(fields).encode(), ok=ok)

    @property
    def environ(self) -> dict[str, str]:
        """Return environment variables with which common clients come here, once they are set for their process.

        ``QUNZHU_*`` for our command line, the Python SDK and the C library; with HTTPS those that name the authority to
        OpenSSL, requests, curl and Node, and ``HTTPS_PROXY`` for clients whose host is fixed.
        """
        found = {
            "QUNZHU_URL": self.url, "QUNZHU_SERVER": self.ws_url, "QUNZHU_APP": str(self.sdkappid),
            "QUNZHU_KEY": self.key, "QUNZHU_ADMIN": self.admin,
        }  # fmt: skip
        if self.ca is not None:
            names = ("QUNZHU_CA", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
            found |= dict.fromkeys(names, self.ca)
        if self.proxy is not None:
            found |= {"HTTPS_PROXY": self.proxy, "https_proxy": self.proxy, "NO_PROXY": "localhost,127.0.0.1,::1"}
        return found

    def reset(self, keep: Sequence[str] = ()) -> None:
        """Empty the app: accounts, groups and messages go, sessions end; clock and faults too unless they are kept."""
        self._control("reset", keep=list(keep))
        if "clock" not in keep:
            self.clock.forget()

    def snapshot(self, name: str = "default") -> None:
        """Keep all data of the app under a name."""
        self._control("snapshot", name=name)

    def restore(self, name: str = "default") -> None:
        """Put all data back as it was under a name; sessions end, the clock stays."""
        self._control("restore", name=name)

    def cut(self, **whom: Any) -> int:
        """End sessions, all or those of ``user`` or ``platform``, with the gateway's ``code``; return how many."""
        ended: int = self._control("cut", **whom)["ended"]
        return ended

    def seed(self, data: Seed) -> dict[str, int]:
        """Load accounts, groups, members and messages, and return how many of each sort were made.

        A mapping, or a path to a file in JSON or YAML.
        """
        made: dict[str, int] = self._ask("POST", "seed", seed_body(data))["made"]
        return made

    def controls(self) -> dict[str, Any]:
        """Return what is set now: clock, faults, pushes, record, snapshots."""
        return self._ask("GET", "", b"")

    def close(self) -> None:
        """Give the app back; one that was made for a test is erased."""
        at_close, self._at_close = self._at_close, None
        if at_close is not None:
            at_close()

    def __repr__(self) -> str:
        return f"<Double {self.url} app {self.sdkappid}>"

    def _query(self) -> str:
        sig = make_usersig(self.key, self.sdkappid, self.admin, now=int(time.time()), expire=LASTING)
        query = {"sdkappid": self.sdkappid, "identifier": self.admin, "usersig": sig, "random": 0}
        return urlencode(query | {"contenttype": "json"}, quote_via=quote)

    def _control(self, name: str, /, **fields: Any) -> dict[str, Any]:
        return self._ask("POST", name, json.dumps(fields).encode())

    def _ask(self, method: str, name: str, body: bytes) -> dict[str, Any]:
        path = f"/double/{name}".rstrip("/")
        try:
            return self._caller.reply(method, f"{path}?{self._query()}", path, body)
        except NoAnswer as fault:
            if fault.status != NOT_FOUND:
                raise
            raise NoAnswer(f"{self.url} has no controls: start it with `qunzhu serve --controls`", NOT_FOUND) from None

    def _read(self, name: str, /, **fields: Any) -> bytes:
        return self._caller.call("POST", f"/double/{name}?{self._query()}", json.dumps(fields).encode())
