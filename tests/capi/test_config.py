"""What ``TIMInit`` of the C interface is told."""

from __future__ import annotations

import json

import pytest

from qunzhu.capi.config import CONFIG, LOG, Config
from qunzhu.capi.results import BAD_JSON, BAD_PARAMETER, Refused


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("QUNZHU_SERVER", "QUNZHU_CA"):
        monkeypatch.delenv(name, raising=False)


def read(given) -> dict:
    """Return what the Python SDK is given."""
    return Config.read(given).given()


@pytest.fixture
def said(tmp_path):
    """Return a function that writes qunzhu.json and reads the configuration."""

    def run(text: str | bytes) -> dict:
        (tmp_path / "qunzhu.json").write_bytes(text if isinstance(text, bytes) else text.encode())
        return read({CONFIG: str(tmp_path)})

    return run


def test_nothing_said():
    for given in (None, {}, {CONFIG: None, LOG: None}, {CONFIG: ""}, {CONFIG: "/nowhere"}):
        assert read(given) == {}


def test_the_file(said, tmp_path):
    found = said(json.dumps({"server": "wss://im.example.com", "ca": "ca.pem"}))
    assert found == {"server": "wss://im.example.com", "ca": str(tmp_path / "ca.pem")}
    assert said('{"ca": "/etc/ca.pem"}') == {"ca": "/etc/ca.pem"}
    assert read({LOG: "log"}) == {"config": {LOG: "log"}}


def test_the_environment_goes_before_the_file(said, monkeypatch):
    monkeypatch.setenv("QUNZHU_SERVER", "ws://127.0.0.1:1")
    monkeypatch.setenv("QUNZHU_CA", "/ca.pem")
    found = said('{"server": "ws://127.0.0.1:2", "ca": "other.pem"}')
    assert (found["server"], found["ca"]) == ("ws://127.0.0.1:1", "/ca.pem")
    monkeypatch.setenv("QUNZHU_SERVER", "")
    assert said('{"server": "ws://127.0.0.1:2"}')["server"] == "ws://127.0.0.1:2"


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"server": 1}', '{"sever": "ws://a"}', b'{"server": "\xff"}'])
def test_a_file_that_cannot_be_used(said, text, tmp_path, caplog):
    with pytest.raises(Refused) as refused:
        said(text)
    assert refused.value.code == BAD_PARAMETER
    assert refused.value.text.startswith(f"{tmp_path}/qunzhu.json: ")
    assert f"TIMInit: {tmp_path}/qunzhu.json: " in caplog.text


def test_a_folder_for_a_file(tmp_path):
    (tmp_path / "qunzhu.json").mkdir()
    with pytest.raises(Refused, match="Is a directory"):
        read({CONFIG: str(tmp_path)})


@pytest.mark.parametrize(
    ("given", "code"),
    [([], BAD_JSON), ("text", BAD_JSON), ({CONFIG: 1}, BAD_PARAMETER), ({LOG: []}, BAD_PARAMETER),
     ({LOG: "a\0b"}, BAD_PARAMETER)],
)  # fmt: skip
def test_values_that_are_none(given, code):
    with pytest.raises(Refused) as refused:
        read(given)
    assert refused.value.code == code
