"""A real browser before the console: headless Chromium, what it says of faults, and what it asked for."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from served import ADMIN, SDKAPPID, usersig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Page, Request

TEXTS = Path(__file__).parents[2] / "src/qunzhu/console/i18n"
LOCALES = {"en": "en-US", "zh": "zh-CN"}
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
INPUTS = "input:visible, select:visible, textarea:visible"
OWN_HEADERS = {"x-qunzhu-console": "1"}
SECONDS = 15.0
SWITCHES = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
"""Chromium's own sandbox does not start for root; the pages it opens here are the project's own."""
CANARY = """
window.__xss = 0;
window.__csp = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__csp.push(`${event.violatedDirective} ${event.blockedURI}`));
"""


def chromium() -> str | None:
    """Return where the system's Chromium is."""
    return shutil.which("chromium")


def need_chromium() -> str:
    """Return where the system's Chromium is; without it a test is skipped, or fails where CI=true."""
    found = chromium()
    if found is None:
        reason = "missing on this machine: chromium (Debian package chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}; CI requires it", pytrace=False)
        pytest.skip(reason)
    return found


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """Start the browser, and end it."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        browser.close()


class Words:
    """The console's texts in one language, as its own files have them."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._texts: dict[str, str] = {}
        for file in sorted(TEXTS.glob(f"*{language}.json")):
            self._texts |= json.loads(file.read_text())

    @property
    def keys(self) -> set[str]:
        """Return the names of all texts that look like a key."""
        return {key for key in self._texts if "." in key}

    def __call__(self, key: str, **values: Any) -> str:
        """Return a text with its values in it."""
        text = self._texts[key]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", str(value))
        return text

    def like(self, key: str) -> re.Pattern[str]:
        """Return what matches a text, whatever its values are."""
        return re.compile(".*".join(re.escape(part) for part in re.split(r"\{\w+\}", self._texts[key])))


class Visit:
    """One browser with its own cookies before the console, and everything that it must not do.

    What a page says of faults, dialogs, violations of the policy and requests to other hosts is collected, and `check`
    fails on any of it.
    """

    def __init__(
        self, browser: Browser, url: str, language: str = "en", *, size: dict[str, int] = DESKTOP, theme: str = "light"
    ) -> None:
        self.url = url
        self.words = Words(language)
        self.context = browser.new_context(
            locale=LOCALES[language], viewport=size, color_scheme=theme, base_url=url, reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )  # fmt: skip
        self.context.set_default_timeout(SECONDS * 1000)
        self.context.add_init_script(CANARY)
        self.asked: list[str] = []
        self._open: set[Request] = set()
        self.faults: list[str] = []
        self.dialogs: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Page:
        """Open one more page that is listened to."""
        page = self.context.new_page()
        page.on("console", self._said)
        page.on("pageerror", lambda fault: self.faults.append(f"page error: {fault}"))
        page.on("dialog", self._dialog)
        page.on("request", self._asked)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._ended)
        return page

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"{message.type}: {message.text} {message.location}")

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(f"{dialog.type}: {dialog.message}")
        dialog.dismiss()

    def _asked(self, request: Request) -> None:
        self.asked.append(request.url)
        self._open.add(request)

    def _ended(self, request: Request) -> None:
        self._open.discard(request)

    def sign_in(self) -> Visit:
        """Sign the administrator in without the form, as most journeys begin after it."""
        given = {"sdkappid": SDKAPPID, "identifier": ADMIN, "usersig": usersig(ADMIN)}
        answer = self.context.request.post("/console/session", data=given, headers=OWN_HEADERS)
        assert answer.ok, answer.text()
        return self

    def open(self, place: str = "") -> Page:
        """Open a screen: ``groups``, ``groups/<id>?tab=members``; the page is loaded anew."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.url}/console/{f'#/{place}' if place else ''}")
        self.page.locator("main h1").first.wait_for()
        return self.page

    def field(self, label: str) -> Locator:
        """Return a field by its label; a mark of required ones may follow."""
        return self.page.get_by_label(re.compile(rf"^{re.escape(label)}( \*)?$")).and_(self.page.locator(INPUTS))

    def button(self, name: str) -> Locator:
        """Return a button by its name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def settle(self) -> None:
        """Wait until what was asked for has come and is shown."""
        until, quiet = time.monotonic() + SECONDS, 0
        while quiet < 2:
            assert time.monotonic() < until, f"still waiting for {[one.url for one in self._open]}"
            self.page.wait_for_timeout(20)
            quiet = 0 if self._open or self.page.locator("[aria-busy=true]").count() else quiet + 1

    def toast(self, text: str | re.Pattern[str]) -> None:
        """Wait until something is said at the edge of the page."""
        self.page.locator(".toast").filter(has_text=text).first.wait_for()

    def tab_to(self, target: Locator, most: int = 80) -> None:
        """Press Tab until an element has the focus: what cannot be reached by keyboard fails."""
        target.wait_for()
        for _ in range(most):
            if target.evaluate("(node) => node === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"not reached by {most} presses of Tab: {target}")

    def allow(self, pattern: str) -> None:
        """Forgive faults that a test provokes on purpose."""
        self.faults = [fault for fault in self.faults if not re.search(pattern, fault)]

    def check(self) -> None:
        """Fail where a page reported a fault, ran what it must not, or asked another host."""
        for page in self.context.pages:
            page.wait_for_load_state()
        violations = [one for page in self.context.pages for one in page.evaluate("() => window.__csp ?? []")]
        ran = [page.evaluate("() => window.__xss ?? 0") for page in self.context.pages]
        own = urlsplit(self.url).netloc
        foreign = [
            url
            for url in self.asked
            if urlsplit(url).scheme in {"http", "https", "ws", "wss"} and urlsplit(url).netloc != own
        ]
        assert (self.faults, self.dialogs, violations, [one for one in ran if one], foreign) == ([], [], [], [], [])

    def close(self) -> None:
        """Close the pages."""
        self.context.close()


def axe_source() -> str:
    """Return axe-core, which finds what a page has against people who do not see or point well."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
