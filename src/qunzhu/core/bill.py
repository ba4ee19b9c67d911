"""What a month would have cost under a price list of the reference service. Pure functions; money is Decimal.

Groups are billed by the month's peak: what is above the free number is paid for in blocks, and a block that is begun is
paid whole (doc 1047/34350). What no page says stays unknown, and a total without it says that it is partial.
"""

import calendar
from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from qunzhu.core.plans import Extension, Plan

GROUPS, DAILY_USERS, MONTHLY_USERS = "groups", "daily_users", "monthly_users"
FREE = {GROUPS: "free_groups", DAILY_USERS: "free_daily_users", MONTHLY_USERS: "free_monthly_users"}
"""The column of the plan with what each costs nothing up to."""
ZERO = Decimal(0)


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price a month; None: no page says it."""

    price: Decimal | None = None


class BlockPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The price of each begun block above what is free; None: no page says it."""

    block: int | None = None
    price: Decimal | None = None
    free_known: bool = True
    """False where no page says how many are free."""


class ExtensionPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The price a month of a cap that is raised; ``to`` None: to no cap."""

    plan: str
    cap: str
    price: Decimal
    to: int | None = None


class PriceList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the reference service takes, or took, somewhere for plans of one generation."""

    title: str
    currency: str
    """ISO 4217; empty: not known."""
    since: str
    """YYYY-MM-DD or less of it; empty: not known, or not over."""
    until: str
    sources: tuple[str, ...]
    assumed: str
    """The plan by which an app is priced that has none of the list's, nor one that stands for one of them."""
    plans: dict[str, Price]
    overage: dict[str, BlockPrice]
    """By ``groups``, ``daily_users`` and ``monthly_users``; what is not in it is not billed."""
    extensions: tuple[ExtensionPrice, ...] = ()
    notes: tuple[str, ...] = ()


class Used(msgspec.Struct, frozen=True):
    """What of a month is billed: groups at the peak, active users of the day that had most, and of the month."""

    groups: int
    daily_users: int
    monthly_users: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a bill. ``amount`` None: not known."""

    item: str
    used: int | None = None
    free: int | None = None
    over: int = 0
    block: int | None = None
    blocks: int = 0
    """Begun blocks above what is free."""
    price: Decimal | None = None
    """Of a block, or of a month."""
    amount: Decimal | None = None


class Bill(msgspec.Struct, frozen=True):
    """The lines of a month. ``total`` is over what is known; ``partial`` says that something is not."""

    lines: tuple[Line, ...]
    total: Decimal
    partial: bool


class Forecast(msgspec.Struct, frozen=True):
    """A running month at its end: the expected peak of groups, and the bill with it. Active users are as so far."""

    groups: int
    bill: Bill


def make_bill(prices: PriceList, plan: Plan, extensions: Iterable[Extension], used: Used) -> Bill:
    """Return the bill of a month on a plan with extensions. On a trial nothing is billed above what is free."""
    price = prices.plans[plan.name].price
    lines = [Line(item="plan", price=price, amount=price)]
    for item, block in prices.overage.items():
        free: int | None = getattr(plan, FREE[item])
        if free is not None and not plan.is_trial:
            lines.append(_overage(item, getattr(used, item), free, block))
    lines += [_extension(prices, plan, one) for one in extensions]
    known = [line.amount for line in lines if line.amount is not None]
    return Bill(tuple(lines), sum(known, ZERO), len(known) < len(lines))


def _overage(item: str, used: int, free: int, block: BlockPrice) -> Line:
    """Return the line of what is above the free number; nothing above it costs nothing, at any price."""
    if not block.free_known:
        return Line(item=item, used=used)
    over = max(0, used - free)
    blocks = begun(over, block.block) if block.block else 0
    amount = ZERO if not over else block.price * blocks if block.price is not None and block.block else None
    return Line(
        item=item, used=used, free=free, over=over, block=block.block, blocks=blocks, price=block.price, amount=amount
    )


def begun(number: int, block: int) -> int:
    """Return how many blocks a number begins."""
    return -(-number // block)


def _extension(prices: PriceList, plan: Plan, one: Extension) -> Line:
    found = [row.price for row in prices.extensions if (row.plan, row.cap, row.to) == (plan.name, one.cap, one.to)]
    price = found[0] if found else None
    return Line(item=one.cap, used=one.to, price=price, amount=price)


def month_days(month: str) -> int:
    """Return how many days a month (YYYY-MM) has."""
    return calendar.monthrange(int(month[:4]), int(month[5:]))[1]


def expected_peak(existing: int, peak: int, net: int, day: int, days: int) -> int:
    """Return the peak of a month of ``days`` days if the rest grows a day as its first ``day`` days did on average.

    ``net`` is what was created less what was dissolved in them, ``existing`` what there is now. A day begun counts as
    whole, and numbers that fall are expected to stay.
    """
    growth = begun(max(0, net) * (days - day), day)
    return max(peak, existing + growth)


class Quota(msgspec.Struct, frozen=True):
    """What a plan caps without a price: how much there was at most, and the cap (None: none)."""

    item: str
    used: int
    cap: int | None

    @property
    def over(self) -> int:
        """Return by how much the cap would have been passed."""
        return 0 if self.cap is None else max(0, self.used - self.cap)


QUOTAS = ("net_groups_a_day", "groups", "live_rooms", "communities", "accounts")
"""Columns of the plan that a month's meters can be held against."""


def quotas(plan: Plan, most: Mapping[str, int]) -> tuple[Quota, ...]:
    """Return a month's use beside the plan's caps; ``most`` has the largest of each.

    A trial refuses what is above its free numbers, so they are caps of it.
    """
    free = [name for name in FREE.values() if plan.is_trial and name in most and getattr(plan, name) is not None]
    return tuple(Quota(name, most[name], getattr(plan, name)) for name in (*QUOTAS, *free))
