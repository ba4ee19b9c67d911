"""What becomes of a call by what the app's server answers."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from callbacks.conftest import HELLO, Asking
from receiver import ALLOW, Hang

SEND, WRITE, CREATE = "group_open_http_svc/send_group_msg", "openim/sendmsg", "group_open_http_svc/create_group"
ADD, TOPIC = "group_open_http_svc/add_group_member", "million_group_open_http_svc/create_topic"
GROUP_SEND, C2C_SEND = "Group.CallbackBeforeSendMsg", "C2C.CallbackBeforeSendMsg"
TOWN = "@TGS#_town"
OTHER = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "***"}}]


def says(code: int, text: str = "", **more: Any) -> dict[str, Any]:
    """Return an answer of the app's server."""
    return {"ActionStatus": "FAIL" if code else "OK", "ErrorCode": code, "ErrorInfo": text, **more}


def people(*users: str) -> list[dict[str, str]]:
    return [{"Member_Account": user} for user in users]


@pytest.fixture
def club(asking: Asking) -> Asking:
    """Open the app with a group of ann and ben, a community with topics, and all callbacks on."""
    asking.group(GroupId="club", MemberList=people("ben"))
    asking.group("Community", GroupId=TOWN, SupportTopic=1, MemberList=people("ben"))
    asking.set("*")
    return asking


CALLS = {
    "create": (CREATE, {"Type": "Public", "Name": "n", "GroupId": "new"}, None),
    "create by a user": ("create_group", {"Type": "Public", "Name": "n", "GroupId": "new"}, "ann"),
    "topic": (TOPIC, {"GroupId": TOWN, "TopicName": "n"}, None),
    "join": ("join_group", {"GroupId": TOWN}, "eve"),
    "add": (ADD, {"GroupId": "club", "MemberList": people("eve")}, None),
    "add by a user": ("add_group_member", {"GroupId": TOWN, "MemberList": people("eve")}, "ben"),
    "send": (SEND, {"GroupId": "club", "Random": 1, "MsgBody": HELLO}, None),
    "send by a user": ("send_group_msg", {"GroupId": "club", "Random": 1, "MsgBody": HELLO}, "ben"),
    "write": (WRITE, {"To_Account": "ben", "MsgRandom": 1, "MsgBody": HELLO}, None),
    "write by a user": ("sendmsg", {"To_Account": "ben", "MsgRandom": 1, "MsgBody": HELLO}, "ann"),
}


def code_of(app: Asking, name: str) -> tuple[int, str]:
    """Make a call, and return code and text of the answer; 0 where it is OK."""
    command, fields, by = CALLS[name]
    if by is None:
        answer = app.door.call(command, fields)
        return answer["ErrorCode"], answer["ErrorInfo"]
    answer = app.gate(by).call(command, **fields)
    return (0, "") if "result" in answer else (answer["error"]["code"], answer["error"]["message"])


GROUPS = [name for name in CALLS if not name.startswith("write")]
MINE = {"send": 10016, "write": 20006}


@pytest.mark.parametrize("name", CALLS)
def test_zero_allows(club, name):
    club.receiver.answer = ALLOW
    assert code_of(club, name)[0] == 0


@pytest.mark.parametrize("name", CALLS)
def test_one_refuses(club, name):
    club.receiver.answer = says(1, "an inner matter of the app's server")
    code, text = code_of(club, name)
    assert code == (20006 if name.startswith("write") else 10016)
    assert "inner matter" not in text
    assert_nothing_happened(club)


def assert_nothing_happened(app: Asking) -> None:
    """Say that no call changed anything."""
    app.receiver.answer = ALLOW
    groups = app.rest("group_open_http_svc/get_appid_group_list")["GroupIdList"]
    assert {one["GroupId"] for one in groups} == {"club", TOWN}
    for group in ("club", TOWN):
        info = app.rest("group_open_http_svc/get_group_info", GroupIdList=[group])["GroupInfo"][0]
        assert info["MemberNum"] == 2
        assert not [one for one in app.history(group) if one["From_Account"] != "@TIM#SYSTEM"]
    topics = app.rest("million_group_open_http_svc/get_topic", GroupId=TOWN, From_Account="ann")
    assert topics["TopicAndSelfInfo"] == []
    written = app.rest("openim/admin_getroammsg", Operator_Account="ben", Peer_Account="ann", MaxCnt=9, MinTime=0,
                       MaxTime=2**32 - 1)  # fmt: skip
    assert written["MsgCnt"] == 0


@pytest.mark.parametrize("code", [10100, 10150, 10200])
@pytest.mark.parametrize("name", GROUPS)
def test_the_app_refuses_with_a_code_and_a_text_of_its_own(club, name, code):
    club.receiver.answer = says(code, "文明用语 please")
    assert code_of(club, name) == (code, "文明用语 please")


@pytest.mark.parametrize("code", [120001, 125000, 130000])
@pytest.mark.parametrize("name", ["write", "write by a user"])
def test_the_app_refuses_a_message_to_a_user_with_a_code_of_its_own(club, name, code):
    club.receiver.answer = says(code, "no")
    assert code_of(club, name) == (code, "no")


@pytest.mark.parametrize("code", [-1, 3, 10016, 10099, 10201, 20006, 120000, 130001, 38000])
@pytest.mark.parametrize("name", ["send", "create", "write"])
def test_any_other_code_refuses_as_one_does(club, name, code):
    club.receiver.answer = says(code, "what?")
    found, text = code_of(club, name)
    assert found == MINE.get(name, 10016)
    assert f"ErrorCode {code}" in text


@pytest.mark.parametrize("name", ["create", "topic", "join", "add"])
def test_what_is_no_message_cannot_be_dropped(club, name):
    club.receiver.answer = says(2)
    assert code_of(club, name)[0] == 10016


def test_codes_of_the_other_range_are_not_passed_on(club):
    club.receiver.answer = says(120001, "x")
    assert code_of(club, "send")[0] == 10016
    club.receiver.answer = says(10100, "x")
    assert code_of(club, "write")[0] == 20006


def test_a_code_without_a_text_has_ours_and_a_long_text_is_cut(club):
    club.receiver.answer = {"ErrorCode": 10100}
    code, text = code_of(club, "send")
    assert code == 10100
    assert text
    club.receiver.answer = says(10100, "x" * 5000)
    assert code_of(club, "send") == (10100, "x" * 1024)


class TestDropped:
    """The sender sees success; nobody else sees anything."""

    @pytest.mark.parametrize("by", [None, "ben"])
    def test_a_message_to_a_group(self, club, by):
        ann = club.gate("ann")
        club.receiver.answer = says(2)
        fields = club.message("club")
        answer = club.rest(SEND, **fields) if by is None else club.user(by, "send_group_msg", **fields)
        assert answer["MsgSeq"] == 0
        assert answer["MsgDropReason"] == ""
        assert abs(answer["MsgTime"] - time.time()) < 5
        club.receiver.answer = ALLOW
        seq = club.rest(SEND, **club.message("club"))["MsgSeq"]
        assert club.history("club")[0]["MsgSeq"] == seq
        club.user("ann", "get_group_applications")  # after which all that was pushed before has come
        sent = [push for push in ann.pushes if push["method"] == "group_message"]
        assert [push["params"]["MsgSeq"] for push in sent] == [seq]
        assert club.counted(GROUP_SEND) == {"dropped": 1, "allowed": 1}

    @pytest.mark.parametrize("by", [None, "ann"])
    def test_a_message_to_a_user(self, club, by):
        club.receiver.answer = says(2)
        fields = {"To_Account": "ben", "MsgRandom": 77, "MsgBody": HELLO}
        answer = club.rest(WRITE, **fields) if by is None else club.user(by, "sendmsg", **fields)
        [got] = club.receiver.of(C2C_SEND)
        assert answer["MsgKey"] == got.body["MsgKey"]
        assert answer["MsgTime"] == got.body["MsgTime"]
        assert_nothing_happened(club)

    def test_the_app_is_not_told_of_it(self, club):
        club.receiver.answer = says(2)
        club.rest(SEND, **club.message("club"))
        club.rest(WRITE, To_Account="ben", MsgRandom=77, MsgBody=HELLO)
        club.receiver.answer = says(1)
        club.refused(SEND, **club.message("club"))
        club.refused(WRITE, To_Account="ben", MsgRandom=78, MsgBody=HELLO)
        club.receiver.answer = ALLOW
        club.rest(SEND, **club.message("club"))
        deadline = time.monotonic() + 5
        while not club.receiver.of("Group.CallbackAfterSendMsg"):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert len(club.receiver.of("Group.CallbackAfterSendMsg")) == 1
        assert club.receiver.of("C2C.CallbackAfterSendMsg") == []
        assert club.receiver.of("Group.CallbackSendMsgException") == []


def test_the_app_is_told_of_what_the_server_refuses_before_it_asks(club):
    """A sender who is muted is not asked about; that his message was not sent is told all the same."""
    club.rest("openconfigsvr/setnospeaking", Set_Account="ben", C2CmsgNospeakingTime=60, GroupmsgNospeakingTime=60)
    club.user("ben", "send_group_msg", **club.message("club"))
    club.user("ben", "sendmsg", To_Account="ann", MsgRandom=1, MsgBody=HELLO)
    deadline = time.monotonic() + 5
    while not (club.receiver.of("Group.CallbackSendMsgException") and club.receiver.of("C2C.CallbackAfterSendMsg")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert club.receiver.of("Group.CallbackSendMsgException")[0].body["ErrorCode"] == 10017
    assert club.receiver.of("C2C.CallbackAfterSendMsg")[0].body["SendMsgResult"] == 20012


class TestRewritten:
    """Elements and CloudCustomData of the answer take the place of those sent."""

    def test_a_message_to_a_group(self, club):
        club.receiver.answer = says(0, MsgBody=OTHER, CloudCustomData="seen")
        club.rest(SEND, **club.message("club", CloudCustomData="mine"))
        [message] = club.history("club")[:1]
        assert (message["MsgBody"], message["CloudCustomData"]) == (OTHER, "seen")
        assert club.counted(GROUP_SEND) == {"changed": 1}

    def test_a_message_to_a_user(self, club):
        club.receiver.answer = says(0, MsgBody=OTHER)
        club.user("ann", "sendmsg", To_Account="ben", MsgRandom=5, MsgBody=HELLO, CloudCustomData="mine")
        found = club.rest("openim/admin_getroammsg", Operator_Account="ben", Peer_Account="ann", MaxCnt=9, MinTime=0,
                          MaxTime=2**32 - 1)["MsgList"]  # fmt: skip
        assert [(one["MsgBody"], one["CloudCustomData"]) for one in found] == [(OTHER, "mine")]

    def test_what_happened_tells_of_the_message_as_it_is_now(self, club):
        club.receiver.answer = lambda got: says(0, MsgBody=OTHER) if "Before" in got.query["CallbackCommand"] else ALLOW
        club.rest(SEND, **club.message("club"))
        deadline = time.monotonic() + 5
        while not (told := club.receiver.of("Group.CallbackAfterSendMsg")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert told[0].body["MsgBody"] == OTHER

    def test_who_refuses_rewrites_nothing(self, club):
        club.receiver.answer = says(1, MsgBody=OTHER)
        assert club.refused(SEND, **club.message("club"))[0] == 10016

    @pytest.mark.parametrize(
        "changes",
        [
            {"MsgBody": []}, {"MsgBody": "text"}, {"MsgBody": [1]}, {"MsgBody": [{"MsgType": "TIMTextElem"}]},
            {"MsgBody": [{"MsgType": "TIMNoElem", "MsgContent": {}}]},
            {"MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": 1}}]},
            {"MsgBody": [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "x" * 13000}}]},
            {"CloudCustomData": "x" * 13000}, {"CloudCustomData": {}},
        ],
        ids=["empty", "a text", "numbers", "no content", "unknown", "wrong content", "too long", "cloud too long",
             "cloud no text"],
    )  # fmt: skip
    @pytest.mark.parametrize("command", [GROUP_SEND, C2C_SEND])
    def test_what_could_not_be_sent_is_no_answer(self, club, command, changes):
        club.receiver.answer = says(0, **changes)
        name = "send" if command == GROUP_SEND else "write"
        assert code_of(club, name)[0] == 0
        if name == "send":
            assert club.history("club")[0]["MsgBody"] == HELLO
        assert club.counted(command) == {"garbage": 1}
        club.set(command, block=True)
        code, text = code_of(club, name)
        assert code == 80003
        assert "garbage" in text


class TestRefusedMembers:
    """Those named are not added, the others are."""

    @pytest.mark.parametrize("by", [None, "ben"])
    def test_some(self, club, by):
        club.receiver.answer = says(0, RefusedMembers_Account=["eve", "stranger"])
        fields = {"GroupId": TOWN, "MemberList": people("eve", "tom", "ben", "nobody")}
        answer = club.rest(ADD, **fields) if by is None else club.user(by, "add_group_member", **fields)
        results = {one["Member_Account"]: one["Result"] for one in answer["MemberList"]}
        assert results == {"eve": 0, "tom": 1, "ben": 2, "nobody": 0}
        assert club.counted("Group.CallbackBeforeInviteJoinGroup") == {"changed": 1}

    def test_all(self, club):
        club.receiver.answer = says(0, RefusedMembers_Account=["eve", "tom"])
        answer = club.rest(ADD, GroupId="club", MemberList=people("eve", "tom"))
        assert [one["Result"] for one in answer["MemberList"]] == [0, 0]
        info = club.rest("group_open_http_svc/get_group_info", GroupIdList=["club"])["GroupInfo"][0]
        assert info["MemberNum"] == 2

    @pytest.mark.parametrize("refused", ["eve", [1], {"eve": 1}])
    def test_what_is_no_list_of_accounts_is_no_answer(self, club, refused):
        club.receiver.answer = says(0, RefusedMembers_Account=refused)
        answer = club.rest(ADD, GroupId="club", MemberList=people("eve"))
        assert [one["Result"] for one in answer["MemberList"]] == [1]
        assert club.counted("Group.CallbackBeforeInviteJoinGroup") == {"garbage": 1}


def test_whoever_is_allowed_to_apply_still_has_to_be_let_in(club):
    club.group(GroupId="door", ApplyJoinOption="NeedPermission")
    club.user("eve", "join_group", GroupId="door")
    info = club.rest("group_open_http_svc/get_group_info", GroupIdList=["door"])["GroupInfo"][0]
    assert info["MemberNum"] == 1
    assert len(club.user("ann", "get_group_applications")["Applications"]) == 1


class TestNotAsked:
    """Nobody is asked about what will be refused anyway, nor where nothing is on."""

    def asked(self, app: Asking) -> list[str]:
        return [got.query["CallbackCommand"] for got in app.receiver.got if "Before" in got.query["CallbackCommand"]]

    @pytest.mark.parametrize(
        ("command", "fields", "by", "code"),
        [
            ("send_group_msg", {"GroupId": "none", "Random": 1, "MsgBody": HELLO}, None, 10010),
            ("send_group_msg", {"GroupId": "club", "Random": 1, "MsgBody": HELLO}, "eve", 10007),
            ("send_group_msg", {"GroupId": "club", "Random": 1, "MsgBody": []}, None, 10004),
            ("send_group_msg", {"GroupId": "club", "Random": 1, "MsgBody": HELLO, "From_Account": "x"}, None, 10004),
            ("add_group_member", {"GroupId": "none", "MemberList": people("eve")}, None, 10010),
            ("add_group_member", {"GroupId": "club", "MemberList": people("nobody")}, None, 10019),
            ("add_group_member", {"GroupId": "club", "MemberList": people("eve")}, "tom", 10007),
            ("add_group_member", {"GroupId": "club", "MemberList": people("ben")}, None, 0),
            ("create_group", {"Type": "Public", "Name": "n", "Owner_Account": "nobody"}, None, 10019),
            ("create_topic", {"GroupId": "club", "TopicName": "n"}, None, 10007),
            ("create_topic", {"GroupId": TOWN, "TopicName": "n"}, "ben", 10007),
            ("join_group", {"GroupId": "none"}, "eve", 10010),
            ("join_group", {"GroupId": "club"}, "ben", 10013),
            ("sendmsg", {"To_Account": "nobody", "MsgRandom": 1, "MsgBody": HELLO}, None, 90012),
            ("sendmsg", {"To_Account": "ben", "MsgRandom": 1, "MsgBody": []}, None, 90010),
        ],
    )
    def test_about_what_is_refused_anyway(self, club, command, fields, by, code):
        paths = {"create_topic": "million_group_open_http_svc", "sendmsg": "openim"}
        if by is None:
            found = club.door.code(f"{paths.get(command, 'group_open_http_svc')}/{command}", fields)
        else:
            found = club.gate(by).call(command, **fields).get("error", {"code": 0})["code"]
        assert (found, self.asked(club)) == (code, [])

    def test_about_senders_who_are_muted_in_the_whole_app(self, club):
        club.rest("openconfigsvr/setnospeaking", Set_Account="ben", C2CmsgNospeakingTime=60, GroupmsgNospeakingTime=60)
        assert club.user("ben", "send_group_msg", **club.message("club"))["code"] == 10017
        assert club.user("ben", "sendmsg", To_Account="ann", MsgRandom=1, MsgBody=HELLO)["code"] == 20012
        assert self.asked(club) == []

    def test_about_imports_messages_to_many_and_broadcasts(self, club):
        club.rest("group_open_http_svc/import_group", Type="Public", Name="n", GroupId="old", Owner_Account="ann")
        club.rest("group_open_http_svc/import_group_member", GroupId="old", MemberList=people("ben"))
        club.rest("group_open_http_svc/import_group_msg", GroupId="old", MsgList=[
            {"From_Account": "ann", "SendTime": int(time.time()) - 9, "Random": 1, "MsgBody": HELLO}
        ])  # fmt: skip
        club.rest("group_open_http_svc/import_topic", GroupId=TOWN, TopicName="n")
        club.rest("group_open_http_svc/send_broadcast_msg", Random=1, MsgBody=HELLO)
        club.rest("group_open_http_svc/send_group_system_notification", GroupId="club", Content="n")
        club.rest("openim/batchsendmsg", To_Account=["ben"], MsgRandom=1, MsgBody=HELLO)
        club.rest("openim/importmsg", SyncFromOldSystem=2, From_Account="ann", To_Account="ben", MsgRandom=1,
                  MsgTimeStamp=int(time.time()), MsgBody=HELLO)  # fmt: skip
        assert self.asked(club) == []

    def test_what_is_not_switched_on(self, club):
        club.set("Group.CallbackBeforeInviteJoinGroup")
        for name in ("create", "topic", "join", "send", "send by a user", "write", "write by a user"):
            assert code_of(club, name)[0] == 0
        assert club.receiver.got == []

    def test_topics_share_the_switch_of_groups(self, club):
        club.set("Group.CallbackBeforeCreateGroup")
        code_of(club, "topic")
        assert self.asked(club) == ["Group.CallbackBeforeCreateTopic"]

    def test_an_app_without_url(self, club):
        club.setting(callbacks={"url": ""})
        assert code_of(club, "send")[0] == 0
        assert club.receiver.got == []

    def test_about_a_message_whose_sender_says_so(self, club):
        forbid = {"ForbidCallbackControl": ["ForbidBeforeSendMsgCallback"]}
        club.rest(SEND, **club.message("club", **forbid))
        club.rest(WRITE, To_Account="ben", MsgRandom=1, MsgBody=HELLO, **forbid)
        assert self.asked(club) == []
        club.rest(SEND, **club.message("club", ForbidCallbackControl=["ForbidAfterSendMsgCallback"]))
        assert self.asked(club) == [GROUP_SEND]

    def test_a_user_cannot_say_so(self, club):
        club.receiver.answer = says(1)
        forbid = {"ForbidCallbackControl": ["ForbidBeforeSendMsgCallback"]}
        assert club.user("ben", "send_group_msg", **club.message("club", **forbid))["code"] == 10016
        assert club.user("ben", "sendmsg", To_Account="ann", MsgRandom=1, MsgBody=HELLO, **forbid)["code"] == 20006


def test_it_is_asked_about_messages_that_their_frequency_drops_later(club):
    club.setting(messages_per_second=1)
    answers = [club.rest(SEND, **club.message("club")) for _ in range(8)]
    dropped = [answer for answer in answers if answer["MsgDropReason"]]
    assert dropped
    assert club.counted(GROUP_SEND) == {"allowed": 8}


def test_a_users_messages_keep_their_order(club):
    """The first one is asked about longest, and all are sent without waiting for answers."""
    club.receiver.answer = lambda got: Hang(0.5) if got.body.get("Random") == 1001 else ALLOW
    gate, ids = club.gate("ben"), range(9000, 9005)
    for number in ids:
        call = {"method": "send_group_msg", "params": club.message("club", Random=1001 + number - ids[0])}
        gate.send(json.dumps({"jsonrpc": "2.0", "id": number, **call}))
    seqs: dict[int, int] = {}
    while len(seqs) < len(ids):
        frame = gate.next()
        if frame.get("id") in ids:
            seqs[frame["id"]] = frame["result"]["MsgSeq"]
    assert [seqs[number] for number in ids] == sorted(seqs.values())
    assert sorted(got.body["Random"] for got in club.receiver.of(GROUP_SEND)) == [1001, 1002, 1003, 1004, 1005]


def test_a_message_that_is_refused_at_once_keeps_its_place(club):
    """The first is asked about longest, the second is refused at once: the third does not overtake the first."""

    def answer(got: Any) -> Any:
        number = got.body.get("Random")
        return Hang(0.5) if number == 2001 else says(1) if number == 2002 else ALLOW

    club.receiver.answer = answer
    gate, ids = club.gate("ben"), range(9001, 9004)
    for number in ids:
        call = {"method": "send_group_msg", "params": club.message("club", Random=number - 7000)}
        gate.send(json.dumps({"jsonrpc": "2.0", "id": number, **call}))
    order: dict[int, int] = {}
    while len(order) < len(ids):
        frame = gate.next()
        if frame.get("id") in ids:
            order[frame["id"]] = frame.get("result", {}).get("MsgSeq", -frame.get("error", {}).get("code", 0))
    assert list(order) == [9002, 9001, 9003]
    assert order[9002] == -10016
    assert order[9001] < order[9003]
