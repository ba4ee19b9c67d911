"""Settings of the SDK, its log, and operations without a function of their own."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from qunzhu.capi.keys import OPERATIONS as NAMED
from qunzhu.tim import TIMLogLevel, TimRender
from qunzhu.tim.experimental import OPERATIONS
from qunzhu.tim.log_file import KEPT, MAX_BYTES
from qunzhu.tim.sdk_log import LOGGERS, SdkLog
from sdk.test_media import on_a_loop
from served import SDKAPPID, Server, signed_in, until, usersig


@pytest.fixture(autouse=True)
def loggers_stay_as_they_were():
    """Look that no SDK leaves anything at the loggers."""
    before = [(logger.level, list(logger.handlers)) for logger in LOGGERS]
    yield
    assert [(logger.level, list(logger.handlers)) for logger in LOGGERS] == before


async def change(tim: TimRender, **fields) -> dict:
    """Change settings."""
    config = {f"set_config_{key}": value for key, value in fields.items()}
    return await tim.TIMSetConfig({"json_config": config, "user_data": "own"})


async def operation(tim: TimRender, name: str, **fields) -> dict:
    """Run an operation."""
    more = {f"request_{key}": value for key, value in fields.items()}
    request = {"request_internal_operation": f"internal_operation_{name}", **more}
    return await tim.callExperimentalAPI({"json_param": request, "user_data": "own"})


async def write(tim: TimRender, level: int, content: str, **fields) -> dict:
    """Write a line to the log."""
    more = {f"write_log_{key}_param": value for key, value in fields.items()}
    return await operation(
        tim, "write_log", write_log_log_level_param=level, write_log_log_content_param=content, **more
    )


@on_a_loop
async def test_all_settings_are_told_and_only_what_is_named_changes():
    tim = TimRender()
    answer = await change(tim)
    assert (answer["code"], answer["user_data"]) == (0, "own")
    assert answer["json_param"] == {
        "set_config_log_level": 4, "set_config_callback_log_level": 4, "set_config_is_log_output_console": False,
        "set_config_user_config": {}, "set_config_user_define_data": "", "set_config_is_only_local_dns_source": False,
    }  # fmt: skip
    await change(tim, log_level=6, user_config={"user_config_is_is_disable_storage": True})
    answer = await change(tim, user_define_data="x" * 64, user_config={"user_config_is_read_receipt": True})
    assert answer["json_param"]["set_config_log_level"] == 6
    assert answer["json_param"]["set_config_user_define_data"] == "x" * 64
    assert answer["json_param"]["set_config_user_config"] == {
        "user_config_is_is_disable_storage": True, "user_config_is_read_receipt": True,
    }  # fmt: skip
    answer = await tim.TIMSetConfig({"json_config": '{"set_config_is_only_local_dns_source": true}'})
    assert answer["json_param"]["set_config_is_only_local_dns_source"] is True


@pytest.mark.parametrize(
    ("fields", "code", "said"),
    [
        ({"log_level": 8}, -4, "set_config_log_level: 8"),
        ({"callback_log_level": "4"}, -4, "set_config_callback_log_level: must be int"),
        ({"is_log_output_console": 1}, -4, "set_config_is_log_output_console: must be bool"),
        ({"user_define_data": "群" * 22}, -4, "66 bytes, at most 64 bytes"),
        ({"user_config": []}, -4, "set_config_user_config"),
        ({"http_proxy_info": {"http_proxy_info_ip": "127.0.0.1"}}, 7013, "set_config_http_proxy_info: not served"),
        ({"socks5_proxy_info": {"socks5_proxy_info_ip": "127.0.0.1"}}, 7013, "set_config_socks5_proxy_info"),
        ({"pac_proxy_info": {"pac_proxy_info_username": "x"}}, 7013, "set_config_pac_proxy_info"),
    ],
)
@on_a_loop
async def test_a_wrong_setting_changes_nothing(fields, code, said):
    tim = TimRender()
    answer = await change(tim, is_only_local_dns_source=True, **fields)
    assert (answer["code"], answer["json_param"], said in answer["desc"]) == (code, "", True), answer
    assert (await change(tim))["json_param"]["set_config_is_only_local_dns_source"] is False
    assert (await tim.TIMSetConfig({}))["code"] == -3


@on_a_loop
async def test_lines_come_by_their_level(server: Server):
    tim, heard = TimRender(SDKAPPID, server.url), []
    await tim.TIMSetLogCallback({"callback": heard.append, "data": "mine"})
    await change(tim, callback_log_level=int(TIMLogLevel.kTIMLog_Verbose))
    for level in range(1, 8):
        assert (await write(tim, level, f"line {level}"))["code"] == 0
    await until(lambda: len(heard) == 6)
    assert [(level, line.rpartition(" ")[2], data) for level, line, data in heard] == [
        (level, str(level), "mine") for level in range(2, 8)
    ]
    await change(tim, callback_log_level=int(TIMLogLevel.kTIMLog_Off))
    await write(tim, 7, "nobody hears it")
    await change(tim, callback_log_level=int(TIMLogLevel.kTIMLog_Info))
    await tim.TIMInit()
    await tim.TIMLogin({"userID": "alice", "userSig": usersig("alice")})
    await until(lambda: any("logged in as alice" in line for _, line, _ in heard))
    assert not any("nobody hears it" in line for _, line, _ in heard)
    await tim.TIMSetLogCallback({"callback": None})
    count = len(heard)
    await tim.TIMUninit()
    assert len(heard) == count


@on_a_loop
async def test_a_callback_that_fails_is_called_again_but_not_for_its_own_failure(caplog):
    tim, heard = TimRender(), []

    def failing(args: list) -> None:
        heard.append(args[1])
        raise ValueError

    await tim.TIMSetLogCallback({"callback": failing})
    await write(tim, 5, "one")
    await write(tim, 5, "two")
    await until(lambda: len(heard) == 2)
    assert caplog.text.count("a listener failed") == 2
    await tim.TIMInit()
    await tim.TIMUninit()


@on_a_loop
async def test_the_log_file(server: Server, tmp_path):
    folder = tmp_path / "made" / "log"
    tim = TimRender(SDKAPPID, server.url)
    assert await tim.TIMInit({"config": {"sdk_config_log_file_path": str(folder)}}) == 0
    await change(tim, log_level=int(TIMLogLevel.kTIMLog_Warn))
    await write(tim, 4, "too little", file_name="app.ts")
    await write(tim, 5, "群组 \udc00", file_name="app.ts", func_name="main", line_number=7)
    await tim.TIMUninit()
    text = (folder / "qunzhu.log").read_text(encoding="utf-8")
    assert "INFO qunzhu.tim qunzhu " in text
    assert "too little" not in text
    await tim.TIMInit({"config": {"sdk_config_log_file_path": str(folder)}})
    await write(tim, 5, "群组", file_name="app.ts", func_name="main", line_number=7)
    await tim.TIMUninit()
    assert "WARNING qunzhu.tim app.ts:main:7 群组\n" in (folder / "qunzhu.log").read_text(encoding="utf-8")


@on_a_loop
async def test_the_log_file_does_not_grow_without_end(tmp_path):
    tim = TimRender()
    await tim.TIMInit({"config": {"sdk_config_log_file_path": str(tmp_path)}})
    for _ in range((KEPT + 2) * MAX_BYTES // 16384):
        await write(tim, 4, "x" * 20000)
    await tim.TIMUninit()
    assert len(list(tmp_path.iterdir())) == KEPT + 1
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= (KEPT + 1) * MAX_BYTES


class Slow:
    """A message that takes its time to become text."""

    def __init__(self) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()

    def __str__(self) -> str:
        self.begun.set()
        time.sleep(0.2)
        self.ended.set()
        return "slow"


def test_the_file_is_closed_after_the_line_that_another_thread_writes(tmp_path):
    sdk_log, slow = SdkLog(), Slow()
    sdk_log.write_to(str(tmp_path))
    thread = threading.Thread(target=logging.getLogger("qunzhu.tim").warning, args=("%s", slow))
    thread.start()
    assert slow.begun.wait(5)
    sdk_log.close()
    assert slow.ended.is_set()
    thread.join()
    assert " slow\n" in (tmp_path / "qunzhu.log").read_text(encoding="utf-8")


@on_a_loop
async def test_a_log_that_cannot_be_written_is_a_warning(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    tim = TimRender()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        assert await tim.TIMInit({"config": {"sdk_config_log_file_path": str(path)}}) == 0
    assert caplog.text.count("no log file in") == 2
    assert await TimRender().TIMInit({"config": {"sdk_config_log_file_path": 7}}) == -4
    assert await TimRender().TIMInit({"config": {"sdk_config_log_file_path": "a\0b"}}) == -4
    await tim.TIMUninit()


@on_a_loop
async def test_lines_on_standard_error(capsys):
    tim = TimRender()
    await write(tim, 4, "before")
    await change(tim, is_log_output_console=True, log_level=3)
    await write(tim, 3, "seen \udc00 or not")
    await write(tim, 3, "seen")
    await change(tim, is_log_output_console=False)
    await write(tim, 6, "after")
    said = capsys.readouterr().err
    assert [line.rpartition(" ")[2] for line in said.splitlines() if "seen" in line][-1] == "seen"
    assert "DEBUG qunzhu.tim seen\n" in said
    assert "before" not in said
    assert "ERROR qunzhu.tim after" not in said


@on_a_loop
async def test_two_sdks_leave_the_levels_of_python_as_they_were():
    logger = logging.getLogger("qunzhu.tim")
    one, two = TimRender(), TimRender()
    for tim in (one, two):
        await tim.TIMInit()
        await tim.TIMSetLogCallback({"callback": print})
    await change(one, callback_log_level=3)
    assert logger.level == logging.DEBUG
    await one.TIMUninit()
    assert logger.level == logging.INFO
    await two.TIMUninit()


@on_a_loop
async def test_operations():
    tim = TimRender()
    answer = await operation(tim, "set_ui_platform", set_ui_platform_param=7)
    assert answer["code"] == 0
    assert answer["json_param"] == {"response_internal_operation": "internal_operation_set_ui_platform"}
    for name, fields, code, said in (
        ("set_ui_platform", {}, -4, "request_set_ui_platform_param"),
        ("set_ui_platform", {"set_ui_platform_param": -1}, -4, "32 bits"),
        ("write_log", {"write_log_log_level_param": 0}, -4, "1 to 7"),
        ("write_log", {"write_log_log_content_param": 5}, -4, "request_write_log_log_content_param: must be str"),
        ("set_custom_server_info", {}, -4, "request_set_custom_server_info_param: required"),
        ("sso_data", {}, 7013, "internal_operation_sso_data: not served"),
        ("of_nobody", {}, 6017, "internal_operation_of_nobody"),
    ):
        answer = await operation(tim, name, **fields)
        assert (answer["code"], answer["json_param"], said in answer["desc"]) == (code, "", True), answer
    assert (await tim.callExperimentalAPI({"json_param": {}}))["desc"] == "request_internal_operation: required"
    assert (await tim.callExperimentalAPI({}))["code"] == -3
    assert (await tim.callExperimentalAPI(None))["code"] == -3


def test_the_operations_are_those_of_the_headers():
    assert set(NAMED.values()) == OPERATIONS


@on_a_loop
async def test_what_happens_to_a_login_is_in_the_log(server: Server):
    heard: list[str] = []
    async with signed_in(server, "logged") as (tim, _):
        await tim.TIMSetLogCallback({"callback": lambda args: heard.append(args[1])})
        async with signed_in(server, "logged"):
            await until(lambda: any("another one, or an administrator" in line for line in heard))
    wrong = TimRender(SDKAPPID, server.url)
    await wrong.TIMInit()
    await wrong.TIMSetLogCallback({"callback": lambda args: heard.append(args[1])})
    await wrong.TIMLogin({"userID": "alice", "userSig": "wrong"})
    await until(lambda: any("login failed: 70" in line for line in heard))
    await wrong.TIMUninit()
