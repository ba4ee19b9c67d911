"""Every address of the console that shows something of its own, found as a user finds them: in the menu and in tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from browser.chromium import Visit


def walk(visit: Visit, *more: str) -> Iterator[str]:
    """Open each screen of the menu, then the addresses given, with each of their tabs; give the address of each."""
    page = visit.open()
    places = page.locator("#menu a").evaluate_all("(links) => links.map((one) => one.hash.slice(2))")
    for place in [*places, *more]:
        page.evaluate("(hash) => { location.hash = hash; }", f"#/{place}")
        page.wait_for_function(
            "(hash) => location.hash.startsWith(hash) && document.querySelector('main h1')", arg=f"#/{place}"
        )
        visit.settle()
        yield place
        for tab in page.get_by_role("tab").all()[1:]:
            tab.click()
            page.wait_for_function(
                "(id) => document.getElementById(id)?.getAttribute('aria-selected') === 'true'",
                arg=tab.get_attribute("id"),
            )
            visit.settle()
            yield f"{place} [{tab.inner_text()}]"
