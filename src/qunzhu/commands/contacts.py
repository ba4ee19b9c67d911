"""Recent contacts: the list of a user's conversations, deleting, pinning and what else he sets of one (doc 1047/43087).

Administrators act for anybody, users at the gateway for themselves.
"""

from typing import Annotated, LiteralString

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._c2c import C2C, pair, side
from qunzhu.commands._contacts import (
    END,
    GROUP,
    Contact,
    Position,
    Seat,
    find_contact,
    find_seat,
    group_seats,
    owner_of,
    pinned_seats,
    refusal_of,
    walk,
    write_contacts,
)
from qunzhu.commands._shared import first_unregistered
from qunzhu.commands.message_changes import UNHIDE_OLDER
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import Refused
from qunzhu.core.limits import MSG_FLAGS, account, items, number, one_of, text
from qunzhu.core.ports import GATEWAY, Tx, Who

SERVICE = "recentcontact"
PAGE = 100
MOST_PINNED = 50
WITH_PINNED, WITH_EMPTY, PAGED_PINNED, WITH_MARKS = 1, 2, 4, 48
"""Bits of ``AssistFlags``; newer editions have all of them set, and the marks in the answer."""
_at = Annotated[int, number(0, 2**53, error=err.CONTACT_BAD_PARAMETER)]
ContactAccount = Annotated[str, account(err.CONTACT_BAD_PARAMETER)]
ContactGroupText = Annotated[str, text(96, error=err.CONTACT_BAD_PARAMETER)]
Sort = Annotated[int, number(C2C, GROUP, error=err.CONTACT_BAD_PARAMETER)]


class SessionItem(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation of the list."""

    Type: int
    To_Account: str | UnsetType = UNSET
    GroupId: str | UnsetType = UNSET
    MsgTime: int
    TopFlag: int
    StandardMark: str | UnsetType = UNSET
    CustomMark: str | UnsetType = UNSET
    ContactGroupId: list[int] | UnsetType = UNSET


class ContactList(Reply, frozen=True, kw_only=True):
    """A page of conversations, and where the next one begins."""

    SessionItem: list[SessionItem]
    CompleteFlag: int
    TimeStamp: int
    StartIndex: int
    TopTimeStamp: int
    TopStartIndex: int


class GetList(Request[ContactList], frozen=True, kw_only=True):
    """Whose conversations to list, and where to begin: 0 first, then what the page before has returned."""

    From_Account: ContactAccount
    TimeStamp: _at
    StartIndex: _at
    TopTimeStamp: _at
    TopStartIndex: _at
    AssistFlags: Annotated[int, number(0, 2**31, error=err.CONTACT_BAD_PARAMETER)]


_errors = (err.CONTACT_ACCOUNT_UNKNOWN, err.CONTACT_BAD_PARAMETER, err.CONTACT_NOT_ADMIN)


@command(SERVICE, writes=False, doc="1047/43087", bad_input=err.CONTACT_BAD_PARAMETER, internal=err.CONTACT_INTERNAL,
         errors=_errors)  # fmt: skip
def get_list(tx: Tx, who: Who, req: GetList) -> ContactList:
    """List a user's conversations, 100 on a page: pinned ones first, then the newest."""
    user = owner_of(tx, who, req.From_Account)
    pinned = bool(req.AssistFlags & WITH_PINNED)
    top = _pinned_page(tx, who, user, req) if pinned else []
    page, is_last = _page(tx, who, user, req)
    at = page[-1].at if page else req.TimeStamp
    index = sum(seat.at == at for seat in page) + (req.StartIndex if at == req.TimeStamp else 0)
    marks = contact_groups_of(tx, user) if req.AssistFlags & WITH_MARKS else None
    return ContactList(
        SessionItem=[_item(seat, marks, pinned=pinned) for seat in (*top, *page)], CompleteFlag=int(is_last),
        TimeStamp=at, StartIndex=index, TopTimeStamp=top[-1].at if top else req.TopTimeStamp,
        TopStartIndex=req.TopStartIndex + len(top),
    )  # fmt: skip


def _pinned_page(tx: Tx, who: Who, user: str, req: GetList) -> list[Seat]:
    """Return the pinned ones, all with the first page; at most 50 are pinned, so that one page holds them."""
    begun = req.TopStartIndex if req.AssistFlags & PAGED_PINNED else req.TimeStamp or req.StartIndex
    return [] if begun else pinned_seats(tx, who, user, group_seats(tx, user))


def _page(tx: Tx, who: Who, user: str, req: GetList) -> tuple[list[Seat], bool]:
    """Return a page of the others, and whether it is the last.

    It begins in the second ``TimeStamp``, of which ``StartIndex`` conversations were given already.
    """
    apart, empty_too = bool(req.AssistFlags & WITH_PINNED), req.AssistFlags & WITH_EMPTY
    given, found = req.StartIndex, list[Seat]()
    for seat, _ in walk(tx, who, user, Position(at=req.TimeStamp or END), pinned_first=apart):
        if (apart and seat.contact.top_at) or not (empty_too or seat.newest):
            continue
        if given and seat.at == req.TimeStamp:
            given -= 1
        elif len(found) == PAGE:
            return found, False
        else:
            found.append(seat)
    return found, True


def _item(seat: Seat, marks: dict[tuple[int, str], list[int]] | None, *, pinned: bool) -> SessionItem:
    contact = seat.contact
    groups = None if marks is None else marks.get((contact.sort, contact.peer))
    return SessionItem(
        Type=contact.sort, To_Account=contact.peer if contact.sort == C2C else UNSET,
        GroupId=contact.peer if contact.sort == GROUP else UNSET, MsgTime=seat.at,
        TopFlag=int(pinned and bool(contact.top_at)),
        StandardMark=UNSET if marks is None else mark_text(contact.marks) or UNSET,
        CustomMark=UNSET if marks is None else contact.custom_mark or UNSET, ContactGroupId=groups or UNSET,
    )  # fmt: skip


def mark_text(marks: int) -> str:
    """Return a mask of marks as the wire has it: the n-th character is 1 where mark n is set."""
    return f"{marks:b}"[::-1] if marks else ""


SELECT_ITEMS: LiteralString = (
    "SELECT sort, peer, num FROM contact_group_items WHERE user_id = :user ORDER BY sort, peer, num"
)


def contact_groups_of(tx: Tx, user: str) -> dict[tuple[int, str], list[int]]:
    """Return the numbers of the conversation groups of each conversation that is in any."""
    found: dict[tuple[int, str], list[int]] = {}
    for sort, peer, num in tx.all(SELECT_ITEMS, user=user):
        found.setdefault((sort, peer), []).append(num)
    return found


class Delete(Request[Done], frozen=True, kw_only=True):
    """Which conversation to delete; ``ClearRamble`` 1: with the user's copies of its messages."""

    From_Account: ContactAccount
    Type: Sort
    To_Account: ContactAccount | None = None
    ToGroupid: ContactGroupText | None = None
    ClearRamble: Annotated[int, number(0, 1, error=err.CONTACT_BAD_PARAMETER)] | None = None


@command(SERVICE, writes=True, doc="1047/43088", bad_input=err.CONTACT_BAD_PARAMETER, internal=err.CONTACT_INTERNAL,
         old_fields={"ToGroupId": "ToGroupid"}, errors=_errors)  # fmt: skip
def delete(tx: Tx, who: Who, req: Delete) -> Done:
    """Delete a conversation from a user's list until something new comes; with ``ClearRamble`` its messages too.

    The pin goes with it. A conversation that is not there is no fault.
    """
    user = owner_of(tx, who, req.From_Account)
    peer = named_peer(req.Type, req.To_Account, req.ToGroupid, "ToGroupid")
    seat = find_seat(tx, who, user, req.Type, peer)
    if seat is None:
        return Done()
    contact = msgspec.structs.replace(seat.contact, hidden_num=seat.newest, hidden_at=who.now, top_at=0)
    if req.ClearRamble:
        _clear(tx, user, seat)
    write_contacts(tx, who, user, "Deleted", [contact], seat.newest if req.ClearRamble else 0)
    return Done()


def named_peer(sort: int, user: str | None, group: str | None, group_field: str) -> str:
    """Return with whom or what a conversation is, or refuse (50002) where the field of its type is absent."""
    field, peer = ("To_Account", user) if sort == C2C else (group_field, group)
    if not peer:
        raise Refused(err.CONTACT_BAD_PARAMETER, f"{field}: required for Type {sort}, but absent")
    return peer


CLEAR_C2C = (
    "UPDATE c2c_messages SET hidden = hidden | :mine WHERE low = :low AND high = :high AND num <= :num"
    " AND hidden & :mine = 0"
)
CLEAR_GROUP = "UPDATE members SET cleared_seq = :seq WHERE group_num = :num AND user_id = :user"
CLEAR_TOPIC = (
    "INSERT INTO topic_members (topic_num, user_id, read_seq, msg_flag, cleared_seq)"
    " VALUES (:topic, :user, :read, -1, :seq) ON CONFLICT (topic_num, user_id) DO UPDATE SET cleared_seq = :seq"
)


def _clear(tx: Tx, user: str, seat: Seat) -> None:
    """Delete a user's copies of a conversation's messages; the others keep theirs."""
    peer, joined = seat.contact.peer, seat.joined
    if joined is None:
        both = pair(user, peer)
        tx.run(CLEAR_C2C, **both, num=seat.newest, mine=side(user, both["low"]))
        return
    stream, seq = joined.stream, seat.newest
    if stream.topic is not None:
        tx.run(CLEAR_TOPIC, topic=stream.topic.num, user=user, seq=seq, read=joined.member.read_seq)
    else:
        tx.run(CLEAR_GROUP, num=stream.group.num, user=user, seq=seq)
    tx.run(UNHIDE_OLDER, num=stream.group.num, topic=stream.topic_num, user=user, seq=seq)


class PinConversation(Request[Done], frozen=True, kw_only=True):
    """Which conversation of the caller's to pin, or not to pin any more."""

    Type: Sort
    Pinned: bool
    To_Account: ContactAccount | None = None
    GroupId: ContactGroupText | None = None


_own_errors = (err.CONTACT_ACCOUNT_UNKNOWN, err.CONTACT_BAD_PARAMETER)


@command("gateway", writes=True, doors=(GATEWAY,), bad_input=err.CONTACT_BAD_PARAMETER,
         errors=(*_own_errors, err.CONTACT_GROUP_GONE, err.TOO_MANY_PINNED_CONTACTS))  # fmt: skip
def pin_conversation(tx: Tx, who: Who, req: PinConversation) -> Done:
    """Pin a conversation to the top of the caller's list, or take the pin off; 50 at most (51012)."""
    peer = named_peer(req.Type, req.To_Account, req.GroupId, "GroupId")
    if req.Pinned and (refused := refusal_of(tx, who, who.user, req.Type, peer)) is not None:
        raise Refused(*refused)
    contact = find_contact(tx, who.user, req.Type, peer)
    if req.Pinned == bool(contact.top_at):
        return Done()
    if req.Pinned:
        _require_pin(tx, who)
    pinned = msgspec.structs.replace(contact, top_at=who.now if req.Pinned else 0)
    write_contacts(tx, who, who.user, "Pinned", [pinned])
    return Done()


def _require_pin(tx: Tx, who: Who) -> None:
    """Refuse (51012) one more pin than 50; those of groups that the user has left do not count."""
    there = len(pinned_seats(tx, who, who.user, group_seats(tx, who.user)))
    if there >= MOST_PINNED:
        raise Refused(err.TOO_MANY_PINNED_CONTACTS, f"{who.user!r} has {there}")


class SetC2CReceiveOption(Request[Done], frozen=True, kw_only=True):
    """How one-to-one messages of some users shall reach the caller."""

    To_Account: Annotated[list[ContactAccount], items(30, least=1, error=err.CONTACT_BAD_PARAMETER,
                                                      empty=err.CONTACT_BAD_PARAMETER)]  # fmt: skip
    MsgFlag: Annotated[str, one_of(*MSG_FLAGS[:3], error=err.CONTACT_BAD_PARAMETER)]


@command("gateway", writes=True, doors=(GATEWAY,), bad_input=err.CONTACT_BAD_PARAMETER, errors=_own_errors)
def set_c2c_receive_option(tx: Tx, who: Who, req: SetC2CReceiveOption) -> Done:
    """Set how one-to-one messages of up to 30 users reach the caller: not at all, without a notice, or with one."""
    users = list(dict.fromkeys(req.To_Account))
    if (missing := first_unregistered(tx, users)) is not None:
        raise Refused(err.CONTACT_ACCOUNT_UNKNOWN, f"To_Account: {missing!r}")
    flag = MSG_FLAGS.index(req.MsgFlag)
    contacts = [find_contact(tx, who.user, C2C, user) for user in users]
    changed = [msgspec.structs.replace(one, msg_flag=flag) for one in contacts if one.msg_flag != flag]
    write_contacts(tx, who, who.user, "MsgFlag", changed)
    return Done()


class ReceiveOption(msgspec.Struct, frozen=True, kw_only=True):
    """How one user's messages reach the caller."""

    To_Account: str
    MsgFlag: str


class ReceiveOptions(Reply, frozen=True, kw_only=True):
    """One item per user of the request, in its order."""

    OptionList: list[ReceiveOption]


class GetC2CReceiveOption(Request[ReceiveOptions], frozen=True, kw_only=True):
    """Of which users to read how their messages reach the caller."""

    To_Account: Annotated[list[ContactAccount], items(500, least=1, error=err.CONTACT_BAD_PARAMETER,
                                                      empty=err.CONTACT_BAD_PARAMETER)]  # fmt: skip


@command("gateway", writes=False, doors=(GATEWAY,), bad_input=err.CONTACT_BAD_PARAMETER,
         errors=(err.CONTACT_BAD_PARAMETER,))  # fmt: skip
def get_c2c_receive_option(tx: Tx, who: Who, req: GetC2CReceiveOption) -> ReceiveOptions:
    """Read how one-to-one messages of up to 500 users reach the caller."""
    contacts: list[Contact] = [find_contact(tx, who.user, C2C, user) for user in dict.fromkeys(req.To_Account)]
    return ReceiveOptions(OptionList=[
        ReceiveOption(To_Account=contact.peer, MsgFlag=MSG_FLAGS[contact.msg_flag]) for contact in contacts
    ])  # fmt: skip
