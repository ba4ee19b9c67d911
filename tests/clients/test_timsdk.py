"""The public REST client `timsdk`, with only its base URL changed, against a real server."""

from __future__ import annotations

import pytest
from timsdk import TimClient
from timsdk.http_client import HttpClient

from served import ADMIN, KEY, SDKAPPID, Server


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
