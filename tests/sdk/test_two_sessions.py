"""One group from its creation to its end, in sessions of several users: each hears what he is to hear, in order."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest

from qunzhu.tim import (
    TIMGroupJoinType,
    TIMGroupMemberModifyInfoFlag,
    TIMGroupModifyInfoFlag,
    TIMGroupReportType,
    TIMGroupTipGroupChangeFlag,
    TIMGroupTipType,
    TimRender,
)
from sdk.test_pendency import handle, invite, pendency
from sdk.test_tim import created, names
from served import SDKAPPID, Server, signed_in, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from served import Ears

OWNER = TIMGroupTipGroupChangeFlag.kTIMGroupTipChangeFlag_Owner
MUTE = TIMGroupMemberModifyInfoFlag.kTIMGroupMemberModifyFlag_ShutupTime
SHUTUP_ALL = TIMGroupModifyInfoFlag.kTIMGroupModifyInfoFlag_ShutupAll
TRANSFER = TIMGroupModifyInfoFlag.kTIMGroupModifyInfoFlag_Owner
#: Setters of listeners that are told of messages and connections; ``Ears`` has them.
HEARD = {"TIMSetGroupTipsEventCallback", "TIMSetKickedOfflineCallback", "TIMSetUserSigExpiredCallback",
         "TIMSetNetworkStatusListenerCallback"}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """Serve an app in whose Public groups invited users must agree."""
    served = Server(tmp_path_factory.mktemp("server"))
    served.stop()
    command = [sys.executable, "-m", "qunzhu", "app", "set", str(SDKAPPID), "--invite-consent", "Public"]
    subprocess.run([*command, "--data", str(served.folder / "data")], check=True, stdout=subprocess.DEVNULL)
    served.start()
    yield served
    served.stop()


def told(elem: dict[str, Any]) -> tuple[Any, ...]:
    """Return what an element says: notices as (kind, operator, rest), tips as (kind, operator, users, rest)."""
    if elem["elem_type"] == 8:
        kind = TIMGroupReportType(elem["group_report_elem_report_type"])
        muted = kind is TIMGroupReportType.kTIMGroupReport_ShutUpMember
        rest = elem["group_report_elem_shut_up_time" if muted else "group_report_elem_msg"]
        return (kind.name.removeprefix("kTIMGroupReport_"), elem["group_report_elem_op_user"], rest)
    kind = TIMGroupTipType(elem["group_tips_elem_tip_type"])
    rest = [TIMGroupJoinType(elem["group_tips_elem_join_type"]).name.removeprefix("kTIMGroupJoin_")]
    for change in elem["group_tips_elem_group_change_info_array"]:
        rest += [change["group_tips_group_change_info_flag"], change["group_tips_group_change_info_value"]]
    rest += [
        mute["group_tips_member_change_info_shutupTime"] for mute in elem["group_tips_elem_member_change_info_array"]
    ]
    return (
        f"tip {kind.name.removeprefix('kTIMGroupTip_')}", elem["group_tips_elem_op_user"],
        elem["group_tips_elem_user_array"], *rest,
    )  # fmt: skip


class Session:
    """A user in an SDK, with listeners of every sort."""

    def __init__(self, user: str, tim: TimRender, ears: Ears) -> None:
        self.user, self.tim, self._ears = user, tim, ears
        self._seen = 0
        self.others: list[tuple[str, Any]] = []

    async def listen(self) -> None:
        """Set every listener that ``Ears`` has not."""
        for name in dir(TimRender):
            of_conversations = name.startswith("TIMSetConv")  # what those hear has tests of its own
            if name.startswith("TIMSet") and name.endswith("Callback") and name not in HEARD and not of_conversations:
                await getattr(self.tim, name)({"callback": lambda args, name=name: self.others.append((name, args))})

    def everything(self) -> list[tuple[Any, ...]]:
        """Return all that was said in messages."""
        return [told(elem) for message in self._ears.messages for elem in message["message_elem_array"]]

    async def hears(self, *wanted: tuple[Any, ...]) -> None:
        """Wait for the next things said, which must be these."""
        with suppress(TimeoutError):  # the comparison says more
            await until(lambda: len(self.everything()) >= self._seen + len(wanted))
        # What the server sends to this session before this answer has arrived with it.
        await pendency(self.tim)
        assert self.everything()[self._seen :] == list(wanted), self.user
        self._seen += len(wanted)

    def the_end(self) -> None:
        """Check that the listener of tips heard what the messages said, and the other listeners nothing."""
        tips = [line for line in self.everything() if line[0].startswith("tip ")]
        assert [told({"elem_type": 0, **tip}) for tip in self._ears.tips] == tips
        assert self.others == []
        assert [name for name, _ in self._ears.calls if name != "network"] == []


def run(server: Server, scenario, *users: str) -> None:
    """Run a scenario with users logged in, each in an SDK of his own."""

    async def whole() -> None:
        async with AsyncExitStack() as stack:
            sessions = [
                Session(user, *await stack.enter_async_context(signed_in(server, user))) for user in names(*users)
            ]
            for session in sessions:
                await session.listen()
            await scenario(*sessions)
            for session in sessions:
                await session.hears()
                session.the_end()

    asyncio.run(whole())


async def change(tim: TimRender, group: str, flag: int, **fields: Any) -> int:
    """Change a group and return the code."""
    given = {"group_id": group, "modify_flag": int(flag), **fields}
    result = await tim.TIMGroupModifyGroupInfo(
        {"params": {f"group_modify_info_param_{key}": value for key, value in given.items()}}
    )
    return result["code"]


async def mute(tim: TimRender, group: str, user: str, seconds: int) -> int:
    """Mute a member and return the code."""
    given = {"group_id": group, "identifier": user, "modify_flag": int(MUTE), "shutup_time": seconds}
    result = await tim.TIMGroupModifyMemberInfo(
        {"params": {f"group_modify_member_info_{key}": value for key, value in given.items()}}
    )
    return result["code"]


async def shut_up(tim: TimRender, group: str) -> bool:
    """Say whether everybody is muted, as this SDK has it."""
    [result] = (await tim.TIMGroupGetGroupInfoList({"groupIds": [group]}))["json_param"]
    return result["get_groups_info_result_info"]["group_detail_info_is_shutup_all"]


async def waiting(session: Session) -> dict[str, Any]:
    """Return the one that nobody has decided."""
    shown = (await pendency(session.tim))["group_pendency_result_pendency_array"]
    [item] = [item for item in shown if item["group_pendency_handled"] == 0]
    return item


async def apply(session: Session, group: str, text: str) -> int:
    """Apply for a group and return the code."""
    return (await session.tim.TIMGroupJoin({"groupId": group, "helloMsg": text}))["code"]


def test_a_group_from_its_creation_to_its_end(server: Server):
    async def scenario(alice: Session, bob: Session, carol: Session):
        a, b, c = alice.user, bob.user, carol.user
        group = await created(alice.tim, group_type=0, approve_option=2)
        await alice.hears(("Create", a, ""))

        # An application is the administrators' to see, its acceptance the applicant's, who came in is everybody's.
        assert await apply(bob, group, "let me in") == 0
        await alice.hears(("AddRequest", b, "let me in"))
        assert await handle(alice.tim, await waiting(alice), accept=True, text="welcome") == 0
        await bob.hears(("AddAccept", a, "welcome"), ("tip Invite", a, [b], "Apply"))
        await alice.hears(("tip Invite", a, [b], "Apply"))

        # A refusal is the applicant's alone.
        assert await apply(carol, group, "me too") == 0
        await alice.hears(("AddRequest", c, "me too"))
        assert await handle(alice.tim, await waiting(alice), accept=False, text="later") == 0
        await carol.hears(("AddRefuse", a, "later"))
        await bob.hears()

        # An invitation is the invited user's to see, his answer the inviter's.
        assert await invite(bob.tim, group, c, "come") == 3
        await carol.hears(("InviteReqToInvitee", b, "come"))
        await alice.hears()
        assert await handle(carol.tim, await waiting(carol), accept=True, text="gladly") == 0
        await bob.hears(("InviteAccept", c, "gladly"), ("tip Invite", b, [c], "Invite"))
        for session in (alice, carol):
            await session.hears(("tip Invite", b, [c], "Invite"))

        # A mute is told to all, and to the muted one himself.
        assert await mute(alice.tim, group, b, 600) == 0
        await bob.hears(("tip MemberInfoChange", a, [b], "None", 600), ("ShutUpMember", a, 600))
        for session in (alice, carol):
            await session.hears(("tip MemberInfoChange", a, [b], "None", 600))
        assert await mute(bob.tim, group, c, 600) == 10007

        # Muting everybody is told to nobody, yet everybody's next look shows it.
        assert await change(alice.tim, group, SHUTUP_ALL, is_shutup_all=True) == 0
        for session in (alice, bob, carol):
            await session.hears()
            assert await shut_up(session.tim, group)
        assert await change(alice.tim, group, SHUTUP_ALL, is_shutup_all=False) == 0
        for session in (alice, bob, carol):
            await session.hears()
            assert not await shut_up(session.tim, group)
        assert await mute(alice.tim, group, b, 0) == 0
        await bob.hears(("tip MemberInfoChange", a, [b], "None", 0), ("ShutUpMember", a, 0))
        for session in (alice, carol):
            await session.hears(("tip MemberInfoChange", a, [b], "None", 0))

        # A new owner is told to all; from now on he decides, and the old one does not.
        assert await change(alice.tim, group, TRANSFER, owner=b) == 0
        for session in (alice, bob, carol):
            await session.hears(("tip GroupInfoChange", a, [], "None", OWNER, b))
        assert await mute(alice.tim, group, c, 600) == 10007

        # Who leaves is told so himself; he is no longer told what the others are.
        assert (await carol.tim.TIMGroupQuit({"groupId": group}))["code"] == 0
        await carol.hears(("Quit", c, ""))
        for session in (alice, bob):
            await session.hears(("tip Quit", c, [c], "None"))
        assert await invite(bob.tim, group, c, "again?") == 3
        await carol.hears(("InviteReqToInvitee", b, "again?"))
        assert await handle(carol.tim, await waiting(carol), accept=False, text="no") == 0
        await bob.hears(("InviteRefuse", c, "no"))

        # The end is told to the members of that moment.
        assert (await alice.tim.TIMGroupDelete({"groupId": group}))["code"] == 10007
        assert (await bob.tim.TIMGroupDelete({"groupId": group}))["code"] == 0
        for session in (alice, bob):
            await session.hears(("Delete", b, ""))
            assert (await session.tim.TIMGroupGetJoinedGroupList())["json_param"] == []
        await carol.hears()

    run(server, scenario, "alice", "bob", "carol")
