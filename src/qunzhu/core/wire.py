"""The gateway's frames: JSON-RPC 2.0 as text, pushes as notifications, and the named reasons why a session ends."""

from typing import Any

import msgspec

from qunzhu.core.errors import Refused

PROTOCOL = 1
MAX_FRAME = 1 << 20
PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601


class End(msgspec.Struct, frozen=True):
    """Why the server ends a session: WebSocket close code and name. ``again``: the client should connect again."""

    code: int
    name: str
    again: bool


STOPPING = End(1012, "stopping", again=True)
BAD_FRAME = End(4000, "bad_frame", again=False)
KICKED = End(4001, "kicked", again=False)
REVOKED = End(4002, "revoked", again=False)
EXPIRED = End(4003, "expired", again=False)
SLOW = End(4004, "slow", again=True)
IDLE = End(4005, "idle", again=True)
LOGIN_TIMEOUT = End(4006, "login_timeout", again=True)
APP_GONE = End(4007, "app_gone", again=False)
LOGGED_OUT = End(4008, "logged_out", again=False)
CUT = End(4009, "cut", again=True)
ENDS = {
    end.code: end
    for end in (STOPPING, BAD_FRAME, KICKED, REVOKED, EXPIRED, SLOW, IDLE, LOGIN_TIMEOUT, APP_GONE, LOGGED_OUT, CUT)
}

encode = msgspec.json.Encoder().encode


class Call(msgspec.Struct, frozen=True):
    """A request or, without ``id``, a notification. ``params`` stays undecoded until the method is known."""

    jsonrpc: str
    method: str
    id: int | str | None = None
    params: msgspec.Raw = msgspec.Raw(b"{}")


decode_call = msgspec.json.Decoder(Call).decode


class RpcError(msgspec.Struct, frozen=True):
    """``code`` is the documented error code, or one of JSON-RPC's own negative ones."""

    code: int
    message: str


class Answer(msgspec.Struct, frozen=True):
    """What a client receives: the answer to ``id``, or a push with ``method``."""

    jsonrpc: str = "2.0"
    id: int | str | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: RpcError | None = None
    method: str | None = None
    params: msgspec.Raw = msgspec.Raw()


decode_answer = msgspec.json.Decoder(Answer).decode


class Login(msgspec.Struct, frozen=True):
    """Parameters of ``login``, the first call of a session."""

    sdkappid: int
    identifier: str
    usersig: str
    platform: str = "Linux"
    protocol: int = PROTOCOL


decode_login = msgspec.json.Decoder(Login).decode
PLATFORMS = ("Web", "Android", "iOS", "iPad", "Windows", "Mac", "Linux")


def result(call_id: int | str | None, value: object) -> bytes:
    """Return the frame that answers a call."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (encode(call_id), encode(value))


def error(call_id: int | str | None, code: int, message: str) -> bytes:
    """Return the frame that refuses a call."""
    return encode({"jsonrpc": "2.0", "id": call_id, "error": {"code": code, "message": message}})


def refusal(call_id: int | str | None, refused: Refused) -> bytes:
    """Return the frame that refuses a call with a documented code."""
    return error(call_id, refused.row.code, refused.text)


def push(method: str, params: Any) -> bytes:
    """Return the frame of a push; ``params`` is a dict, a record, or JSON made already."""
    return b'{"jsonrpc":"2.0","method":"%b","params":%b}' % (method.encode(), encode(params))
