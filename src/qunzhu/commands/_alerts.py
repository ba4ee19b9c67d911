"""What an app's server and the operator are told of limits, in transactions of their own."""

from qunzhu.core.events import RequestsOverLimit
from qunzhu.core.ports import Tx, Who


def tell_over_limit(tx: Tx, who: Who, event: RequestsOverLimit) -> None:
    """Tell that a command was called more often than the app may."""
    del who  # whose app it is, the store asks
    tx.emit(event, keep=False)
