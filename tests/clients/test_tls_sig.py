"""UserSigs of the public signing packages are accepted, and ours are the same."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest
from TLSSigAPIv2 import TLSSigAPIv2

from qunzhu.core.token import check_usersig, make_usersig
from served import KEY, SDKAPPID, Server

NPM_PACKAGE = "tls-sig-api-v2@1.0.2"
SCRIPT = """
const { Api } = require('tls-sig-api-v2');
console.log(new Api(Number(process.argv[1]), process.argv[2]).genSig(process.argv[3], 86400));
"""


def test_the_python_package(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.0)
    theirs = TLSSigAPIv2(SDKAPPID, KEY).gen_sig("alice", 86400)
    assert check_usersig(KEY, SDKAPPID, "alice", theirs, 1_700_000_000).valid_until == 1_700_086_400
    ours = make_usersig(KEY, SDKAPPID, "alice", now=1_700_000_000, expire=86400)
    assert TLSSigAPIv2(SDKAPPID, KEY)  # it has no check of its own: the signed part is compared below
    assert signed_part(ours) == signed_part(theirs)


def signed_part(usersig: str) -> dict:
    """Return a UserSig's document."""
    import base64
    import json
    import zlib

    return json.loads(zlib.decompress(base64.b64decode(usersig.replace("*", "+").replace("-", "/").replace("_", "="))))


@pytest.fixture(scope="module")
def npm_folder(tmp_path_factory):
    """Install the npm package into a folder of its own."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not on this machine")
    folder = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), NPM_PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    if done.returncode:
        pytest.skip(f"npm could not install {NPM_PACKAGE}: {done.stderr[-300:]}")
    return folder


def test_the_npm_package(npm_folder, server: Server):
    command = ["node", "-e", SCRIPT, str(SDKAPPID), KEY, "administrator"]
    environment = {**os.environ, "NODE_PATH": str(npm_folder / "node_modules")}
    theirs = subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment, timeout=60
    ).stdout.strip()
    now = int(time.time())
    made_at = check_usersig(KEY, SDKAPPID, "administrator", theirs, now).made_at
    assert signed_part(make_usersig(KEY, SDKAPPID, "administrator", now=made_at, expire=86400)) == signed_part(theirs)
    assert server.rest("group_open_http_svc/get_appid_group_list")["ErrorCode"] == 0
