"""Start, watch and stop a server process with everything that it starts."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

STOP_SECONDS = 20.0


class Usage(msgspec.Struct, frozen=True):
    """CPU seconds used so far and resident mebibytes now, over all processes of a session."""

    cpu_seconds: float
    memory_mib: float


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: Sequence[str], *, env: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` in a session of its own with its output in `log`; stop the session when the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask with SIGTERM; after 20 seconds kill whatever is left of the session."""
    try:
        process.terminate()
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    for pid in members(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def members(session: int) -> list[int]:
    """Return the processes of a session, zombies left out."""
    return [pid for pid, fields in _stats() if fields[3] == str(session) and fields[0] != "Z"]


def usage(session: int) -> Usage:
    """Return what the processes of a session have used; nothing for session 0, the kernel's own."""
    if not session:
        return Usage(0.0, 0.0)
    page = os.sysconf("SC_PAGE_SIZE")
    cpu, memory = 0.0, 0
    for pid, fields in _stats():
        if fields[3] == str(session):
            cpu += _cpu_seconds(pid)
            memory += int(fields[21]) * page
    return Usage(cpu_seconds=cpu, memory_mib=round(memory / 2**20, 1))


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process from its own clock, which Linux numbers by the process id; to the nanosecond."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0  # it ended meanwhile


def _stats() -> Iterator[tuple[int, list[str]]]:
    """Give process id and the fields of /proc/PID/stat that follow the name: state, parent, group, session, ..."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue
        yield int(entry.name), text[text.rindex(")") + 2 :].split()
