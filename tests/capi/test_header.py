"""The C header: it compiles as C and as C++, and has every name that the interface has."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from c_machine import need_c
from qunzhu.capi.callbacks import CALLBACKS
from qunzhu.capi.functions import BY_NAME
from qunzhu.capi.header import NAME, header
from qunzhu.capi.keys import ALIASES, KEYS, OPERATIONS, TEXTS
from qunzhu.capi.members import ENUMS
from qunzhu.capi.rows import Function
from qunzhu.tim import enums, params

SPEC = Path(__file__).parents[3] / "shared/spec"
COMPILERS = {"c": ("gcc", "-std=c11"), "cpp": ("g++", "-std=c++17")}
beside_the_spec = pytest.mark.skipif(not SPEC.is_dir(), reason="the tables of the public headers are not here")


def call(row: Function) -> str:
    """Return a call of a function; what it returns is dropped."""
    arguments = ", ".join(f"({kind})0" for kind, _ in row.arguments)
    return f"    {'' if row.returns == 'void' else '(void)'}{row.name}({arguments});"


def value(enum: str, member: str, number: int) -> str:
    """Return a check of a member's value; the highest bit is the sign."""
    wanted = number if number < 1 << 31 else number - (1 << 32)
    return f"    {{ {enum} value = {member}; if ((int64_t)value != {wanted}) return 1; }}"


def everything() -> str:
    """Return a program that calls each function and names each enum, member, key and type of callback."""
    calls = "\n".join(map(call, BY_NAME.values()))
    values = "\n".join(value(name, *member) for name, members in ENUMS.items() for member in members.items())
    texts = {name: text for table in (*KEYS.values(), OPERATIONS, TEXTS) for name, text in table.items()}
    keys = "\n".join(f'    if (strcmp({name}, "{text}")) return 2;' for name, text in texts.items())
    others = "\n".join(f"    (void){name};" for name in ALIASES)
    callbacks = "\n".join(f"    {{ {name} cb = 0; (void)cb; }}" for name in CALLBACKS)
    return f"""#include "{NAME}"
#include <string.h>
static void told(int32_t code, const char *desc, const char *json_params, const void *user_data)
{{ (void)code; (void)desc; (void)json_params; (void)user_data; }}
int main(int count, char **words)
{{
    TIMCommCallback cb = told;
    (void)words; (void)cb;
{values}
{keys}
{others}
{callbacks}
    if (count < 100)
        return 0;
{calls}
    return 0;
}}
"""


@pytest.mark.parametrize("language", COMPILERS)
def test_a_program_that_uses_everything_compiles_and_finds_the_values(language, tmp_path):
    compiler, standard = COMPILERS[language]
    need_c(compiler)
    (tmp_path / NAME).write_text(header())
    (tmp_path / f"all.{language}").write_text(everything())
    flags = [standard, "-Wall", "-Wextra", "-Werror", "-pedantic", "-O0"]
    empty = "\n".join(f"void {name}(void) {{}}" for name in BY_NAME)
    (tmp_path / "empty.c").write_text(empty)
    for command in (
        [compiler, *flags, "-c", f"all.{language}", "-o", "all.o"], ["gcc", "-c", "empty.c"],
        [compiler, "all.o", "empty.o", "-o", "all"],
    ):  # fmt: skip
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done.stderr[:2000]
    assert subprocess.run([tmp_path / "all"], check=False).returncode == 0


def test_it_may_be_included_twice_and_by_several_sources(tmp_path):
    need_c()
    (tmp_path / NAME).write_text(header())
    for name in ("one", "two"):
        text = f'#include "{NAME}"\n#include "{NAME}"\nconst char *{name}(void) {{ return kTIMMsgConvId; }}\n'
        (tmp_path / f"{name}.c").write_text(text)
    subprocess.run(["gcc", "-Wall", "-Werror", "-shared", "-fPIC", "one.c", "two.c", "-o", "both.so"], cwd=tmp_path,
                   check=True)  # fmt: skip


def test_it_names_each_function_once_with_its_number_of_arguments():
    text = re.sub(r"/\*.*?\*/", "", header(), flags=re.DOTALL)
    for name, row in BY_NAME.items():
        [arguments] = re.findall(rf"\b{name}\(([^)]*)\);", text)
        assert (0 if arguments == "void" else arguments.count(",") + 1) == len(row.arguments), name


def test_the_keys_are_those_of_the_sdk():
    known = {key for table in KEYS.values() for key in table.values()}
    for record in (params.GroupParams, params.GroupMemberInfo, params.GroupInfoCustomString):
        assert set(record.__annotations__) <= known
    assert len(known) > 700
    assert KEYS["Message"]["kTIMMsgConvId"] == "message_conv_id"


def test_members_of_the_sdk_are_in_the_header():
    assert ENUMS["TIMElemType"]["kTIMElem_Invalid"] == enums.TIMElemType.kTIMElem_Invalid == -1
    assert ENUMS["TIMErrCode"].keys() > enums.TIMErrCode.__members__.keys()


@beside_the_spec
def test_keys_are_those_of_the_public_headers():
    spec = yaml.safe_load((SPEC / "capi_json.yaml").read_text(encoding="utf-8"))
    assert {name: {one["c"]: one["key"] for one in row["keys"]} for name, row in spec["objects"].items()} == KEYS
    constants = {one["c"]: one["value"] for rows in spec["constants"].values() for one in rows}
    assert constants == OPERATIONS | TEXTS
    assert spec["c_aliases"] == ALIASES


@beside_the_spec
def test_enums_are_those_of_the_public_headers():
    spec = yaml.safe_load((SPEC / "capi_enums.yaml").read_text(encoding="utf-8"))
    found = {name: {key: one["value"] for key, one in row["members"].items()} for name, row in spec["enums"].items()}
    assert found == ENUMS
