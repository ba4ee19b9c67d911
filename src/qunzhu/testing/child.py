"""Runs ``qunzhu serve`` for tests, or the proxy: ends when its standard input ends, so that none outlives its tests.

``python -m qunzhu.testing.child serve ...`` or ``... proxy ...``. If the tests are gone first, it removes the folder
that it is given as ``QUNZHU_TESTING_FOLDER``, as they would have done.
"""

import os
import shutil
import signal
import sys
import threading

FOLDER = "QUNZHU_TESTING_FOLDER"


_alone = threading.Event()


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    _alone.set()
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run what the words name."""
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    try:
        if sys.argv[1] == "proxy":
            from qunzhu.testing.proxy import main as run
        else:
            from qunzhu.cli import main as run
        run(sys.argv[1:] if sys.argv[1] != "proxy" else sys.argv[2:])
    finally:
        if _alone.is_set() and (folder := os.environ.get(FOLDER)):
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
