"""Conversations as requests name them and answers give them back, for conversation groups and marks."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._c2c import C2C
from qunzhu.commands.contacts import ContactAccount, ContactGroupText, Sort, named_peer
from qunzhu.core import errors as err
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.limits import items
from qunzhu.core.ports import Tx, Who

MOST_CONTACTS = 1000
BATCH = items(100, least=1, error=err.CONTACT_NUMBER, empty=err.CONTACT_NUMBER)
CONTACT_ERRORS = (err.CONTACT_ACCOUNT_UNKNOWN, err.CONTACT_BAD_PARAMETER, err.CONTACT_NOT_ADMIN)
ITEM_ERRORS = (err.CONTACT_NUMBER, err.CONTACT_GROUP_GONE, err.TOO_MANY_CONTACTS)
Place = tuple[int, str]
"""Which conversation: its sort, and with whom or what it is."""


class ContactItem(msgspec.Struct, frozen=True, kw_only=True):
    """Which conversation: with a user (``Type`` 1), or of a group (2)."""

    Type: Sort
    To_Account: ContactAccount | None = None
    ToGroupId: ContactGroupText | None = None


class NamedContact(msgspec.Struct, frozen=True, kw_only=True):
    """Which conversation."""

    Type: int
    To_Account: str | UnsetType = UNSET
    ToGroupId: str | UnsetType = UNSET


class ContactResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one conversation of the request."""

    ContactItem: NamedContact
    ResultCode: int = 0
    ResultInfo: str = ""


class FolderItem(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation group."""

    GroupName: str
    GroupId: int


def place_of(item: ContactItem) -> Place:
    """Return which conversation is meant, or refuse (50002) where its field is absent."""
    return item.Type, named_peer(item.Type, item.To_Account, item.ToGroupId, "ToGroupId")


def named_fields(place: Place) -> dict[str, Any]:
    """Return the fields of the wire that name a conversation."""
    sort, peer = place
    return {"Type": sort, "To_Account" if sort == C2C else "ToGroupId": peer}


def result_of(place: Place, refused: tuple[ErrorRow, str] | None) -> ContactResult:
    """Return what became of a conversation: done, or refused."""
    named = NamedContact(**named_fields(place))
    if refused is None:
        return ContactResult(ContactItem=named)
    row, detail = refused
    return ContactResult(ContactItem=named, ResultCode=row.code, ResultInfo=f"{row.text}: {detail}")


def require_plan(who: Who, what: str) -> None:
    """Refuse (51013) what the plan has not."""
    if not who.app.plan.special_messages:
        raise Refused(err.CONTACT_HIGHER_PLAN, f"plan {who.app.plan_name} has no {what}")


def folders_of(tx: Tx, user: str) -> dict[int, str]:
    """Return a user's conversation groups, each by its number with its name."""
    rows = tx.all("SELECT num, name FROM contact_groups WHERE user_id = :user ORDER BY num", user=user)
    return {num: name for num, name in rows}  # noqa: C416 - rows are of any length to the checker
