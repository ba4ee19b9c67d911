"""``qunzhu serve``: settings, logging, and the server."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from typing import Any

import click

from qunzhu.cli.settings import CHOICES, options
from qunzhu.cli.show import Failure
from qunzhu.config import SECRETS, Config, ConfigError, load_config


@click.command()
@options(*(name for name in Config.__struct_fields__ if name not in SECRETS))
def serve(file: str | None, **flags: Any) -> None:
    """Serve until stopped (SIGTERM, Ctrl-C), which finishes what is in flight.

    Settings come from the config file, the environment and the options; a later one wins over an earlier one. What is
    secret has no option: media_s3_secret in the file, or QUNZHU_MEDIA_S3_SECRET in the environment.

    Once ready, one line that starts with "qunzhu ready" goes to standard output; with --demo or --console-link a second
    one, "console" and a link that signs in there. Logs go to standard error.
    """
    config = load_config(flags, file)
    with _rich_hidden():
        set_up_logging(config)
        from qunzhu.app import run
    from qunzhu.apps import StoreUnavailable

    try:
        run(config)
    except (StoreUnavailable, OSError) as fault:
        raise Failure(str(fault), "`qunzhu doctor` looks closer") from None


@contextlib.contextmanager
def _rich_hidden() -> Iterator[None]:
    """Keep structlog from importing rich for its tracebacks: it takes 0.1 s, and ours are plain."""
    present = sys.modules.get("rich")
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["rich"]
        if present is not None:
            sys.modules["rich"] = present


def set_up_logging(config: Config) -> None:
    """Send every log line, ours and the libraries', to stderr in the wanted format."""
    import structlog

    for name, choices in CHOICES.items():
        if getattr(config, name) not in choices:
            raise ConfigError(f"{name}: {getattr(config, name)!r} is not one of {', '.join(choices)}")
    level = logging.getLevelNamesMapping()[config.log_level.upper()]
    common: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if config.log_format == "json":
        last: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    else:
        last = [structlog.dev.ConsoleRenderer(
            colors=_coloured(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        )]  # fmt: skip
    structlog.configure(
        processors=[*common, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last], foreign_pre_chain=common
    ))  # fmt: skip
    # What libraries say at info is of use to who debugs.
    logging.basicConfig(handlers=[handler], level=level if level != logging.INFO else logging.WARNING, force=True)


def _coloured() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")
