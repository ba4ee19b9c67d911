"""Whether this machine can make C libraries. Run as a program it names what Debian packages are missing, one a line."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from qunzhu.capi.needs import needs


def need_c(*programs: str) -> None:
    """Skip the test that asks, or fail it where CI=true, where the library or these programs are not to be had."""
    missing = [need.what for need in needs()] + [name for name in programs if shutil.which(name) is None]
    if missing:
        reason = f"the C library cannot be made or tested here: missing {', '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}; CI requires it", pytrace=False)
        pytest.skip(reason)


if __name__ == "__main__":
    sys.stdout.writelines(f"{name}\n" for name in sorted({name for need in needs() for name in need.debian.split()}))
