"""Proof that the load generator is not the bottleneck: the same load against a server that does nothing.

The fixed-reply server reads what is there and answers with the same bytes each time: no parsing, no JSON, no storage.
The rate against it is a lower bound of what the generator can do on this machine (the server may be the slower one).
The second half of the proof is taken in every real run: the generator's share of one core. Well under 1.0, it waits for
the server and not the other way round.
"""

import multiprocessing
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from bench.target import Target, accounts, create_job

BODY = b'{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0,"GroupId":"@TGS#0000000000000"}'
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


def serve(ready: Connection) -> None:
    """Answer every request on a loopback port with the same reply, until the process is ended."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    poll, clients = select.epoll(), {listener.fileno(): listener}
    poll.register(listener.fileno(), select.EPOLLIN)
    ready.send(listener.getsockname()[1])
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                _accept(listener, poll, clients)
            else:
                _answer(clients, number)


def _accept(listener: socket.socket, poll: select.epoll, clients: dict[int, socket.socket]) -> None:
    client, _ = listener.accept()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    clients[client.fileno()] = client
    poll.register(client.fileno(), select.EPOLLIN)


def _answer(clients: dict[int, socket.socket], number: int) -> None:
    # A request of this load fits in one segment and one is in flight, so what was read is the whole request.
    client = clients[number]
    if client.recv(65_536):
        client.send(REPLY)
    else:
        del clients[number]
        client.close()


@contextmanager
def fixed() -> Iterator[Target]:
    """Start the fixed-reply server in a process of its own."""
    spawn = multiprocessing.get_context("spawn")
    mine, theirs = spawn.Pipe()
    server = spawn.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        yield Target("fixed reply", 0, create_job(mine.recv(), accounts()))
    finally:
        server.terminate()
        server.join()
