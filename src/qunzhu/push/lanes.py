"""Which of an app's callbacks is the next one: each lane keeps its order, and none waits for another. No I/O.

Rows are taken in by their numbers, which grow, a page at a time and only as many as ``ROWS``. Of a lane that is held up
no more than ``LANE_ROWS`` are kept, so that it cannot keep others out; what it has beyond is read when it gets there.
"""

import heapq
from collections import deque
from collections.abc import Sequence

from qunzhu.commands._callback_letters import Waiting

ROWS = 4096
LANE_ROWS = 64


class Lane:
    """The rows of one group, or of two users.

    ``row`` is under way. There are ``more`` than are kept, behind ``last``; while they are read it is ``filling``.
    """

    __slots__ = ("filling", "last", "more", "name", "row", "rows")

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: deque[Waiting] = deque()
        self.row: Waiting | None = None
        self.last = 0
        self.more = self.filling = False


class Lanes:
    """The lanes of one app that have something to send. Times are unix milliseconds."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._queue: list[tuple[int, int, str]] = []
        """Lanes that nothing is under way of: when their first row is due, and its number."""
        self._gone: set[int] | None = None
        """What was settled while a page is being read, and may be on it."""
        self.seen = self.held = 0

    @property
    def room(self) -> bool:
        """Say that more rows may be taken in."""
        return self.held < ROWS

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def begin_page(self) -> None:
        """Note what is settled from now on: the page that is being read may still have it."""
        self._gone = set()

    def take_in(self, page: Sequence[Waiting]) -> None:
        """Take in a page of rows behind ``seen``."""
        gone, self._gone = self._gone or (), None
        for row in page:
            self.seen = row.num
            lane = self._lanes.get(row.lane)
            if row.num in gone or (lane is not None and row.num <= lane.last):
                continue
            if lane is not None and (lane.more or lane.filling or len(lane.rows) >= LANE_ROWS):
                lane.more = True
            else:
                self._append(lane or self._lanes.setdefault(row.lane, Lane(row.lane)), row)

    def take_back(self, row: Waiting) -> None:
        """Take in a row that had been given up, at its place among those that are kept."""
        lane = self._lanes.get(row.lane)
        if lane is None or (row.num > lane.last and not lane.more):
            self._append(lane or self._lanes.setdefault(row.lane, Lane(row.lane)), row)
        elif row.num < lane.last and row.num not in {one.num for one in (lane.row, *lane.rows) if one is not None}:
            lane.rows = deque(sorted((*lane.rows, row), key=lambda one: one.num))
            self.held += 1

    def _append(self, lane: Lane, row: Waiting) -> None:
        idle = lane.row is None and not lane.rows
        lane.rows.append(row)
        lane.last = row.num
        self.held += 1
        if idle:
            self._enqueue(lane)

    def _enqueue(self, lane: Lane) -> None:
        first = lane.rows[0]
        heapq.heappush(self._queue, (first.next_ms, first.num, lane.name))

    def due_at(self) -> int | None:
        """Return when a lane is due next, or None where all are under way."""
        return self._queue[0][0] if self._queue else None

    def start(self, now_ms: int) -> Lane | None:
        """Return a lane that is due, its first row under way, or None."""
        if not self._queue or self._queue[0][0] > now_ms:
            return None
        lane = self._lanes[heapq.heappop(self._queue)[2]]
        lane.row = lane.rows.popleft()
        return lane

    def put_off(self, lane: Lane, row: Waiting) -> None:
        """Let the row under way wait; its lane waits with it. One that could not be refilled has its row once more."""
        lane.row = None
        if lane.filling:
            lane.filling, lane.more = False, True
            self.held += 1
        lane.rows.appendleft(row)
        self._enqueue(lane)

    def settle(self, lane: Lane) -> bool:
        """Be done with the row under way; say whether the rest of the lane must be read first (``refill``)."""
        if lane.row is not None:
            self.held -= 1
            if self._gone is not None:
                self._gone.add(lane.row.num)
        if not lane.rows and lane.more:
            lane.filling, lane.more = True, False
            return True
        lane.row = None
        if lane.rows:
            self._enqueue(lane)
        else:
            del self._lanes[lane.name]
        return False

    def refill(self, lane: Lane, rows: Sequence[Waiting]) -> bool:
        """Take in what a lane has behind ``last``, the first ``LANE_ROWS``; say whether it must be read once more."""
        if not rows and lane.more:  # they came after it was read, on a page
            lane.more = False
            return True
        lane.row, lane.filling = None, False
        lane.more |= len(rows) == LANE_ROWS
        for row in rows:
            self._append(lane, row)
        if not lane.rows:
            del self._lanes[lane.name]
        return False

    def hurry(self) -> None:
        """Let every lane be due now, however long it should have waited."""
        self._queue = [(0, number, name) for _, number, name in self._queue]
        heapq.heapify(self._queue)
