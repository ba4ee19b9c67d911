"""The tables of the C interface against its spec, against the library that is made of them, and against the SDK."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from qunzhu.capi.callbacks import CALLBACKS
from qunzhu.capi.functions import BY_NAME, FUNCTIONS
from qunzhu.capi.rows import Param
from qunzhu.tim import TimRender
from served import signed_in

SPEC = next(
    (
        path
        for folder in Path(__file__).parents
        if (path := folder / "shared" / "spec" / "capi_functions.yaml").is_file()
    ),
    Path("capi_functions.yaml"),
)
SORTS = {"set-callback": {"listens"}, "call-with-callback": {"call"}, "sync": {"sync"}}


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    """Read the interface's description, where it stands beside the project."""
    if not SPEC.is_file():
        pytest.skip("the interface's description is not beside the project")
    return yaml.safe_load(SPEC.read_text())


def _typed(params: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(_plain(param["type"]), param["name"]) for param in params]


def _plain(c_type: str) -> str:
    return {"int": "int32_t"}.get(c_type, c_type.removeprefix("enum "))


def test_every_function_has_its_types_in_its_order(spec):
    described = [
        (row["manager"], row["name"], _plain(row["returns"]), tuple(_typed(row["params"]))) for row in spec["functions"]
    ]
    ours = [
        (manager, row.name, _plain(row.returns), tuple((_plain(kind), name) for kind, name in row.arguments))
        for manager, rows in FUNCTIONS.items() for row in rows
    ]  # fmt: skip
    assert ours == described
    assert len(ours) == spec["meta"]["functions"]


def test_every_function_is_of_its_sort(spec):
    assert [row["name"] for row in spec["functions"] if BY_NAME[row["name"]].sort not in SORTS[row["kind"]]] == []


def test_every_json_is_named(spec):
    for row in spec["functions"]:
        named = {param.name: param.object for param in BY_NAME[row["name"]].params if param.kind == "json"}
        assert named == {key: what for key, what in row["json_in"].items() if what != "string"}, row["name"]


def test_every_callback_type(spec):
    described = spec["callbacks"]
    rows = described.items() if isinstance(described, dict) else [(row["name"], row) for row in described]
    for name, row in rows:
        own = [(param.type, param.name) for param in CALLBACKS[name]]
        assert _typed(row["params"])[:-1] == own, name
    assert len(CALLBACKS) == len(rows) == spec["meta"]["callback_types"]


def test_the_library_exports_all_functions_and_nothing_else(library_file):
    told = subprocess.run(["nm", "-D", "--defined-only", library_file], capture_output=True, text=True, check=True)
    assert {line.split()[2] for line in told.stdout.splitlines()} == set(BY_NAME)


def test_every_method_of_the_sdk_is_reached():
    methods = {name for name in dir(TimRender) if re.match(r"TIM|callE", name)}
    assert methods - set(BY_NAME) == {"TIMMsgSendMessageV2"}  # that is TIMMsgSendMessage with a buffer


class Read(dict[str, Any]):
    """A parameter of the Python SDK that keeps which of its keys were looked for."""

    def __init__(self, found: dict[str, Any]) -> None:
        super().__init__(found)
        self.keys_read: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:
        self.keys_read.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.keys_read.add(key)
        return super().__getitem__(key)


VALUES = {"text": "x", "number": 1, "flag": True}
UNREAD = {
    "TIMCommunityCreateTopicInCommunity", "TIMConvGetConversationListByFilter", "TIMGroupCreateTopicInCommunity",
    "TIMGroupGetGroupAttributes", "TIMMsgAddMessageReaction", "TIMMsgConvertVoiceToText",
    "TIMMsgDeleteMessageExtensions", "TIMMsgGetAllUserListOfMessageReaction", "TIMMsgGetGroupMessageReadMemberList",
    "TIMMsgGetMessageReactions", "TIMMsgRemoveMessageReaction", "TIMMsgSetMessageExtensions", "TIMMsgTranslateText",
    "TIMPinGroupMessage",
}  # fmt: skip
"""They refuse what these values are before they come to the last of their keys."""


def _value(param: Param) -> Any:
    if param.kind != "json":
        return VALUES[param.kind]
    if param.object == "[string]":
        return ["x"]
    return [{}] if param.object.startswith("[") else {}


def test_the_sdk_reads_the_keys_of_the_table(server):
    """A parameter under a key that the SDK does not know would be lost without a word."""

    async def scenario():
        unread = set()
        async with signed_in(server, "keys") as (tim, _):
            for name, row in BY_NAME.items():
                if row.sort != "call" or not hasattr(tim, name) or name in {"TIMLogin", "TIMLogout"}:
                    continue
                given: dict[str, Any] = {}
                own = [param for param in row.params if param.kind not in {"room", "callback"}]
                for param in own:
                    first, _, rest = param.key.partition(".")
                    place = given.setdefault(first, Read({})) if rest else given
                    place[rest or first] = _value(param)
                read = Read(given)
                await getattr(tim, name)(read)
                objects = [(key, value) for key, value in given.items() if isinstance(value, Read)]
                inner = {f"{key}.{one}" for key, value in objects for one in value.keys_read}
                if {param.key for param in own} - read.keys_read - inner:
                    unread.add(name)
        assert unread == UNREAD

    asyncio.run(scenario())
