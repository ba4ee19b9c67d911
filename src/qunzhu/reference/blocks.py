"""What a reference page is made of, and how it becomes Markdown. ``html.py`` makes the other form of the same blocks.

Texts may hold `` `code` `` and ``[name](page)`` links to other pages of the reference; nothing else is markup.
"""

import re
from collections.abc import Sequence

import msgspec


class Heading(msgspec.Struct, frozen=True):
    """A heading below the page's title: level 2 or 3."""

    text: str
    level: int = 2


class Text(msgspec.Struct, frozen=True):
    """A paragraph."""

    text: str


class Table(msgspec.Struct, frozen=True):
    """A table; with ``keyed`` a link can name a row by its first cell."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    keyed: bool = False


class Code(msgspec.Struct, frozen=True):
    """A block of JSON."""

    text: str


Block = Heading | Text | Table | Code


class Page(msgspec.Struct, frozen=True):
    """A page of the reference."""

    name: str
    title: str
    blocks: list[Block]


LINK = re.compile(r"\[([^\]]+)\]\(([a-z]+)(#[\w.-]+)?\)")
MADE = "<!-- Made by `python -m qunzhu.reference`: change the tables, not this file. -->"


def anchor(text: str) -> str:
    """Return the fragment under which a heading is reached, as Markdown viewers make it."""
    return re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-")


def markdown(page: Page) -> str:
    """Return a page as Markdown."""
    parts = [MADE, f"# {page.title}", *(_block(block) for block in page.blocks)]
    return "\n\n".join(parts) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * block.level} {block.text}"
        case Text():
            return _linked(block.text)
        case Code():
            return f"```json\n{block.text}\n```"
        case Table():
            lines = [block.head, tuple("---" for _ in block.head), *block.rows]
            return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return _linked(text).replace("|", "&#124;")


def _linked(text: str) -> str:
    """Point links at files. A row of a table has no fragment in Markdown, so a link to one goes to the page."""
    return LINK.sub(lambda found: f"[{found[1]}]({found[2]}.md{_fragment(found[3])})", text)


def _fragment(fragment: str | None) -> str:
    return fragment if fragment and not fragment[1:].isdigit() else ""


def yes(claim: object) -> str:
    """Return a yes or a no."""
    return "yes" if claim else "no"
