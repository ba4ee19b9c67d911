"""Accounts: import, delete, check, revoke logins (docs 1047/34953 to 34957)."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from qunzhu.commands._applications import forget_applicant
from qunzhu.commands._c2c import forget_user
from qunzhu.commands._shared import GroupRow, publish, registered
from qunzhu.commands.groups import set_owner
from qunzhu.commands.live_admins import drop_admin
from qunzhu.commands.members import leave
from qunzhu.core import errors as err
from qunzhu.core.command import Done, Reply, Request, command
from qunzhu.core.errors import ErrorRow, Refused
from qunzhu.core.events import AccountsChanged, LoginsRevoked, OwnerChanged
from qunzhu.core.kinds import Notice
from qunzhu.core.limits import account, items, text
from qunzhu.core.ports import REST, Tx, Who

SERVICE = "im_open_login_svc"
ACCOUNTS = "accounts"
AccountID = Annotated[str, account(err.ACCOUNT_BAD_PARAMETER)]
_profile_text = text(500, lines=True, error=err.ACCOUNT_BAD_PARAMETER)
_hundred = items(100, least=1, error=err.ACCOUNT_BAD_PARAMETER, empty=err.ACCOUNT_BAD_PARAMETER)
IMPORT_ERRORS = (err.ACCOUNT_BAD_PARAMETER, err.ACCOUNT_QUOTA, err.ACCOUNT_DELETED_LATELY)


class AccountImport(Request[Done], frozen=True, kw_only=True):
    """One account to register, with its nickname and avatar."""

    UserID: AccountID
    Nick: Annotated[str, _profile_text] | None = None
    FaceUrl: Annotated[str, _profile_text] | None = None


@command(SERVICE, writes=True, doc="1047/34953", old_fields={"Identifier": "UserID"}, errors=IMPORT_ERRORS,
         internal=err.ACCOUNT_INTERNAL)  # fmt: skip
def account_import(tx: Tx, who: Who, req: AccountImport) -> Done:
    """Register an account. Doing it again is harmless and renews the given profile fields."""
    who.require_admin()
    register(tx, who, req.UserID, req.Nick, req.FaceUrl)
    return Done()


def register(tx: Tx, who: Who, user: str, nick: str | None = None, face_url: str | None = None) -> None:
    """Make an account, or renew its profile; refuse (70398, 70399) what the plan forbids."""
    made = tx.one(
        "INSERT INTO accounts (user_id, nick, face_url, created_at, revoked_before)"
        " VALUES (:user, :nick, :face, :at, 0) ON CONFLICT DO NOTHING RETURNING 1",
        user=user, nick=nick or "", face=face_url or "", at=who.now,
    )  # fmt: skip
    if made is None:
        if nick is not None or face_url is not None:
            tx.run(
                "UPDATE accounts SET nick = coalesce(:nick, nick), face_url = coalesce(:face, face_url)"
                " WHERE user_id = :user",
                nick=nick, face=face_url, user=user,
            )  # fmt: skip
        return
    _require_not_deleted_lately(tx, who, user)
    have, cap = tx.count(ACCOUNTS, 1), who.app.plan.accounts
    if cap is not None and have > cap:
        raise Refused(err.ACCOUNT_QUOTA, f"plan {who.app.plan_name} allows {cap} accounts")
    tx.emit(AccountsChanged(registered=[user]))


def _require_not_deleted_lately(tx: Tx, who: Who, user: str) -> None:
    days = who.app.plan.reimport_days
    row = tx.one("SELECT at FROM deleted_accounts WHERE user_id = :user", user=user) if days else None
    if row and who.now < row[0] + days * 86400:
        raise Refused(err.ACCOUNT_DELETED_LATELY, f"{user!r}: possible again {days} days after the deletion")


class FailedAccounts(Reply, frozen=True, kw_only=True):
    """Accounts that could not be registered."""

    FailAccounts: list[str]


class ListedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account of the newer list form, with its profile."""

    UserID: AccountID
    Nick: Annotated[str, _profile_text] | None = None
    FaceUrl: Annotated[str, _profile_text] | None = None


class MultiaccountImport(Request[FailedAccounts], frozen=True, kw_only=True):
    """Up to 100 accounts, as ids (``Accounts``) or with profiles (``AccountList``, newer)."""

    Accounts: Annotated[list[Annotated[str, msgspec.Meta(extra={"account": True})]], _hundred] | None = None
    AccountList: Annotated[list[ListedAccount], _hundred] | None = None


@command(SERVICE, writes=True, doc="1047/34954", errors=IMPORT_ERRORS, internal=err.ACCOUNT_INTERNAL, per_second=100)
def multiaccount_import(tx: Tx, who: Who, req: MultiaccountImport) -> FailedAccounts:
    """Register up to 100 accounts; those that are not valid or over the quota are named in the answer."""
    who.require_admin()
    wanted = [(user, None, None) for user in req.Accounts or ()]
    listed = [(item.UserID, item.Nick, item.FaceUrl) for item in req.AccountList or ()]
    if not wanted and not listed:
        raise Refused(err.ACCOUNT_BAD_PARAMETER, "Accounts: required, but absent")
    return FailedAccounts(FailAccounts=[item[0] for item in (*wanted, *listed) if not _register_one(tx, who, *item)])


_check_account = account(err.ACCOUNT_BAD_PARAMETER).extra["check"]  # type: ignore[index]


def _register_one(tx: Tx, who: Who, user: str, nick: str | None, face_url: str | None) -> bool:
    """Register one account of a batch unless something forbids it, without leaving half of it behind."""
    try:
        _check_account("Accounts", user)
        if not registered(tx, user):
            _require_not_deleted_lately(tx, who, user)
            cap = who.app.plan.accounts
            if cap is not None and tx.count(ACCOUNTS, 0) >= cap:
                return False
        register(tx, who, user, nick, face_url)
    except Refused:
        return False
    return True


class AccountItem(msgspec.Struct, frozen=True, kw_only=True):
    """One account of a batch."""

    UserID: Annotated[str, text(256, error=err.ACCOUNT_BAD_PARAMETER), msgspec.Meta(extra={"account": True})]


class AccountResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one account of a batch."""

    UserID: str
    ResultCode: int
    ResultInfo: str
    AccountStatus: str | UnsetType = UNSET


class AccountResults(Reply, frozen=True, kw_only=True):
    """One item per account of the request."""

    ResultItem: list[AccountResult]


class AccountCheck(Request[AccountResults], frozen=True, kw_only=True):
    """Whose registration to look up."""

    CheckItem: Annotated[list[AccountItem], _hundred]


@command(SERVICE, writes=False, doc="1047/34956", errors=(err.ACCOUNT_BAD_PARAMETER,), internal=err.ACCOUNT_INTERNAL,
         per_second=100)  # fmt: skip
def account_check(tx: Tx, who: Who, req: AccountCheck) -> AccountResults:
    """Tell which of up to 100 accounts are registered."""
    who.require_admin()
    return AccountResults(
        ResultItem=[
            AccountResult(
                UserID=item.UserID,
                ResultCode=0,
                ResultInfo="",
                AccountStatus="Imported" if registered(tx, item.UserID) else "NotImported",
            )
            for item in req.CheckItem
        ]
    )


class AccountDelete(Request[AccountResults], frozen=True, kw_only=True):
    """Whom to delete."""

    DeleteItem: Annotated[list[AccountItem], _hundred]


@command(SERVICE, writes=True, doc="1047/34955",
         errors=(err.ACCOUNT_BAD_PARAMETER, err.ACCOUNT_UNKNOWN, err.ACCOUNT_DELETE_FORBIDDEN),
         internal=err.ACCOUNT_INTERNAL, per_second=100)  # fmt: skip
def account_delete(tx: Tx, who: Who, req: AccountDelete) -> AccountResults:
    """Delete accounts for good: they leave their groups, and groups they owned stay without owner."""
    who.require_admin()
    settings, plan = who.app.settings, who.app.plan
    if not (plan.deletes_accounts if settings.delete_accounts is None else settings.delete_accounts):
        raise Refused(err.ACCOUNT_DELETE_FORBIDDEN, f"plan {plan.name}")
    results = []
    for item in req.DeleteItem:
        refusal = _delete(tx, who, item.UserID)
        results.append(
            AccountResult(
                UserID=item.UserID,
                ResultCode=refusal.code if refusal else 0,
                ResultInfo=refusal.text if refusal else "",
            )
        )
    return AccountResults(ResultItem=results)


OWNED_LIVE_ROOMS = "SELECT * FROM groups WHERE kind_name = 'AVChatRoom' AND owner = :user ORDER BY num"
"""Live rooms know no members, so their owners are found by an index of their own."""


def _delete(tx: Tx, who: Who, user: str) -> ErrorRow | None:
    if user in who.app.admins:
        return err.ACCOUNT_BAD_PARAMETER
    if not registered(tx, user):
        return err.ACCOUNT_UNKNOWN
    joined = tx.all(
        "SELECT g.* FROM members m JOIN groups g ON g.num = m.group_num WHERE m.user_id = :user ORDER BY g.num",
        user=user,
    )
    for row in joined:
        leave(tx, who, GroupRow(*row), [user], how="AccountDeleted")
    drop_admin(tx, who, user)
    for row in tx.all(OWNED_LIVE_ROOMS, user=user):
        room = GroupRow(*row)
        set_owner(tx, who.now, room, "")
        event = OwnerChanged(
            group_id=room.group_id, kind=room.kind_name, operator=who.user, at=who.now, old=user, new=""
        )
        publish(tx, room, event, Notice.OFF)
    forget_applicant(tx, user)
    forget_user(tx, user)
    tx.run("DELETE FROM mutes WHERE user_id = :user", user=user)
    tx.run("DELETE FROM bans WHERE user_id = :user", user=user)
    tx.run("DELETE FROM receive_options WHERE user_id = :user", user=user)
    tx.run("DELETE FROM hidden_messages WHERE user_id = :user", user=user)
    tx.run("DELETE FROM accounts WHERE user_id = :user", user=user)
    tx.accounts.discard(user)
    tx.run(
        "INSERT INTO deleted_accounts (user_id, at) VALUES (:user, :at) ON CONFLICT (user_id) DO UPDATE SET at = :at",
        user=user,
        at=who.now,
    )
    tx.count(ACCOUNTS, -1)
    tx.emit(AccountsChanged(deleted=[user]))
    return None


class Kick(Request[Done], frozen=True, kw_only=True):
    """Whose logins to end."""

    UserID: AccountID


@command(SERVICE, writes=True, doc="1047/34957", old_fields={"Identifier": "UserID"}, doors=(REST,),
         errors=(err.ACCOUNT_BAD_PARAMETER, err.ACCOUNT_UNKNOWN), internal=err.ACCOUNT_INTERNAL)  # fmt: skip
def kick(tx: Tx, who: Who, req: Kick) -> Done:
    """End an account's sessions and revoke the UserSigs made for it before this second; newer ones work."""
    who.require_admin()
    row = tx.one(
        "UPDATE accounts SET revoked_before = :at WHERE user_id = :user RETURNING 1", at=who.now, user=req.UserID
    )
    if row is None:
        raise Refused(err.ACCOUNT_UNKNOWN, f"UserID: {req.UserID!r}")
    tx.emit(LoginsRevoked(user=req.UserID, before=who.now))
    return Done()
