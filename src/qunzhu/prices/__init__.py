"""The price lists of the reference service, one TOML file each. Prices are texts: no binary fraction comes in."""

import functools
import importlib.resources

import msgspec

from qunzhu.config import ConfigError
from qunzhu.core.bill import PriceList

DEFAULT = "overseas-legacy"


@functools.lru_cache(maxsize=1)
def names() -> tuple[str, ...]:
    """Return the names of all price lists."""
    files = importlib.resources.files("qunzhu.prices").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def load(name: str) -> PriceList:
    """Read a price list, or say (``ConfigError``) that there is none of this name."""
    if name not in names():
        raise ConfigError(f"prices: {name!r} is not one of {', '.join(names())}")
    text = (importlib.resources.files("qunzhu.prices") / f"{name}.toml").read_bytes()
    return msgspec.toml.decode(text, type=PriceList)


def of_plan(plan: str) -> str:
    """Return the name of the price list by which an app on a plan is priced unless another is named."""
    sold = [name for name in names() if plan in load(name).plans]
    return DEFAULT if DEFAULT in sold or not sold else sold[0]
