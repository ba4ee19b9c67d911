"""Failures on the client's own side, as rows of one table, and the fault that a failed call raises.

Codes are those of ``TIMErrCode`` in the C headers; the texts are our own. Codes of the server pass through unchanged.
"""

from qunzhu.core.errors import GROUP_INTERNAL, OVERLOADED, USERSIG_TOO_MANY_FAILURES, ErrorRow


class CallFailed(Exception):
    """A call without a result: the server's refusal, or a row of this module. ``code`` is never 0."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


TIMED_OUT = ErrorRow(6012, "sdk", "no answer in time")
NOT_INITIALIZED = ErrorRow(6013, "sdk", "the SDK is not initialised")
NOT_LOGGED_IN = ErrorRow(6014, "sdk", "not logged in")
USERSIG_EXPIRED = ErrorRow(6206, "sdk", "the UserSig has expired")
KICKED_OFFLINE = ErrorRow(6208, "sdk", "logged in elsewhere, or the login was revoked")
BAD_REPLY = ErrorRow(6001, "sdk", "the server's answer could not be read")
UPLOAD_FAILED = ErrorRow(6008, "sdk", "the file could not be uploaded")
DOWNLOAD_FAILED = ErrorRow(6009, "sdk", "the file could not be downloaded")
IO_FAILED = ErrorRow(6022, "sdk", "a local file could not be read or written")
FILE_NOT_FOUND = ErrorRow(7004, "sdk", "there is no such file")
FILE_TOO_LARGE = ErrorRow(7005, "sdk", "the file is too large")
FILE_EMPTY = ErrorRow(7006, "sdk", "the file is empty")
FILE_NOT_OPENED = ErrorRow(7007, "sdk", "the file could not be opened")
NOT_SUPPORTED = ErrorRow(7013, "sdk", "not supported by this server")
DISCONNECTED = ErrorRow(9508, "sdk", "no connection to the server")
CONNECT_TIMED_OUT = ErrorRow(9510, "sdk", "connecting took too long")
CONNECT_REFUSED = ErrorRow(9511, "sdk", "the server's machine refused the connection")
UNREACHABLE = ErrorRow(9512, "sdk", "there is no route to the server")
UNKNOWN_HOST = ErrorRow(9516, "sdk", "the server's name could not be resolved")
REQUEST_TOO_LARGE = ErrorRow(9522, "sdk", "the request is larger than 1 MB")

PASSING = frozenset(
    row.code
    for row in (
        TIMED_OUT, BAD_REPLY, DISCONNECTED, CONNECT_TIMED_OUT, CONNECT_REFUSED, UNREACHABLE, UNKNOWN_HOST,
        OVERLOADED, USERSIG_TOO_MANY_FAILURES, GROUP_INTERNAL,
    )
)  # fmt: skip
"""Codes of a failed login after which trying again makes sense."""


def failed(row: ErrorRow, detail: str = "") -> CallFailed:
    """Return the fault of a row, with the detail that helps."""
    return CallFailed(row.code, f"{row.text}: {detail}" if detail else row.text)
