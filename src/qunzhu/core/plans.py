"""What each plan allows, as a table (docs 1047/33529, 34349, 34350, 34381).

``None`` means no cap. ``open`` is qunzhu's own default. The reference service had three generations of plans: the
first until December 2022 (``legacy-*``), the overseas one from 26 December 2022 (``overseas-*``) and the one of 2025
(``2025-*``). A cap that no page states for a generation is taken from the generation before it.
"""

import msgspec


class Plan(msgspec.Struct, frozen=True):
    """The caps of one plan. Counts of things, unless the name says days."""

    name: str
    accounts: int | None = None
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


def _plan(  # one positional column per cap, so that the table below reads like the documented one
    name: str,
    accounts: int | None,
    per_user: int | None,
    members: int,
    community_members: int | None,
    groups: int | None,
    live: int | None,
    communities: int | None,
    net: int,
    days: int,
) -> Plan:
    trial, top = accounts is not None, name in TOP
    return Plan(
        name=name, accounts=accounts, groups_per_user=per_user, group_members=members,
        community_members=community_members, groups=groups, live_rooms=live, communities=communities,
        topics=200, net_groups_a_day=net, daily_excludes_communities=name.startswith("2025"), deletes_accounts=trial,
        reimport_days=0 if trial else 90, counters=top,
        live_rooms_per_user=None if top else 1, live_members_listed=1000 if top else 30, live_bans=top,
        special_messages=top, history_days=days,
    )  # fmt: skip


TOP = frozenset({"legacy-flagship", "overseas-premium", "2025-pro", "2025-pro-plus", "2025-enterprise"})
"""Plans with what the documentation gives to the dearest only: the one of its time, and since 2025 three."""
PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan(name="open"),
        #                        accounts per_user members community groups  live  communities net a day  days
        _plan("legacy-trial",       100,    50,    20,       0,    100,   10,       0,  10_000,   7),
        _plan("legacy-pro",        None,   500,   200,       0,   None,   50,       0,  10_000,   7),
        _plan("legacy-flagship",   None,  1000,  2000, 100_000,   None, None, 100_000,  10_000,  30),
        _plan("overseas-developer", 100,    50,    20, 100_000,    100,   10, 100_000,     100,   7),
        _plan("overseas-standard", None,   500,   200,       0,   None,   50,       0,  10_000,   7),
        _plan("overseas-premium",  None,  1000,  2000, 100_000,   None, None, 100_000,  10_000,  30),
        _plan("2025-trial",         100,    50,    20, 100_000,    100,   50, 100_000,  10_000,   7),
        _plan("2025-standard",     None,   500,   500,       0,   None,   50,       0,  10_000,   7),
        _plan("2025-pro",          None,  1000,  2000, 100_000,   None, None, 100_000,  10_000,  30),
        _plan("2025-pro-plus",     None,  1000,  5000, 1_000_000, None, None, 100_000,  10_000,  90),
        _plan("2025-enterprise",   None,  1000,  6000, 1_000_000, None, None, 100_000,  10_000,  90),
    )
}  # fmt: skip
OPEN_CAP = {"group_members": 6000, "community_members": 1_000_000}
"""MaxMemberNum of a group that names none, under a plan without a cap: the largest the reference service sells."""
