"""What ``TIMInit`` is told: where the server is, whom to trust, where the log goes."""

import os
from pathlib import Path
from typing import Any

import msgspec

from qunzhu.capi.results import BAD_JSON, BAD_PARAMETER, Refused

FILE = "qunzhu.json"
LOG, CONFIG = "sdk_config_log_file_path", "sdk_config_config_file_path"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``qunzhu.json`` in the SDK's config folder may say."""

    server: str = ""
    """``ws://`` or ``wss://`` address; ``QUNZHU_SERVER`` in the environment goes before it."""
    ca: str = ""
    """Path of a PEM file with the authority to trust for ``wss://``, from the file's own folder where it is relative;
    ``QUNZHU_CA`` goes before it, and the system's roots count without both."""


def read(given: Any) -> dict[str, Any]:
    """Return the parameter of ``TimRender.TIMInit`` that the JSON of the C function ``TIMInit`` stands for.

    -3 for JSON that is no object, -4 for a path that is no text, and for a ``qunzhu.json`` that cannot be used.
    """
    if given is not None and not isinstance(given, dict):
        raise Refused(BAD_JSON, "json_sdk_config: not an object")
    log, folder = _path(given or {}, LOG), _path(given or {}, CONFIG)
    file = _file(Path(folder) / FILE) if folder else Config()
    found = {name: os.environ.get(f"QUNZHU_{name.upper()}") or getattr(file, name) for name in ("server", "ca")}
    return {**{name: value for name, value in found.items() if value}, "config": {LOG: log}}


def _path(given: dict[str, Any], key: str) -> str:
    path = given.get(key)
    if path is None:
        return ""
    if not isinstance(path, str) or "\0" in path:
        raise Refused(BAD_PARAMETER, f"{key}: not a path")
    return path


def _file(path: Path) -> Config:
    """Return what the file says; nothing where there is none."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Config)
    except FileNotFoundError:
        return Config()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise Refused(BAD_PARAMETER, f"{path}: {fault}") from None
    return msgspec.structs.replace(found, ca=str(path.parent / found.ca)) if found.ca else found
