"""The members of a room on an XMPP server: the least of a client, as raw bytes over TCP.

Each logs in anonymously (SASL ANONYMOUS), binds a resource and joins one multi-user chat room (XEP-0045) without
history. Presence is not broadcast in the room: a thousand joins would otherwise be half a million stanzas.
"""

import socket

import msgspec

from bench.crowd import mark
from bench.talk import read_until

HEAD = b"<?xml version='1.0'?><stream:stream to='%b' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
AUTH = b"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>"
BIND = b"<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
JOIN = b"<presence to='%b/m%06d'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>"
SAY = "<message to='{room}' type='groupchat' id='{number}'><body>{text}</body></message>"


class Room(msgspec.Struct, frozen=True):
    """Members of one room. `size` is that of a message's text."""

    port: int
    host: str
    room: str
    size: int = 200
    fault: bytes = b"type='error'"

    def join(self, number: int) -> socket.socket:
        """Return the socket of a member who is in the room."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for said, heard in (
            (HEAD % self.host.encode(), b"</stream:features>"),
            (AUTH, b"<success"),
            (HEAD % self.host.encode(), b"</stream:features>"),
            (BIND, b"</iq>"),
            (JOIN % (self.room.encode(), number), b"<subject"),
        ):
            sock.sendall(said)
            read_until(sock, heard)
        return sock

    def say(self, number: int) -> bytes:
        """Return the stanza of one message."""
        return SAY.format(room=self.room, number=number, text=mark(number, self.size)).encode()
