"""How much the first view takes, and that all of it comes from the server itself."""

from __future__ import annotations

MOST_BYTES = 300_000


def test_the_first_view_is_small_and_asks_nobody_else(visits):
    visit = visits("zh").sign_in()
    wire = visit.context.new_cdp_session(visit.page)
    sizes: dict[str, float] = {}
    wire.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    visit.page.goto(f"{visit.url}/console/")
    visit.page.locator(".tile-value").filter(has_not_text="–").first.wait_for()
    visit.settle()
    asked = [url.removeprefix(visit.url) for url in visit.asked]
    assert {"/console/", "/console/app.js", "/console/style.css", "/console/i18n/zh.json"} <= set(asked)
    assert len(sizes) >= 10
    assert 10_000 < sum(sizes.values()) < MOST_BYTES


def test_files_are_kept_and_not_sent_twice(visits):
    visit = visits("en").sign_in()
    answer = visit.context.request.get("/console/app.js")
    again = visit.context.request.get("/console/app.js", headers={"if-none-match": answer.headers["etag"]})
    assert (answer.status, again.status, again.body()) == (200, 304, b"")
