"""What runs in the SDK's thread: calls of the Python SDK, and setting its listeners."""

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from qunzhu.capi.callees import Json, Tell
from qunzhu.capi.rows import Function

if TYPE_CHECKING:
    from qunzhu.tim import TimRender

NOT_SUPPORTED = 7013


async def run(row: Function, param: Json, sdk: "TimRender") -> Json:
    """Run a call of the Python SDK."""
    method = getattr(sdk, row.name, None)
    if method is None:
        return failure(NOT_SUPPORTED, not_served(row))
    result: Json = await method(param)
    return result


async def send(param: Json, begun: "Future[str]", sdk: "TimRender") -> Json:
    """Send a message: its id is told to ``begun``."""
    import asyncio

    told = asyncio.get_running_loop().create_future()

    def hear(args: list[Any]) -> None:
        if not told.done():  # it is where TIMUninit did not wait
            told.set_result(args)

    try:
        begun.set_result(await sdk.TIMMsgSendMessageV2({**param, "callback": hear}))
    finally:
        if not begun.done():
            begun.set_result("")
    code, desc, message, _ = await told
    return {"code": code, "desc": desc, "json_param": message}


async def set_listener(name: str, tell: Tell | None, sdk: "TimRender") -> None:
    """Set a listener of the Python SDK, if it has one of that name."""
    if (method := getattr(sdk, name, None)) is not None:
        await method({"callback": tell})


async def take_listener(tell: Tell, sdk: "TimRender") -> None:
    """Take a listener for messages away."""
    await sdk.TIMRemoveRecvNewMsgCallback({"callback": tell})


def failure(code: int, text: str) -> Json:
    """Return the result of a call that failed."""
    return {"code": code, "desc": text, "json_param": ""}


def not_served(row: Function) -> str:
    """Return the text of 7013."""
    return f"{row.name} is not supported: this server has no such service yet"
