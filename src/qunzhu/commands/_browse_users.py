"""What the console reads of accounts that no command tells. For administrators of the app."""

from typing import LiteralString

import msgspec

from qunzhu.commands._browse import LAST
from qunzhu.commands._shared import silenced_until
from qunzhu.core.ports import Row, Tx, Who


class Account(msgspec.Struct, frozen=True):
    """An account. ``revoked_before`` is the time before which its UserSigs do not hold, 0 where they all do."""

    user_id: str
    nick: str
    face_url: str
    created_at: int
    revoked_before: int
    admin: bool


class Accounts(msgspec.Struct, frozen=True):
    """A page of accounts by id. ``next`` is the id behind which the next page begins, empty at the end."""

    accounts: list[Account]
    next: str
    total: int


class Person(msgspec.Struct, frozen=True):
    """An account with what holds for it in the whole app; None where there is no account of this id."""

    account: Account | None
    c2c_muted_until: int
    group_muted_until: int
    deleted_at: int
    groups: int
    """Groups that it is a member of; live rooms have no members."""


_COLUMNS: LiteralString = "user_id, nick, face_url, created_at, revoked_before"
_BOUNDS: dict[bool, LiteralString] = {False: ">=", True: ">"}
_PAGE: dict[bool, LiteralString] = {
    begun: "SELECT " + _COLUMNS + " FROM accounts WHERE user_id " + bound + " :low AND user_id < :high"  # noqa: S608 - our own parts
    " ORDER BY user_id LIMIT :limit"
    for begun, bound in _BOUNDS.items()
}
"""By whether the walk has begun. One lower bound each: of two an engine may take the one that bounds nothing."""
_ONE: LiteralString = "SELECT " + _COLUMNS + " FROM accounts WHERE user_id = :user"  # noqa: S608 - our own parts


def accounts_in(tx: Tx, who: Who, prefix: str, after: str, limit: int) -> Accounts:
    """Return accounts whose id begins with a text (empty: all), in the order of their ids."""
    who.require_admin()
    rows = tx.all(_PAGE[bool(after)], low=after or prefix, high=prefix + LAST, limit=limit)
    found = [_account(who, row) for row in rows]
    return Accounts(found, found[-1].user_id if len(found) == limit else "", tx.count("accounts", 0))


def person_in(tx: Tx, who: Who, user: str) -> Person:
    """Return what there is of an account."""
    who.require_admin()
    row, gone = tx.one(_ONE, user=user), tx.one("SELECT at FROM deleted_accounts WHERE user_id = :user", user=user)
    joined = tx.one("SELECT count(*) FROM members WHERE user_id = :user", user=user)
    c2c, group = silenced_until(tx, user)
    return Person(
        account=_account(who, row) if row else None, c2c_muted_until=c2c, group_muted_until=group,
        deleted_at=gone[0] if gone and not row else 0, groups=int(joined[0]) if joined else 0,
    )  # fmt: skip


def _account(who: Who, row: Row) -> Account:
    user, nick, face_url, created_at, revoked_before = row
    return Account(user, nick, face_url, created_at, revoked_before, user in who.app.admins)
