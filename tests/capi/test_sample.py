"""The published sample of TIMGroupCreate, as it is, against a real server."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from npm_package import heard_as, locked, opened
from served import usersig

TSC = "node_modules/typescript/bin/tsc"


@pytest.fixture(scope="module")
def compiled(package) -> Path:
    with locked(package.parent):
        if not (package / "out").exists():  # nothing is written where a type is wrong
            ran = subprocess.run(["node", TSC], cwd=package, capture_output=True, text=True, check=False)
            assert (ran.returncode, ran.stdout) == (0, "")
    return package


def traced(folder: Path, home: Path, server) -> list[dict]:
    """Run the compiled sample; return what crossed between page and main process."""
    own = {"HOME": str(home), "QUNZHU_SERVER": server.url, "IM_USERSIG": usersig("alice"), "IPC_TRACE": "1"}
    ran = subprocess.run(
        ["node", "plain.js"], cwd=folder, env={**os.environ, **own}, capture_output=True, text=True, check=False,
        timeout=30,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "创建成功"
    return [json.loads(line) for line in ran.stderr.splitlines() if line.startswith('{"ipc"')]


def answer_to(method: str, trace: list[dict]) -> dict:
    """Return what the page got as the answer to a call that was the only one under way."""
    texts = [row["values"][0] or "" for row in trace]
    at = next(at for at, text in enumerate(texts) if text.startswith(f'{{"method":"{method}"'))
    assert [row["ipc"] for row in trace[at : at + 2]] == ["request", "answer"]
    return json.loads(texts[at + 1])


@pytest.fixture(scope="module")
def ran(compiled, tmp_path_factory, server):
    """Run the sample while bob listens: what alice got, and what bob was told."""
    with opened(compiled, tmp_path_factory.mktemp("bob"), server) as bob:
        bob.enter("bob")
        bob.call("TIMSetGroupTipsEventCallback", {"callback": heard_as("tips"), "data": "bob's own"})
        trace = traced(compiled, tmp_path_factory.mktemp("alice"), server)
        bob.until(lambda: bob.events)
    return answer_to("TIMGroupCreate", trace), bob.events


def test_the_sample_resolves_with_code_0_and_the_id_of_the_group(ran):
    answer, _ = ran
    assert (answer["code"], answer["desc"], answer["user_data"]) == (0, "", "")
    assert answer["json_param"]["create_group_result_groupid"].startswith("@TGS#")
    assert answer["json_param"]["create_group_param_group_name"] == "周末登山"


def test_the_member_is_told_in_a_page_of_its_own(ran):
    answer, events = ran
    [(name, [[text, data]])] = events
    tip = json.loads(text)
    assert (name, data) == ("tips", "bob's own")
    assert (tip["group_tips_elem_tip_type"], tip["group_tips_elem_join_type"]) == (1, 2)  # invited, by somebody
    assert tip["group_tips_elem_group_id"] == answer["json_param"]["create_group_result_groupid"]
    assert (tip["group_tips_elem_op_user"], tip["group_tips_elem_user_array"]) == ("alice", ["bob"])


def test_the_group_is_seen_over_rest_with_every_field_of_the_sample(ran, server):
    answer, _ = ran
    group = answer["json_param"]["create_group_result_groupid"]
    [seen] = server.rest("group_open_http_svc/get_group_info", GroupIdList=[group])["GroupInfo"]
    assert seen["AppDefinedData"] == [{"Key": "GroupTestData1", "Value": "登山"}]
    wanted = {
        "Type": "Public", "Name": "周末登山", "Introduction": "每周六出发", "Notification": "七点集合",
        "FaceUrl": "https://example.com/face.png", "ApplyJoinOption": "DisableApply", "Owner_Account": "alice",
        "MemberNum": 2,
    }  # fmt: skip
    assert {field: seen[field] for field in wanted} == wanted
    people = {member["Member_Account"]: member for member in seen["MemberList"]}
    assert (people["alice"]["Role"], people["bob"]["Role"]) == ("Owner", "Member")
    assert people["bob"]["NameCard"] == "阿波"
    assert people["bob"]["AppMemberDefinedData"] == [{"Key": "MemberDefined1", "Value": "7"}]
