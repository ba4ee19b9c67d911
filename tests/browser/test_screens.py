"""Every screen: nothing that axe calls serious, no wider than a phone, every text in the language that was chosen."""

from __future__ import annotations

import re

import pytest

from browser.chromium import DESKTOP, PHONE, axe_source
from browser.screens import walk

KEY = re.compile(r"[a-zA-Z]+(?:\.\w+)+")
"""What a text looks like that has none: its key."""
RUN = """
(only) => axe.run(document, only ? { runOnly: { type: "rule", values: only } } : {})
  .then((found) => found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map(({ id, nodes }) => [
      id, nodes.slice(0, 3).map((node) => [node.html, node.failureSummary].join(" ").slice(0, 300))]))
"""

WIDER = """
(most) => [...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > most + 1)
  .slice(0, 4).map((one) => one.outerHTML.slice(0, 120))
"""


@pytest.fixture
def furnished(server, group) -> str:
    """Give a group in which something of everything is to be seen."""
    body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello " + "long" * 100}}]
    for sender in ("alice", "bob"):
        answer = server.rest(
            "group_open_http_svc/send_group_msg", GroupId=group, Random=len(sender), From_Account=sender, MsgBody=body
        )
        assert answer["ErrorCode"] == 0, answer
    server.rest("group_open_http_svc/forbid_send_msg", GroupId=group, Members_Account=["carol"], MuteTime=600)
    server.rest("group_open_http_svc/set_group_attr", GroupId=group, GroupAttr=[{"key": "seats", "value": "9" * 100}])
    server.rest("group_open_http_svc/create_group", Type="Nothing", Name="refused, for the trace")
    return group


def test_axe_finds_nothing_serious_in_light_or_dark(visits, furnished):
    visit = visits("en").sign_in()
    page = visit.page
    found = {}
    for place in walk(visit, f"groups/{furnished}?as=carol", "users/alice"):
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(axe_source())
        found[place, "light"] = page.evaluate(RUN, None)
        page.emulate_media(color_scheme="dark")
        found[place, "dark"] = page.evaluate(RUN, ["color-contrast"])
        page.emulate_media(color_scheme="light")
    visit.button(visit.words("signout")).click()
    page.locator("form.signin").wait_for()
    found["sign in", "light"] = page.evaluate(RUN, None)
    assert len(found) > 15
    assert {where: faults for where, faults in found.items() if faults} == {}


def test_no_screen_is_wider_than_a_phone_and_every_text_is_there(visits, furnished, language):
    visit = visits(language, size=PHONE).sign_in()
    page, wide, raw = visit.page, {}, {}
    for place in walk(visit, f"groups/{furnished}", "users/alice"):
        page.set_viewport_size(PHONE)
        width = page.evaluate("() => document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[place] = (width, page.evaluate(WIDER, PHONE["width"]))
        missing = visit.words.keys & set(KEY.findall(page.locator("main").inner_text()))
        if missing:
            raw[place] = missing
        page.set_viewport_size(DESKTOP)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= DESKTOP["width"], place
    assert (wide, raw) == ({}, {})
