"""What users write is shown as they wrote it, and never runs: wherever the console shows a text of theirs."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from browser.conftest import called_back, followed, wait
from browser.screens import walk
from receiver import receiving

IMG = "<img src onerror=__xss=1>"
SVG = '"><svg onload=__xss=2>'
SCRIPT = "<script>__xss=3</script>"
URL = "javascript:__xss=4"
LINE = "a\u2028__xss=5\u2029\u202eltr\u2066"
"""Line ends of JavaScript, and characters that turn the direction of a text around."""
LONG = f"{IMG}{SVG}{SCRIPT}</textarea></title></style>{LINE}"
STRAY = """
() => [...document.querySelectorAll(
        "[onerror],[onload],[onclick],script:not([src='app.js']),iframe,object,embed,base")]
    .map((one) => one.outerHTML.slice(0, 120))
    .concat([...document.querySelectorAll("[href],[src],[action],[formaction]")]
        .flatMap((one) => ["href", "src", "action", "formaction"].map((name) => one.getAttribute(name)))
        .filter((url) => url && /^\\s*(javascript|vbscript|data:text)/i.test(url)))
"""
"""What stands on the page only where a text was read as markup, and URLs that run."""
GROUP = f"g{SVG}"


def told(server, command: str, **fields):
    """Call a command that must be taken: what is refused is shown nowhere, and would prove nothing."""
    answer = server.rest(command, **fields)
    assert answer["ErrorCode"] == 0, (command, answer)
    return answer


def elements() -> list[dict[str, object]]:
    """Return one element of each kind, with what runs wherever a text or URL is."""
    file = {"UUID": IMG, "Download_Flag": 2}
    return [
        {"MsgType": "TIMTextElem", "MsgContent": {"Text": LONG}},
        {"MsgType": "TIMLocationElem", "MsgContent": {"Desc": LONG, "Latitude": 1.5, "Longitude": 2.5}},
        {"MsgType": "TIMFaceElem", "MsgContent": {"Index": 1, "Data": LONG}},
        {"MsgType": "TIMCustomElem", "MsgContent": {"Data": LONG, "Desc": IMG, "Ext": URL, "Sound": SVG}},
        {"MsgType": "TIMSoundElem", "MsgContent": {**file, "Url": URL, "Size": 1, "Second": 1}},
        {"MsgType": "TIMFileElem", "MsgContent": {**file, "Url": URL, "FileSize": 1, "FileName": LONG}},
        {
            "MsgType": "TIMImageElem",
            "MsgContent": {
                "UUID": IMG, "ImageFormat": 1,
                "ImageInfoArray": [
                    {"Type": kind, "Size": 1, "Width": 1, "Height": 1, "URL": URL} for kind in (1, 2, 3)
                ],
            },
        },
        {
            "MsgType": "TIMVideoFileElem",
            "MsgContent": {
                "VideoUrl": URL, "VideoUUID": IMG, "VideoSize": 1, "VideoSecond": 1, "VideoFormat": "mp4",
                "VideoDownloadFlag": 2, "ThumbUrl": URL, "ThumbUUID": SVG, "ThumbSize": 1, "ThumbWidth": 1,
                "ThumbHeight": 1, "ThumbFormat": "JPG", "ThumbDownloadFlag": 2,
            },
        },
    ]  # fmt: skip


@pytest.fixture(scope="module")
def poisoned(server):
    """Put what runs where it is read as markup into everything that users can name."""
    user = "u<img src onerror=__xss=6>"
    told(server, "im_open_login_svc/account_import", UserID=user, Nick=LONG, FaceUrl=URL)
    told(
        server, "group_open_http_svc/create_group", Type="Public", Name=IMG, GroupId=GROUP, Owner_Account=user,
        Introduction=LONG[:200], Notification=LONG[:200], FaceUrl=URL,
        AppDefinedData=[{"Key": "colour", "Value": LONG}],
        MemberList=[{"Member_Account": "bob", "NameCard": IMG}, {"Member_Account": "carol", "NameCard": SVG}],
    )  # fmt: skip
    for number, element in enumerate(elements()):
        told(
            server, "group_open_http_svc/send_group_msg", GroupId=GROUP, Random=1000 + number, From_Account=user,
            MsgBody=[element], CloudCustomData=LONG,
        )  # fmt: skip
    told(
        server,
        "group_open_http_svc/modify_group_base_info",
        GroupId=GROUP,
        Name=SCRIPT,
        Introduction=IMG,
        FaceUrl=f"{URL}//",
    )
    told(server, "group_open_http_svc/set_group_attr", GroupId=GROUP, GroupAttr=[{"key": IMG, "value": LONG}])
    told(
        server,
        "group_open_http_svc/update_group_counter",
        GroupId=GROUP,
        GroupCounter=[{"Key": SVG, "Value": 1}],
        Mode="Set",
    )
    told(
        server, "group_open_http_svc/create_group", Type="Community", Name=SCRIPT, GroupId="@TGS#_harm",
        Owner_Account="alice", SupportTopic=1,
    )  # fmt: skip
    told(
        server, "million_group_open_http_svc/create_topic", GroupId="@TGS#_harm", TopicName=IMG, From_Account="alice",
        Introduction=LONG[:200], CustomString=LONG,
    )  # fmt: skip
    # Refused calls stand in the trace, with what was asked in their texts.
    server.rest("group_open_http_svc/create_group", Type=IMG, Name=LONG, GroupId=SVG)
    server.rest(f"group_open_http_svc/{quote(IMG)}", GroupId=SVG)
    server.rest("group_open_http_svc/get_group_info", GroupIdList=IMG)
    return user


def test_nothing_that_users_wrote_runs_on_any_screen(visits, poisoned):
    visit = visits("en").sign_in()
    page, seen = visit.page, []
    for place in walk(
        visit,
        f"groups/{quote(GROUP, safe='')}",
        "groups/%40TGS%23_harm",
        f"users/{quote(poisoned, safe='')}",
        f"groups?q={quote(IMG)}",
    ):
        assert page.evaluate(STRAY) == [], place
        seen.append(page.locator("main").inner_text())
    shown = "\n".join(seen)
    for text in (IMG, SVG, SCRIPT, URL):
        assert text in shown, f"{text} is shown nowhere: nothing was tried"
    schemes = page.evaluate("() => [...document.images].map((one) => new URL(one.src).protocol)")
    assert set(schemes) <= {"http:", "https:", "data:"}


def test_images_and_files_with_urls_that_run_lead_nowhere(visits, poisoned):
    visit = visits("zh").sign_in()
    page = visit.open(f"groups/{quote(GROUP, safe='')}?tab=messages")
    page.get_by_role("article").nth(7).wait_for()
    assert page.locator(".stream [src], .stream [href]").evaluate_all(
        "(all) => all.map((one) => one.getAttribute('src') ?? one.getAttribute('href')).filter((url) => url !== '#')"
    ) == []  # fmt: skip
    assert page.get_by_role("article").first.locator(".message-body").inner_text().startswith(IMG)


PLACES = (
    IMG, quote(IMG), f"groups/{IMG}", f"groups/{quote(SCRIPT, safe='')}", f"users/{quote(IMG, safe='')}",
    f"groups?q={quote(LONG)}&kind={quote(IMG)}&owner={quote(SVG)}", f"trace?user={quote(IMG)}&code={quote(SCRIPT)}",
    f"usage?month={quote(IMG)}&plan={quote(SVG)}", f"explorer?command={quote(IMG)}", f"create?kind={quote(IMG)}",
    f"groups/{quote(GROUP, safe='')}?tab={quote(IMG)}&as={quote(SVG)}", "groups/%E0%A4%A", "//evil.invalid/", URL,
)  # fmt: skip


def test_addresses_do_not_run(visits, poisoned):
    visit = visits("en").sign_in()
    for place in PLACES:
        visit.page.goto("about:blank")
        visit.page.goto(f"{visit.url}/console/?q={quote(IMG)}#/{place}")
        visit.page.locator("main h1").first.wait_for()
        visit.settle()
        assert visit.page.evaluate(STRAY) == [], place
    visit.allow("status of 40")


def test_links_that_sign_in_do_not_run(visits):
    visit = visits("en")
    for place in (f"code={IMG}", f"usersig={quote(IMG)}&sdkappid={quote(SVG)}&identifier={quote(SCRIPT)}"):
        visit.page.goto("about:blank")
        visit.page.goto(f"{visit.url}/console/#{place}")
        visit.page.locator("form.signin").wait_for()
        visit.page.locator(".toast").first.wait_for()
        assert visit.page.evaluate(STRAY) == []
    visit.allow("status of 40")


def test_what_callbacks_answer_and_hold_does_not_run(visits, server, poisoned):
    visit = visits("en").sign_in()
    page, words = visit.page, visit.words
    both = ("Group.CallbackBeforeSendMsg", "Group.CallbackAfterCreateGroup")
    with receiving() as theirs, called_back(server, theirs.url, *both):
        theirs.answer = {"ActionStatus": "FAIL", "ErrorCode": 10101, "ErrorInfo": LONG}
        followed(visit, theirs.url)
        visit.open("groups/" + quote(GROUP, safe="") + "?tab=messages")
        visit.field(words("messages.as")).fill("bob")
        visit.field(words("messages.text")).fill(LONG)
        visit.button(words("messages.send")).click()
        visit.toast("10101")
        assert IMG in page.locator(".toast").first.inner_text()
        assert page.evaluate(STRAY) == []
        theirs.answer = ["no object"]
        told(
            server, "group_open_http_svc/create_group", Type="Public", Name=IMG, GroupId=f"h{SVG}",
            Introduction=LONG[:200],
        )  # fmt: skip
        dead = "/console/data/callbacks?state=dead&limit=9"
        wait(lambda: visit.context.request.get(dead).json()["callbacks"])
        visit.open("callbacks?tab=dead")
        page.locator("td summary").first.click()
        page.locator("td pre").filter(has_text=IMG).first.wait_for()
        assert page.evaluate(STRAY) == []
    visit.open("trace")
    page.get_by_role("row").filter(has_text="10101").first.wait_for()
    assert page.evaluate(STRAY) == []


def test_what_the_browser_remembers_does_not_run(visits):
    """What the browser remembers is under the page's own key, but somebody may have written to it."""
    visit = visits("en").sign_in()
    visit.open()
    visit.page.evaluate(
        """([img, svg]) => ["language", "theme", "app", "admin"].forEach((name) =>
            localStorage.setItem(`qunzhu.${name}`, name === "theme" ? svg : img))""",
        [IMG, SVG],
    )
    visit.open()
    visit.button(visit.words("signout")).click()
    visit.page.locator("form.signin").wait_for()
    assert visit.page.evaluate(STRAY) == []
