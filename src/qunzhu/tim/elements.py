"""The elements of a message, between the wire's form and that of the C interface: one table, both ways. No I/O.

What an element of the wire has beyond the table comes along under ``elem_other_fields``, and goes back with it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from qunzhu.core.elements import Element
from qunzhu.core.limits import UINT32
from qunzhu.tim.convert import Json, WrongParameter, items, take, texts
from qunzhu.tim.enums import TIMElemType, TIMErrCode, TIMResult

OTHER = "elem_other_fields"
MOST_LAYERS = 100
"""How deep merged messages may stand in merged messages (8005)."""
MOST_MERGED = 300
Elem = dict[str, Any]


class Field(msgspec.Struct, frozen=True):
    """One value: its name on the wire, its key (without the element's prefix), and whether it must be given."""

    wire: str
    key: str
    kind: type = str
    needed: bool = False
    source: str = ""
    """The key of the file whose upload gives the value."""


class Form(msgspec.Struct, frozen=True):
    """One kind of element."""

    wire: str
    type: TIMElemType
    prefix: str
    fields: tuple[Field, ...]
    fixed: Mapping[str, int] = {}
    """What the wire has besides, with the only value that it may have."""
    own: Mapping[str, Any] = {}
    """What only the SDK has, with the value that a received element has."""


_E = TIMElemType
FORMS = (
    Form("TIMTextElem", _E.kTIMElem_Text, "text_elem_", (Field("Text", "content", needed=True),)),
    Form(
        "TIMCustomElem", _E.kTIMElem_Custom, "custom_elem_",
        (Field("Data", "data"), Field("Desc", "desc"), Field("Ext", "ext"), Field("Sound", "sound")),
    ),
    Form("TIMFaceElem", _E.kTIMElem_Face, "face_elem_", (Field("Index", "index", int), Field("Data", "buf"))),
    Form(
        "TIMLocationElem", _E.kTIMElem_Location, "location_elem_",
        (Field("Desc", "desc"), Field("Longitude", "longitude", float, needed=True),
         Field("Latitude", "latitude", float, needed=True)),
    ),
    Form(
        "TIMSoundElem", _E.kTIMElem_Sound, "sound_elem_",
        (Field("Url", "url", needed=True, source="file_path"), Field("UUID", "file_id"),
         Field("Size", "file_size", int), Field("Second", "file_time", int)),
        {"Download_Flag": 2}, {"file_path": "", "business_id": 0, "task_id": 0},
    ),
    Form(
        "TIMFileElem", _E.kTIMElem_File, "file_elem_",
        (Field("Url", "url", needed=True, source="file_path"), Field("UUID", "file_id"),
         Field("FileSize", "file_size", int), Field("FileName", "file_name")),
        {"Download_Flag": 2}, {"file_path": "", "business_id": 0, "task_id": 0},
    ),
    Form(
        "TIMVideoFileElem", _E.kTIMElem_Video, "video_elem_",
        (Field("VideoUrl", "video_url", needed=True, source="video_path"), Field("VideoUUID", "video_id"),
         Field("VideoSize", "video_size", int), Field("VideoSecond", "video_duration", int),
         Field("VideoFormat", "video_type"), Field("ThumbUrl", "image_url"), Field("ThumbUUID", "image_id"),
         Field("ThumbSize", "image_size", int), Field("ThumbWidth", "image_width", int),
         Field("ThumbHeight", "image_height", int), Field("ThumbFormat", "image_type")),
        {"VideoDownloadFlag": 2, "ThumbDownloadFlag": 2},
        {"video_path": "", "image_path": "", "business_id": 0, "task_id": 0},
    ),
)  # fmt: skip
"""Elements whose values stand side by side; images and merged messages have functions of their own."""
BY_WIRE = {form.wire: form for form in FORMS}
BY_TYPE = {int(form.type): form for form in FORMS}
IMAGE, MERGER = "image_elem_", "merge_elem_"
SIZES = {1: "orig", 2: "large", 3: "thumb"}
"""The ``Type`` of an image's sizes, and what the SDK calls them."""
_MEASURES = {"URL": ("url", str), "Size": ("pic_size", int), "Width": ("pic_width", int), "Height": ("pic_height", int)}


def from_wire(element: Json, user: str, layer: int = 0) -> Elem:
    """Return an element of a message that ``user`` reads."""
    kind, content = element.get("MsgType", ""), element.get("MsgContent", {})
    if kind in BY_WIRE:
        elem, known = _read(BY_WIRE[kind], content)
    elif kind == "TIMImageElem":
        elem, known = _read_image(content)
    elif kind == "TIMRelayElem":
        elem, known = _read_merged(content, user, layer)
    else:
        elem, known, content = {"elem_type": int(_E.kTIMElem_Invalid)}, frozenset[str](), dict(element)
    other = {name: value for name, value in content.items() if name not in known}
    return elem | {OTHER: other} if other else elem


def to_wire(elem: Json, user: str, layer: int = 0) -> Element:
    """Return an element of a message that ``user`` sends, or refuse: -4 a wrong value, 6016 what cannot be sent.

    Media must have been uploaded: their URLs stand in the element.
    """
    number = take(elem, "elem_type", int)
    if number in BY_TYPE:
        kind, content = BY_TYPE[number].wire, _write(BY_TYPE[number], elem)
    elif number in _OTHERS:
        kind, write = _OTHERS[number]
        content = write(elem, user, layer)
    elif number is None:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, "elem_type: required")
    else:
        raise WrongParameter(TIMErrCode.ERR_INVALID_MSG_ELEM, f"elem_type: {number} cannot be sent")
    return Element(kind, {**take(elem, OTHER, dict, {}), **content})


def body_to_wire(given: Json, user: str, layer: int = 0) -> list[Element]:
    """Return the elements of a ``Message``; 6016 where there are none."""
    elems = items(given, "message_elem_array")
    if not elems:
        raise WrongParameter(TIMErrCode.ERR_INVALID_MSG_ELEM, "message_elem_array: no element, at least 1 needed")
    return [to_wire(elem, user, layer) for elem in elems]


def _read(form: Form, content: Json) -> tuple[Elem, frozenset[str]]:
    elem: Elem = {"elem_type": int(form.type)}
    for field in form.fields:
        elem[form.prefix + field.key] = content.get(field.wire, field.kind())
    elem |= {form.prefix + key: value for key, value in form.own.items()}
    return elem, frozenset([*form.fixed, *(field.wire for field in form.fields)])


def _write(form: Form, elem: Json) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for field in form.fields:
        key = form.prefix + field.key
        value = _value(elem, key, field.kind)
        if value is None and field.needed:
            raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{form.prefix}{field.source or field.key}: required")
        if value or field.needed:
            content[field.wire] = value
    return {**content, **form.fixed}


def _value(elem: Json, key: str, kind: type) -> Any:
    """Return a value; numbers count bytes, pixels, seconds or faces, and are those of the wire."""
    if kind is float and isinstance(elem.get(key), int):
        return float(take(elem, key, int))
    value = take(elem, key, kind)
    if kind is int and value is not None and not 0 <= value <= UINT32:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{key}: {value}, 0 to {UINT32} are allowed")
    return value


def image_id(uuid: str, number: int) -> str:
    """Return the id of one of an image's sizes: its own, so that it can be a key of what is kept of it."""
    return f"{uuid}_{SIZES[number]}" if uuid and number > 1 else uuid


def _read_image(content: Json) -> tuple[Elem, frozenset[str]]:
    uuid = content.get("UUID", "")
    elem: Elem = {
        "elem_type": int(_E.kTIMElem_Image), f"{IMAGE}orig_path": "", f"{IMAGE}level": 0, f"{IMAGE}task_id": 0,
        f"{IMAGE}format": content.get("ImageFormat", 255),
    }  # fmt: skip
    infos = {info.get("Type"): info for info in content.get("ImageInfoArray", [])}
    for number, name in SIZES.items():
        elem[f"{IMAGE}{name}_id"] = image_id(uuid, number)
        for wire, (key, kind) in _MEASURES.items():
            elem[f"{IMAGE}{name}_{key}"] = infos.get(number, {}).get(wire, kind())
    return elem, frozenset(["UUID", "ImageFormat", "ImageInfoArray"])


def _write_image(elem: Json, user: str, layer: int) -> dict[str, Any]:
    del user, layer
    infos = []
    for number, name in SIZES.items():
        if take(elem, f"{IMAGE}{name}_url", str):
            values = {wire: _value(elem, f"{IMAGE}{name}_{key}", kind) for wire, (key, kind) in _MEASURES.items()}
            infos.append({"Type": number, **{wire: value for wire, value in values.items() if value is not None}})
    if not infos:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{IMAGE}orig_path: required")
    uuid, shape = take(elem, f"{IMAGE}orig_id", str), _value(elem, f"{IMAGE}format", int)
    return {**({"UUID": uuid} if uuid else {}), "ImageFormat": shape or 255, "ImageInfoArray": infos}


def _read_merged(content: Json, user: str, layer: int) -> tuple[Elem, frozenset[str]]:
    deep, inside = layer >= MOST_LAYERS, content.get("MsgList", [])
    elem = {
        "title": content.get("Title", ""), "abstract_array": content.get("AbstractList", []),
        "compatible_text": content.get("CompatibleText", ""),
        "message_array": [] if deep else [read_merged(item, user, layer + 1) for item in inside],
        "layer_over_limit": deep and bool(inside), "relay_pb_key": "", "relay_json_key": content.get("JsonMsgKey", ""),
        "relay_buffer": "",
    }  # fmt: skip
    shown = {f"{MERGER}{key}": value for key, value in elem.items()}
    known = frozenset(["Title", "AbstractList", "CompatibleText", "JsonMsgKey", "MsgList"])
    return {"elem_type": int(_E.kTIMElem_Merge), **shown}, known


def _write_merged(elem: Json, user: str, layer: int) -> dict[str, Any]:
    messages = items(elem, f"{MERGER}message_array")
    if layer >= MOST_LAYERS:
        code = TIMErrCode.ERR_MERGER_MSG_LAYERS_OVER_LIMIT
        raise WrongParameter(code, f"{MERGER}message_array: more than {MOST_LAYERS} layers")
    if len(messages) > MOST_MERGED:
        text = f"{MERGER}message_array: {len(messages)} messages, at most {MOST_MERGED} are allowed"
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, text)
    key = take(elem, f"{MERGER}relay_json_key", str)
    if not messages and not key:
        raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"{MERGER}message_array: required")
    content: dict[str, Any] = {
        "Title": take(elem, f"{MERGER}title", str, ""), "AbstractList": texts(elem, f"{MERGER}abstract_array"),
        "CompatibleText": take(elem, f"{MERGER}compatible_text", str, ""),
    }  # fmt: skip
    if not messages:
        return {**content, "JsonMsgKey": key}
    return {**content, "MsgNum": len(messages), "MsgList": [write_merged(item, user, layer + 1) for item in messages]}


_OTHERS: dict[int, tuple[str, Callable[[Json, str, int], dict[str, Any]]]] = {
    int(_E.kTIMElem_Image): ("TIMImageElem", _write_image),
    int(_E.kTIMElem_Merge): ("TIMRelayElem", _write_merged),
}


def read_merged(item: Json, user: str, layer: int = 0) -> dict[str, Any]:
    """Return one of merged messages as ``Message``, with what is known of it."""
    sender, at, random = item.get("From_Account", ""), item.get("MsgTimeStamp", 0), item.get("MsgRandom", 0)
    group, receiver = item.get("TopicId") or item.get("GroupId", ""), item.get("To_Account", "")
    body = item.get("MsgBody", [])
    values = {
        "elem_array": [from_wire(element, user, layer) for element in body], "sender": sender,
        "conv_type": 2 if group else 1, "conv_id": group or (receiver if sender == user else sender),
        "client_time": at, "server_time": at, "seq": item.get("MsgSeq", 0), "rand": random,
        "msg_id": f"{sender}-{at}-{random}", "is_from_self": sender == user, "status": 2,
        "cloud_custom_str": item.get("CloudCustomData", ""),
        "sender_profile": {"user_profile_identifier": sender, "user_profile_nick_name": item.get("Nick", ""),
                           "user_profile_face_url": item.get("FaceUrl", "")},
    }  # fmt: skip
    return {f"message_{key}": value for key, value in values.items()}


def write_merged(given: Json, user: str, layer: int = 0) -> dict[str, Any]:
    """Return a ``Message`` as merged messages hold it."""
    sender = take(given, "message_sender", str) or user
    conversation, is_group = take(given, "message_conv_id", str, ""), take(given, "message_conv_type", int) == 2
    profile = take(given, "message_sender_profile", dict, {})
    other = user if take(given, "message_is_from_self", bool) is False else conversation
    values = {
        "From_Account": sender, **({"GroupId": conversation} if is_group else {"To_Account": other}),
        "MsgSeq": take(given, "message_seq", int, 0), "MsgRandom": take(given, "message_rand", int, 0),
        "MsgTimeStamp": take(given, "message_server_time", int, 0),
        "MsgBody": [msgspec.structs.asdict(element) for element in body_to_wire(given, user, layer)],
        "CloudCustomData": take(given, "message_cloud_custom_str", str, ""),
        "Nick": take(profile, "user_profile_nick_name", str, ""),
        "FaceUrl": take(profile, "user_profile_face_url", str, ""),
    }  # fmt: skip
    return {key: value for key, value in values.items() if value != ""}
