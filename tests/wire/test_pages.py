"""The pages beside the API, asked in process."""

import asyncio
import json
import subprocess
import sys
from collections import Counter

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from qunzhu import __version__
from qunzhu import commands as _commands
from qunzhu.core.command import COMMANDS
from qunzhu.core.ports import REST
from qunzhu.edge.docs import PAGES as DOCS
from qunzhu.edge.pages import Pages
from qunzhu.push.hub import Tally

assert _commands  # importing it fills the command table

LOCAL = ("127.0.0.1", 5000)
ALL = ["/", "/health", "/metrics", "/openapi.json", "/docs", *(f"/docs/{name}" for name in DOCS)]
HTML = [path for path in ALL if path == "/" or path.startswith("/docs")]


def pages(**counts):
    return Pages(Counter({("rest", name, 0): number for name, number in counts.items()}), Counter(), Tally())


def ask(path, method="GET", *, served=None, client=LOCAL, headers=(), query=b""):
    """Return status, headers and body."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        raise AssertionError("a page does not read")

    scope = {
        "type": "http", "method": method, "path": path, "query_string": query, "scheme": "http", "client": client,
        "headers": [(b"host", b"127.0.0.1:8140"), *headers],
    }  # fmt: skip
    asyncio.run((served or pages())(scope, receive, send))
    start, end = sent
    return start["status"], dict(start["headers"]), end["body"]


@pytest.mark.parametrize("path", ALL)
def test_every_page_answers_get_and_head(path):
    status, headers, body = ask(path)
    assert status == 200
    assert headers[b"content-length"] == b"%d" % len(body)
    assert headers[b"x-content-type-options"] == b"nosniff"
    head_status, head_headers, head_body = ask(path, "HEAD")
    assert (head_status, head_body) == (200, b"")
    if path != "/metrics":
        assert head_headers == headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/health", "/docs", "/nowhere"])
def test_other_methods_are_refused(path, method):
    status, headers, _ = ask(path, method)
    assert status == 405
    assert headers[b"allow"] == b"GET, HEAD"


@pytest.mark.parametrize("path", ["/nowhere", "/docs/nowhere", "/docs/../health", "/docs/commands/x"])
def test_what_is_not_there_is_not_found(path):
    status, headers, _ = ask(path)
    assert status == 404
    assert headers[b"x-content-type-options"] == b"nosniff"


@pytest.mark.parametrize("path", HTML)
@pytest.mark.parametrize("query", [b"", b"lang=zh"])
def test_pages_need_no_script_and_nothing_from_elsewhere(path, query):
    _, headers, body = ask(path, query=query)
    policy = headers[b"content-security-policy"]
    assert b"default-src 'none'" in policy
    assert b"script" not in policy
    text = body.decode()
    assert "<script" not in text
    assert ' src="' not in text
    assert 'name="viewport"' in text
    assert "prefers-color-scheme: dark" in text.replace("prefers-color-scheme:dark", "prefers-color-scheme: dark")


def test_the_index_shows_the_first_call_in_both_languages():
    text = ask("/")[2].decode()
    assert "http://127.0.0.1:8140/v4/group_open_http_svc/create_group" in text
    assert "ws://127.0.0.1:8140/gateway" in text
    assert 'lang="zh-CN"' in text
    assert __version__ in text


@pytest.mark.parametrize("host", [b'"><script>alert(1)</script>', b"a b", b"x" * 300, b"\xff"])
def test_a_strange_host_is_not_shown(host):
    scope_first = [(b"host", host)]

    async def run():
        sent = []

        async def send(message):
            sent.append(message)

        scope = {
            "type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http", "client": LOCAL,
            "headers": scope_first,
        }  # fmt: skip
        await pages()(scope, None, send)
        return sent[1]["body"].decode()

    text = asyncio.run(run())
    assert "<script" not in text
    assert "http://127.0.0.1:8140/v4/" in text


def test_health_names_the_version():
    assert json.loads(ask("/health")[2]) == {"status": "ok", "version": __version__}


def test_metrics_count_answers():
    text = ask("/metrics", served=pages(create_group=7))[2].decode()
    assert 'qunzhu_answers_total{code="0",command="create_group",door="rest"} 7.0' in text
    assert f'qunzhu_build_info{{version="{__version__}"}} 1.0' in text


@pytest.mark.parametrize("client", [("127.0.0.1", 1), ("127.8.8.8", 1), ("::1", 1), ("::ffff:127.0.0.1", 1)])
def test_metrics_are_shown_to_this_machine(client):
    assert ask("/metrics", client=client)[0] == 200


@pytest.mark.parametrize("client", [("192.0.2.1", 1), ("2001:db8::1", 1), ("::ffff:192.0.2.1", 1), ("", 1), None])
def test_metrics_are_not_shown_to_others(client):
    status, _, body = ask("/metrics", client=client, served=pages(create_group=7))
    assert status == 403
    assert b"create_group" not in body


def test_metrics_are_not_shown_through_a_proxy():
    assert ask("/metrics", headers=[(b"x-forwarded-for", b"192.0.2.1")])[0] == 403


def openapi():
    return json.loads(ask("/openapi.json")[2])


def test_openapi_is_valid():
    OpenAPIV31SpecValidator(openapi()).validate()


def test_openapi_has_every_path_and_marks_old_ones():
    paths = openapi()["paths"]
    assert set(paths) == {f"/v4/{path}" for path, row in COMMANDS.items() if REST in row.doors}
    for path, item in paths.items():
        row = COMMANDS[path.removeprefix("/v4/")]
        assert item["post"].get("deprecated", False) == (path != f"/v4/{row.path}")
        codes = item["post"]["responses"]["200"]["x-error-codes"]
        assert {str(error.code) for error in row.errors} <= set(codes)


def test_openapi_describes_every_field():
    for name, schema in openapi()["components"]["schemas"].items():
        for field, part in schema.get("properties", {}).items():
            if name not in {"Success", "PartialSuccess", "Failure"}:
                assert part["description"], f"{name}.{field}"


def test_documents_are_made_once():
    served = pages()
    first = ask("/openapi.json", served=served)[2]
    assert ask("/openapi.json", served=served)[2] is first


def test_nothing_is_imported_before_a_page_is_asked_for():
    code = (
        "import sys, qunzhu.edge.pages\n"
        "late = ('qunzhu.reference', 'prometheus_client', 'qunzhu.edge.docs')\n"
        "found = [name for name in sys.modules if name.startswith(late)]\n"
        "sys.exit(str(found) if found else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
