"""The guide names everything that the controls take, in both languages."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from qunzhu.core.double import FaultRule, PushRule
from qunzhu.core.seed import SeedAccount, SeedGroup, SeedMember, SeedPrivateMessage, SeedTopic
from qunzhu.edge.double_bodies import (
    ClockBody,
    CutBody,
    FaultsBody,
    RecordBody,
    ResetBody,
    RestoreBody,
    SnapshotBody,
)

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
RECORDS = (
    ClockBody, CutBody, FaultsBody, RecordBody, ResetBody, RestoreBody, SnapshotBody, FaultRule, PushRule, SeedAccount,
    SeedGroup, SeedMember, SeedPrivateMessage, SeedTopic,
)  # fmt: skip


@pytest.mark.parametrize("page", ["double.md", "double.zh-CN.md"])
@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_field_is_in_the_guide(page: str, record: type[msgspec.Struct]):
    text = (GUIDE / page).read_text(encoding="utf-8")
    missing = [field.encode_name for field in msgspec.structs.fields(record) if f"`{field.encode_name}" not in text]
    assert not missing


def test_both_pages_show_the_same():
    english, chinese = ((GUIDE / name).read_text(encoding="utf-8") for name in ("double.md", "double.zh-CN.md"))
    for mark in ("\n## ", "\n```", "\n|", "\n- "):
        assert english.count(mark) == chinese.count(mark), mark
