"""What each plan allows, as a table (docs 1047/33529, 34349, 34350, 34381).

``None`` means no cap. ``open`` is qunzhu's own default. The reference service had three generations of plans: the
first until December 2022 (``legacy-*``), the overseas one from 26 December 2022 (``overseas-*``) and the one of 2025
(``2025-*``). A cap that no page states for a generation is taken from the generation before it.
"""

from collections.abc import Iterable, Mapping

import msgspec


class Plan(msgspec.Struct, frozen=True):
    """The caps of one plan. Counts of things, unless the name says days."""

    name: str
    accounts: int | None = None
    friends: int | None = None
    """Of a user. There are no friends yet: the number stands here for the day they come."""
    groups_per_user: int | None = None
    group_members: int | None = None
    community_members: int | None = None
    groups: int | None = None
    """Existing Work, Public and Meeting groups together."""
    live_rooms: int | None = None
    communities: int | None = None
    """0: the plan has no communities."""
    topics: int | None = None
    """Topics of a community."""
    net_groups_a_day: int | None = None
    daily_excludes_communities: bool = True
    deletes_accounts: bool = True
    reimport_days: int = 0
    """A deleted account cannot be imported again for so long (70399)."""
    counters: bool = True
    live_rooms_per_user: int | None = None
    """Live rooms that a user is in at once; entering another he leaves the one entered first."""
    live_members_listed: int = 1000
    live_bans: bool = True
    special_messages: bool = True
    """Messages to some members only, read receipts, broadcasts to all live rooms, extensions, reactions and pins of
    messages, conversation groups and marks."""
    history_days: int | None = None
    """How long messages are kept."""
    conversations: int | None = None
    """Conversations of a user that the cloud keeps. Nothing says what becomes of the others: they stay."""
    limits_requests: bool = False
    """Each REST command has its documented number of calls a second."""
    free_groups: int | None = None
    """At the month's peak; more are billed. None: groups are not billed."""
    free_daily_users: int | None = None
    free_monthly_users: int | None = None
    """Active users of a day or of a month; more are billed."""

    @property
    def is_trial(self) -> bool:
        """Say whether the plan costs nothing: what is above its free numbers is refused then."""
        return self.accounts is not None


class Extension(msgspec.Struct, frozen=True):
    """A cap (a column of ``Plan``) that is raised, None: there is none then."""

    cap: str
    to: int | None


def _plan(  # one positional column per cap, so that the table below reads like the documented one
    name: str,
    accounts: int | None,
    friends: int,
    per_user: int | None,
    members: int,
    community_members: int | None,
    groups: int | None,
    live: int | None,
    communities: int | None,
    net: int,
    days: int,
    talks: int,
) -> Plan:
    trial, top = accounts is not None, name in TOP
    free, daily, monthly = FREE[name]
    return Plan(
        name=name, accounts=accounts, friends=friends, groups_per_user=per_user, group_members=members,
        community_members=community_members, groups=groups, live_rooms=live, communities=communities,
        topics=200, net_groups_a_day=net, daily_excludes_communities=name.startswith("2025"), deletes_accounts=trial,
        reimport_days=0 if trial else 90, counters=top,
        live_rooms_per_user=None if top else 1, live_members_listed=1000 if top else 30, live_bans=top,
        special_messages=top, history_days=days, conversations=talks, limits_requests=True, free_groups=free,
        free_daily_users=daily, free_monthly_users=monthly,
    )  # fmt: skip


TOP = frozenset({"legacy-flagship", "overseas-premium", "2025-pro", "2025-pro-plus", "2025-enterprise"})
"""Plans with what the documentation gives to the dearest only: the one of its time, and since 2025 three."""
FREE: Mapping[str, tuple[int | None, int | None, int | None]] = {
    #                     groups   DAU     MAU
    "legacy-trial":       (100_000, 100,    None),
    "legacy-pro":         (100_000, 10_000, None),
    "legacy-flagship":    (100_000, 10_000, None),
    "overseas-developer": (None,    None,   100),
    "overseas-standard":  (None,    None,   10_000),
    "overseas-premium":   (None,    None,   10_000),
    "2025-trial":         (None,    None,   100),
    "2025-standard":      (100_000, None,   10_000),
    "2025-pro":           (100_000, None,   10_000),
    "2025-pro-plus":      (100_000, None,   10_000),
    "2025-enterprise":    (100_000, None,   10_000),
}  # fmt: skip
"""What costs nothing beside the plan: groups at the month's peak, active users of a day or of a month."""
PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan(name="open"),
        #                          acc. friends in  memb. comm.members groups live communities net a day days talks
        _plan("legacy-trial",       100,   20,   50,   20,         0,  100,   10,       0, 10_000,  7, 100),
        _plan("legacy-pro",        None, 3000,  500,  200,         0, None,   50,       0, 10_000,  7, 100),
        _plan("legacy-flagship",   None, 3000, 1000, 2000,   100_000, None, None, 100_000, 10_000, 30, 500),
        _plan("overseas-developer", 100,   20,   50,   20,   100_000,  100,   10, 100_000,    100,  7, 100),
        _plan("overseas-standard", None, 3000,  500,  200,         0, None,   50,       0, 10_000,  7, 100),
        _plan("overseas-premium",  None, 3000, 1000, 2000,   100_000, None, None, 100_000, 10_000, 30, 500),
        _plan("2025-trial",         100,   20,   50,   20,   100_000,  100,   50, 100_000, 10_000,  7, 100),
        _plan("2025-standard",     None, 3000,  500,  500,         0, None,   50,       0, 10_000,  7, 100),
        _plan("2025-pro",          None, 3000, 1000, 2000,   100_000, None, None, 100_000, 10_000, 30, 500),
        _plan("2025-pro-plus",     None, 3000, 1000, 5000, 1_000_000, None, None, 100_000, 10_000, 90, 500),
        _plan("2025-enterprise",   None, 3000, 1000, 6000, 1_000_000, None, None, 100_000, 10_000, 90, 500),
    )
}  # fmt: skip
TIERS = (
    ("legacy-trial", "overseas-developer", "2025-trial"),
    ("legacy-pro", "overseas-standard", "2025-standard"),
    ("legacy-flagship", "overseas-premium", "2025-pro"),
)
"""Plans that stand for each other from one generation to the next."""
EXTENSIONS: Mapping[str, Mapping[str, tuple[int | None, ...]]] = {
    "legacy-pro": {
        "live_rooms": (None,), "group_members": (2000,), "groups_per_user": (1000,), "history_days": (30, 90, 180, 360),
    },
    "legacy-flagship": {"group_members": (6000,), "groups_per_user": (3000,), "history_days": (90, 180, 360)},
}  # fmt: skip
"""The steps to which a cap of a plan is raised for a price of its own, None for no cap (docs 1047/34349, 34350)."""
OPEN_CAP = {"group_members": 6000, "community_members": 1_000_000}
"""MaxMemberNum of a group that names none, under a plan without a cap: the largest the reference service sells."""


def extended(plan: Plan, extensions: Iterable[Extension]) -> Plan:
    """Return a plan with caps raised."""
    return msgspec.structs.replace(plan, **{one.cap: one.to for one in extensions})
