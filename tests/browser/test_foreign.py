"""What other sites' pages can do with an administrator's browser: nothing."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from served import ADMIN, SDKAPPID, usersig

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = b"<!doctype html><title>elsewhere</title><link rel=icon href='data:,'><body>elsewhere"
REFUSED = "status of 40|Access-Control|blocked by CORS|net::ERR_|Refused to|frame|not allowed by Access"
"""What Chromium says of requests that it or the server did not let through."""


class Elsewhere(BaseHTTPRequestHandler):
    """A page of somebody else's."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[int]:
    """Serve somebody else's page on another port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as there:
        thread = threading.Thread(target=there.serve_forever)
        thread.start()
        yield there.server_port
        there.shutdown()
        thread.join()


@pytest.fixture(params=["127.0.0.1", "localhost"], ids=["same-site", "cross-site"])
def stranger(request, visits, elsewhere):
    """Sign the administrator in, and open somebody else's page beside it: another port, another host."""
    visit = visits().sign_in()
    visit.page.goto(f"http://{request.param}:{elsewhere}/")
    yield visit
    visit.allow(REFUSED)
    visit.asked.clear()


def exists(server, group_id: str) -> bool:
    """Say whether a group is there."""
    return server.rest("group_open_http_svc/get_group_info", GroupIdList=[group_id])["GroupInfo"][0]["ErrorCode"] == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_cannot_run_a_command(stranger, server, kind):
    body = json.dumps({"Type": "Public", "Name": "forged", "GroupId": "forged", "ignored": ""})[:-2]
    stranger.page.evaluate(
        """([action, enctype, body]) => {
            const form = Object.assign(document.createElement("form"), { method: "post", action, enctype });
            form.append(Object.assign(document.createElement("input"), { name: body, value: '"}' }));
            document.body.append(form);
            form.submit();
        }""",
        [f"{stranger.url}/console/api/group_open_http_svc/create_group", kind, body],
    )
    stranger.page.wait_for_url("**/create_group")
    answer = json.loads(stranger.page.locator("body").inner_text())
    assert answer["ErrorCode"] != 0
    assert "only the console's own pages" in answer["ErrorInfo"]
    assert not exists(server, "forged")


def test_fetch_cannot_run_read_sign_in_or_sign_out(stranger, server, group):
    tried = stranger.page.evaluate(
        """async ([url, signin, forged]) => {
            const tries = [];
            for (const [path, method, body] of [
                ["api/group_open_http_svc/create_group", "POST", forged],
                ["session", "POST", signin], ["session", "DELETE", undefined], ["data/overview", "GET", undefined],
                ["api/group_open_http_svc/get_appid_group_list", "POST", "{}"], ["double/reset", "POST", "{}"],
            ]) {
                for (const more of [{ mode: "no-cors" }, {}, { headers: { "x-qunzhu-console": "1" } }]) {
                    try {
                        const answer = await fetch(`${url}/console/${path}`,
                            { method, body, credentials: "include", ...more });
                        tries.push([path, answer.type, answer.status, await answer.text()]);
                    } catch (fault) {
                        tries.push([path, "failed", 0, ""]);
                    }
                }
            }
            return tries;
        }""",
        [stranger.url, json.dumps({"sdkappid": SDKAPPID, "identifier": ADMIN, "usersig": usersig(ADMIN)}),
         json.dumps({"Type": "Public", "Name": "forged", "GroupId": "forged"})],
    )  # fmt: skip
    assert len(tried) == 18
    assert {(kind, status, text) for _, kind, status, text in tried} <= {("failed", 0, ""), ("opaque", 0, "")}
    assert not exists(server, "forged")
    assert exists(server, group), "the app was reset"
    # Still the same session: it was neither ended nor changed.
    who = stranger.context.request.get("/console/session").json()
    assert who["identifier"] == ADMIN
    assert exists_by_console(stranger)


def exists_by_console(visit) -> bool:
    """Say that the session of the visit still runs commands: what is refused is so for where it comes from."""
    answer = visit.context.request.post(
        "/console/api/group_open_http_svc/get_appid_group_list", data={}, headers={"x-qunzhu-console": "1"}
    )
    return answer.json()["ErrorCode"] == 0


def test_no_frame_shows_the_console(stranger):
    stranger.page.evaluate(
        """(url) => new Promise((done) => {
            const frame = Object.assign(document.createElement("iframe"), { src: url, onload: done, onerror: done });
            document.body.append(frame);
        })""",
        f"{stranger.url}/console/",
    )
    inside = stranger.page.frames[1]
    assert "console/" not in inside.url
    assert inside.locator("main").count() == 0


def test_a_window_that_was_opened_cannot_be_reached(stranger):
    with stranger.context.expect_page() as opened:
        stranger.page.evaluate("(url) => { window.theirs = window.open(url); }", f"{stranger.url}/console/")
    opened.value.locator("main h1").wait_for()
    assert stranger.page.evaluate("() => window.theirs.closed")
    assert opened.value.evaluate("() => window.opener") is None
    opened.value.close()


def test_the_cookie_is_for_the_server_alone(visits):
    visit = visits().sign_in()
    visit.open()
    (cookie,) = visit.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (
        "qunzhu_console",
        True,
        "Strict",
        "/console",
    )
    assert cookie["domain"] == "127.0.0.1"
    assert visit.page.evaluate("() => document.cookie") == ""


def test_the_policy_allows_no_line_of_script_or_style(visits):
    visit = visits().sign_in()
    answer = visit.page.goto(f"{visit.url}/console/")
    visit.page.locator("main h1").first.wait_for()
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"], policy["connect-src"]) == ("'self'",) * 3
    assert (policy["frame-ancestors"], policy["base-uri"], policy["form-action"]) == ("'none'", "'none'", "'self'")
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in answer.headers
    # The browser does enforce it: what would get through all else still does not run.
    visit.page.evaluate(
        """() => {
            const add = (tag, values) => document.body.append(Object.assign(document.createElement(tag), values));
            add("script", { textContent: "window.__xss = 1" });
            add("script", { src: "data:text/javascript,window.__xss=2" });
            add("div", { innerHTML: "<img src='data:,' onerror='window.__xss=3'><p style='color: red'>" });
            add("iframe", { srcdoc: "<script>parent.__xss=4</script>" });
            const base = document.createElement("base");
            base.href = "http://127.0.0.1:9/";
            document.head.append(base);
        }"""
    )
    visit.page.wait_for_function("() => window.__csp.length >= 5")
    assert visit.page.evaluate("() => [window.__xss, document.baseURI]") == [0, f"{visit.url}/console/#/overview"]
    visit.page.evaluate("() => { window.__csp = []; }")
    visit.allow("Content Security Policy|violates the following")
