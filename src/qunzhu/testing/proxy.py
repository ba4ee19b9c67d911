"""An HTTP proxy that leads clients with a fixed host to a server here: ``python -m qunzhu.testing.proxy --to URL``.

It takes ``CONNECT host:443`` for the hosts it knows and nothing else, so that nothing meant for a test leaves the
machine. TLS is the server's: its certificate has to name those hosts (`qunzhu cert`).
"""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

import click

from qunzhu.authority import REFERENCE_HOSTS

MOST_HEAD = 65536
HEAD_SECONDS = 10.0
PIECE = 65536
Address = tuple[str, int]


class Proxy:
    """Relays what comes for some hosts to one address."""

    def __init__(self, to: Address, hosts: Sequence[str]) -> None:
        self._to = to
        self._hosts = frozenset(host.lower() for host in hosts)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with contextlib.suppress(ConnectionError):
            try:
                status = await self._open(reader, writer)
                if status:
                    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                    await writer.drain()
            finally:
                writer.close()

    async def _open(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        """Relay a connection, or return with which status it is refused."""
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            return "400 Bad Request"
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) != 3 or words[0] != "CONNECT":
            return "405 Method Not Allowed"
        if words[1].rpartition(":")[0].lower() not in self._hosts:
            return "403 Forbidden"
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to)
        except OSError:
            return "502 Bad Gateway"
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_relay(reader, far_writer), _relay(far_reader, writer))
        return ""


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until it ends, then say that it ended."""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()


async def _run(listen: Address, proxy: Proxy) -> None:
    served = await asyncio.start_server(proxy.serve, *listen, limit=MOST_HEAD)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    host, port = served.sockets[0].getsockname()[:2]
    sys.stdout.write(f"proxy ready http://{f'[{host}]' if ':' in host else host}:{port}\n")
    sys.stdout.flush()
    await stop.wait()
    served.close()


def _address(text: str) -> Address:
    parts = urlsplit(text if "//" in text else f"//{text}")
    if not parts.hostname or parts.port is None:
        raise click.BadParameter(f"{text!r} has no host and port")
    return parts.hostname, parts.port


@click.command()
@click.option("--to", required=True, metavar="URL", help="The server, such as https://127.0.0.1:8140.")
@click.option("--listen", default="127.0.0.1:8141", show_default=True, metavar="HOST:PORT", help="Where clients come.")
@click.option("--host", "hosts", multiple=True, metavar="NAME",
              help="A host that leads there, beside the reference service's. Repeat for more.")  # fmt: skip
def main(to: str, listen: str, hosts: tuple[str, ...]) -> None:
    """Lead HTTPS clients of the reference service's hosts to a server here, as HTTPS_PROXY."""
    asyncio.run(_run(_address(listen), Proxy(_address(to), (*REFERENCE_HOSTS, *hosts))))


if __name__ == "__main__":
    main()
