"""Calls that fetch what messages only point to: files, and merged messages that are kept apart."""

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from qunzhu.client import Client
from qunzhu.client.media import download
from qunzhu.commands.media import RenewMediaLinks, WantedMedia
from qunzhu.core.media import is_uuid
from qunzhu.tim.calls import data_of, mapping
from qunzhu.tim.convert import Json, WrongParameter, items, need, path_given, take
from qunzhu.tim.elements import MERGER, read_merged
from qunzhu.tim.enums import TIMDownloadType, TIMElemType, TIMErrCode, TIMResult
from qunzhu.tim.message_calls import MessageCalls
from qunzhu.tim.message_params import object_given
from qunzhu.tim.params import CommonResult

log = logging.getLogger("qunzhu.tim")
PARAM, RESULT = "msg_download_elem_param_", "msg_download_elem_result_"
_decode_merged = msgspec.json.Decoder(list[dict[str, Any]]).decode


class DownloadCalls(MessageCalls):
    """Calls that fetch what messages only point to."""

    async def TIMMsgDownloadElemToPath(self, param: Mapping[str, Any]) -> CommonResult:
        """Download a file of a message, by its URL or id, to ``path``; ``json_param`` is a ``MsgDownloadElemResult``.

        ``callback`` is told the progress meanwhile: code 0, "downloading", a ``MsgDownloadElemResult`` as text, user
        data. The file appears at ``path`` when it is whole. 6009 says that it could not be fetched.
        """

        async def work(client: Client) -> dict[str, int]:
            given = mapping(param)
            asked, path = object_given(given, "params", "json_download_elem_param"), path_given(given, "path")
            if path is None:
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, "path: required")
            sort = take(asked, f"{PARAM}type", int, 0)
            if sort not in set(TIMDownloadType):
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{PARAM}type: {sort} is no kind of file")
            url = take(asked, f"{PARAM}url", str) or await _link(client, need(asked, f"{PARAM}id", str))
            size = await download(client, url, path, lambda now, total: _tell(given, now, total))
            return _sizes(size, size)

        return await self._do(param, work)

    async def TIMMsgDownloadMergerMessage(self, param: Mapping[str, Any]) -> CommonResult:
        """Return the messages inside a merged one, fetched where they are kept apart; a list of ``Message``."""

        async def work(client: Client) -> list[Json]:
            message = object_given(mapping(param), "params", "json_single_msg")
            elem = next((one for one in items(message, "message_elem_array") if _is_merged(one)), None)
            if elem is None:
                raise WrongParameter(TIMErrCode.ERR_INVALID_MSG_ELEM, "message_elem_array: nothing merged is in it")
            if inside := items(elem, f"{MERGER}message_array"):
                return inside
            found = await _fetched(client, need(elem, f"{MERGER}relay_json_key", str))
            return [read_merged(item, client.user) for item in found]

        return await self._do(param, work)


def _is_merged(elem: Json) -> bool:
    return bool(elem.get("elem_type") == TIMElemType.kTIMElem_Merge)


async def _link(client: Client, uuid: str) -> str:
    """Return a link to a file of the server by its id; 6009 where it can be none of this server."""
    if not is_uuid(uuid):
        raise WrongParameter(TIMErrCode.ERR_FILE_TRANS_DOWNLOAD_FAILED, f"{uuid[:100]!r} is no file of this server")
    return (await client.call(RenewMediaLinks(MediaList=[WantedMedia(UUID=uuid)]))).MediaList[0].Url


async def _fetched(client: Client, key: str) -> list[dict[str, Any]]:
    """Return merged messages that are kept under a key."""
    url = await _link(client, key)
    with tempfile.TemporaryDirectory(prefix="qunzhu-") as folder:
        path = Path(folder) / "merged.json"
        await download(client, url, path)
        try:
            return _decode_merged(path.read_bytes())
        except (msgspec.MsgspecError, RecursionError) as fault:
            text = f"the merged messages cannot be read: {fault}"
            raise WrongParameter(TIMErrCode.ERR_PARSE_RESPONSE_FAILED, text) from None


def _sizes(now: int, total: int) -> dict[str, int]:
    return {f"{RESULT}current_size": now, f"{RESULT}total_size": total}


def _tell(given: Json, now: int, total: int) -> None:
    callback = given.get("callback")
    if callable(callback):
        callback([0, "downloading", msgspec.json.encode(_sizes(now, total)).decode(), data_of(given)])
