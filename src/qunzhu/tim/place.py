"""Where an SDK's server is, and whom it trusts there."""

import ipaddress
import os
import ssl
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from qunzhu.client import Options
from qunzhu.client.errors import CallFailed
from qunzhu.client.transport import Transport, gateway_url, open_websocket
from qunzhu.tim.convert import Json, WrongParameter, items, need, take
from qunzhu.tim.enums import TIMErrCode, TIMResult

DEFAULT_SERVER = "ws://127.0.0.1:8140"
LONG, SHORT = "longconnection_address_array", "shortconnection_address_array"
ADDRESS = "server_address_"


class Place:
    """The addresses that a login tries in turn, and the authority to trust.

    What ``callExperimentalAPI`` named counts first, then ``TIMInit``, the constructor, ``QUNZHU_SERVER`` and
    ``QUNZHU_CA``, and last this machine and the system's roots.
    """

    def __init__(self, server: str | None, ca: str | None) -> None:
        self._server = server or os.environ.get("QUNZHU_SERVER") or DEFAULT_SERVER
        self._ca = ca or os.environ.get("QUNZHU_CA") or ""
        self._custom: list[str] = []

    def change(self, given: Json) -> None:
        """Take ``server`` and ``ca`` of a parameter (-4 for another type)."""
        server, ca = take(given, "server", str), take(given, "ca", str)
        self._server = server or self._server
        self._ca = ca or self._ca

    def set_custom(self, info: Json) -> None:
        """Take the addresses of a ``CustomServerInfo``; -4 for a wrong one, 7013 for QUIC.

        Media comes from where the server says, and frames are not encrypted beyond ``wss``: short connections and the
        server's key are not needed.
        """
        take(info, "server_public_key", str)
        for item in items(info, SHORT):
            _url(item, SHORT)
        found = [_url(item, LONG) for item in items(info, LONG)]
        if not found:
            raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{LONG}: required")
        self._custom = found

    def urls(self) -> list[str]:
        """Return the gateways to try (-4 where the address of a server is none)."""
        try:
            return [gateway_url(server) for server in self._custom or [self._server]]
        except ValueError as fault:
            raise WrongParameter(TIMResult.TIM_ERR_PARAM, str(fault)) from None

    def options(self) -> Options:
        """Return how to connect (-4 where the authority cannot be read)."""
        trust = None if not self._ca else _trust(self._ca)
        return Options(dial=partial(_dial, self.urls(), trust), ssl=trust)


def _trust(path: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"ca: {path} holds no certificate in PEM form") from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"ca: {path}: {reason}") from None


async def _dial(urls: list[str], trust: ssl.SSLContext | None, url: str) -> Transport:
    """Connect to the first gateway that can be reached; where none can, fail as the last one did."""
    del url
    for one in urls[:-1]:
        try:
            return await _open(one, trust)
        except CallFailed:
            continue
    return await _open(urls[-1], trust)


async def _open(url: str, trust: ssl.SSLContext | None) -> Transport:
    return await open_websocket(url, ssl=trust if url.startswith("wss:") else None)


def _url(item: Json, key: str) -> str:
    """Return the URL of a ``ServerAddress``: ``ws``, unless the address begins with a scheme of its own."""
    if take(item, f"{ADDRESS}is_quic", bool, default=False):
        raise WrongParameter(TIMErrCode.ERR_SDK_INTERFACE_NOT_SUPPORT, f"{key}: {ADDRESS}is_quic: QUIC is not served")
    parts = _parts(need(item, f"{ADDRESS}ip", str), key)
    port = need(item, f"{ADDRESS}port", int)
    if not 0 < port < 65536:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: {ADDRESS}port: {port}, 1 to 65535 are ports")
    host = parts.hostname or ""
    if take(item, f"{ADDRESS}is_ipv6", bool, default=False) and not _is_ipv6(host):
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: {ADDRESS}ip: {host!r} is no IPv6 address")
    return gateway_url(parts._replace(netloc=f"[{host}]:{port}" if ":" in host else f"{host}:{port}").geturl())


def _parts(address: str, key: str) -> Any:
    """Return the parts of an address: a name, an IPv4 or IPv6 address, or a URL without a port (-4 for others)."""
    bare = f"[{address}]" if _is_ipv6(address) else address
    try:
        parts = urlsplit(bare if "//" in bare else f"ws://{bare}")
        gateway_url(parts.geturl())
        if parts.port is None and not parts.username:
            return parts
    except ValueError:
        pass
    text = f"{key}: {ADDRESS}ip: {address[:200]!r} is no host, such as im.example.com or wss://im.example.com"
    raise WrongParameter(TIMResult.TIM_ERR_PARAM, text)


def _is_ipv6(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).version == 6
    except ValueError:
        return False
