"""What an app does while it runs: callbacks, refusals, use and bill, the double's controls, and any command by hand."""

from __future__ import annotations

import json
import re
import subprocess
from urllib.request import Request, urlopen

import pytest

from browser.conftest import called_back, followed
from receiver import http, receiving
from served import ADMIN, SDKAPPID, usersig

FAILS = http("500 Internal Server Error", b"<img src onerror=__xss=1>")


@pytest.fixture
def theirs(server):
    """Run an app's own server that fails, and give up on it at once."""
    with receiving() as receiver, called_back(server, receiver.url, "Group.CallbackAfterCreateGroup"):
        receiver.answer = FAILS
        yield receiver


def test_what_was_given_up_is_sent_again(visit, server, theirs, language):
    followed(visit, theirs.url)
    page, words = visit.open("callbacks?tab=dead"), visit.words
    visit.settle()
    tile = page.get_by_role("region", name=words("callbacks.dead"), exact=True).locator(".tile-value")
    assert tile.inner_text() == "0"
    answer = server.rest(
        "group_open_http_svc/create_group", Type="Public", Name="told late", GroupId=f"late-{language}"
    )
    assert answer["ErrorCode"] == 0
    tile.filter(has_text=re.compile("^1$")).wait_for()
    visit.button(words("refresh")).click()
    row = page.get_by_role("row").filter(has_text="Group.CallbackAfterCreateGroup")
    row.filter(has_text="500").wait_for()
    row.locator("summary").click()
    row.locator("pre").filter(has_text=f"late-{language}").wait_for()

    theirs.answer = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
    row.get_by_role("button", name=words("callbacks.retry"), exact=True).click()
    visit.toast(words.like("callbacks.retried"))
    assert [one.body["GroupId"] for one in theirs.wait(2)] == [f"late-{language}"] * 2
    tile.filter(has_text=re.compile("^0$")).wait_for()


def test_trace_says_why_a_call_was_refused(visit, server, group):
    page, words = visit.open("trace"), visit.words
    visit.settle()
    answer = server.rest(
        "group_open_http_svc/add_group_member", GroupId="gone-for-good", MemberList=[{"Member_Account": "bob"}]
    )
    row = page.get_by_role("row").filter(has_text="gone-for-good").first
    row.filter(has_text=str(answer["ErrorCode"])).wait_for()
    assert words("trace.how.refused") in row.inner_text()
    assert "add_group_member" in row.inner_text()
    # The same message twice is answered as the first one: the trace says that it was not sent again.
    body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "twice"}}]
    for _ in range(2):
        assert (
            server.rest(
                "group_open_http_svc/send_group_msg", GroupId=group, Random=99, From_Account="bob", MsgBody=body
            )["ErrorCode"]
            == 0
        )
    page.get_by_role("row").filter(has_text=group).filter(has_text=words("trace.how.repeated")).first.wait_for()
    visit.field(words("trace.how")).select_option("repeated")
    page.get_by_role("row").filter(has_text="gone-for-good").first.wait_for(state="detached")
    assert page.get_by_role("row").filter(has_text=group).count() >= 1
    visit.button(words("trace.pause")).click()
    assert visit.button(words("trace.go")).get_attribute("aria-pressed") == "true"


def test_usage_and_bill_follow_what_is_done(visit, server, language):
    page, words = visit.open("usage"), visit.words

    def created() -> int:
        tile = page.get_by_role("region", name=words("usage.created"), exact=True).locator(".tile-value")
        return int(re.sub(r"\D", "", tile.inner_text()))

    before = created()
    assert server.rest("group_open_http_svc/create_group", Type="Public", Name="Billed")["ErrorCode"] == 0
    visit.open("usage")
    assert created() == before + 1
    prices = visit.field(words("usage.choose.prices"))
    plans = visit.field(words("usage.choose.plan"))
    names = plans.locator("option").evaluate_all("(all) => all.map((one) => one.value)")
    assert len(names) > 1
    plans.select_option(names[-1])
    visit.settle()
    page.get_by_role("heading", name=words("usage.quotas", plan=names[-1]), exact=True).wait_for()
    assert re.search(r"\d", page.locator(".total b").inner_text())
    lists = prices.locator("option").evaluate_all("(all) => all.map((one) => one.value)")
    prices.select_option(lists[-1])
    visit.settle()
    page.get_by_role("heading", name=words("usage.bill"), exact=True).wait_for()
    assert page.get_by_role("img").or_(page.locator("svg")).count() >= 4


@pytest.fixture
def real_clock(server):
    """Leave the app's clock as it was found."""
    yield
    answer = double(server, "clock", real=True)
    assert answer["ErrorCode"] == 0


def double(server, name: str, **fields):
    """Use a control at its own door."""
    url = (
        f"http://127.0.0.1:{server.port}/double/{name}?sdkappid={SDKAPPID}&identifier={ADMIN}&usersig={usersig(ADMIN)}"
    )
    with urlopen(Request(url, json.dumps(fields).encode())) as answer:
        return json.load(answer)


def test_an_hour_later_a_mute_is_over(visit, server, group, real_clock):
    def say(number: int) -> int:
        body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "mm"}}]
        return server.rest(
            "group_open_http_svc/send_group_msg", GroupId=group, Random=number, From_Account="bob", MsgBody=body
        )["ErrorCode"]

    server.rest("group_open_http_svc/forbid_send_msg", GroupId=group, Members_Account=["bob"], MuteTime=1800)
    assert say(1) == 10017
    page, words = visit.open("double"), visit.words
    page.locator(".badge").filter(has_text=words("double.isreal")).wait_for()
    page.locator(".card").filter(has_text=words("double.clock")).get_by_role("button", name=re.compile(r"^\+")).nth(
        1
    ).click()
    visit.toast(words("double.done"))
    page.locator(".badge").filter(has_text=words("double.moved")).wait_for()
    assert say(2) == 0
    visit.button(words("double.real")).click()
    page.locator(".badge").filter(has_text=words("double.isreal")).wait_for()


def test_a_fault_is_added_hits_and_is_dropped(visits, server, group):
    visit = visits("en").sign_in()
    page, words = visit.open("double"), visit.words
    visit.button(words("double.addfault")).first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile(f"^{words('double.command')}")).fill("get_group_info")
    dialog.get_by_label(words("double.code"), exact=True).fill("10002")
    dialog.get_by_label(words("double.times"), exact=True).fill("1")
    dialog.get_by_role("button", name=words("add"), exact=True).click()
    page.get_by_role("cell", name="get_group_info", exact=True).wait_for()
    assert server.rest("group_open_http_svc/get_group_info", GroupIdList=[group])["ErrorCode"] == 10002
    assert server.rest("group_open_http_svc/get_group_info", GroupIdList=[group])["ErrorCode"] == 0
    visit.button(words("double.clear")).click()
    page.get_by_role("cell", name="get_group_info", exact=True).wait_for(state="detached")


def test_explorer_sends_a_command_and_shows_the_same_as_curl(visit, server, language):
    page, words = visit.open("explorer"), visit.words
    visit.field(words("explorer.search")).fill("create_group")
    visit.field(words("explorer.command")).select_option("group_open_http_svc/create_group")
    visit.settle()
    body = {"Type": "Public", "Name": "it's by hand", "GroupId": f"hand-{language}"}
    area = visit.field(words("explorer.body"))
    area.fill("{ no json")
    visit.button(words("explorer.send")).click()
    page.get_by_text(words.like("explorer.json")).first.wait_for()
    area.fill(json.dumps(body))
    visit.button(words("explorer.send")).click()
    page.get_by_text(words("explorer.ok"), exact=True).wait_for()
    found = server.rest("group_open_http_svc/get_group_info", GroupIdList=[f"hand-{language}"])["GroupInfo"][0]
    assert found["Name"] == "it's by hand"
    curl = page.locator("pre").filter(has_text="curl ").first.inner_text()
    given = re.search(r"-d ('.*')\s*$", curl, re.DOTALL)[1]
    said = subprocess.run(["sh", "-c", f"printf %s {given}"], capture_output=True, check=True).stdout
    assert json.loads(said) == body
    visit.button(words("explorer.send")).click()
    page.get_by_text(words("explorer.refused", code=10021), exact=True).wait_for()
