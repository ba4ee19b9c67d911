"""Does the rate hold as the store grows? One server, one load, step after step, until a million groups are stored."""

import http.client
import json
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from matplotlib import pyplot as plt

from bench import load, process, report
from bench.machine import Machine
from bench.rounds import Say, median
from bench.target import Target, query, signatures

START_GROUPS = 10_000
WINDOW = 3


class Step(msgspec.Struct, frozen=True):
    """The rate between two sizes of the store, p99 in microseconds, and the server's memory at the end of the step."""

    stored: int
    rate: float
    p99_us: float
    errors: int
    memory_mib: float


class Pages(msgspec.Struct, frozen=True):
    """Listing all groups, 10,000 ids a page: ids seen, milliseconds of a page, and the server's memory after it.

    `early_ms` and `late_ms` are medians of the first and the last ten full pages.
    """

    ids: int
    pages: int
    early_ms: float
    late_ms: float
    slowest_ms: float
    memory_mib: float


class Growth(msgspec.Struct, frozen=True):
    """The kept result. `held`: median rate of the last three steps over that of the first three from 10,000 on."""

    at: str
    machine: Machine
    held: float
    steps: Sequence[Step]
    pages: Pages


def grow(target: Target, *, groups: int, seconds: float, connections: int, say: Say) -> list[Step]:
    """Load in steps until `groups` are stored. Warm-up creates groups too and is counted as stored."""
    steps: list[Step] = []
    stored = 0
    while stored < groups:
        job = msgspec.structs.replace(target.job, connections=connections, seconds=seconds, first=stored, warmup=0.2)
        measured = load.measure(job)
        if not measured.replies:
            raise RuntimeError(f"no good reply in a step, for example: {measured.error_sample}")
        stored += measured.sent - measured.errors
        memory = process.usage(target.session).memory_mib
        steps.append(Step(stored, measured.rate, measured.p99_us, measured.errors, memory))
        say(
            f"{stored:>10,} groups  {measured.rate:>9,.0f}/s  p99 {measured.p99_us:>9,.0f} us  {memory:,.0f} MiB"
            + (f"  {measured.errors} errors: {measured.error_sample}" if measured.errors else "")
        )
    return steps


def page_through(target: Target, *, say: Say) -> Pages:
    """List all groups with get_appid_group_list; raise where an id is missing or comes twice."""
    connection = http.client.HTTPConnection(target.job.host, target.job.port, timeout=60)
    path = f"/v4/group_open_http_svc/get_appid_group_list?{query(signatures(1)[0], 1)}"
    seen: set[str] = set()
    taken: list[float] = []
    cursor, total, listed = 0, 0, 0
    while True:
        began = time.perf_counter()
        connection.request("POST", path, json.dumps({"Limit": 10_000, "Next": cursor}))
        raw = connection.getresponse().read()
        taken.append(round((time.perf_counter() - began) * 1000, 2))
        reply = json.loads(raw)
        total, cursor = reply["TotalCount"], reply["Next"]
        listed += len(reply["GroupIdList"])
        seen.update(item["GroupId"] for item in reply["GroupIdList"])
        if not cursor:
            break
    connection.close()
    if not len(seen) == listed == total:
        raise RuntimeError(f"{total} groups, {listed} ids listed, {len(seen)} of them different")
    full = taken[:-1] or taken
    memory = process.usage(target.session).memory_mib
    pages = Pages(listed, len(taken), median(full[:10]), median(full[-10:]), max(full), memory)
    say(
        f"{pages.ids:,} ids in {pages.pages} pages: {pages.early_ms:.1f} ms a page early, {pages.late_ms:.1f} ms late, "
        f"slowest {pages.slowest_ms:.1f} ms; {pages.memory_mib:,.0f} MiB"
    )
    return pages


def held(steps: Sequence[Step]) -> float:
    """Return the share of the early rate that is left at the end."""
    early = [step.rate for step in steps if step.stored >= START_GROUPS][:WINDOW]
    return round(median(step.rate for step in steps[-WINDOW:]) / median(early or [steps[0].rate]), 3)


def keep(steps: Sequence[Step], pages: Pages, machine: Machine, folder: Path) -> Path:
    """Write the data and the picture under `folder`; return the data file."""
    folder.mkdir(parents=True, exist_ok=True)
    result = Growth(report.now(), machine, held(steps), steps, pages)
    file = folder / f"{result.at}-grow-{machine.label()}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    axes.plot([step.stored for step in steps], [step.rate for step in steps])
    axes.set(
        title=f"rate held: {result.held:.2f}",
        xlabel="groups stored",
        ylabel="groups created per second",
        ylim=(0, None),
    )
    axes.grid(alpha=0.3)
    figure.savefig(file.with_suffix(".png"), dpi=110)
    plt.close(figure)
    return file
