"""The reference as pages of the server: the same blocks that docs/reference is written from."""

import html

from qunzhu.reference.commands import commands_page, errors_page
from qunzhu.reference.coverage import coverage_page
from qunzhu.reference.events import events_page
from qunzhu.reference.html import body_of, frame, say
from qunzhu.reference.tables import kinds_page, limits_page, plans_page, rights_page

PAGES = {
    "commands": ("Commands", commands_page),
    "errors": ("Error codes", errors_page),
    "rights": ("Rights", rights_page),
    "kinds": ("Kinds of group", kinds_page),
    "plans": ("Plans", plans_page),
    "limits": ("Limits a second", limits_page),
    "events": ("Events", events_page),
    "coverage": ("Coverage", lambda: coverage_page(functions=False)),
}


def document(name: str, lang: str) -> bytes:
    """Return a page of the reference."""
    title, build = PAGES[name]
    return frame(f"{say(title, lang)} · qunzhu", body_of(build(), lang), lang, _nav(name, lang))


def _nav(here: str, lang: str) -> str:
    """Return the links to the other pages, and to this one in the other language."""
    query = "?lang=zh" if lang == "zh" else ""
    links = "".join(
        f'<a href="/docs/{name}{query}"{current}>{html.escape(say(title, lang))}</a>'
        for name, (title, _) in PAGES.items()
        for current in (" aria-current=page" if name == here else "",)
    )
    other = (
        f'<a href="/docs/{here}" lang="en">English</a>'
        if lang == "zh"
        else f'<a href="/docs/{here}?lang=zh" lang="zh-CN">中文</a>'
    )
    return f'<nav aria-label="{say("Reference", lang)}">{links}</nav>{other}'
