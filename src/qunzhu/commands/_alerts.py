"""What an app's server and the operator are told of the app's limits."""

from qunzhu.commands._callbacks import report_over_limit, report_quota
from qunzhu.core.events import DailyQuotaNear, RequestsOverLimit
from qunzhu.core.ports import Tx, Who


def tell_quota_near(tx: Tx, who: Who, used: int, quota: int) -> None:
    """Tell, once in a calendar day of the app, that the day's quota of new groups is nearly used up."""
    name = f"quota-alarm:{who.app.day(who.now)}"
    if not tx.count(name, 0):
        tx.count(name, 1)
        report_quota(tx, who, used, quota)
        tx.emit(DailyQuotaNear(sdkappid=who.app.sdkappid, used=used, quota=quota), keep=False)


def tell_over_limit(tx: Tx, who: Who, event: RequestsOverLimit) -> None:
    """Tell that a command was called more often in a second than the app may."""
    report_over_limit(tx, who, event.service, event.command, event.requests, event.limit)
    tx.emit(event, keep=False)
