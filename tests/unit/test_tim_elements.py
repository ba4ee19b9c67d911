"""Elements and messages between the wire's form and that of the C interface: nothing gets lost, wrong ones refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunzhu.core.elements import check_body
from qunzhu.core.errors import BAD_PARAMETER
from qunzhu.tim import elements, message, offline_push
from qunzhu.tim.convert import WrongParameter

URL = "http://127.0.0.1/media/1/a/1"
INFOS = [
    {"Type": 1, "Size": 10, "Width": 300, "Height": 200, "URL": f"{URL}1"},
    {"Type": 2, "Size": 9, "Width": 30, "Height": 20, "URL": f"{URL}2"},
    {"Type": 3, "Size": 8, "Width": 3, "Height": 2, "URL": f"{URL}3"},
]
INSIDE = {
    "From_Account": "bob", "GroupId": "g", "MsgSeq": 3, "MsgRandom": 4, "MsgTimeStamp": 5, "CloudCustomData": "c",
    "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "inside"}}], "Nick": "Bob", "FaceUrl": "http://b",
}  # fmt: skip
WIRE = {
    "text": ("TIMTextElem", {"Text": "你好"}),
    "custom": ("TIMCustomElem", {"Data": "d", "Desc": "e", "Ext": "f", "Sound": "g"}),
    "face": ("TIMFaceElem", {"Index": 3, "Data": "smile"}),
    "place": ("TIMLocationElem", {"Desc": "d", "Longitude": 1.5, "Latitude": 0.0}),
    "sound": ("TIMSoundElem", {"Url": URL, "UUID": "u", "Size": 5, "Second": 6, "Download_Flag": 2}),
    "file": ("TIMFileElem", {"Url": URL, "UUID": "u", "FileSize": 5, "FileName": "f.txt", "Download_Flag": 2}),
    "video": ("TIMVideoFileElem", {
        "VideoUrl": URL, "VideoUUID": "u", "VideoSize": 1, "VideoSecond": 2, "VideoFormat": "mp4",
        "VideoDownloadFlag": 2, "ThumbUrl": f"{URL}t", "ThumbUUID": "t", "ThumbSize": 3, "ThumbWidth": 4,
        "ThumbHeight": 5, "ThumbFormat": "jpg", "ThumbDownloadFlag": 2,
    }),
    "image": ("TIMImageElem", {"UUID": "u", "ImageFormat": 3, "ImageInfoArray": INFOS}),
    "merged": ("TIMRelayElem", {
        "Title": "t", "MsgNum": 1, "CompatibleText": "c", "AbstractList": ["a"], "MsgList": [INSIDE],
    }),
    "merged elsewhere": ("TIMRelayElem", {
        "Title": "t", "MsgNum": 7, "CompatibleText": "c", "AbstractList": ["a"], "JsonMsgKey": "k",
    }),
}  # fmt: skip
KEYS = {
    "text": "elem_type text_elem_content",
    "custom": "elem_type custom_elem_data custom_elem_desc custom_elem_ext custom_elem_sound",
    "face": "elem_type face_elem_index face_elem_buf",
    "place": "elem_type location_elem_desc location_elem_longitude location_elem_latitude",
    "sound": "elem_type sound_elem_file_path sound_elem_file_size sound_elem_file_time sound_elem_file_id"
    " sound_elem_business_id sound_elem_url sound_elem_task_id",
    "file": "elem_type file_elem_file_path file_elem_file_name file_elem_file_size file_elem_file_id"
    " file_elem_business_id file_elem_url file_elem_task_id",
    "video": "elem_type video_elem_video_type video_elem_video_size video_elem_video_duration video_elem_video_path"
    " video_elem_video_id video_elem_business_id video_elem_video_url video_elem_image_type video_elem_image_size"
    " video_elem_image_width video_elem_image_height video_elem_image_path video_elem_image_id video_elem_image_url"
    " video_elem_task_id",
    "image": "elem_type image_elem_orig_path image_elem_level image_elem_format image_elem_task_id"
    " image_elem_orig_id image_elem_orig_pic_height image_elem_orig_pic_width image_elem_orig_pic_size"
    " image_elem_thumb_id image_elem_thumb_pic_height image_elem_thumb_pic_width image_elem_thumb_pic_size"
    " image_elem_large_id image_elem_large_pic_height image_elem_large_pic_width image_elem_large_pic_size"
    " image_elem_orig_url image_elem_thumb_url image_elem_large_url",
    "merged": "elem_type merge_elem_title merge_elem_abstract_array merge_elem_compatible_text merge_elem_message_array"
    " merge_elem_layer_over_limit merge_elem_relay_pb_key merge_elem_relay_json_key merge_elem_relay_buffer"
    " elem_other_fields",
}
"""The keys of the headers, written down a second time."""


@pytest.mark.parametrize("kind", WIRE)
def test_an_element_comes_back_as_it_went(kind):
    name, content = WIRE[kind]
    elem = elements.from_wire({"MsgType": name, "MsgContent": content}, "alice")
    assert set(elem) == set(KEYS[kind.split()[0]].split())
    back = elements.to_wire(elem, "alice")
    assert (back.MsgType, back.MsgContent) == (name, content)
    check_body([back], BAD_PARAMETER)


@pytest.mark.parametrize("kind", WIRE)
def test_unknown_fields_survive(kind):
    name, content = WIRE[kind]
    more = {**content, "Unknown": [1, {"a": None}]}
    back = elements.to_wire(elements.from_wire({"MsgType": name, "MsgContent": more}, "alice"), "alice")
    assert back.MsgContent == more


def test_an_element_of_an_unknown_kind_is_shown_as_it_is():
    element = {"MsgType": "TIMNewElem", "MsgContent": {"A": 1}}
    assert elements.from_wire(element, "a") == {"elem_type": -1, "elem_other_fields": element}


def test_merged_messages_are_read():
    name, content = WIRE["merged"]
    elem = elements.from_wire({"MsgType": name, "MsgContent": content}, "alice")
    [inside] = elem["merge_elem_message_array"]
    assert inside["message_elem_array"] == [{"elem_type": 0, "text_elem_content": "inside"}]
    assert (inside["message_sender"], inside["message_conv_id"], inside["message_conv_type"]) == ("bob", "g", 2)
    assert inside["message_msg_id"] == "bob-5-4"
    assert inside["message_sender_profile"]["user_profile_nick_name"] == "Bob"


def test_a_received_message_can_be_merged_by_either_party():
    told = {
        "From_Account": "bob", "To_Account": "alice", "MsgSeq": 1, "MsgRandom": 2, "MsgTime": 3, "MsgKey": "1_2_3",
        "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}],
    }  # fmt: skip
    for reader in ("alice", "bob"):
        inside = elements.write_merged(message.from_told(told, reader), reader)
        assert (inside["From_Account"], inside["To_Account"]) == ("bob", "alice")


def nested(layers: int) -> dict:
    elem: dict = {"elem_type": 0, "text_elem_content": "deep"}
    for _ in range(layers):
        elem = {
            "elem_type": 12, "merge_elem_title": "t", "merge_elem_abstract_array": [], "merge_elem_compatible_text": "",
            "merge_elem_message_array": [{"message_elem_array": [elem], "message_sender": "a"}],
        }  # fmt: skip
    return elem


def test_merged_messages_stand_a_hundred_layers_deep():
    content = elements.to_wire(nested(100), "a").MsgContent
    for _ in range(100):
        content = content["MsgList"][0]["MsgBody"][0]["MsgContent"]
    assert content == {"Text": "deep"}
    with pytest.raises(WrongParameter) as fault:
        elements.to_wire(nested(101), "a")
    assert fault.value.code == 8005


def test_what_is_merged_deeper_is_not_shown():
    content = {"MsgList": [{"From_Account": "a", "MsgBody": []}]}
    for _ in range(100):
        content = {"MsgList": [{"MsgBody": [{"MsgType": "TIMRelayElem", "MsgContent": content}]}]}
    elem = elements.from_wire({"MsgType": "TIMRelayElem", "MsgContent": content}, "a")
    for _ in range(100):
        assert elem["merge_elem_layer_over_limit"] is False
        [elem] = elem["merge_elem_message_array"][0]["message_elem_array"]
    assert elem["merge_elem_layer_over_limit"] is True
    assert elem["merge_elem_message_array"] == []


@pytest.mark.parametrize(
    ("code", "names", "elem"),
    [
        (-4, "elem_type", {}),
        (-4, "elem_type", {"elem_type": "0"}),
        (-4, "elem_type", {"elem_type": True}),
        (6016, "elem_type", {"elem_type": 5}),
        (6016, "elem_type", {"elem_type": -1}),
        (6016, "elem_type", {"elem_type": 99}),
        (-4, "text_elem_content", {"elem_type": 0}),
        (-4, "text_elem_content", {"elem_type": 0, "text_elem_content": 5}),
        (-4, "face_elem_index", {"elem_type": 6, "face_elem_index": -1}),
        (-4, "face_elem_index", {"elem_type": 6, "face_elem_index": 2**32}),
        (-4, "face_elem_index", {"elem_type": 6, "face_elem_index": 10**30}),
        (-4, "location_elem_longitude", {"elem_type": 7, "location_elem_latitude": 1}),
        (-4, "location_elem_latitude", {"elem_type": 7, "location_elem_longitude": 1, "location_elem_latitude": "1"}),
        (-4, "image_elem_orig_path", {"elem_type": 1}),
        (-4, "sound_elem_file_path", {"elem_type": 2}),
        (-4, "file_elem_file_path", {"elem_type": 4}),
        (-4, "video_elem_video_path", {"elem_type": 9}),
        (-4, "merge_elem_message_array", {"elem_type": 12}),
        (-4, "merge_elem_message_array", {"elem_type": 12, "merge_elem_message_array": ["x"]}),
        (-4, "merge_elem_message_array", {"elem_type": 12, "merge_elem_message_array": [{}] * 301}),
        (6016, "message_elem_array", {"elem_type": 12, "merge_elem_message_array": [{}]}),
        (-4, "elem_other_fields", {"elem_type": 0, "text_elem_content": "x", "elem_other_fields": []}),
    ],
)
def test_a_wrong_element_says_which_value_is_wrong(code, names, elem):
    with pytest.raises(WrongParameter) as fault:
        elements.to_wire(elem, "alice")
    assert fault.value.code == code
    assert fault.value.text.startswith(names)


def test_integers_are_places_too():
    elem = {"elem_type": 7, "location_elem_longitude": 1, "location_elem_latitude": -2}
    assert elements.to_wire(elem, "a").MsgContent == {"Longitude": 1.0, "Latitude": -2.0}


PUSH = {
    "PushFlag": 1, "Desc": "d", "Ext": "e", "ApnsInfo": {"Sound": "s", "BadgeMode": 1, "Title": "t", "Image": "i"},
    "AndroidInfo": {"Sound": "s", "VIVOClassification": 1, "OPPOChannelID": "o", "XiaoMiChannelID": "x",
                    "GoogleChannelID": "g", "HuaWeiCategory": "h", "Title": "t", "HuaWeiImage": "hi"},
}  # fmt: skip


def test_offline_push_comes_back_as_it_went():
    shown = offline_push.from_wire(PUSH)
    assert shown["offline_push_config_ios_config"]["ios_offline_push_config_ignore_badge"] is True
    assert shown["offline_push_config_android_config"]["android_offline_push_config_fcm_channel_id"] == "g"
    assert offline_push.to_wire(shown) == PUSH


GROUP = {
    "GroupId": "g", "GroupType": "Public", "From_Account": "bob", "MsgSeq": 7, "MsgTime": 100, "MsgRandom": 8,
    "MsgPriority": "High", "MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x"}}],
    "CloudCustomData": "cloud", "Nick": "Bob", "FaceUrl": "http://b", "NameCard": "card",
    "GroupAtInfo": [{"GroupAtAllFlag": 1}, {"GroupAtAllFlag": 0, "GroupAt_Account": "alice"}],
    "To_Account": ["alice"], "OfflinePushInfo": PUSH, "SendMsgControl": ["NoUnread", "NoLastMsg"],
    "NeedReadReceipt": 1, "SupportMessageExtension": 1, "Version": 2,
}  # fmt: skip


def test_a_message_of_a_group_is_shown():
    shown = message.from_told(GROUP, "alice")
    expected = {
        "conv_id": "g", "conv_type": 2, "sender": "bob", "is_from_self": False, "client_time": 100, "server_time": 100,
        "seq": 7, "rand": 8, "msg_id": "bob-100-8", "priority": 0, "cloud_custom_str": "cloud", "status": 2,
        "group_at_user_array": ["__kImSDK_MessageAtALL__", "alice"], "target_group_member_array": ["alice"],
        "need_read_receipt": True, "support_message_extension": True, "is_excluded_from_unread_count": True,
        "excluded_from_last_message": True, "version": 2, "is_online_msg": False, "is_read": False,
    }  # fmt: skip
    assert {key: shown[f"message_{key}"] for key in expected} == expected
    assert shown["message_sender_group_member_info"]["group_member_info_name_card"] == "card"
    assert shown["message_sender_profile"]["user_profile_nick_name"] == "Bob"
    assert message.from_told(GROUP, "bob")["message_is_from_self"] is True
    assert message.from_told(GROUP, "bob")["message_unique_id"] == shown["message_unique_id"] < 2**53


def test_a_message_of_a_topic_is_the_topics():
    assert message.from_told({**GROUP, "TopicId": "g@TOPIC#_t"}, "alice")["message_conv_id"] == "g@TOPIC#_t"
    assert message.Place(2, "g@TOPIC#_t").group == {"GroupId": "g", "TopicId": "g@TOPIC#_t"}


def test_a_recalled_message_says_who_took_it_back():
    told = {**GROUP, "MsgBody": [], "Recalled": {"Operator_Account": "carol", "Time": 120, "Reason": "rude"}}
    shown = message.from_told(told, "alice")
    assert (shown["message_status"], shown["message_elem_array"]) == (6, [])
    assert (shown["message_revoker_user_id"], shown["message_revoke_reason"]) == ("carol", "rude")
    assert message.locator(shown)["message_locator_is_revoked"] is True


def test_what_was_told_can_be_sent_again():
    fields = message.sent_fields(message.from_told(GROUP, "alice"), message.Place(2, "g"))
    for name in ("CloudCustomData", "SendMsgControl", "NeedReadReceipt", "SupportMessageExtension", "GroupAtInfo",
                 "To_Account", "MsgPriority", "OfflinePushInfo"):  # fmt: skip
        assert fields[name] == GROUP[name], name
    assert fields["OnlineOnlyFlag"] is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("message_priority", 4), ("message_priority", -1), ("message_priority", "high"),
        ("message_cloud_custom_str", 5), ("message_group_at_user_array", "bob"), ("message_group_at_user_array", [1]),
        ("message_target_group_member_array", {}), ("message_is_online_msg", 1), ("message_need_read_receipt", "yes"),
        ("message_offline_push_config", {"offline_push_config_flag": 2}),
        ("message_offline_push_config", {"offline_push_config_ios_config": []}),
        ("message_offline_push_config", "none"),
    ],
)  # fmt: skip
def test_a_wrong_value_of_a_message_is_refused(key, value):
    with pytest.raises(WrongParameter) as fault:
        message.sent_fields({key: value}, message.Place(2, "g"))
    assert fault.value.code == -4


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
COUNTS = st.integers(0, 2**32 - 1)
PLACES = st.floats(allow_nan=False, allow_infinity=False)
VALUES = {str: TEXTS, int: COUNTS, float: PLACES}


@st.composite
def wire_elements(draw: st.DrawFn, layers: int = 2) -> dict:
    """Draw an element as the server may hold it, unknown fields included."""
    kind = draw(st.sampled_from([*elements.BY_WIRE, "TIMImageElem", *(["TIMRelayElem"] if layers else [])]))
    more = draw(st.dictionaries(st.sampled_from(["Extra", "Later"]), st.one_of(TEXTS, COUNTS, st.none())))
    if kind == "TIMImageElem":
        infos = [
            {"Type": number, "URL": draw(TEXTS.filter(bool)), "Size": draw(COUNTS), "Width": draw(COUNTS)}
            for number in sorted(draw(st.sets(st.sampled_from([1, 2, 3]), min_size=1)))
        ]
        return {"MsgType": kind, "MsgContent": {"ImageInfoArray": infos, "UUID": draw(TEXTS), **more}}
    if kind == "TIMRelayElem":
        inside = draw(st.lists(wire_elements(layers - 1), min_size=1, max_size=2))
        message_ = {"From_Account": draw(TEXTS), "GroupId": "g", "MsgTimeStamp": draw(COUNTS), "MsgBody": inside}
        content = {"Title": draw(TEXTS), "AbstractList": draw(st.lists(TEXTS, max_size=2)), "MsgList": [message_]}
        return {"MsgType": kind, "MsgContent": {**content, **more}}
    fields = [f for f in elements.BY_WIRE[kind].fields if f.needed or draw(st.booleans())]
    return {"MsgType": kind, "MsgContent": {**{f.wire: draw(VALUES[f.kind]) for f in fields}, **more}}


@given(element=wire_elements())
def test_whatever_the_server_holds_is_shown_and_can_be_sent_on(element):
    shown = elements.from_wire(element, "reader")
    sent = elements.to_wire(shown, "reader")
    check_body([sent], BAD_PARAMETER)
    again = elements.from_wire({"MsgType": sent.MsgType, "MsgContent": sent.MsgContent}, "reader")
    assert without_numbers(again) == without_numbers(shown)


def without_numbers(elem: dict) -> dict:
    """Return an element without how many messages it says are merged: that is counted anew."""
    other = {key: value for key, value in elem.get("elem_other_fields", {}).items() if key != "MsgNum"}
    shown = {**elem, "elem_other_fields": other}
    if "merge_elem_message_array" in elem:
        shown["merge_elem_message_array"] = [
            {**inside, "message_sender": "", "message_msg_id": "", "message_is_from_self": False,
             "message_sender_profile": {},
             "message_elem_array": [without_numbers(one) for one in inside["message_elem_array"]]}
            for inside in elem["merge_elem_message_array"]
        ]  # fmt: skip
    return shown
