"""A Python that ends in the middle of calls. Arguments: library, server, how: end, exit, thread, raise."""

import os
import sys
import threading
import time

from capi.library import Library

library = Library(sys.argv[1])
library.start(sys.argv[2])
library.login("leaves")
heard = library.callback("TIMCommCallback", lambda *_: None)
how = sys.argv[3]


def calls() -> None:
    """Call without end."""
    while True:
        library.TIMGroupGetJoinedGroupList(heard, 0)
        time.sleep(0.001)


for _ in range(4):
    threading.Thread(target=calls, daemon=True).start()
time.sleep(0.05)
if how == "exit":
    sys.exit(0)
if how == "raise":
    raise SystemExit(0)
if how == "thread":
    threading.Thread(target=lambda: os._exit(0)).start()
    time.sleep(10)
