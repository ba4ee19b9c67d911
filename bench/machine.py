"""What a result must say about the machine, so that it is compared only with its like. No host name, no paths."""

import os
import platform
import re
from pathlib import Path

import apsw
import msgspec


class Machine(msgspec.Struct, frozen=True):
    """The machine and the versions of a run."""

    cpu: str
    cores: int
    memory_gib: float
    kernel: str
    system: str
    filesystem: str
    python: str
    sqlite: str

    def label(self) -> str:
        """Return a short name for files: CPU model and number of cores."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.cpu} {self.cores}c".lower()).strip("-")


def machine(folder: Path) -> Machine:
    """Describe this machine and the file system that holds `folder`."""
    return Machine(
        cpu=_field("/proc/cpuinfo", "model name") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
        kernel=platform.release(),
        system=platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        filesystem=filesystem(folder),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        sqlite=apsw.sqlite_lib_version(),
    )


def filesystem(folder: Path) -> str:
    """Return type and durability options of the mount that holds `folder`, such as `ext4 (rw,relatime)`."""
    here, best = folder.resolve(), ("", "unknown")
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split()
        if here.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, f"{kind} ({options})")
    return best[1]


def _field(file: str, name: str) -> str:
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
