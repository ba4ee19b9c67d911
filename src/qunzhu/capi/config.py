"""What ``TIMInit`` is told: where the server is, whom to trust, where the log goes."""

import logging
import os
from pathlib import Path
from typing import Any

import msgspec

from qunzhu.capi.results import BAD_JSON, BAD_PARAMETER, Refused

log = logging.getLogger("qunzhu.capi")
FILE = "qunzhu.json"
LOG, CONFIG = "sdk_config_log_file_path", "sdk_config_config_file_path"


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``qunzhu.json`` in the SDK's config folder may say."""

    server: str = ""
    """``ws://`` or ``wss://`` address; ``QUNZHU_SERVER`` in the environment goes before it."""
    ca: str = ""
    """Path of a PEM file with the authority to trust for ``wss://``, from the file's own folder where it is relative;
    ``QUNZHU_CA`` goes before it, and the system's roots count without both."""


class Config(msgspec.Struct, frozen=True):
    """What the C function ``TIMInit`` is told, by its JSON, a file and the environment."""

    server: str
    ca: str
    log: str
    """The folder of the log."""

    @classmethod
    def read(cls, given: Any) -> "Config":
        """Read all three; -3 for JSON that is no object, -4 for no path and for a file that cannot be used.

        ``TIMInit`` has no other way to say what is wrong than Python's log, and none of its own yet.
        """
        try:
            return cls._read(given)
        except Refused as fault:
            log.warning("TIMInit: %s", fault.text)
            raise

    @classmethod
    def _read(cls, given: Any) -> "Config":
        if given is not None and not isinstance(given, dict):
            raise Refused(BAD_JSON, "json_sdk_config: not an object")
        folder = _path(given or {}, CONFIG)
        said = _file(Path(folder) / FILE) if folder else Said()
        server, ca = os.environ.get("QUNZHU_SERVER") or said.server, os.environ.get("QUNZHU_CA") or said.ca
        return cls(server, ca, _path(given or {}, LOG))

    def given(self) -> dict[str, Any]:
        """Return it as ``TimRender.TIMInit`` takes it."""
        named = {"server": self.server, "ca": self.ca, "config": self.log and {LOG: self.log}}
        return {key: value for key, value in named.items() if value}


def _path(given: dict[str, Any], key: str) -> str:
    path = given.get(key)
    if path is None:
        return ""
    if not isinstance(path, str) or "\0" in path:
        raise Refused(BAD_PARAMETER, f"{key}: not a path")
    return path


def _file(path: Path) -> Said:
    """Return what the file says; nothing where there is none."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Said)
    except FileNotFoundError:
        return Said()
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise Refused(BAD_PARAMETER, f"{path}: {fault}") from None
    return msgspec.structs.replace(found, ca=str(path.parent / found.ca)) if found.ca else found
