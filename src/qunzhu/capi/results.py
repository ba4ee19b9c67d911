"""What a C function returns where it does not begin.

These are ``qunzhu.tim.TIMResult``'s, written down once more: the SDK itself is loaded while the caller goes on.
"""

DONE = 0
NOT_INITIALIZED = -1
NOT_LOGGED_IN = -2
BAD_JSON = -3
BAD_PARAMETER = -4
NO_ANSWER = 6012
LOGGED_IN = 1
LOGGED_OUT = 3


class Refused(Exception):
    """A call that does not begin: the code, and what is wrong for the log."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text
