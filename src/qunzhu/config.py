"""Settings of a server: file < environment < flag. Every field carries its description."""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from qunzhu.core.media import MediaRules

LOG_FORMATS = ("console", "json")
LOG_LEVELS = ("debug", "info", "warning", "error")
SECRETS = frozenset({"media_s3_secret"})
"""Settings without a flag: a command line is seen by every user of the machine."""
_MB = 1 << 20
_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,62}(/[A-Za-z0-9!_.*'()/-]*)?\Z")


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
    console_link: Annotated[
        bool, _doc("Print a link that signs in at the console, once and within ten minutes; --demo does so too.")
    ] = False
    controls: Annotated[
        bool,
        _doc(
            "Let app administrators reset, rewind and break their apps over HTTP, for tests; on with demo. Not for a"
            " server that people use."
        ),
    ] = False
    public_url: Annotated[
        str,
        _doc(
            "URL under which clients reach the server, such as https://im.example.com, for the links to media that it"
            " gives out; empty: the address that the client itself asked."
        ),
    ] = ""
    media_store: Annotated[
        str, _doc("s3://BUCKET/PREFIX to keep media in an S3-compatible store; empty: in the data folder.")
    ] = ""
    media_s3_endpoint: Annotated[
        str, _doc("URL of the S3-compatible store, such as http://127.0.0.1:9000; empty: Amazon's of the region.")
    ] = ""
    media_s3_region: Annotated[str, _doc("The store's region.")] = "us-east-1"
    media_s3_key: Annotated[str, _doc("Access key ID of the store.")] = ""
    media_s3_secret: Annotated[str, _doc("Secret access key of the store.")] = ""
    media_image_mb: Annotated[int, _doc("Most megabytes of an image, or of a video's snapshot.")] = 28
    media_sound_mb: Annotated[int, _doc("Most megabytes of a sound.")] = 28
    media_video_mb: Annotated[int, _doc("Most megabytes of a video.")] = 100
    media_file_mb: Annotated[int, _doc("Most megabytes of any other file.")] = 100
    media_image_pixels: Annotated[
        int,
        _doc(
            "Most pixels of a JPEG image; of one in another format half as many. Reading it takes up to 4 bytes of"
            " memory for each, in another format up to 16; one image is read at a time."
        ),
    ] = 50_000_000
    media_upload_seconds: Annotated[int, _doc("How long a link to upload holds.")] = 900
    media_link_seconds: Annotated[int, _doc("How long a link to download holds; a client can ask for new ones.")] = (
        604800
    )
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
    def media(self) -> MediaRules:
        """Return the rules for media."""
        return MediaRules(
            public_url=self.public_url.rstrip("/"), image_bytes=self.media_image_mb * _MB,
            sound_bytes=self.media_sound_mb * _MB, video_bytes=self.media_video_mb * _MB,
            file_bytes=self.media_file_mb * _MB, image_pixels=self.media_image_pixels,
            upload_seconds=self.media_upload_seconds, link_seconds=self.media_link_seconds,
        )  # fmt: skip

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
    _check_media(config)
    return config


def _check_media(config: Config) -> None:
    """Refuse settings under which no file could go up or come down."""
    for name in config.__struct_fields__:
        value = getattr(config, name)
        if name.startswith("media_") and isinstance(value, int) and value < 1:
            raise ConfigError(f"{name}: {value}, at least 1")
    for name in ("public_url", "media_s3_endpoint"):
        url = urlsplit(getattr(config, name))
        more = url.path.strip("/") or url.query or url.fragment
        if url.geturl() and (url.scheme not in {"http", "https"} or not url.hostname or more):
            raise ConfigError(f"{name}: {url.geturl()!r} is not scheme, host and port, as https://im.example.com")
    if config.media_store and not _S3.match(config.media_store):
        raise ConfigError(f"media_store: {config.media_store!r} is not of the form s3://BUCKET/PREFIX")
    if config.media_store and not (config.media_s3_key and config.media_s3_secret):
        raise ConfigError("media_store: needs media_s3_key and media_s3_secret")
