"""The Python SDK in a program of its own. What it does is said in ``__init__.py``."""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from typing import Any

PARAM = {"params": {"create_group_param_group_name": "bench"}, "data": ""}


def check(what: str, result: int | Mapping[str, Any]) -> None:
    """Leave with what a call answered, unless it is success."""
    code = result if isinstance(result, int) else result["code"]
    if code:
        sys.exit(f"{what}: {result}")


async def main(user: str, usersig: str) -> None:
    """Load, log in, and make groups as standard input says."""
    began = time.perf_counter_ns()
    from qunzhu.tim import TimRender

    tim = TimRender()
    check("TIMInit", await tim.TIMInit({"sdkappid": 1400000000}))
    check("TIMLogin", await tim.TIMLogin({"userID": user, "userSig": usersig}))
    print(time.perf_counter_ns() - began, flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        taken = []
        for _ in range(int(line)):
            start = time.perf_counter_ns()
            result = await tim.TIMGroupCreate(PARAM)
            taken.append(time.perf_counter_ns() - start)
            check("TIMGroupCreate", result)
        print(json.dumps(taken), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
