"""The bytes of files that users uploaded, counted exactly: noted before a file is kept, counted once it is.

What a server that died left noted is looked up at the next start: the file is there and counts, or it is not.
"""

from collections.abc import Iterable

from qunzhu.core.meter import BASE, BYTES
from qunzhu.core.ports import App, Tx

FOUND = "uploads-found"
"""Counter that says that files from before there were notes were looked for."""


def note_upload(tx: Tx, uuid: str, size: int) -> None:
    """Note a file of so many bytes (all its variants) that is about to be kept."""
    tx.run(
        "INSERT INTO uploads (uuid, bytes, kept) VALUES (:uuid, :size, 0)"
        " ON CONFLICT (uuid) DO UPDATE SET bytes = :size WHERE uploads.kept = 0",
        uuid=uuid, size=size,
    )  # fmt: skip


def count_upload(tx: Tx, app: App, now: int, uuid: str) -> None:
    """Count a noted file that is kept now; ``now`` is unix seconds. Counting it twice is harmless."""
    row = tx.one("UPDATE uploads SET kept = 1 WHERE uuid = :uuid AND kept = 0 RETURNING bytes", uuid=uuid)
    if row is not None:
        tx.meter(app.day(now), "bytes.added", int(row[0]))
        tx.meter(app.day(now), "uploads", 1)


def forget_upload(tx: Tx, uuid: str) -> None:
    """Forget a noted file that was not kept."""
    tx.run("DELETE FROM uploads WHERE uuid = :uuid AND kept = 0", uuid=uuid)


def left_noted(tx: Tx) -> list[str]:
    """Return the files of which nobody knows whether they were kept."""
    return [uuid for (uuid,) in tx.all("SELECT uuid FROM uploads WHERE kept = 0 ORDER BY uuid")]


def looked(tx: Tx) -> bool:
    """Say whether files from before there were notes were looked for."""
    return bool(tx.count(FOUND, 0))


def enter_found(tx: Tx, files: Iterable[tuple[str, int]]) -> None:
    """Enter the files that are there from before, each with its bytes: they are what counting begins with."""
    made = {uuid for (uuid,) in tx.all("SELECT uuid FROM archives WHERE uuid <> ''")}
    mine = [(uuid, size) for uuid, size in files if uuid not in made and not _entered(tx, uuid)]
    rows = [{"uuid": uuid, "size": size} for uuid, size in mine]
    tx.many("INSERT INTO uploads (uuid, bytes, kept) VALUES (:uuid, :size, 1)", rows)
    tx.meter("", BASE + BYTES, sum(size for _, size in mine))
    tx.count(FOUND, 1)


def _entered(tx: Tx, uuid: str) -> bool:
    return tx.one("SELECT 1 FROM uploads WHERE uuid = :uuid", uuid=uuid) is not None
