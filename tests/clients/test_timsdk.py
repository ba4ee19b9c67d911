"""The public REST client `timsdk`, with only its base URL changed, against a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from timsdk import TimClient
from timsdk.api.group_open_http_svc import GroupOpenHttpSVC
from timsdk.http_client import HttpClient

from served import ADMIN, KEY, SDKAPPID, Server

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def tim(server: Server, monkeypatch) -> TimClient:
    """Return the client, signed in as the demo app's administrator."""
    original = HttpClient.get_url
    monkeypatch.setattr(
        HttpClient,
        "get_url",
        lambda self, path: original(self, path).replace(
            "https://console.tim.qq.com", f"http://127.0.0.1:{server.port}"
        ),
    )
    client = TimClient(SDKAPPID, KEY, ADMIN)
    yield client
    client.group_open_http_svc.get_client()._http.close()


def ok(answer: dict) -> dict:
    """Check the envelope of a success."""
    assert (answer["ActionStatus"], answer["ErrorCode"]) == ("OK", 0), answer
    return answer


def change_member(groups, group: str, user: str, *, mutes: bool) -> None:
    """Change a member's fields, his role and mute where the kind has such, and read them back."""
    ok(groups.modify_group_member_info(group, user, msg_flag="Discard", name_card="Ann"))
    if mutes:
        ok(groups.modify_group_member_info(group, user, role="Admin", shut_up_time=600))
    else:
        assert groups.modify_group_member_info(group, user, shut_up_time=600)["ErrorCode"] == 10007
    shown = ok(groups.get_group_member_info(group, limit=100))["MemberList"]
    [one] = [item for item in shown if item["Member_Account"] == user]
    assert (one["MsgFlag"], one["NameCard"]) == ("Discard", "Ann")
    assert (one["Role"], one["ShutUpUntil"] > 0) == ("Admin" if mutes else "Member", mutes)


def check_mutes(groups, group: str, user: str, *, mutes: bool) -> None:
    """Mute a user under the names of before 2022, look at the list, and let him talk again."""

    def listed() -> dict[str, int]:
        found = ok(groups.get_group_shut_uin(group))["ShuttedUinList"]
        return {item["Member_Account"]: item["ShuttedUntil"] for item in found}

    if not mutes:
        assert groups.forbid_send_msg(group, [user], 600)["ErrorCode"] == 10007
        assert listed() == {}
        return
    before = listed()
    ok(groups.forbid_send_msg(group, [user], 600))
    assert set(listed()) - set(before) == {user}
    assert listed()[user] > 1_600_000_000
    ok(groups.forbid_send_msg(group, [user]))
    assert listed() == before


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom", "AVChatRoom", "Community"])
def test_a_group_of_each_kind_lives_and_dies(tim: TimClient, kind: str):
    people = [f"{name}-{kind}".lower() for name in ("owner", "ann", "ben")]
    ok(tim.im_open_login_svc.account_import(people[0], nick="Owner", face_url="http://face"))
    ok(tim.im_open_login_svc.im_open_login_svc(people[1:]))
    checked = ok(tim.im_open_login_svc.account_check([*people, "stranger"]))["ResultItem"]
    assert [item["AccountStatus"] for item in checked] == ["Imported"] * 3 + ["NotImported"]

    groups = tim.group_open_http_svc
    stored = kind != "AVChatRoom"
    members = [{"Member_Account": people[1]}] if stored else None
    made = ok(groups.create_group("a group", people[0], members, kind, "intro", "note", "http://face", 50))
    group = made["GroupId"]
    listed = ok(groups.get_app_id_group_list())
    assert {"GroupId": group} in listed["GroupIdList"]
    [info] = ok(groups.get_group_info([group]))["GroupInfo"]
    assert info["Type"] == kind
    assert info["Owner_Account"] == people[0]
    assert (info["Name"], info["Introduction"], info["Notification"]) == ("a group", "intro", "note")
    assert info["MemberNum"] == (2 if stored else 0)

    if stored:
        added = ok(groups.add_group_member(group, [{"Member_Account": people[2]}, {"Member_Account": people[1]}]))
        assert [item["Result"] for item in added["MemberList"]] == [1, 2]
        roles = ok(groups.get_role_in_group(group, [*people, "stranger"]))["UserIdList"]
        assert [item["Role"] for item in roles] == ["Owner", "Member", "Member", "NotMember"]
        ok(groups.delete_group_member(group, [people[2]], reason="enough"))
        left = groups.get_group_member_info(group, limit=100)
        assert sorted(item["Member_Account"] for item in ok(left)["MemberList"]) == sorted(people[:2])
        joined = ok(groups.get_joined_group_list(people[1], with_no_active_groups=1))
        assert {"GroupId": group} in joined["GroupIdList"]
        ok(groups.modify_group_base_info(group, name="renamed"))
        change_member(groups, group, people[1], mutes=kind != "Private")
    else:
        assert groups.add_group_member(group, [{"Member_Account": people[2]}])["ErrorCode"] == 10007
        assert groups.delete_group_member(group, [people[2]])["ErrorCode"] == 10004
    check_mutes(groups, group, people[2], mutes=kind != "Private")
    ok(groups.send_group_system_notification(group, "hello"))
    ok(groups.destroy_group(group))
    assert groups.destroy_group(group)["ErrorCode"] == 10010
    deleted = ok(tim.im_open_login_svc.account_delete(people))["ResultItem"]
    assert [item["ResultCode"] for item in deleted] == [0, 0, 0]


@pytest.mark.parametrize("kind", ["Private", "Public", "ChatRoom", "AVChatRoom", "Community"])
def test_a_group_is_imported_with_its_members(tim: TimClient, kind: str):
    people = [f"{name}-import-{kind}".lower() for name in ("owner", "ann")]
    ok(tim.im_open_login_svc.im_open_login_svc(people))
    groups = tim.group_open_http_svc
    wanted = {"create_time": 1448357837, "introduction": "i", "notification": "n", "face_url": "f"}
    made = groups.import_group("old times", people[0], kind, **wanted, max_member_count=50)
    if kind == "AVChatRoom":
        assert made["ErrorCode"] == 10007
        return
    group = ok(made)["GroupId"]
    [info] = ok(groups.get_group_info([group]))["GroupInfo"]
    assert (info["CreateTime"], info["Introduction"], info["MaxMemberNum"]) == (1448357837, "i", 50)
    members = [{"Member_Account": people[1], "JoinTime": 1448357838, "UnreadMsgNum": 5}]
    assert ok(groups.import_group_member(group, members))["MemberList"] == [{"Member_Account": people[1], "Result": 1}]
    shown = ok(groups.get_group_member_info(group, limit=100))["MemberList"]
    joined = {item["Member_Account"]: item["JoinTime"] for item in shown}
    assert joined == {people[0]: 1448357837, people[1]: 1448357838}


def text(words: str) -> list[dict]:
    """Return the elements of a message."""
    return [{"MsgType": "TIMTextElem", "MsgContent": {"Text": words}}]


WATCHED = ("Name", "MaxMemberNum", "ApplyJoinOption", "ShutUpAllMember", "MuteAllMember")


def group_calls() -> set[str]:
    """Return the names of all group calls that the package has."""
    return {name for name, value in vars(GroupOpenHttpSVC).items() if callable(value) and not name.startswith("_")}


def test_each_group_call_succeeds(tim: TimClient):
    """Every call with every field that it can send; what it sends under an old name is read back under both."""
    people = [f"{name}-each" for name in ("owner", "ann", "ben")]
    owner, ann, ben = people
    ok(tim.im_open_login_svc.im_open_login_svc(people))
    groups, called = tim.group_open_http_svc, set()

    def call(name: str, /, *args, **kwargs) -> dict:
        called.add(name)
        return ok(getattr(groups, name)(*args, **kwargs))

    def info(group: str) -> dict:
        [shown] = call("get_group_info", [group], response_filter={"GroupBaseInfoFilter": list(WATCHED)})["GroupInfo"]
        return {name: shown[name] for name in WATCHED}

    custom = [{"Key": "GroupTestData1", "Value": "red"}]
    group = call(
        "create_group", "each", owner, [{"Member_Account": ann}], "Public", "i", "n", "f", 50, "FreeAccess"
    )["GroupId"]  # fmt: skip
    assert info(group) == dict(zip(WATCHED, ("each", 50, "FreeAccess", "Off", "Off"), strict=True))
    call(
        "modify_group_base_info", group, name="other", introduction="i", notification="n", face_url="f",
        max_member_num=60, apply_join_option="NeedPermission", shut_up_all_member="On", app_defined_data=custom,
    )  # fmt: skip
    assert info(group) == dict(zip(WATCHED, ("other", 60, "NeedPermission", "On", "On"), strict=True))
    assert {"GroupId": group} in call("get_app_id_group_list")["GroupIdList"]
    call("add_group_member", group, [{"Member_Account": ben}], silence=groups.SILENCE_NO)
    call(
        "modify_group_member_info", group, ben, role="Admin", msg_flag="Discard", name_card="Ben",
        app_member_defined_data=[{"Key": "MemberDefined1", "Value": "blue"}], shut_up_time=600,
    )  # fmt: skip
    page = call(
        "get_group_member_info", group, limit=1, offset=1, member_info_filter=["Role", "ShutUpUntil", "MsgFlag"]
    )
    [shown] = page["MemberList"]
    assert (page["MemberNum"], shown["Member_Account"], shown["Role"], shown["MsgFlag"]) == (3, ben, "Admin", "Discard")
    assert shown["ShutUpUntil"] > 1_600_000_000
    call("forbid_send_msg", group, [ann], shut_up_time=600)
    assert [item["Member_Account"] for item in call("get_group_shut_uin", group)["ShuttedUinList"]] == [ann, ben]
    roles = call("get_role_in_group", group, [owner, ann])["UserIdList"]
    assert [item["Role"] for item in roles] == ["Owner", "Member"]
    joined = call(
        "get_joined_group_list", ann, limit=10, group_type="Public", with_huge_groups=1, with_no_active_groups=1,
        response_filter={"SelfInfoFilter": ["Role"]},
    )  # fmt: skip
    assert joined["GroupIdList"] == [{"GroupId": group, "SelfInfo": {"Role": "Member"}}]
    call("send_group_system_notification", group, "hello", to_members_account=[ann])
    call("change_group_owner", group, ben)
    call("delete_group_member", group, [ann], silence=groups.SILENCE_NO, reason="enough")
    old = call("import_group", "old", owner, "Public", "old-each", 1448357837, "i", "n", "f", 50, "FreeAccess", custom)[
        "GroupId"
    ]
    call("import_group_member", old, [{"Member_Account": ann}], join_time=1448357838, unread_msg_num=5)
    check_messages(call, group, old, people)
    for one in (group, old):
        call("destroy_group", one)
    assert called == group_calls()


def text_of(answer: dict) -> list[str]:
    """Return the texts of a page of history."""
    return [one["MsgBody"][0]["MsgContent"]["Text"] for one in ok(answer)["MsgList"]]


def roam(tim: TimClient, operator: str, peer: str) -> dict:
    """Read one-to-one history, for which the package has no call of its own."""
    fields = {"Operator_Account": operator, "Peer_Account": peer, "MaxCnt": 100, "MinTime": 0, "MaxTime": 2**32 - 1}
    return tim.open_im._post("openim/admin_getroammsg", data=fields)


def test_one_to_one_messages(tim: TimClient):
    ann, ben, cem = people = [f"{name}-c2c" for name in ("ann", "ben", "cem")]
    ok(tim.im_open_login_svc.im_open_login_svc(people))
    openim = tim.open_im
    sent = ok(openim.send_text_msg(ben, "hello", from_account=ann))
    assert sent["MsgTime"] > 1_600_000_000
    ok(openim.send_text_msg(ben, "from the administrator", sync_other_machine=openim.SYNC_OTHER_MACHINE_NO))
    assert openim.send_text_msg("stranger", "hello")["ErrorCode"] == 90012
    ok(openim.batch_send_text_msg([ben, cem], "to both", from_account=ann))
    partly = openim.batch_send_text_msg([cem, "stranger"], "to one", from_account=ann)
    assert (partly["ActionStatus"], partly["ErrorCode"]) == ("SomeError", 0)
    assert partly["ErrorList"] == [{"To_Account": "stranger", "ErrorCode": 70107}]
    ok(openim.import_text_msg(ben, cem, "imported", 7))
    ok(openim.import_text_msg(ben, cem, "imported, read", 8, sync_from_old_system=openim.SYNC_FROM_OLD_SYSTEM_HISTORY))
    assert sorted(text_of(roam(tim, ben, ann))) == ["hello", "to both"]
    assert text_of(roam(tim, ADMIN, ben)) == []
    assert text_of(roam(tim, ben, ADMIN)) == ["from the administrator"]
    assert sorted(text_of(roam(tim, cem, ben))) == ["imported", "imported, read"]
    ok(openim.admin_msg_withdraw(ben, ann, sent["MsgKey"]))
    assert openim.admin_msg_withdraw(ben, ann, sent["MsgKey"])["ErrorCode"] == 20023
    assert {one["MsgFlagBits"] for one in roam(tim, ben, ann)["MsgList"]} == {0, 8}
    assert ok(openim.query_state([ann]))["QueryResult"][0]["State"] == "Offline"


def test_mutes_of_the_whole_app(tim: TimClient):
    ann = "ann-mute"
    ok(tim.im_open_login_svc.im_open_login_svc([ann]))
    config = tim.open_config_svr
    ok(config.set_no_speaking(ann, c2c_msg_no_speaking_time=600, group_msg_no_speaking_time=4294967295))
    left = ok(config.get_no_speaking(ann))
    assert 590 < left["C2CmsgNospeakingTime"] <= 600
    assert left["GroupmsgNospeakingTime"] == 4294967295
    assert config.set_no_speaking(ann)["ErrorCode"] == 130008


def check_messages(call: Callable[..., dict], group: str, old: str, people: list[str]) -> None:
    """Send, read, take back and delete messages of one group, and import some into another."""
    owner, ann, _ = people
    first = call("send_group_msg", group, text("one"), msg_random=1)["MsgSeq"]
    second = call("send_group_msg", group, text("two"), msg_random=2)["MsgSeq"]
    assert second == first + 1
    page = call("group_msg_get_simple", group, 2, req_msg_seq=second)
    assert [(item["MsgSeq"], item["MsgBody"]) for item in page["RspMsgList"]] == [
        (second, text("two")), (first, text("one")),
    ]  # fmt: skip
    assert (page["GroupId"], page["IsFinished"]) == (group, 1)
    recalled = call("group_msg_recall", group, [{"MsgSeq": second}, {"MsgSeq": 9999}])["RecallRetList"]
    assert recalled == [{"MsgSeq": second, "RetCode": 0}, {"MsgSeq": 9999, "RetCode": 10030}]
    assert call("group_msg_get_simple", group, 1)["RspMsgList"][0]["MsgSeq"] == first
    call("delete_group_msg_by_sender", group, ADMIN)
    assert call("group_msg_get_simple", group, 1, req_msg_seq=first)["RspMsgList"][0]["IsPlaceMsg"] == 1
    messages = [
        {"From_Account": user, "SendTime": 1448357840 + n, "Random": n, "MsgBody": text(user)}
        for n, user in enumerate((owner, ann))
    ]
    brought = call("import_group_msg", old, messages)["ImportMsgResult"]
    assert [(item["MsgSeq"], item["Result"]) for item in brought] == [(1, 0), (2, 0)]
    shown = call("group_msg_get_simple", old, 20)["RspMsgList"]
    assert [(item["From_Account"], item["MsgTimeStamp"]) for item in shown] == [(ann, 1448357841), (owner, 1448357840)]
    call("set_unread_msg_num", old, ann, 1)
    [member] = [m for m in call("get_group_member_info", old)["MemberList"] if m["Member_Account"] == ann]
    assert member["MsgSeq"] == 1
