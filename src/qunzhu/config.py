"""Settings of a server: file < environment < flag. Every field carries its description."""

import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

LOG_FORMATS = ("console", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")


class ConfigError(Exception):
    """A setting is wrong; the text says which and what to do."""


def _doc(text: str) -> msgspec.Meta:
    return msgspec.Meta(description=text)


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings tree."""

    listen: Annotated[str, _doc("Address and port to serve on, as HOST:PORT; [::1]:8140 for IPv6.")] = "127.0.0.1:8140"
    data: Annotated[str, _doc("The data folder. Made if missing.")] = "./qunzhu-data"
    database: Annotated[
        str, _doc("postgresql://... to keep apps in PostgreSQL instead of the data folder; empty: SQLite.")
    ] = ""
    tls_cert: Annotated[str, _doc("Certificate chain (PEM) to serve HTTPS and WSS.")] = ""
    tls_key: Annotated[str, _doc("Private key (PEM) of the certificate.")] = ""
    demo: Annotated[bool, _doc("Make the demo app once and serve on loopback only.")] = False
    heartbeat: Annotated[int, _doc("Seconds between signs of life that a gateway client owes.")] = 30
    log_format: Annotated[str, _doc("console or json.")] = "console"
    log_level: Annotated[str, _doc("debug, info, warning or error.")] = "info"

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port of ``listen``."""
        parts = urlsplit(f"//{self.listen}")
        try:
            port = parts.port
        except ValueError:
            port = None
        if not parts.hostname or port is None:
            raise ConfigError(f"listen: {self.listen!r} is not HOST:PORT, for example 127.0.0.1:8140")
        return parts.hostname, port

    @property
    def loopback(self) -> bool:
        """Say whether ``listen`` reaches this machine only."""
        host = self.address[0]
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def url(self) -> str:
        """Return the URL under which the server is reached."""
        host, port = self.address
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self.tls_cert else 'http'}://{shown}:{port}"


def load_config(flags: Mapping[str, Any], file: str | None, environ: Mapping[str, str] = os.environ) -> Config:
    """Return the settings of a file, the environment (``QUNZHU_LISTEN`` ...) and flags, later ones winning."""
    fields: dict[str, Any] = {}
    path = file or environ.get("QUNZHU_CONFIG")
    if path:
        try:
            fields |= tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
            raise ConfigError(f"config file {path}: {fault}") from None
    for name in Config.__struct_fields__:
        if (value := environ.get(f"QUNZHU_{name.upper()}")) is not None:
            fields[name] = value
    fields |= {name: value for name, value in flags.items() if value is not None}
    try:
        config = msgspec.convert(fields, Config, strict=False)
    except msgspec.ValidationError as fault:
        message, _, name = str(fault).partition(" - at `$.")
        raise ConfigError(f"{name.rstrip('`') or 'settings'}: {message}") from None
    return _checked(config)


def _checked(config: Config) -> Config:
    """Refuse settings that cannot work together."""
    _ = config.address
    if bool(config.tls_cert) != bool(config.tls_key):
        raise ConfigError("tls_cert and tls_key: give both or neither")
    for name in ("tls_cert", "tls_key"):
        if (path := getattr(config, name)) and not Path(path).is_file():
            raise ConfigError(f"{name}: there is no file {path}")
    if config.demo and not config.loopback:
        raise ConfigError(
            f"--demo has a key that everybody knows and serves on loopback only, not on {config.listen}; "
            "make an app of your own with `qunzhu app create` and leave --demo out"
        )
    if config.database and not config.database.startswith(("postgresql://", "postgres://")):
        raise ConfigError("database: must start with postgresql://")
    for name, words in (("log_format", LOG_FORMATS), ("log_level", LOG_LEVELS)):
        if getattr(config, name) not in words:
            raise ConfigError(f"{name}: {getattr(config, name)!r} is not one of {', '.join(words)}")
    if config.heartbeat < 1:
        raise ConfigError(f"heartbeat: {config.heartbeat}, at least 1 second")
    return config
