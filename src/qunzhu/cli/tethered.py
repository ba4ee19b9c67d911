"""Runs a module of ours and ends it when standard input ends, so that it does not outlive the tests that started it.

``python -m qunzhu.cli.tethered MODULE WORDS...``. If they are gone first, the folder that ``QUNZHU_TETHERED_FOLDER``
names is removed, as they would have done.
"""

import os
import runpy
import shutil
import signal
import sys
import threading

FOLDER = "QUNZHU_TETHERED_FOLDER"
_alone = threading.Event()


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    _alone.set()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run the module that the first word names, with the words after it."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    del sys.argv[0]
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    finally:
        if _alone.is_set() and (folder := os.environ.get(FOLDER)):
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
