"""A new group, by keyboard: what is wrong is said at once, and the code to copy is right."""

from __future__ import annotations

import json
import re
import subprocess

from qunzhu.tim import TIMGroupAddOption, TIMGroupType
from served import SDKAPPID


def written(visit, title: str) -> str:
    """Return a block of code."""
    return visit.page.locator(f'pre[aria-label="{title}"]').inner_text()


def test_create_by_keyboard_with_checks_at_each_key(visit, server, language):
    page, words = visit.open("create"), visit.words
    name, group_id = visit.field(words("field.Name")), visit.field(words("field.GroupId"))
    visit.tab_to(name)
    page.keyboard.insert_text("群" * 11)
    page.get_by_text(words("field.long", used=33, most=30), exact=True).wait_for()
    assert name.get_attribute("aria-invalid") == "true"
    page.keyboard.press("Backspace")
    page.get_by_text(words("field.long", used=33, most=30), exact=True).wait_for(state="detached")
    assert page.get_by_text(words("field.bytes", used=30, most=30), exact=True).is_visible()

    visit.tab_to(group_id)
    for wrong, said in (("@TGS#mine", "create.id.reserved"), ("群", "create.id.ascii")):
        page.keyboard.press("Control+A")
        page.keyboard.insert_text(wrong)
        group_id.locator("xpath=..").get_by_text(words.like(said)).last.wait_for()
        assert group_id.get_attribute("aria-invalid") == "true"
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(f"keys-{language}")
    owner = visit.field(words("field.Owner_Account"))
    visit.tab_to(owner, most=200)
    page.keyboard.type("nobody")
    # The server itself is asked about what only it knows.
    page.locator(".verdict.bad").filter(has_text="10019").wait_for()
    page.keyboard.press("Control+A")
    page.keyboard.type("alice")
    page.locator(".verdict.good").wait_for()

    body = json.loads(written(visit, words("create.rest")))
    assert body == {"Type": "Public", "Name": "群" * 10, "GroupId": f"keys-{language}", "Owner_Account": "alice"}
    page.keyboard.press("Enter")
    visit.toast(words("create.done", id=f"keys-{language}"))
    page.get_by_role("heading", level=1, name="群" * 10, exact=True).wait_for()
    found = server.rest("group_open_http_svc/get_group_info", GroupIdList=[f"keys-{language}"])["GroupInfo"][0]
    assert (found["Name"], found["Owner_Account"], found["Type"]) == ("群" * 10, "alice", "Public")


def test_code_to_copy_is_what_the_form_stands_for(visits, server):
    visit = visits("en").sign_in()
    page, words = visit.open("create?kind=ChatRoom"), visit.words
    visit.field(words("field.Name")).fill('It\'s a "test" $HOME `x` \\')
    visit.field(words("field.Introduction")).fill("two\nlines")
    visit.field(words("field.MaxMemberCount")).fill("50")
    visit.button(words("create.member.add")).click()
    visit.field(words("create.member")).fill("bob")
    visit.field(words("create.role")).select_option("Admin")
    visit.field(words("create.card")).fill("Bobby")
    page.locator(".verdict.good").wait_for()

    body = json.loads(written(visit, words("create.rest")))
    answer = server.rest("group_open_http_svc/create_group", **body)
    assert answer["ErrorCode"] == 0, answer
    found = server.rest("group_open_http_svc/get_group_info", GroupIdList=[answer["GroupId"]])["GroupInfo"][0]
    assert (found["Name"], found["Introduction"], found["Type"]) == (body["Name"], "two\nlines", "ChatRoom")
    assert {(one["Member_Account"], one["Role"], one["NameCard"]) for one in found["MemberList"]} >= {
        ("bob", "Admin", "Bobby")
    }

    # The shell gives the server the same bytes.
    curl = written(visit, "curl")
    given = re.search(r"-d ('.*')\s*$", curl, re.DOTALL)[1]
    assert (
        json.loads(subprocess.run(["sh", "-c", f"printf %s {given}"], capture_output=True, check=True).stdout) == body
    )
    assert f"sdkappid={SDKAPPID}" in curl

    typescript = written(visit, words("create.typescript"))
    assert set(re.findall(r"\b((?:create_group_param|group_member_info)_\w+):", typescript)) == {
        "create_group_param_group_type", "create_group_param_group_name", "create_group_param_introduction",
        "create_group_param_group_member_array", "group_member_info_identifier", "group_member_info_member_role",
        "group_member_info_name_card", "create_group_param_max_member_num",
    }  # fmt: skip
    kind = re.search(r"TIMGroupType\.(\w+)", typescript)[1]
    assert TIMGroupType[kind] == TIMGroupType.kTIMGroup_ChatRoom
    assert all(hasattr(TIMGroupAddOption, name) for name in re.findall(r"TIMGroupAddOption\.(\w+)", typescript))
    compile(written(visit, words("create.python")).replace("await ", ""), "python", "exec")

    page.locator(".code").first.get_by_role("button", name=words("copy"), exact=True).click()
    visit.button(words("copied")).wait_for()
    assert json.loads(page.evaluate("() => navigator.clipboard.readText()")) == body
