"""Live rooms: who is in one now, and the documented limits of marks. Nothing of it is stored."""

import msgspec

ALWAYS_THERE = 500
"""Mark of members who count as online after their last session, for ``ALWAYS_SECONDS``."""
ALWAYS_SECONDS = 3 * 86400
HIDDEN = 600
"""Mark of members whom the unfiltered list leaves out."""
FIRST_MARK = 1000
MARKS_A_ROOM = 10
"""Different marks from ``FIRST_MARK`` on in one room."""
MEMBERS_A_MARK = 1000


class Present(msgspec.Struct, frozen=True):
    """Somebody who is in a live room. ``place`` grows with everyone who enters: pages are cut by it."""

    user: str
    joined_at: int
    place: int
    marks: frozenset[int] = frozenset()
