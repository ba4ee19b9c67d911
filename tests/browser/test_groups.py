"""The list of groups, and what the overview says of them as it happens."""

from __future__ import annotations

import re

import pytest

KINDS = ("Private", "Public", "ChatRoom")
MANY = 120


@pytest.fixture(scope="module")
def many(server) -> int:
    """Make more groups than a page holds; every third is a meeting of bob's."""
    for number in range(MANY):
        kind, owner = ("ChatRoom", "bob") if number % 3 == 0 else ("Public", "alice")
        answer = server.rest(
            "group_open_http_svc/create_group",
            Type=kind,
            Name=f"Room 房间 {number}",
            GroupId=f"page-{number:03}",
            Owner_Account=owner,
        )
        assert answer["ErrorCode"] == 0, answer
    return MANY


def rows(page):
    """Return the ids of the groups that are listed, once the list is read."""
    page.locator('.table:not([aria-busy="true"])').first.wait_for()
    return page.locator("tbody td .mono").all_inner_texts()


def test_overview_counts_as_it_happens(visit, server, language):
    page, words = visit.open(), visit.words
    tile = page.get_by_role("region", name=words("overview.groups"), exact=True).locator(".tile-value")
    tile.filter(has_not_text="–").wait_for()
    before = int(re.sub(r"\D", "", tile.inner_text()))
    assert (
        server.rest("group_open_http_svc/create_group", Type="Public", Name="New", GroupId=f"new-{language}")[
            "ErrorCode"
        ]
        == 0
    )
    tile.filter(has_text=re.compile(rf"^{before + 1:,}$")).wait_for()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=words("kind.Public"), exact=True))
    created = int(row.locator("td").nth(2).inner_text().replace(",", ""))
    assert created >= 1
    # A group is created and is gone again: the net of today stays, what was dissolved grows.
    assert server.rest("group_open_http_svc/destroy_group", GroupId=f"new-{language}")["ErrorCode"] == 0
    tile.filter(has_text=re.compile(rf"^{before:,}$")).wait_for()
    row.locator("td").nth(3).filter(has_text=re.compile(r"^[1-9]")).wait_for()


def test_search_filter_and_page(visit, many):
    page, words = visit.open("groups"), visit.words
    page.get_by_text(words.like("groups.total")).wait_for()
    first = rows(page)
    assert len(first) == 50
    visit.button(words("table.forth")).click()
    page.get_by_text(words("table.page", page=2)).or_(page.get_by_text(words.like("groups.total"))).wait_for()
    page.wait_for_function("(id) => document.querySelector('tbody td .mono').textContent !== id", arg=first[0])
    second = rows(page)
    assert not set(first) & set(second)
    visit.button(words("table.back")).click()
    page.wait_for_function("(id) => document.querySelector('tbody td .mono').textContent === id", arg=first[0])

    visit.field(words("groups.text")).fill("page-00")
    page.wait_for_function("() => document.querySelectorAll('tbody td .mono').length === 10")
    visit.field(words("groups.kind")).select_option("ChatRoom")
    page.wait_for_function("() => document.querySelectorAll('tbody td .mono').length === 4")
    assert set(rows(page)) == {"page-000", "page-003", "page-006", "page-009"}
    visit.field(words("groups.owner")).fill("alice")
    page.get_by_text(words("groups.none"), exact=True).wait_for()
    page.reload()
    page.get_by_text(words("groups.none"), exact=True).wait_for()
    assert visit.field(words("groups.text")).input_value() == "page-00"
    visit.field(words("groups.owner")).fill("bob")
    page.get_by_role("link", name="Room 房间 6", exact=True).click()
    page.get_by_role("heading", level=1, name="Room 房间 6", exact=True).wait_for()
    page.go_back()
    page.get_by_role("link", name="Room 房间 6", exact=True).wait_for()
