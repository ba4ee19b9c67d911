"""One group's page: who is in it, what they say, and what may be done."""

from __future__ import annotations

import re

import pytest

from browser.chromium import PHONE


def test_members_roles_and_mutes(visit, server, group):
    page, words = visit.open(f"groups/{group}?tab=members"), visit.words
    row = page.get_by_role("row").filter(has_text="bob")
    row.get_by_role("button", name=words("members.admin"), exact=True).click()
    visit.button(words("ok")).click()
    visit.toast(words("group.done"))
    row.filter(has_text=words("role.Admin")).wait_for()

    carol = page.get_by_role("row").filter(has_text="carol")
    carol.get_by_role("button", name=words("members.mute.act"), exact=True).click()
    dialog = page.get_by_role("dialog", name=words("members.mute.act"), exact=True)
    dialog.get_by_label(words("members.seconds")).select_option("600")
    dialog.get_by_role("button", name=words("ok"), exact=True).click()
    carol.get_by_role("button", name=words("members.unmute"), exact=True).wait_for()
    answer = server.rest("group_open_http_svc/get_member_info", GroupId=group)
    found = {one["Member_Account"]: one for one in answer["MemberList"]} if answer["ErrorCode"] == 0 else {}
    muted = server.rest("group_open_http_svc/get_group_muted_account", GroupId=group)
    assert [one["Member_Account"] for one in muted["MutedAccountList"]] == ["carol"], (muted, found)

    visit.field(words("members.role")).select_option("Admin")
    page.get_by_role("row").filter(has_text="carol").wait_for(state="detached")
    assert row.count() == 1


def test_send_see_and_recall_a_message(visit, server, group):
    page, words = visit.open(f"groups/{group}?tab=messages"), visit.words
    visit.field(words("messages.as")).fill("bob")
    visit.field(words("messages.text")).fill("早上好 good morning")
    visit.button(words("messages.send")).click()
    said = page.get_by_role("article").filter(has_text="早上好 good morning")
    said.filter(has_text="bob").wait_for()
    kept = server.rest("group_open_http_svc/group_msg_get_simple", GroupId=group, ReqMsgNumber=5)["RspMsgList"]
    assert [
        (one["From_Account"], one["MsgBody"][0]["MsgContent"]["Text"]) for one in kept if not one.get("IsSystemMsg")
    ] == [("bob", "早上好 good morning")]
    # What others say comes by itself.
    body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "from elsewhere"}}]
    assert (
        server.rest("group_open_http_svc/send_group_msg", GroupId=group, Random=7, From_Account="carol", MsgBody=body)[
            "ErrorCode"
        ]
        == 0
    )
    page.get_by_role("article").filter(has_text="from elsewhere").wait_for()

    said.get_by_role("button", name=words("messages.recall"), exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=words("messages.recall"), exact=True).click()
    page.get_by_role("article").filter(has_text=words("messages.recalled")).wait_for()
    assert page.get_by_text("早上好 good morning").count() == 0


def test_what_is_not_allowed_says_why_and_does_nothing(visit, group):
    page, words = visit.open(f"groups/{group}?as=carol"), visit.words
    button = visit.button(words("group.dissolve"))
    assert button.get_attribute("aria-disabled") == "true"
    why = button.get_attribute("title")
    assert re.search(r"[(（]\d{5}[)）]", why)
    assert words("action.DISSOLVE") in why
    assert "carol" in why
    described = button.get_attribute("aria-describedby")
    assert page.locator(f"#{described}").text_content() == why
    button.focus()
    page.keyboard.press("Enter")
    visit.toast(why)
    assert page.get_by_role("dialog").count() == 0
    page.get_by_role("tab", name=words("group.tab.rights"), exact=True).click()
    page.get_by_text(words("group.maynot"), exact=True).first.wait_for()


def test_dissolve_asks_for_the_id_first(visit, server, group):
    page, words = visit.open(f"groups/{group}"), visit.words
    visit.tab_to(visit.button(words("group.dissolve")))
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name=words("group.dissolve"), exact=True)
    dialog.wait_for()
    visit.tab_to(dialog.get_by_role("textbox"), most=5)
    page.keyboard.type("another")
    page.keyboard.press("Enter")
    dialog.get_by_text(words("group.dissolve.other"), exact=True).wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert page.evaluate("() => document.activeElement.textContent") == words("group.dissolve")
    assert server.rest("group_open_http_svc/get_group_info", GroupIdList=[group])["GroupInfo"][0]["ErrorCode"] == 0
    page.keyboard.press("Enter")
    page.keyboard.type(group)
    page.keyboard.press("Enter")
    visit.toast(words("group.dissolved"))
    page.get_by_role("heading", level=1, name=words("groups.title"), exact=True).wait_for()
    assert server.rest("group_open_http_svc/get_group_info", GroupIdList=[group])["GroupInfo"][0]["ErrorCode"] == 10010


def test_tabs_move_by_arrows_and_stay_after_a_reload(visit, group):
    page, words = visit.open(f"groups/{group}"), visit.words
    first = page.get_by_role("tab", name=words("group.tab.info"), exact=True)
    visit.tab_to(first)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", selected=True).inner_text() == words("group.tab.messages")
    page.reload()
    page.get_by_role("log").wait_for()
    assert page.get_by_role("tab", selected=True).inner_text() == words("group.tab.messages")


def test_attributes_are_made_changed_and_deleted(visits, server):
    visit = visits("en").sign_in()
    words = visit.words
    answer = server.rest("group_open_http_svc/create_group", Type="AVChatRoom", Name="Live")
    room = answer["GroupId"]
    page = visit.open(f"groups/{room}?tab=attributes")
    visit.button(words("add")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(words("pairs.key")).fill("topic")
    dialog.get_by_label(words("pairs.value")).fill("tea")
    dialog.locator("button[type=submit]").click()
    page.get_by_role("cell", name="tea", exact=True).wait_for()
    kept = server.rest("group_open_attr_http_svc/get_group_attr", GroupId=room)
    assert [(one["key"], one["value"]) for one in kept["GroupAttrAry"]] == [("topic", "tea")]


@pytest.mark.parametrize("size", [PHONE], ids=["phone"])
def test_on_a_phone_the_menu_opens_and_nothing_is_wider(visits, group, size):
    visit = visits("zh", size=size).sign_in()
    page, words = visit.open("groups"), visit.words
    visit.button(words("menu")).click()
    page.get_by_role("link", name=words("nav.overview"), exact=True).click()
    page.get_by_role("heading", level=1, name=words("nav.overview"), exact=True).wait_for()
    assert not page.get_by_role("navigation", name=words("menu"), exact=True).is_visible()
