"""Meters: what counts, in which day and month, how high it was at most, and that nothing else leaves a trace."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from contract.test_batch import Shared, shared
from ledger import agree
from qunzhu.apps import ensure_admins
from qunzhu.commands._metering import KEPT_DAYS, count_deliveries, still_online, sweep_active
from qunzhu.commands._recount import recount
from qunzhu.commands._usage import day_usage, days_usage, metered_months, month_usage
from qunzhu.core.meter import FLOWS
from qunzhu.core.ports import AppSettings
from qunzhu.store import meter as stored_meters
from worlds import ADMIN, DAY, KINDS, NOW, World, app_of, switched

if TYPE_CHECKING:
    from qunzhu.commands._usage import Usage

assert shared
#: Days of NOW and of the end of its month in UTC+8.
TODAY, MONTH = "2023-11-15", "2023-11"
HELLO = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": "hello"}}]


def month(world: World, name: str = MONTH) -> Usage:
    """Return what was used in a month."""
    return world.store.read_now(month_usage, name, world.app.day(world.now))


def day(world: World, name: str | None = None) -> Usage:
    """Return what was used in a day, today unless another is named."""
    today = world.app.day(world.now)
    return world.store.read_now(day_usage, name or today, today)


def rows(world: World) -> dict[tuple[str, str], int]:
    """Return all meters."""
    return {(of, name): value for of, name, value in world.rows("SELECT day, name, value FROM meters")}


class TestGroups:
    def test_each_kind_is_counted_by_itself_and_with_all(self, world):
        world.people("owner", "ann")
        ids = {kind: [world.group(kind) for _ in range(2)] for kind in KINDS}
        for kind in KINDS[:3]:
            world.call("destroy_group", GroupId=ids[kind][0])
        used = month(world)
        for kind in KINDS:
            gone = int(kind in KINDS[:3])
            found = used.kinds[kind]
            assert (found.created, found.dissolved, found.net, found.existing, found.peak) == (
                2,
                gone,
                2 - gone,
                2 - gone,
                2,
            )
        all_of_them = used.groups
        assert (all_of_them.created, all_of_them.dissolved, all_of_them.net, all_of_them.existing) == (10, 3, 7, 7)
        assert all_of_them.peak == 10
        assert used.days[-1] == day(world)
        assert day(world).groups == all_of_them

    def test_the_peak_of_all_is_not_the_sum_of_the_peaks(self, world):
        for kind in ("Public", "ChatRoom"):
            group = world.group(kind, owner=None)
            world.call("destroy_group", GroupId=group)
        used = month(world)
        assert (used.kinds["Public"].peak, used.kinds["ChatRoom"].peak, used.groups.peak) == (1, 1, 1)
        assert used.groups.existing == 0

    def test_the_peak_of_one_commit_is_that_of_its_course(self, shared: Shared):
        """Three made and two dissolved at one instant: there were three."""
        made = [("create_group", None, {"Type": "Public", "Name": "n", "GroupId": f"g{number}"}) for number in range(3)]
        gone = [("destroy_group", None, {"GroupId": f"g{number}"}) for number in range(2)]
        assert all(not isinstance(reply, Exception) for reply in shared.together(*made, *gone))
        found = month(shared.world).groups
        assert (found.created, found.dissolved, found.existing, found.peak) == (3, 2, 1, 3)

    def test_a_month_without_events_has_what_it_began_with(self, world):
        kept, gone = world.group(owner=None), world.group(owner=None)
        world.now += 40 * DAY
        assert world.app.day(world.now)[:7] == "2023-12"
        assert (month(world, "2023-12").groups.peak, month(world, "2023-12").groups.existing) == (2, 2)
        world.call("destroy_group", GroupId=gone)
        world.call("destroy_group", GroupId=kept)
        found = month(world, "2023-12").groups
        assert (found.peak, found.existing, found.net) == (2, 0, -2)
        world.now += 31 * DAY
        assert month(world, "2024-01").groups == msgspec.structs.replace(found, created=0, dissolved=0, peak=0, net=0)
        assert month(world, MONTH).groups.existing == 2
        assert world.store.read_now(metered_months) == [MONTH, "2023-12"]

    def test_days_without_events_too(self, world):
        world.group(owner=None)
        world.now += 3 * DAY
        world.group(owner=None)
        days = {one.period: one.groups for one in month(world).days}
        assert [(days[f"2023-11-{number}"].existing, days[f"2023-11-{number}"].peak) for number in range(14, 19)] == [
            (0, 0), (1, 1), (1, 1), (1, 1), (2, 2),
        ]  # fmt: skip
        assert list(days) == [f"2023-11-{number:02}" for number in range(1, 19)]

    def test_an_imported_group_counts_when_it_is_imported(self, world):
        world.people("owner")
        world.call("import_group", Type="Public", Name="old", Owner_Account="owner", CreateTime=NOW - 400 * DAY)
        assert (day(world).groups.created, day(world).joined) == (1, 1)


class TestTimeZones:
    @pytest.mark.parametrize("minutes", [0, 480, 14 * 60, -(11 * 60 + 30), 5 * 60 + 45])
    def test_a_month_ends_at_its_midnight(self, world, minutes):
        world.app = switched(world.app, utc_offset_minutes=minutes)
        end = int(datetime.datetime(2023, 12, 1, tzinfo=datetime.UTC).timestamp()) - 60 * minutes
        for at, number in ((end - 1, 3), (end, 2)):
            world.now = at
            for _ in range(number):
                world.group(owner=None)
        last, first = month(world, "2023-11"), month(world, "2023-12")
        assert (last.groups.created, last.groups.peak, last.groups.existing) == (3, 3, 3)
        assert (first.groups.created, first.groups.peak, first.groups.existing) == (2, 5, 5)
        assert (last.days[-1].period, last.days[-1].groups.created) == ("2023-11-30", 3)
        assert (first.days[0].period, first.days[0].groups.created) == ("2023-12-01", 2)

    def test_an_earlier_zone_lets_what_is_over_be(self, world):
        """The first of December in +14:00 is the last of November in -11:30; November is over all the same."""
        world.app = switched(world.app, utc_offset_minutes=14 * 60)
        world.now = int(datetime.datetime(2023, 11, 30, 23, tzinfo=datetime.UTC).timestamp())
        world.group(owner=None)
        before = month(world, "2023-11")
        world.app = switched(world.app, utc_offset_minutes=-(11 * 60 + 30))
        world.now += 60
        assert world.app.day(world.now) == "2023-11-30"
        world.group(owner=None)
        assert month(world, "2023-11") == before
        assert day(world, "2023-12-01").groups.created == 2
        assert [one.period for one in month(world, "2023-12").days] == ["2023-12-01"]
        world.now += DAY
        world.group(owner=None)
        assert day(world, "2023-12-01").groups.created == 3
        world.now += DAY
        world.group(owner=None)
        assert day(world, "2023-12-02").groups.created == 1

    def test_a_later_zone_begins_its_day_at_once(self, world):
        world.now += 2 * DAY
        world.app = switched(world.app, utc_offset_minutes=0)
        world.group(owner=None)
        world.app = switched(world.app, utc_offset_minutes=480)
        world.group(owner=None)
        assert [day(world, f"2023-11-{number}").groups.created for number in (16, 17)] == [1, 1]

    def test_a_clock_that_was_wrong_by_years_is_believed_when_it_is_right(self, world):
        world.touched = True  # the recount cannot know how high it was on days that came out of turn
        world.now += 400 * DAY
        world.group(owner=None)
        world.now -= 400 * DAY
        world.group(owner=None)
        assert day(world, TODAY).groups.created == 1


class TestMembers:
    def test_stored_memberships_come_and_go(self, world):
        world.people("owner", "ann", "ben", "cid")
        group = world.group("Public", members=["ann", "ben"])
        world.call("add_group_member", GroupId=group, MemberList=[{"Member_Account": "cid"}])
        world.call("delete_group_member", GroupId=group, MemberToDel_Account=["ann"])
        world.call("quit_group", "ben", GroupId=group)
        assert (day(world).members, day(world).members_peak, day(world).joined, day(world).left) == (2, 4, 4, 2)
        world.call("destroy_group", GroupId=group)
        assert (day(world).members, day(world).left) == (0, 4)

    def test_a_group_without_an_owner_has_no_member(self, world):
        world.group("Public", owner=None)
        assert (day(world).joined, day(world).members) == (0, 0)

    def test_the_last_one_who_leaves_takes_the_group_with_him(self, world):
        world.people("owner")
        world.call("quit_group", "owner", GroupId=world.group("Private"))
        assert (day(world).members, day(world).joined, day(world).left) == (0, 1, 1)
        assert (day(world).groups.existing, day(world).kinds["Private"].dissolved) == (0, 1)

    def test_live_rooms_store_none_and_count_who_enters(self, world):
        world.people("owner", "ann", "ben")
        room = world.group("AVChatRoom")
        world.there(room, "ann", "ben")
        world.call("quit_group", "ben", GroupId=room)
        world.call("destroy_group", GroupId=room)
        assert (day(world).entered, day(world).joined, day(world).left, day(world).members) == (2, 0, 0, 0)

    def test_accounts_too(self, world):
        world.app = switched(world.app, delete_accounts=True)
        world.people("ann", "ben")
        world.people("ann")
        world.call("account_delete", DeleteItem=[{"UserID": "ann"}, {"UserID": "nobody"}])
        used = day(world)
        assert (used.accounts, used.accounts_peak, used.registered, used.deleted) == (2, 3, 3, 1)

    def test_an_administrator_who_is_named_later_is_registered_then(self, world):
        world.store.write_now(ensure_admins, app_of(admins=(ADMIN, "second")), NOW + DAY)
        world.touched = True
        world.now += DAY
        assert (day(world).registered, day(world).accounts) == (1, 2)


class TestMessages:
    def test_by_kind_and_with_users(self, world):
        world.people("owner", "ann", "ben")
        for number, kind in enumerate(KINDS, 1):
            group = world.group(kind, members=[] if kind == "AVChatRoom" else ["ann"])
            for _ in range(number):
                world.say(group, "x", From_Account="owner")
        world.write("ben", "x", "ann")
        assert day(world).messages == {
            "Private": 1, "Public": 2, "ChatRoom": 3, "AVChatRoom": 4, "Community": 5, "C2C": 1,
        }  # fmt: skip

    def test_topics_count_for_their_community_and_broadcasts_for_live_rooms(self, world):
        world.people("owner")
        club = world.group("Community", SupportTopic=1)
        topic = world.call("create_topic", GroupId=club, TopicName="t")["TopicId"]
        world.say(club, "x", "owner", TopicId=topic)
        world.call("send_broadcast_msg", Random=1, MsgBody=HELLO)
        used = day(world)
        assert (used.messages["Community"], used.messages["AVChatRoom"], used.more["groups_spoken_in"]) == (1, 1, 1)

    def test_what_is_not_kept_counts_what_comes_twice_does_not(self, world):
        world.people("owner", "ann")
        group = world.group("Public", members=["ann"])
        world.say(group, "x", "ann", OnlineOnlyFlag=1)
        for _ in range(2):
            world.call("send_group_msg", "ann", GroupId=group, Random=7, MsgBody=HELLO)
        world.write("owner", "x", "ann", OnlineOnlyFlag=1)
        for _ in range(2):
            world.call("sendmsg", "ann", To_Account="owner", MsgSeq=9, MsgRandom=9, MsgBody=HELLO)
        assert (day(world).messages["Public"], day(world).messages["C2C"]) == (2, 2)

    def test_a_batch_counts_each_receiver(self, world):
        world.people("ann", "ben", "cid")
        world.call("batchsendmsg", To_Account=["ben", "cid", "nobody"], MsgRandom=1, MsgBody=HELLO, From_Account="ann")
        assert day(world).messages["C2C"] == 2

    def test_dropped_ones_are_not_sent(self, world):
        world.app = switched(world.app, messages_per_second=1)
        world.people("owner")
        group = world.group("AVChatRoom")
        for _ in range(3):
            world.say(group, "x", From_Account="owner")
        assert day(world).messages["AVChatRoom"] == 1

    def test_imported_ones_stand_apart(self, world):
        world.people("owner", "ann")
        group = world.group("Public", members=["ann"])
        old = [{"From_Account": "ann", "SendTime": NOW, "Random": one, "MsgBody": HELLO} for one in (1, 2)]
        world.call("import_group_msg", GroupId=group, MsgList=old)
        fields = {"From_Account": "ann", "To_Account": "owner", "MsgTimeStamp": NOW - 90 * DAY, "MsgBody": HELLO}
        world.call("importmsg", **fields, SyncFromOldSystem=2, MsgRandom=1)
        world.call("importmsg", **fields, SyncFromOldSystem=5, MsgRandom=2)
        used = day(world)
        assert (used.imported["Public"], used.imported["C2C"]) == (2, 1)
        assert (used.messages["Public"], used.messages["C2C"]) == (0, 1), "which is as if sent now"
        assert set(rows(world)) == {(of, name) for of, name in rows(world) if of in {"", MONTH, TODAY}}

    def test_notices_of_an_administrator_are_none(self, world):
        world.people("owner")
        world.call("send_group_system_notification", GroupId=world.group(), Content="x")
        assert sum(day(world).messages.values()) == 0


class TestUsers:
    def test_a_user_counts_once_a_day_and_once_a_month(self, world):
        world.people("ann", "ben")
        for name in ("ann", "ann", "ben"):
            world.online(name)
        world.now += DAY
        world.online("ann")
        used = month(world)
        assert [(one.active, one.logins, one.more["logged_in"]) for one in used.days[-2:]] == [(2, 3, 2), (1, 1, 1)]
        assert (used.active, used.active_max, used.logins) == (2, 2, 4)
        assert used.active_average == round(3 / 16, 2), "over the sixteen days of the month up to today"

    def test_it_is_remembered_across_a_restart(self, shared: Shared):
        world = shared.world
        world.online("ann")
        world.say(world.group(owner="ann"), "x", "ann")
        shared.again()
        world.online("ann")
        world.say(world.call("get_appid_group_list")["GroupIdList"][0]["GroupId"], "x", "ann")
        used = day(world)
        assert (used.active, used.logins, used.more["senders"], used.more["groups_spoken_in"]) == (1, 2, 1, 1)

    def test_it_is_remembered_when_the_memory_is_full(self, world, monkeypatch):
        monkeypatch.setattr(stored_meters, "MAX_MARKED", 0)
        world.people("ann")
        group = world.group(owner="ann")
        for _ in range(2):
            world.online("ann")
            world.say(group, "x", "ann")
        used = day(world)
        assert (used.active, used.more["senders.group"], used.more["groups_spoken_in"]) == (1, 1, 1)

    def test_whoever_is_spoken_for_through_rest_is_not_active_but_sends(self, world):
        world.people("ann", "ben")
        world.say(world.group(owner="ann"), "x", From_Account="ann")
        world.write("ben", "x", From_Account="ann")
        used = day(world)
        assert (used.active, used.more["senders"], used.more["senders.C2C"], used.more["senders.group"]) == (0, 1, 1, 1)

    def test_most_online_at_once(self, world):
        world.people("ann", "ben", "cid")
        for name in ("ann", "ben"):
            world.online(name)
        world.hub.detach(world._sessions["ann"])
        world.online("cid")
        assert (day(world).online_peak, month(world).online_peak) == (2, 2)

    def test_who_is_still_online_is_active_in_the_new_day(self, world):
        world.people("ann", "ben")
        for name in ("ann", "ben"):
            world.online(name)
        world.now += DAY
        world.hub.detach(world._sessions["ben"])
        for _ in range(2):
            world.store.write_now(still_online, world.app, world.now, world.hub.names())
        used = day(world)
        assert (used.active, used.logins, used.more["logged_in"], used.online_peak) == (1, 0, 0, 1)

    def test_a_refused_login_leaves_nothing(self, world):
        before = world.dump()
        world.app = msgspec.structs.replace(world.app, plan_name="2025-trial")
        world.execute("UPDATE counters SET value = 100 WHERE name = 'accounts'")
        world.store.write_now(lambda tx: tx.count("accounts", 99))
        with pytest.raises(Exception, match="allows 100"):
            world.online("stranger")
        after = world.dump()
        assert (after["meters"], after["active_users"]) == (before["meters"], before["active_users"])

    def test_who_was_active_long_ago_is_forgotten_and_stays_counted(self, world):
        world.people("ann", "ben")
        for name in ("ann", "ben"):
            world.online(name)
            world.say(world.group(owner=name), "x", name)
        before = month(world)
        world.now += (KEPT_DAYS + 31) * DAY
        world.online("ann")
        assert world.store.write_now(sweep_active, world.app, world.now) == 6
        assert world.store.write_now(sweep_active, world.app, world.now) == 0
        left = world.rows("SELECT day, user_id FROM active_users")
        assert sorted(left) == [("2024-02", "ann"), ("2024-02-16", "ann")]
        assert month(world).active == before.active == 2
        agree(world)


class TestWhatIsNotDone:
    def test_a_refused_call_among_others_leaves_no_trace(self, shared: Shared):
        """They share a commit: first all together, then each behind a savepoint."""
        good = ("create_group", None, {"Type": "Public", "Name": "n", "Owner_Account": "ann"})
        bad = ("create_group", None, {"Type": "Public", "Name": "n", "Owner_Account": "nobody"})
        for _ in range(2):
            replies = shared.together(good, bad, good, bad)
            assert [isinstance(reply, Exception) for reply in replies] == [False, True, False, True]
        used = day(shared.world)
        assert (used.groups.created, used.groups.existing, used.joined, used.members) == (4, 4, 4, 4)
        assert shared.world.store.read_now(recount, shared.world.app, NOW) == []

    def test_a_command_that_was_half_done_counts_nothing(self, shared: Shared):
        def half(tx: Any, who: Any) -> None:
            tx.meter(TODAY, "callbacks.sent", 1)
            tx.mark(TODAY, "ann", 1)
            tx.peak(TODAY, "online", 9)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            shared.world.store.write_now(half, shared.world.who())
        shared.world.group(owner=None)
        used = day(shared.world)
        assert (used.callbacks_sent, used.active, used.online_peak, used.groups.created) == (0, 0, 0, 1)

    def test_control_stores_have_no_meters_and_need_none(self, world):
        before = rows(world)
        world.call("get_appid_group_list")
        world.call("account_check", CheckItem=[{"UserID": ADMIN}])
        assert rows(world) == before


class TestBesideEvents:
    def test_deliveries(self, world):
        world.people("ann", "ben", "cid")
        group = world.group("Public", owner="ann", members=["ben", "cid"])
        sessions = [world.online(name) for name in ("ann", "ben")]
        world.say(group, "x", "ann")
        world.write("ben", "x", "ann")
        given = sum(len(session.frames) for session in sessions)
        counts = world.hub.take_deliveries()
        assert counts == {"deliveries": given, "deliveries.group": 2, "deliveries.C2C": 2}
        assert world.hub.take_deliveries() == {}
        world.hub.give_back(counts)
        world.store.write_now(count_deliveries, world.app, world.now, world.hub.take_deliveries())
        used = day(world)
        assert (used.deliveries, used.delivered) == (given, {"group": 2, "C2C": 2})
        world.touched = True

    def test_callbacks(self, world):
        world.touched = True
        world.store.write_now(lambda tx: [tx.meter(TODAY, "callbacks.sent", 3), tx.meter(TODAY, "callbacks.failed", 1)])
        assert (month(world).callbacks_sent, month(world).callbacks_failed) == (3, 1)

    def test_a_server_that_runs_for_long_keeps_few_days_in_memory(self, world):
        for _ in range(stored_meters.MAX_DAYS + 3):
            world.group(owner=None)
            world.now += DAY
        days = world.store.read_now(days_usage, TODAY, "2023-11-26", world.app.day(world.now))
        assert [one.groups.existing for one in days] == [*range(1, 12), 11]


TAMPERED = [
    ("DELETE FROM members WHERE user_id = 'ann'", {("", "members")}),
    ("DELETE FROM accounts WHERE user_id = 'ben'", {("", "accounts")}),
    ("UPDATE groups SET kind_name = 'ChatRoom'", {("", "groups.Public"), ("", "groups.ChatRoom")}),
    ("INSERT INTO meters (day, name, value) VALUES ('', 'base.groups.Public', 7)",
     {("", "groups"), ("", "groups.Public")}),
    (f"DELETE FROM meters WHERE day = '{TODAY}' AND name = 'peak.groups'", {(TODAY, "peak.groups")}),
    (f"UPDATE meters SET value = 7 WHERE day = '{TODAY}' AND name = 'joined'", {("", "members")}),
    (f"UPDATE meters SET value = 9 WHERE day = '{TODAY}' AND name = 'peak.groups'", {(TODAY, "peak.groups")}),
    (f"UPDATE meters SET value = 0 WHERE day = '{TODAY}' AND name = 'peak.groups.Public'",
     {(TODAY, "peak.groups.Public")}),
    (f"UPDATE meters SET value = 9 WHERE day = '{MONTH}' AND name = 'active'", {(MONTH, "active")}),
    ("DELETE FROM active_users WHERE user_id = 'ann' AND marks > 1", {(TODAY, "active"), (TODAY, "logged_in"),
                                                                     (TODAY, "senders"), (TODAY, "senders.group")}),
    ("DELETE FROM active_groups", {(TODAY, "groups_spoken_in")}),
    ("UPDATE meters SET value = 0 WHERE name = 'messages.Public'", {("", "messages.Public")}),
    ("UPDATE meters SET value = 0 WHERE name = 'messages.C2C'", {("", "messages.C2C")}),
    ("INSERT INTO uploads (uuid, bytes, kept) VALUES ('x', 5, 1)", {("", "bytes")}),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "found"), TAMPERED)
def test_a_recount_finds_what_is_wrong(world, statement, found):
    world.people("ann", "ben")
    group = world.group("Public", owner="ann", members=["ben"])
    world.online("ann")
    world.say(group, "x", "ann")
    world.now += 5 * DAY
    world.say(group, "x", "ben")
    world.write("ben", "x", "ann")
    world.execute(statement)
    differences = world.store.read_now(recount, world.app, world.now)
    assert {(one.day, one.name) for one in differences if not one.name.startswith("peak.members")} >= found
    assert all(not one.least <= one.meter <= one.most for one in differences)
    world.execute("DELETE FROM meters")
    assert {one.name for one in world.store.read_now(recount, world.app, world.now)} >= {"groups", "accounts"}


def test_every_level_has_its_meters():
    assert {flow.comes for flow in FLOWS.values()} | {flow.goes for flow in FLOWS.values()} == {
        *(f"{what}.{kind}" for what in ("created", "dissolved") for kind in KINDS),
        "joined", "left", "registered", "deleted", "bytes.added", "bytes.removed",
    }  # fmt: skip
    assert AppSettings().utc_offset_minutes == 480
