"""Calls about applications and invitations that somebody must decide."""

from collections.abc import Mapping
from typing import Any

from qunzhu.client import Client
from qunzhu.commands.joining import (
    Application,
    GetGroupApplications,
    HandleGroupApplication,
    ReportGroupApplicationsRead,
)
from qunzhu.core.events import Sort
from qunzhu.tim.calls import Calls, mapping
from qunzhu.tim.convert import Json, WrongParameter, need, take
from qunzhu.tim.enums import TIMResult
from qunzhu.tim.params import CommonResult

APPLICATIONS_A_PAGE = 100
ADMINISTRATORS = "0"
"""Who decides an application: not one user (documented so)."""


class PendencyCalls(Calls):
    """Calls about applications and invitations."""

    async def TIMGroupGetPendencyList(self, param: Mapping[str, Any]) -> CommonResult:
        """List what the user has to decide and what he asked for, newest first, as ``GroupPendencyResult``.

        Times are unix milliseconds; the suggested size of a page is at most 100.
        """

        async def work(client: Client) -> dict[str, Any]:
            given, prefix = mapping(mapping(param).get("params"), "params"), "group_pendency_option_"
            limit = take(given, f"{prefix}max_limited", int, 0)
            page = await client.call(
                GetGroupApplications(
                    StartTime=take(given, f"{prefix}start_time", int, 0), Limit=min(limit, APPLICATIONS_A_PAGE)
                )
            )
            known = await self._profiles.of(client, [_asker(item) for item in page.Applications])
            values = {
                "next_start_time": page.Next, "read_time_seq": page.SeenTime, "unread_num": page.UnreadNum,
                "pendency_array": [_pendency(item, client.user, known.get(_asker(item), {}))
                                   for item in page.Applications],
            }  # fmt: skip
            return {f"group_pendency_result_{key}": value for key, value in values.items()}

        return await self._do(param, work)

    async def TIMGroupHandlePendency(self, param: Mapping[str, Any]) -> CommonResult:
        """Accept or refuse one, given as it was read; 10024 where somebody has decided already."""

        async def work(client: Client) -> str:
            given, prefix = mapping(mapping(param).get("params"), "params"), "group_handle_pendency_param_"
            pendency = mapping(given.get(f"{prefix}pendency"), f"{prefix}pendency")
            number = need(pendency, "group_pendency_key", str)
            if not (number.isascii() and number.isdigit()):
                raise WrongParameter(TIMResult.TIM_ERR_PARAM, f"group_pendency_key: {number[:40]!r} was not given out")
            await client.call(
                HandleGroupApplication(
                    GroupId=need(pendency, "group_pendency_group_id", str),
                    ApplicationId=int(number[:20]),
                    Accept=int(take(given, f"{prefix}is_accept", bool, default=False)),
                    Message=take(given, f"{prefix}handle_msg", str) or None,
                )
            )
            return ""

        return await self._do(param, work)

    async def TIMGroupReportPendencyReaded(self, param: Mapping[str, Any]) -> CommonResult:
        """Count those up to ``timeStamp``, unix milliseconds, as read; 0 for all up to now."""

        async def work(client: Client) -> str:
            await client.call(ReportGroupApplicationsRead(Time=take(mapping(param), "timeStamp", int, 0)))
            return ""

        return await self._do(param, work)


def _asker(item: Application) -> str:
    return item.Inviter_Account or item.User_Account


def _pendency(item: Application, user: str, profile: Json) -> dict[str, Any]:
    """Return an application or invitation as ``GroupPendency``."""
    values = {
        "group_id": item.GroupId, "form_identifier": _asker(item), "from_nick_name": profile.get("Nick", ""),
        "from_face_url": profile.get("FaceUrl", ""),
        "to_identifier": ADMINISTRATORS if item.Sort == Sort.APPLY else item.User_Account, "add_time": item.AddTime,
        "pendency_type": item.Sort, "handled": item.Handled, "handle_result": item.Accepted,
        "apply_invite_msg": item.Message, "form_user_defined_data": "", "approval_msg": item.Answer,
        "to_user_defined_data": "", "key": str(item.ApplicationId), "authentication": "", "self_identifier": user,
    }  # fmt: skip
    return {f"group_pendency_{key}": value for key, value in values.items()}
