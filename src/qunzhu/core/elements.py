"""The elements of a message (doc 1047/33527): what each kind holds, and how large a message is.

A message keeps its elements as they were given, fields unknown here included; these records only check them.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.limits import UINT32

encode = msgspec.json.Encoder().encode
Count = Annotated[int, msgspec.Meta(ge=0, le=UINT32)]
Downloads = Annotated[int, msgspec.Meta(ge=2, le=2)]
"""Download flags: the documentation knows only 2, from a URL."""


class Element(msgspec.Struct, frozen=True):
    """One element: its kind, and the content of that kind."""

    MsgType: str
    MsgContent: dict[str, Any]


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """Words."""

    Text: str


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """A place."""

    Latitude: float
    Longitude: float
    Desc: str = ""


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """A sticker that the app knows by number or by data."""

    Index: int = 0
    Data: str = ""


class Custom(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever the app means by it."""

    Data: str = ""
    Desc: str = ""
    Ext: str = ""
    Sound: str = ""


class Sound(msgspec.Struct, frozen=True, kw_only=True):
    """A voice message. Bytes and seconds."""

    Url: str = ""
    UUID: str = ""
    Size: Count = 0
    Second: Count = 0
    Download_Flag: Downloads = 2


class ImageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One of an image's sizes: 1 the original, 2 large, 3 a thumbnail."""

    Type: Annotated[int, msgspec.Meta(ge=1, le=3)]
    URL: str
    Size: Count = 0
    Width: Count = 0
    Height: Count = 0


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """An image: 1 JPG, 2 GIF, 3 PNG, 4 BMP, 255 another format."""

    ImageInfoArray: Annotated[list[ImageInfo], msgspec.Meta(min_length=1, max_length=3)]
    UUID: str = ""
    ImageFormat: Annotated[int, msgspec.Meta(ge=0, le=255)] = 255


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file."""

    Url: str = ""
    UUID: str = ""
    FileSize: Count = 0
    FileName: str = ""
    Download_Flag: Downloads = 2


class Video(msgspec.Struct, frozen=True, kw_only=True):
    """A video with its first picture."""

    VideoUrl: str = ""
    VideoUUID: str = ""
    VideoSize: Count = 0
    VideoSecond: Count = 0
    VideoFormat: str = ""
    VideoDownloadFlag: Downloads = 2
    ThumbUrl: str = ""
    ThumbUUID: str = ""
    ThumbSize: Count = 0
    ThumbWidth: Count = 0
    ThumbHeight: Count = 0
    ThumbFormat: str = ""
    ThumbDownloadFlag: Downloads = 2


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """Merged messages: themselves where they are small enough, or the key under which they are kept."""

    Title: str = ""
    MsgNum: Count = 0
    CompatibleText: str = ""
    AbstractList: list[str] = []
    MsgList: list[dict[str, Any]] = []
    JsonMsgKey: str = ""


ELEMENTS: dict[str, type[msgspec.Struct]] = {
    "TIMTextElem": Text, "TIMLocationElem": Location, "TIMFaceElem": Face, "TIMCustomElem": Custom,
    "TIMSoundElem": Sound, "TIMImageElem": Image, "TIMFileElem": File, "TIMVideoFileElem": Video,
    "TIMRelayElem": Relay,
}  # fmt: skip
IMPORTABLE = ("TIMTextElem", "TIMFaceElem", "TIMLocationElem", "TIMCustomElem")
"""What import_group_msg takes (doc 1047/34968)."""


def check_body(body: Sequence[Element], error: ErrorRow, kinds: Sequence[str] = tuple(ELEMENTS)) -> None:
    """Refuse (with the service's own code) an empty body, an unknown element, or one whose content is wrong."""
    if not body:
        raise Refused(error, "MsgBody: no element, at least 1 needed")
    customs = 0
    for index, element in enumerate(body):
        if element.MsgType not in kinds:
            raise Refused(error, f"MsgBody[{index}].MsgType: {element.MsgType[:40]!r} is not one of {', '.join(kinds)}")
        customs += element.MsgType == "TIMCustomElem"
        try:
            msgspec.convert(element.MsgContent, ELEMENTS[element.MsgType])
        except msgspec.ValidationError as fault:
            raise Refused(error, f"MsgBody[{index}].MsgContent: {str(fault).replace('`$.', '`')}") from None
    if customs > 1:
        raise Refused(error, f"MsgBody: {customs} elements of TIMCustomElem, at most 1 is allowed")


def check_size(body: Sequence[Element], cloud_data: str | None, most: int, error: ErrorRow) -> None:
    """Refuse a message of more than ``most`` bytes: its elements' contents as JSON in UTF-8, and CloudCustomData."""
    size = sum(len(encode(element.MsgContent)) for element in body) + len((cloud_data or "").encode())
    if size > most:
        raise Refused(error, f"MsgBody: {size} bytes with CloudCustomData, at most {most} are allowed")
