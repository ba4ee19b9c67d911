"""Who comes in, how, and how one leaves: by keyboard alone."""

from __future__ import annotations

import re

from served import ADMIN, SDKAPPID, usersig


def test_by_usersig_and_out_by_keyboard(visits, language):
    visit = visits(language)
    page, words = visit.open(), visit.words
    assert page.locator("html").get_attribute("lang") == {"en": "en", "zh": "zh-CN"}[language]
    assert page.evaluate("() => document.activeElement.name") == "sdkappid"
    page.keyboard.type(str(SDKAPPID))
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.value") == ADMIN
    page.keyboard.press("Tab")
    page.keyboard.insert_text(usersig(ADMIN)[:-4] + "AAAA")
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="7000").wait_for()
    visit.allow("status of 40")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(usersig(ADMIN))
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name=words("nav.overview"), exact=True).wait_for()
    assert page.get_by_role("link", name=words("nav.overview"), exact=True).get_attribute("aria-current") == "page"

    visit.tab_to(visit.button(words("signout")))
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name=words("signin.title"), exact=True).wait_for()
    page.reload()
    page.get_by_role("heading", level=1, name=words("signin.title"), exact=True).wait_for()
    assert visit.field("SDKAppID").input_value() == str(SDKAPPID)


def test_empty_fields_are_named_before_anything_is_sent(visits, language):
    visit = visits(language)
    page, words = visit.open(), visit.words
    page.keyboard.press("Enter")
    assert page.get_by_text(words("field.required"), exact=True).count() == 2
    assert page.evaluate("() => document.activeElement.name") == "sdkappid"
    assert not [url for url in visit.asked if url.endswith("/session")][1:]


def test_by_a_link_that_holds_once(visits, server, language):
    link = one_time_link(server)
    visit = visits(language)
    visit.page.goto(link)
    visit.page.get_by_role("heading", level=1, name=visit.words("nav.overview"), exact=True).wait_for()
    assert "code=" not in visit.page.url
    visit.page.go_back()
    assert "code=" not in visit.page.url

    late = visits(language)
    late.page.goto(link)
    late.page.get_by_role("heading", level=1, name=late.words("signin.title"), exact=True).wait_for()
    late.toast("70003")
    late.allow("status of 40")


def one_time_link(server) -> str:
    """Return a link that was printed at the start; it is used by one language, so the server is started anew."""
    server.stop()
    server.start()
    line = server.process.stdout.readline().decode()
    found = re.fullmatch(r"console (http://127\.0\.0\.1:\d+/console/#code=\S+)\n", line)
    assert found, line
    return found[1]


def test_a_session_that_ended_elsewhere_says_so(visits, language):
    visit = visits(language).sign_in()
    page, words = visit.open("groups"), visit.words
    visit.context.clear_cookies()
    visit.field(words("groups.text")).fill("x")
    page.get_by_role("heading", level=1, name=words("signin.title"), exact=True).wait_for()
    visit.toast(words("signin.over"))
    visit.allow("status of 401")


def test_language_and_colours_are_remembered(visits):
    visit = visits("en").sign_in()
    page = visit.open()
    light = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    page.get_by_label("Colours").select_option("dark")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") != light
    page.get_by_label("Language").select_option("zh")
    page.get_by_role("button", name="退出登录").wait_for()
    page.reload()
    page.get_by_role("heading", level=1).first.wait_for()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") != light
