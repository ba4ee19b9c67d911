"""Does a large community cost more than a small one? The same commands in both, in turn, on one server."""

import http.client
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from matplotlib import pyplot as plt
from rich.console import Console
from rich.table import Table

from bench import report
from bench.machine import Machine
from bench.rounds import Say, median
from bench.stats import micros, percentile
from bench.target import import_accounts, query, signatures

SMALL_MEMBERS = 10
GUESTS = 50
ADD_AT_ONCE = 300
PAGE = 10
WARM_UP = 50
GOAL = 1.3
OWNER = "owner-of-both"
HTTP = "group_open_http_svc"
TOPICS = "million_group_open_http_svc"


class Cost(msgspec.Struct, frozen=True):
    """One command in both groups: microseconds to the last byte, medians of the rounds; large over small."""

    name: str
    small_p50_us: float
    small_p99_us: float
    large_p50_us: float
    large_p99_us: float
    p50_ratio: float
    p99_ratio: float


class Result(msgspec.Struct, frozen=True):
    """The kept result."""

    benchmark: str
    at: str
    machine: Machine
    members: int
    topics: int
    calls: int
    rounds: int
    costs: Sequence[Cost]
    ratios: Sequence[report.Ratio]


class Caller:
    """One connection that calls commands as the app administrator."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._query = query(signatures(1)[0], 1)
        self.taken = 0

    def __call__(self, command: str, **fields: Any) -> dict[str, Any]:
        """Call a command, remember how long it took (ns), and fail on a reply that is not OK."""
        body = json.dumps(fields)
        began = time.perf_counter_ns()
        self._connection.request("POST", f"/v4/{command}?{self._query}", body)
        raw = self._connection.getresponse().read()
        self.taken = time.perf_counter_ns() - began
        reply = json.loads(raw)
        if reply["ErrorCode"]:
            raise RuntimeError(f"{command}: {reply}")
        return reply


class Group:
    """One of the two communities: its id, its members' names in order, a topic, and who comes and goes."""

    def __init__(self, call: Caller, name: str, members: int, topics: int) -> None:
        self.group_id = f"@TGS#_{name}"
        self.members = [f"{name}{number:07d}" for number in range(members - 1)]
        call(f"{HTTP}/create_group", Type="Community", Name=name, GroupId=self.group_id, Owner_Account=OWNER,
             SupportTopic=1)  # fmt: skip
        for start in range(0, len(self.members), ADD_AT_ONCE):
            batch = [{"Member_Account": user} for user in self.members[start : start + ADD_AT_ONCE]]
            call(f"{HTTP}/add_group_member", GroupId=self.group_id, MemberList=batch)
        for number in range(topics):
            self.topic = f"{self.group_id}@TOPIC#_{number}"
            call(f"{TOPICS}/create_topic", GroupId=self.group_id, TopicName=f"topic {number}", TopicId=self.topic)
        found = call(f"{HTTP}/get_group_info", GroupIdList=[self.group_id])["GroupInfo"][0]["MemberNum"]
        if found != members:
            raise RuntimeError(f"{self.group_id}: {found} members, {members} wanted")


Step = Callable[[Caller, Group, random.Random], int]
"""Runs one command in a group, and returns how long it took (ns)."""


def add(call: Caller, group: Group, dice: random.Random) -> int:
    """Add one account; take it out again unmeasured."""
    guest = f"guest{dice.randrange(GUESTS):03d}"
    call(f"{HTTP}/add_group_member", GroupId=group.group_id, MemberList=[{"Member_Account": guest}])
    taken = call.taken
    call(f"{HTTP}/delete_group_member", GroupId=group.group_id, MemberToDel_Account=[guest])
    return taken


def remove(call: Caller, group: Group, dice: random.Random) -> int:
    """Remove a member; one is added for it, unmeasured."""
    guest = f"guest{dice.randrange(GUESTS):03d}"
    call(f"{HTTP}/add_group_member", GroupId=group.group_id, MemberList=[{"Member_Account": guest}])
    call(f"{HTTP}/delete_group_member", GroupId=group.group_id, MemberToDel_Account=[guest])
    return call.taken


def role(call: Caller, group: Group, dice: random.Random) -> int:
    """Read the role of some member."""
    call(f"{HTTP}/get_role_in_group", GroupId=group.group_id, User_Account=[dice.choice(group.members)])
    return call.taken


def page(call: Caller, group: Group, dice: random.Random) -> int:
    """List ten members from anywhere in the list."""
    last = len(group.members) - PAGE
    cursor = group.members[dice.randrange(last)] if last > 0 else ""
    call(f"{HTTP}/get_group_member_info", GroupId=group.group_id, Limit=PAGE, Next=cursor)
    return call.taken


def info(call: Caller, group: Group, dice: random.Random) -> int:
    """Read the profile."""
    del dice
    call(f"{HTTP}/get_group_info", GroupIdList=[group.group_id])
    return call.taken


def change(call: Caller, group: Group, dice: random.Random) -> int:
    """Change the profile."""
    call(f"{HTTP}/modify_group_base_info", GroupId=group.group_id, Introduction=f"{dice.random()}")
    return call.taken


def create_topic(call: Caller, group: Group, dice: random.Random) -> int:
    """Create a topic; delete it again unmeasured."""
    del dice
    made = call(f"{TOPICS}/create_topic", GroupId=group.group_id, TopicName="one more")["TopicId"]
    taken = call.taken
    call(f"{TOPICS}/destroy_topic", GroupId=group.group_id, TopicIdList=[made])
    return taken


def destroy_topic(call: Caller, group: Group, dice: random.Random) -> int:
    """Delete a topic; one is created for it, unmeasured."""
    del dice
    made = call(f"{TOPICS}/create_topic", GroupId=group.group_id, TopicName="one more")["TopicId"]
    call(f"{TOPICS}/destroy_topic", GroupId=group.group_id, TopicIdList=[made])
    return call.taken


def get_topic(call: Caller, group: Group, dice: random.Random) -> int:
    """Read one topic with a member's state in it."""
    user = dice.choice(group.members)
    call(f"{TOPICS}/get_topic", GroupId=group.group_id, From_Account=user, TopicIdList=[group.topic])
    return call.taken


STEPS: dict[str, Step] = {
    "add a member": add, "remove a member": remove, "read a role": role, "list ten members": page,
    "read the profile": info, "change the profile": change, "create a topic": create_topic,
    "delete a topic": destroy_topic, "read a topic": get_topic,
}  # fmt: skip


def compare(port: int, *, members: int, topics: int, calls: int, count: int, say: Say) -> list[Cost]:
    """Make both communities, then run every command in both in turn, all of them in each round."""
    call = Caller(port)
    import_accounts(port, [OWNER, *(f"guest{number:03d}" for number in range(GUESTS))])
    for name, size in (("small", SMALL_MEMBERS), ("large", members)):
        import_accounts(port, [f"{name}{number:07d}" for number in range(size - 1)])
    small, large = Group(call, "small", SMALL_MEMBERS, 1), Group(call, "large", members, topics)
    say(f"{members:,} members and {topics} topics against {SMALL_MEMBERS} members and one topic")
    found: dict[str, list[Round]] = {name: [] for name in STEPS}
    for number in range(1, count + 1):
        for name, step in STEPS.items():
            found[name].append(measure(call, small, large, step, calls, random.Random(f"{name}{number}")))
        say(f"round {number} of {count}")
    return [cost_of(name, rounds) for name, rounds in found.items()]


Round = tuple[float, float, float, float]
"""Small p50, small p99, large p50 and large p99, microseconds."""


def measure(call: Caller, small: Group, large: Group, step: Step, calls: int, dice: random.Random) -> Round:
    """Run one command in both groups in turn, the first of each pair drawn by chance."""
    taken: dict[Group, list[int]] = {small: [], large: []}
    for number in range(WARM_UP + calls):
        for group in dice.sample((small, large), 2):
            nanoseconds = step(call, group, dice)
            if number >= WARM_UP:
                taken[group].append(nanoseconds)
    few, many = sorted(taken[small]), sorted(taken[large])
    p50, p99, large_p50, large_p99 = (
        micros(percentile(ordered, share)) for ordered in (few, many) for share in (0.5, 0.99)
    )
    return p50, p99, large_p50, large_p99


def cost_of(name: str, rounds: Sequence[Round]) -> Cost:
    """Return the medians of the rounds, and their quotients."""
    p50, p99, large_p50, large_p99 = (median(values) for values in zip(*rounds, strict=True))
    return Cost(name, p50, p99, large_p50, large_p99, round(large_p50 / p50, 3), round(large_p99 / p99, 3))


def result_of(costs: Sequence[Cost], machine: Machine, *, members: int, topics: int, calls: int, count: int) -> Result:
    """Return what is kept, with each ratio against the goal."""
    ratios = [
        report.at_most(f"{cost.name}, {word}: large / small", value, GOAL)
        for cost in costs
        for word, value in (("median", cost.p50_ratio), ("p99", cost.p99_ratio))
    ]
    return Result("groups", report.now(), machine, members, topics, calls, count, costs, ratios)


def show(result: Result, console: Console) -> None:
    """Print the table of the costs, and how many of the comparisons meet the goal."""
    table = Table(
        title=f"{result.members:,} members and {result.topics} topics against {SMALL_MEMBERS} members and one topic, "
        f"microseconds, medians of {result.rounds} rounds",
        title_justify="left",
    )
    for heading in ("command", "small p50", "large p50", "ratio", "small p99", "large p99", "ratio"):
        table.add_column(heading, justify="left" if heading == "command" else "right")
    for cost in result.costs:
        table.add_row(
            cost.name, f"{cost.small_p50_us:,.0f}", f"{cost.large_p50_us:,.0f}", f"{cost.p50_ratio:.2f}",
            f"{cost.small_p99_us:,.0f}", f"{cost.large_p99_us:,.0f}", f"{cost.p99_ratio:.2f}",
        )  # fmt: skip
    console.print(table)
    met = sum(bool(ratio.met) for ratio in result.ratios)
    console.print(f"{met} of {len(result.ratios)} ratios are at most {GOAL}", highlight=False)


def plot(result: Result, file: Path) -> None:
    """Draw the ratios, a pair of bars for each command, with the goal as a line."""
    figure, axes = plt.subplots(figsize=(9, 4.2), layout="constrained")
    spots = range(len(result.costs))
    axes.bar([spot - 0.2 for spot in spots], [cost.p50_ratio for cost in result.costs], 0.4, label="median")
    axes.bar([spot + 0.2 for spot in spots], [cost.p99_ratio for cost in result.costs], 0.4, label="p99")
    axes.axhline(GOAL, color="0.3", ls="--", label=f"goal: at most {GOAL}")
    axes.axhline(1, color="0.7", lw=0.8)
    axes.set_xticks(list(spots), [cost.name.replace(" ", "\n", 1) for cost in result.costs], fontsize=8)
    axes.set(
        title=f"{result.members:,} members and {result.topics} topics over {SMALL_MEMBERS} members",
        ylabel="latency, large / small",
    )
    axes.legend(fontsize=8)
    axes.grid(axis="y", alpha=0.3)
    figure.suptitle(
        f"{result.machine.cpu}, {result.machine.cores} cores, {result.machine.filesystem.split()[0]}, {result.at}",
        fontsize=9,
    )
    figure.savefig(file, dpi=110)
    plt.close(figure)


def keep(result: Result, folder: Path) -> Path:
    """Write the data and the picture under `folder`; return the data file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{result.at}-groups-{result.machine.label()}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    plot(result, file.with_suffix(".png"))
    return file
