"""Where the server of a library is: from the environment, a file of the app's, or this machine."""

import os
from pathlib import Path
from typing import Any

import msgspec

from qunzhu.capi.results import BAD_JSON, BAD_PARAMETER, Refused

FILE = "qunzhu.json"


class Config(msgspec.Struct, frozen=True):
    """What ``qunzhu.json`` in the SDK's config folder may say."""

    server: str = ""
    """``ws://`` or ``wss://`` address; ``QUNZHU_SERVER`` in the environment goes before it."""
    ca: str = ""
    """Path of a PEM file with the authority to trust for ``wss://``; the system's roots without it."""

    @classmethod
    def read(cls, given: Any) -> "Config":
        """Read the file that the JSON of ``TIMInit`` leads to; -3 or -4 where there is one that cannot be used."""
        if given is not None and not isinstance(given, dict):
            raise Refused(BAD_JSON, "json_sdk_config: not an object")
        folder = (given or {}).get("sdk_config_config_file_path")
        if folder is not None and not isinstance(folder, str):
            raise Refused(BAD_PARAMETER, "sdk_config_config_file_path: not a text")
        path = Path(folder or ".") / FILE
        found = cls()
        if folder and path.is_file():
            try:
                found = msgspec.json.decode(path.read_bytes(), type=cls)
            except (OSError, msgspec.MsgspecError) as fault:
                raise Refused(BAD_PARAMETER, f"{path}: {fault}") from None
        server = os.environ.get("QUNZHU_SERVER")
        return msgspec.structs.replace(found, server=server) if server else found

    def given(self) -> dict[str, str]:
        """Return what was said, as ``TimRender.TIMInit`` takes it."""
        return {key: value for key, value in msgspec.structs.asdict(self).items() if value}
