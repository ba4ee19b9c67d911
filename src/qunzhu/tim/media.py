"""Files of messages: uploaded before a message is sent, downloaded where one came."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET

from qunzhu.client import Client
from qunzhu.client.media import Progress, upload
from qunzhu.commands.media import Uploaded
from qunzhu.core.elements import Element
from qunzhu.tim.convert import Json, path_given, take
from qunzhu.tim.elements import IMAGE, SIZES, image_id
from qunzhu.tim.enums import TIMElemType

MESSAGE_BYTES = 12288
"""So large may a message be; merged messages beyond it are kept as a file (doc 1047/33527)."""
Elem = dict[str, Any]


class Source(msgspec.Struct, frozen=True):
    """A file of an element: the keys (without the prefix) of its path and of what its upload gives."""

    path: str
    sort: str
    url: str
    id: str
    size: str
    name: str = ""
    width: str = ""
    height: str = ""


_SOURCES: Mapping[int, tuple[str, tuple[Source, ...]]] = {
    int(TIMElemType.kTIMElem_Sound): ("sound_elem_", (Source("file_path", "Sound", "url", "file_id", "file_size"),)),
    int(TIMElemType.kTIMElem_File): (
        "file_elem_", (Source("file_path", "File", "url", "file_id", "file_size", "file_name"),)
    ),
    int(TIMElemType.kTIMElem_Video): (
        "video_elem_",
        (
            Source("video_path", "Video", "video_url", "video_id", "video_size"),
            Source("image_path", "VideoThumb", "image_url", "image_id", "image_size", "",
                   "image_width", "image_height"),
        ),
    ),
}  # fmt: skip


def has_files(elem: Json) -> bool:
    """Say whether an element names files that are not uploaded yet."""
    return bool(_missing(elem)) or _is_unsent_image(elem)


def _missing(elem: Json) -> list[tuple[str, Source]]:
    prefix, sources = _SOURCES.get(take(elem, "elem_type", int, -1), ("", ()))
    return [
        (prefix, source)
        for source in sources
        if path_given(elem, prefix + source.path) and not take(elem, prefix + source.url, str)
    ]


def _is_unsent_image(elem: Json) -> bool:
    is_image = take(elem, "elem_type", int) == TIMElemType.kTIMElem_Image
    return is_image and bool(path_given(elem, f"{IMAGE}orig_path")) and not take(elem, f"{IMAGE}orig_url", str)


async def with_files(client: Client, elem: Json, progress: Progress) -> Elem:
    """Upload the files that an element names, and return it with what is known of them.

    Raises what ``qunzhu.client.media.upload`` raises.
    """
    if _is_unsent_image(elem):
        return {**elem, **_image(await upload(client, elem[f"{IMAGE}orig_path"], "Image", progress))}
    done: Elem = dict(elem)
    for prefix, source in _missing(elem):
        path = Path(elem[prefix + source.path])
        told = await upload(client, path, source.sort, progress)
        done |= {prefix + key: value for key, value in _uploaded(source, told).items()}
        if source.name and not take(elem, prefix + source.name, str):
            done[prefix + source.name] = path.name
    return done


def _uploaded(source: Source, told: Uploaded) -> Elem:
    values: Elem = {source.url: told.Url, source.id: told.UUID, source.size: told.Size}
    if source.width and told.ImageInfoArray:
        values |= {source.width: told.ImageInfoArray[0].Width, source.height: told.ImageInfoArray[0].Height}
    return values


def _image(told: Uploaded) -> Elem:
    """Return what is known of an uploaded image, and of the smaller ones that the server made of it."""
    values: Elem = {f"{IMAGE}format": 255 if told.ImageFormat is UNSET else told.ImageFormat}
    for info in told.ImageInfoArray or ():
        size = f"{IMAGE}{SIZES[info.Type]}_"
        values |= {
            f"{size}url": info.URL, f"{size}pic_size": info.Size, f"{size}pic_width": info.Width,
            f"{size}pic_height": info.Height, f"{size}id": image_id(told.UUID, info.Type),
        }  # fmt: skip
    return values


async def with_merged_apart(client: Client, body: list[Element]) -> list[Element]:
    """Return elements of which merged messages that are too large for a message are kept as files."""
    encode: Callable[[Any], bytes] = msgspec.json.encode
    if sum(len(encode(element.MsgContent)) for element in body) <= MESSAGE_BYTES:
        return body
    return [
        await _apart(client, element)
        if element.MsgContent.get("MsgList") and element.MsgType == "TIMRelayElem"
        else element
        for element in body
    ]


async def _apart(client: Client, element: Element) -> Element:
    content = dict(element.MsgContent)
    told = await upload(client, msgspec.json.encode(content.pop("MsgList")), "File", name="merged.json")
    return Element(element.MsgType, {**content, "JsonMsgKey": told.UUID})
