"""How long what failed waits, and whether an app's server can be reached at all."""

import random

FIRST_SECONDS, MOST_SECONDS = 1.0, 300.0
"""How long a callback waits after the first failure, and how long at most; in between it doubles."""
JITTER = 0.2
UNREACHED = 3
"""After so many tries on end that did not reach the server all wait, and one at a time finds out."""


def wait(tries: int) -> float:
    """Return how many seconds to wait after so many failures."""
    seconds = min(FIRST_SECONDS * 2.0 ** min(tries - 1, 30), MOST_SECONDS)
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret


class Reach:
    """Whether the app's server can be reached: after some failures on end all wait, then one tries."""

    def __init__(self) -> None:
        self._failures = self._pauses = 0
        self.until_ms = 0

    @property
    def lost(self) -> bool:
        """Say that it was not reached lately."""
        return self._failures >= UNREACHED

    def reached(self) -> None:
        """Note an answer, valid or not."""
        self._failures = self._pauses = self.until_ms = 0

    def missed(self, now_ms: int) -> None:
        """Note that it was not reached; of those that were under way together one makes the others wait."""
        self._failures += 1
        if self.lost and now_ms >= self.until_ms:
            self._pauses += 1
            self.until_ms = now_ms + int(1000 * wait(self._pauses))
