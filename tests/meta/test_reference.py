"""The reference is fresh and whole, and what is written by hand agrees with the tables."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from qunzhu import commands as _commands
from qunzhu.core import fields
from qunzhu.core.command import COMMANDS
from qunzhu.core.errors import ERRORS
from qunzhu.core.wire import ENDS
from qunzhu.reference.__main__ import files, stale
from qunzhu.reference.commands import commands, errors_of
from qunzhu.reference.coverage import command_counts, function_counts, total
from qunzhu.reference.events import notice_fields
from qunzhu.reference.records import fields_of, sample
from qunzhu.tim import TimRender

assert _commands  # importing it fills the command table

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
GATEWAY = (ROOT / "docs/guide/gateway.md").read_text(encoding="utf-8")
ROWS = {row.name: row for row in commands()}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def test_docs_reference_is_fresh():
    assert stale() == []


def test_stale_files_are_named(tmp_path):
    (tmp_path / "left-over.md").write_text("old", encoding="utf-8")
    assert {"commands.md", "left-over.md"} <= set(stale(tmp_path))


@pytest.mark.parametrize("name", ROWS)
def test_every_field_says_what_it_means(name):
    row = ROWS[name]
    for field in (*fields_of(row.request), *fields_of(row.reply)):
        assert field.doc.endswith((".", "`")), field.path
        assert field.type


@pytest.mark.parametrize("name", ROWS)
def test_the_sample_request_is_one_that_the_command_takes(name):
    row = ROWS[name]
    assert row.decode(msgspec.json.encode(sample(row.request)))
    assert row.help
    assert all(error.code in ERRORS for error in errors_of(row))


def test_no_row_of_the_table_of_fields_is_left_over(monkeypatch):
    wanted = set()

    class Watched(dict):
        def get(self, name, default=None):
            wanted.add(name)
            return super().get(name, default)

        def __getitem__(self, name):
            wanted.add(name)
            return super().__getitem__(name)

    monkeypatch.setattr(fields, "FIELDS", Watched(fields.FIELDS))
    files()
    for row in COMMANDS.values():  # with those that no door opens and no page shows
        fields_of(row.request), fields_of(row.reply)
    assert set(fields.FIELDS) - wanted == {"Kind.new_name"}  # the heads of its table


def test_coverage_counts_everything_there_is():
    assert total(command_counts())[1] == 157
    assert total(function_counts())[1] == 240


def test_what_only_says_that_nobody_serves_it_is_not_counted():
    counts = function_counts()["TIMMessageManager"]
    assert {name for name, there in counts.items() if not there} == TimRender.UNSERVED
    assert all(hasattr(TimRender, name) for name in counts)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in LINK.findall(text):
        name, _, fragment = target.partition("#")
        if name.startswith(("https:", "http:", "mailto:")):
            continue
        found = path.parent / name if name else path
        assert found.exists(), target
        if fragment:
            heads = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            assert fragment in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}, target


def test_both_readmes_show_the_same():
    english, chinese = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
    for pattern in (r"^## ", r"^```", r"\]\((?!README)[^)]*\)", "<!-- /?figures -->"):
        assert len(re.findall(pattern, english, re.M)) == len(re.findall(pattern, chinese, re.M)), pattern


def test_the_protocol_page_has_every_end():
    rows = re.findall(r"^\| (\d{4}) \| `(\w+)` \| (yes|no) \|", GATEWAY, re.MULTILINE)
    assert rows == [(str(end.code), end.name, "yes" if end.again else "no") for end in ENDS.values()]


def test_the_protocol_page_names_every_field_of_a_push():
    for name in notice_fields():
        assert f"`{name}`" in GATEWAY, name


def test_frames_of_the_protocol_page_are_frames():
    frames = re.findall(r"^\{\"jsonrpc\".*$", GATEWAY, re.MULTILINE)
    assert len(frames) > 10
    for frame in frames:
        body = json.loads(frame)
        assert json.dumps(body, separators=(",", ":"), ensure_ascii=False) == frame
