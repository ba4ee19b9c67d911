"""Accounts: found, made, muted and thrown out."""

from __future__ import annotations

import re


def test_find_import_mute_and_kick(visit, server, language):
    page, words = visit.open("users"), visit.words
    user = f"eve-{language}"
    visit.button(words("users.import")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("^UserID")).fill(user)
    dialog.get_by_label(words("users.nick")).fill("夏娃")
    page.keyboard.press("Enter")
    visit.toast(words("users.imported", user=user))
    visit.field(words("users.text")).fill("eve-")
    page.get_by_role("link", name="alice", exact=True).wait_for(state="detached")
    row = page.get_by_role("row").filter(has_text=user)
    row.filter(has_text="夏娃").filter(has_text=words("users.offline")).wait_for()

    row.get_by_role("link", name=user, exact=True).click()
    page.get_by_role("heading", level=1, name="夏娃", exact=True).wait_for()
    visit.button(words("user.mute")).click()
    dialog.get_by_label(words("user.mute.group")).select_option("3600")
    dialog.get_by_role("button", name=words("save"), exact=True).click()
    visit.toast(words("user.done"))
    found = server.rest("openconfigsvr/getnospeaking", Get_Account=user)
    assert 3500 < found["GroupmsgNospeakingTime"] <= 3600
    assert found["C2CmsgNospeakingTime"] == 0

    visit.button(words("user.kick")).click()
    dialog.get_by_role("button", name=words("user.kick"), exact=True).click()
    visit.toast(words("user.kicked", user=user))

    visit.button(words("delete")).click()
    dialog.get_by_role("textbox").fill(user)
    dialog.get_by_role("button", name=words("delete"), exact=True).click()
    visit.toast(words("user.gone", user=user))
    assert (
        server.rest("im_open_login_svc/account_check", CheckItem=[{"UserID": user}])["ResultItem"][0]["AccountStatus"]
        == "NotImported"
    )


def test_a_usersig_that_is_made_here_logs_in(visits, server):
    visit = visits("en").sign_in()
    page, words = visit.open("users/bob"), visit.words
    visit.button(words("user.sig")).click()
    visit.button(words("user.sig.make")).click()
    made = page.locator("dialog pre code").inner_text()
    # It is the user's own, no administrator's: the REST API knows whom it names, and does not let him in.
    answer = visit.context.request.post(
        f"/v4/group_open_http_svc/get_appid_group_list?sdkappid=1400000000&identifier=bob&usersig={made}&random=1",
        data={},
    ).json()
    assert answer["ErrorCode"] == 60010, answer
    visit.button(words("close")).last.click()
    page.locator("dialog").wait_for(state="detached")
    assert made not in page.content()
    # An administrator's would outlast the session: it is not made here.
    visit.open("users/administrator")
    visit.button(words("user.sig")).press("Enter")
    visit.toast(words("user.sig.admin"))
    assert page.locator("dialog").count() == 0


def test_groups_of_a_user_lead_to_them(visits, group):
    visit = visits("zh").sign_in()
    page, words = visit.open("users/carol"), visit.words
    page.get_by_role("tab", name=words("user.groups"), exact=True).click()
    page.get_by_role("link", name=f"Team {group}", exact=True).click()
    page.get_by_role("heading", level=1, name=f"Team {group}", exact=True).wait_for()
