"""Which network addresses an app's callbacks may not go to, so that nobody can reach inside with them."""

import ipaddress
import socket
from ipaddress import IPv4Address, IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.ip_network("64:ff9b:1::/48")
_IPV4_BITS = 0xFFFFFFFF


MAY_NOT = "callbacks may not go to"
"""Marks the fault of a forbidden address: of several addresses' faults, the connector keeps the texts only."""


def forbidden(address: str) -> str:
    """Return what forbids an address, such as ``loopback``; empty where nothing does.

    An IPv6 address that stands for an IPv4 one (6to4, NAT64) is as good as that one is; a mapped one is refused always.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return "IPv4-mapped"
        if (inner := _inner(ip)) is not None:
            return _sort(inner)
    return _sort(ip)


def _inner(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that a gateway would make of an IPv6 one."""
    if ip in _NAT64:
        return IPv4Address(int(ip) & _IPV4_BITS)
    return ip.sixtofour


def _sort(ip: IPv4Address | IPv6Address) -> str:
    sorts = (
        ("unspecified", ip.is_unspecified), ("loopback", ip.is_loopback), ("link-local", ip.is_link_local),
        ("multicast", ip.is_multicast), ("private", _private(ip)), ("reserved", ip.is_reserved or not ip.is_global),
    )  # fmt: skip
    return next((name for name, is_so in sorts if is_so), "")


def _private(ip: IPv4Address | IPv6Address) -> bool:
    local = isinstance(ip, IPv6Address) and (ip.is_site_local or ip in _LOCAL_NAT64)
    return ip.is_private or local


class Sockets:
    """Makes the sockets of connections: asked for each one, after the look-up, so no name can be turned later."""

    def __init__(self, *, private: bool, loopback: bool) -> None:
        self._private = private
        self._loopback = loopback

    def make(self, info: "tuple[int, int, int, str, tuple[str | int, ...]]") -> socket.socket:
        """Return a socket for an address, or refuse it as if it could not be reached."""
        family, kind, protocol, _, place = info
        address = str(place[0])
        sort = "" if self._private else forbidden(address)
        if sort and not (self._loopback and sort == "loopback"):
            raise OSError(f"{MAY_NOT} {address}: {sort}")
        return socket.socket(family, kind, protocol)
