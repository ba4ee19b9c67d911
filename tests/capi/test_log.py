"""Settings, the log and operations through the library."""

from __future__ import annotations

import json
import subprocess
import sys

from c_machine import need_c
from qunzhu.capi.build import build

PROGRAM = """
import ctypes, json, sys, time
library = ctypes.CDLL(sys.argv[1])
TELLS = ctypes.CFUNCTYPE(None, ctypes.c_int32, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
told, lines = [], []
tell = TELLS(lambda code, desc, text, data: told.append([code, desc.decode(), text.decode(), data]))
line = LOG(lambda level, text, data: lines.append([level, text.decode(), data]))

def ask(name, what):
    count = len(told)
    code = getattr(library, name)(json.dumps(what).encode(), tell, ctypes.c_void_p(7))
    while code == 0 and len(told) == count:
        time.sleep(0.005)
    return code

library.TIMSetLogCallback(line, ctypes.c_void_p(5))
codes = [ask("TIMSetConfig", {"set_config_callback_log_level": 3})]
write = {"request_internal_operation": "internal_operation_write_log", "request_write_log_log_content_param": "now",
         "request_write_log_log_level_param": 3}
codes.append(ask("callExperimentalAPI", write))
codes.append(ask("callExperimentalAPI", {"request_internal_operation": "internal_operation_of_nobody"}))
codes.append(library.TIMInit(ctypes.c_uint64(1), json.dumps({"sdk_config_log_file_path": sys.argv[2]}).encode()))
codes.append(ask("callExperimentalAPI", write))
codes.append(library.TIMUninit())
print(json.dumps([codes, told, lines]))
"""


def test_settings_and_lines_cross(tmp_path):
    need_c()
    library = build(tmp_path)
    command = [sys.executable, "-c", PROGRAM, str(library), str(tmp_path / "log")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    codes, told, lines = json.loads(done.stdout)
    assert codes == [0, 0, 0, 0, 0, 0]
    assert [(code, data) for code, _, _, data in told] == [(0, 7), (0, 7), (6017, 7), (0, 7)]
    assert json.loads(told[0][2])["set_config_callback_log_level"] == 3
    assert json.loads(told[1][2]) == {"response_internal_operation": "internal_operation_write_log"}
    assert [level for level, line, data in lines if line.endswith(" now") and data == 5] == [3, 3]
    assert " INFO qunzhu.tim stopped\n" in (tmp_path / "log/qunzhu.log").read_text(encoding="utf-8")
