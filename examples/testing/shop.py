"""A shop's customer service: each ticket is a group of the customer and the agents who look after him.

The back end speaks to the reference service with the public client `timsdk`. Where that is comes from outside, as it
should in any back end: in production the service's own address, in tests the double's.
"""

import random
from typing import Any

from timsdk import HttpClient, TLSSig
from timsdk.api.group_open_http_svc import GroupOpenHttpSVC
from timsdk.api.im_open_login_svc import IMOpenLoginSVC

BASE_URL = "https://console.tim.qq.com"
BUSY = 60018
TRIES = 3
PAGE = 100


class Refused(Exception):
    """The service refused a call."""

    def __init__(self, code: int, info: str) -> None:
        super().__init__(f"{code} {info}")
        self.code = code


class Http(HttpClient):
    """The client's own HTTP, with a base URL that can be set."""

    def __init__(self, base_url: str, *args: Any) -> None:
        super().__init__(*args)
        self._base_url = base_url

    def get_url(self, path: str, *args: Any) -> str:
        """Return a call's URL."""
        return super().get_url(path, *args).replace(BASE_URL, self._base_url, 1)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class Desk:
    """The customer service of one shop."""

    def __init__(self, sdkappid: int, key: str, admin: str, base_url: str = BASE_URL) -> None:
        self._http = Http(base_url, sdkappid, admin, TLSSig.gen_sig(admin, sdkappid, key))
        self._groups = GroupOpenHttpSVC(client=self._http)
        self._accounts = IMOpenLoginSVC(client=self._http)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def welcome(self, *people: str) -> None:
        """Make people known to the service; who is known already stays."""
        for person in people:
            self._call(self._accounts.account_import, person)

    def open_ticket(self, order: int, customer: str, agent: str) -> str:
        """Open a ticket and return its id: the agent owns it, nobody else can join by himself."""
        self.welcome(customer, agent)
        made = self._call(
            self._groups.create_group, f"Order {order}", agent, [{"Member_Account": customer}], "Public",
            apply_join_option="DisableApply",
        )  # fmt: skip
        return made["GroupId"]

    def describe(self, ticket: str) -> dict[str, Any]:
        """Return what the service knows of a ticket."""
        [info] = self._call(self._groups.get_group_info, [ticket])["GroupInfo"]
        if info["ErrorCode"]:
            raise Refused(info["ErrorCode"], info["ErrorInfo"])
        return info

    def people(self, ticket: str) -> dict[str, str]:
        """Return who is in a ticket, with roles."""
        found = self._call(self._groups.get_group_member_info, ticket, PAGE, 0)["MemberList"]
        return {one["Member_Account"]: one["Role"] for one in found}

    def call_in(self, ticket: str, agent: str) -> None:
        """Bring in a second agent, who may do what the first may."""
        self.welcome(agent)
        self._call(self._groups.add_group_member, ticket, [{"Member_Account": agent}])
        self._call(self._groups.modify_group_member_info, ticket, agent, role="Admin")

    def hand_over(self, ticket: str, agent: str) -> None:
        """Make another agent of the ticket its owner."""
        self._call(self._groups.change_group_owner, ticket, agent)

    def send_away(self, ticket: str, person: str) -> None:
        """Take a person out of a ticket."""
        self._call(self._groups.delete_group_member, ticket, [person])

    def hush(self, ticket: str, customer: str, seconds: int) -> None:
        """Let an angry customer calm down for some time."""
        self._call(self._groups.forbid_send_msg, ticket, [customer], seconds)

    def hushed(self, ticket: str) -> list[str]:
        """Return who may not talk now."""
        return [one["Member_Account"] for one in self._call(self._groups.get_group_shut_uin, ticket)["ShuttedUinList"]]

    def rename(self, ticket: str, name: str) -> None:
        """Give a ticket another name."""
        self._call(self._groups.modify_group_base_info, ticket, name)

    def say(self, ticket: str, text: str) -> int:
        """Say something to all in a ticket, and return its number there."""
        body = [{"MsgType": "TIMTextElem", "MsgContent": {"Text": text}}]
        # A new Random for each message, not the client's: with the same one it would be taken for the same message.
        return self._call(self._groups.send_group_msg, ticket, body, None, random.randrange(2**32))["MsgSeq"]

    def transcript(self, ticket: str) -> list[str]:
        """Return what was said, oldest first."""
        found = self._call(self._groups.group_msg_get_simple, ticket, 20)["RspMsgList"]
        return [
            element["MsgContent"]["Text"]
            for message in reversed(found)
            for element in message["MsgBody"] or ()
            if element["MsgType"] == "TIMTextElem"
        ]

    def take_back(self, ticket: str, number: int) -> None:
        """Take something back that was said."""
        self._call(self._groups.group_msg_recall, ticket, [{"MsgSeq": number}])

    def tickets_of(self, person: str) -> list[str]:
        """Return the tickets that a person is in."""
        return [
            one["GroupId"] for one in self._call(self._groups.get_joined_group_list, person, PAGE, 0)["GroupIdList"]
        ]

    def open_tickets(self) -> list[str]:
        """Return all tickets."""
        return [one["GroupId"] for one in self._call(self._groups.get_app_id_group_list)["GroupIdList"]]

    def settle(self, ticket: str) -> None:
        """Close a ticket for good."""
        self._call(self._groups.destroy_group, ticket)

    @staticmethod
    def _call(function: Any, *args: Any, **named: Any) -> dict[str, Any]:
        """Call the service; try again where it is busy."""
        answer: dict[str, Any] = {}
        for _ in range(TRIES):
            answer = function(*args, **named)
            if answer["ErrorCode"] != BUSY:
                break
        if answer["ErrorCode"]:
            raise Refused(answer["ErrorCode"], answer["ErrorInfo"])
        return answer
