"""What keeps other sites' pages, and what users wrote, from doing anything at the console."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qunzhu.edge import console as edge
from qunzhu.edge.console_files import ROOT, load_files
from qunzhu.edge.rest import MAX_BODY

LIST = "group_open_http_svc/get_appid_group_list"
CREATE = "group_open_http_svc/create_group"
FILES = sorted(load_files())
EVIL = [
    {"x_qunzhu_console": None}, {"x_qunzhu_console": b"0"}, {"origin": b"https://evil.example"}, {"origin": b"null"},
    {"origin": b"http://127.0.0.1:9999"}, {"origin": b"http://127.0.0.1"}, {"origin": b"ftp://127.0.0.1:8140"},
    {"sec_fetch_site": b"cross-site"}, {"sec_fetch_site": b"same-site"}, {"host": b"evil.example"},
]  # fmt: skip


@pytest.mark.parametrize("headers", EVIL, ids=str)
def test_another_sites_page_changes_nothing(admin, headers):
    before = admin.data("groups").json["total"]
    answer = admin.api(CREATE, {"Type": "Public", "Name": "forged"}, **headers)
    assert (answer.status, answer.code) == (403, 60002)
    assert admin.ask("/console/session", method="DELETE", **headers).status == 403
    assert admin.ask("/console/session", {"code": "x"}, **headers).status == 403
    assert admin.data("groups").json["total"] == before


@pytest.mark.parametrize("site", [b"cross-site", b"same-site"])
def test_another_sites_page_reads_nothing(admin, site):
    assert admin.data("overview", sec_fetch_site=site).status == 403
    assert "access-control-allow-origin" not in admin.data("overview").headers


def test_a_client_that_is_no_browser_needs_the_header_only(admin):
    assert admin.api(LIST, sec_fetch_site=None, origin=None).status == 200


def test_a_preflight_is_given_nothing(admin):
    answer = admin.ask(f"/console/api/{LIST}", method="OPTIONS", x_qunzhu_console=None, origin=b"https://evil.example")
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path", ["/console/", "/console/app.js", "/console/nowhere", "/console/session", "/console/data/overview"]
)
def test_every_answer_is_kept_on_a_short_lead(admin, path):
    headers = admin.ask(path).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"], policy["connect-src"]) == ("'self'", "'self'", "'self'")
    assert (policy["frame-ancestors"], policy["base-uri"], policy["form-action"]) == ("'none'", "'none'", "'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_what_it_says(stranger, name):
    types = {
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
        "json": "application/json", "svg": "image/svg+xml",
    }  # fmt: skip
    answer = stranger.ask(f"/console/{name}")
    assert answer.status == 200
    assert answer.headers["content-type"] == types[name.rpartition(".")[2]]
    assert answer.headers["cache-control"] == "no-cache"
    again = stranger.ask(f"/console/{name}", if_none_match=answer.headers["etag"].encode())
    assert (again.status, again.body) == (304, b"")
    head = stranger.ask(f"/console/{name}", method="HEAD")
    assert (head.status, head.body) == (200, b"")


def test_no_file_has_markup_that_the_policy_forbids():
    for path in Path(ROOT).rglob("*"):
        if path.suffix in {".js", ".html", ".svg"}:
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(", text), (
                path
            )
            assert not re.search(r"<script(?![^>]* src=)|\bstyle=|<style| on[a-z]+=\"", text), path


@pytest.mark.parametrize(
    "path",
    [
        "/console/../config.py",
        "/console/lib/../../app.py",
        "/console/lib",
        "/console/lib/",
        "/console//app.js",
        "/console/README.md",
        "/console/%2e%2e/app.py",
    ],
)
def test_nothing_else_is_served(stranger, path):
    answer = stranger.ask(path)
    assert (answer.status, answer.headers["content-type"]) == (404, "text/plain; charset=utf-8")


def test_the_console_without_a_slash_leads_to_it(stranger):
    answer = stranger.ask("/console")
    assert (answer.status, answer.headers["location"]) == (308, "/console/")
    assert stranger.ask("/consoles").status == 404


def test_the_first_view_is_small(stranger):
    first = [name for name in FILES if not name.startswith(("screens/", "i18n/"))]
    first += ["screens/overview.js", "i18n/en.json", "i18n/overview.en.json"]
    size = sum(len(stranger.ask(f"/console/{name}", accept_encoding=b"gzip, br").body) for name in first)
    assert size < 300_000


def test_a_large_body_is_refused(admin):
    answer = admin.api(CREATE, b" " * (MAX_BODY + 1))
    assert (answer.status, answer.code) == (413, 60002)
    assert str(MAX_BODY) in answer.json["ErrorInfo"]
    assert admin.ask("/console/session", b" " * (edge.MAX_SIGN_IN + 1)).status == 413


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/console/", "POST"),
        ("/console/session", "PUT"),
        ("/console/data/overview", "POST"),
        (f"/console/api/{LIST}", "GET"),
        (f"/console/check/{CREATE}", "GET"),
    ],
)
def test_other_methods(admin, path, method):
    assert admin.ask(path, method=method).status == 405


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"null", b'{"code": 5}'])
def test_a_sign_in_that_is_none(stranger, body):
    answer = stranger.ask("/console/session", body, method="POST")
    assert answer.status == 400
    assert answer.code in {60003, 60025, 70020}


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "\u2028</script>"]
)
def test_what_users_write_comes_back_as_json_only(admin, text):
    made = admin.api(CREATE, {"Type": "Public", "Name": text[:28], "Introduction": text}).json
    assert made["ErrorCode"] == 0
    for answer in (
        admin.data("groups", f"q={made['GroupId'].replace('#', '%23')}"),
        admin.api("group_open_http_svc/get_group_info", {"GroupIdList": [made["GroupId"]]}),
        admin.data("rights", f"group={made['GroupId'].replace('#', '%23')}&user=%3Cscript%3E"),
    ):
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
