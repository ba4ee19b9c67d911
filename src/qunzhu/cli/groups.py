"""``qunzhu group``: a client of the REST API of a running server."""

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click
import msgspec

from qunzhu.cli.connecting import connect, server_options
from qunzhu.cli.rest import Client, Refusal
from qunzhu.cli.show import Failure, print_json, print_record, print_table, progress, when
from qunzhu.core.errors import REPLY_TOO_LARGE, TOO_FREQUENT
from qunzhu.core.kinds import KIND_NAMES
from qunzhu.core.limits import APPLY_OPTIONS, INVITE_OPTIONS, UINT32

F = TypeVar("F", bound=Callable[..., Any])
SERVICE = "group_open_http_svc"
PATIENCE = 10
"""So often a page is asked for while others of the same app list its groups as well."""
PAGE = 5000
"""Ids a call: so many of the longest still fit into a reply of 1 MB."""
MEMBER_PAGE = 100
_ROLES = {"admin": "Admin", "member": "Member"}
_kind = click.Choice(KIND_NAMES, case_sensitive=False)


@click.group()
def group() -> None:
    """Create, list, show and dissolve groups of a running server, as an administrator of the app.

    These are calls of the REST API: what they print with --json has the API's names.
    """


_PROFILE = (
    click.option("--type", "kind", type=_kind, required=True, help="Kind of group."),
    click.option("--name", required=True, help="Its name, at most 30 bytes of UTF-8."),
    click.option("--id", "group_id", help="Its id. Unset: one is made."),
    click.option("--owner", help="Its owner. Unset: a group without owner."),
    click.option("--member", "members", multiple=True, metavar="USER[:Admin]",
                 help="A first member. Repeat for more, up to 100."),
    click.option("--introduction", help="At most 240 bytes."),
    click.option("--notification", help="At most 300 bytes."),
    click.option("--face-url", help="URL of its picture, at most 100 bytes."),
    click.option("--max-members", type=int, help="Unset: what the plan allows."),
    click.option("--apply-join", type=click.Choice(APPLY_OPTIONS), help="Who may join by applying."),
    click.option("--invite-join", type=click.Choice(INVITE_OPTIONS), help="Who may join by invitation."),
    click.option("--custom", "fields", multiple=True, metavar="KEY=VALUE",
                 help="A custom field that the app has. Repeat for more."),
    click.option("--topics", is_flag=True, help="A Community with topics."),
)  # fmt: skip


def _profile(command: F) -> F:
    for option in reversed(_PROFILE):
        command = option(command)
    return command


@group.command()
@_profile
@click.option("--register", is_flag=True, help="First register owner and members that have no account yet.")
@server_options
def create(*, register: bool, as_json: bool, owner: str | None, members: tuple[str, ...], **given: Any) -> None:
    """Create a group."""
    first = [_member(text) for text in members]
    fields = [_field(text) for text in given["fields"]]
    request = {
        "Type": given["kind"], "Name": given["name"], "GroupId": given["group_id"], "Owner_Account": owner,
        "Introduction": given["introduction"], "Notification": given["notification"], "FaceUrl": given["face_url"],
        "MaxMemberCount": given["max_members"], "ApplyJoinOption": given["apply_join"],
        "InviteJoinOption": given["invite_join"], "AppDefinedData": fields or None, "MemberList": first or None,
        "SupportTopic": int(given["topics"]) or None,
    }  # fmt: skip
    client = connect(**_where(given))
    if register:
        _register(client, [*([owner] if owner else []), *(member["Member_Account"] for member in first)])
    reply = client.call(f"{SERVICE}/create_group", **{k: v for k, v in request.items() if v is not None})
    print_json(reply) if as_json else print_record(reply)


def _where(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("url", "sdkappid", "admin", "key", "ca", "data", "database", "file")}


def _register(client: Client, users: list[str]) -> None:
    """Register accounts; one that is there already stays as it is."""
    for start in range(0, len(users), 100):
        some = [{"UserID": user} for user in users[start : start + 100]]
        reply = client.call("im_open_login_svc/multiaccount_import", AccountList=some)
        if failed := reply.get("FailAccounts"):
            raise Failure(f"could not register {', '.join(failed)}", "a user id is 1 to 32 bytes of printable ASCII")


def _member(text: str) -> dict[str, str]:
    user, colon, role = text.rpartition(":")
    if colon and role.lower() in _ROLES:
        return {"Member_Account": user, "Role": _ROLES[role.lower()]}
    return {"Member_Account": text}


def _field(text: str) -> dict[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--custom")
    return {"Key": key, "Value": value}


@group.command("list")
@click.option("--type", "kind", type=_kind, help="Only groups of this kind.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many.")
@server_options
def list_(*, kind: str | None, limit: int | None, as_json: bool, **where: Any) -> None:
    """List the ids of the app's groups, one a line, oldest first.

    With --json one array of texts, one a line, written as it comes.
    """
    first, separator = True, ",\n" if as_json else "\n"
    for page in _pages(connect(**where), kind, limit):
        texts = [msgspec.json.encode(text).decode() for text in page] if as_json else page
        if page:
            click.echo(("[" if as_json and first else "" if first else separator) + separator.join(texts), nl=False)
            first = False
    if as_json:
        click.echo("[]" if first else "]")
    elif not first:
        click.echo()


def _pages(client: Client, kind: str | None, limit: int | None) -> Iterator[list[str]]:
    """Yield the ids page by page, with a bar when there are several pages."""
    only = {"GroupType": kind} if kind else {}
    reply = _page(client, Limit=min(PAGE, limit or PAGE), **only)
    total = min(reply["TotalCount"], limit or reply["TotalCount"])
    if not reply["Next"] or total <= len(reply["GroupIdList"]):
        yield _ids(reply)
        return
    done = 0
    with progress("groups", total) as at:
        while True:
            ids = _ids(reply)
            done += len(ids)
            yield ids
            at(done)
            left = PAGE if limit is None else min(PAGE, limit - done)
            if not reply["Next"] or left <= 0:
                return
            reply = _page(client, Limit=left, Next=reply["Next"], **only)


def _page(client: Client, **fields: Any) -> dict[str, Any]:
    """Read a page. Most plans allow one a second, so a page may have to wait for its second."""
    tries = 0
    while True:
        try:
            return client.call(f"{SERVICE}/get_appid_group_list", **fields)
        except Refusal as refusal:
            tries += 1
            if refusal.code != TOO_FREQUENT.code or tries == PATIENCE:
                raise
            time.sleep(1.01 - time.time() % 1)


def _ids(reply: dict[str, Any]) -> list[str]:
    return [item["GroupId"] for item in reply["GroupIdList"]]


@group.command()
@click.argument("group_ids", metavar="ID...", nargs=-1, required=True)
@server_options
def show(group_ids: tuple[str, ...], *, as_json: bool, **where: Any) -> None:
    """Show groups: profile, options and custom fields.

    A group that cannot be read is told on standard error, and the exit status is 1.
    """
    client = connect(**where)
    profiles = [_read(client, group_id) for group_id in group_ids]
    if as_json:
        print_json({"GroupInfo": profiles})
    else:
        for profile in profiles:
            if not profile["ErrorCode"]:
                print_record(_readable(profile))
    failed = [profile for profile in profiles if profile["ErrorCode"]]
    if failed:
        raise Refusal(failed[0]["ErrorCode"], "; ".join(profile["ErrorInfo"] for profile in failed))


def _read(client: Client, group_id: str) -> dict[str, Any]:
    """Return a group's profile.

    Its members come with it unasked. Where they are too many, it is read without them, and so without custom fields,
    which would have to be named.
    """
    command = f"{SERVICE}/get_group_info"
    try:
        reply = client.call(command, GroupIdList=[group_id])
    except Refusal as refusal:
        if refusal.code != REPLY_TOO_LARGE.code:
            raise
        reply = client.call(command, GroupIdList=[group_id], ResponseFilter={})
    profile: dict[str, Any] = reply["GroupInfo"][0]
    profile.pop("MemberList", None)
    return profile


def _readable(profile: dict[str, Any]) -> dict[str, Any]:
    """Return a profile for people: times as text, custom fields as KEY=VALUE, nothing twice."""
    shown = {
        name: value for name, value in profile.items() if name not in {"ErrorCode", "ErrorInfo", "ShutUpAllMember"}
    }
    for name in ("CreateTime", "LastInfoTime", "LastMsgTime"):
        shown[name] = when(shown.get(name, 0))
    shown["AppDefinedData"] = [f"{item['Key']}={item['Value']}" for item in shown.get("AppDefinedData", ())]
    return shown


@group.command()
@click.argument("group_id", metavar="ID")
@server_options
def members(group_id: str, *, as_json: bool, **where: Any) -> None:
    """List a group's members."""
    client = connect(**where)
    found: list[dict[str, Any]] = []
    cursor, total = "", 0
    with progress("members", 1) as at:
        while True:
            reply = client.call(f"{SERVICE}/get_group_member_info", GroupId=group_id, Limit=MEMBER_PAGE, Next=cursor)
            found += reply["MemberList"]
            total, cursor = reply["MemberNum"], reply.get("Next", "")
            if not cursor:
                break
            at(len(found) / max(total, 1))
    if as_json:
        print_json({"GroupId": group_id, "MemberNum": total, "MemberList": found})
        return
    print_table(
        ("Member", "Role", "Joined", "Name card", "Receives", "Muted until"),
        [
            (one["Member_Account"], one["Role"], when(one["JoinTime"]), one["NameCard"], one["MsgFlag"],
             "for good" if one["MuteUntil"] == UINT32 else when(one["MuteUntil"]))
            for one in found
        ],
    )  # fmt: skip


@group.command()
@click.argument("group_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@server_options
def destroy(group_id: str, *, yes: bool, as_json: bool, **where: Any) -> None:
    """Dissolve a group for good: profile, members and messages."""
    client = connect(**where)
    if not yes and not click.confirm(f"Dissolve {group_id!r} with all its messages?", err=True):
        raise Failure("nothing was dissolved")
    client.call(f"{SERVICE}/destroy_group", GroupId=group_id)
    if as_json:
        print_json({"GroupId": group_id})
    else:
        click.echo(f"{group_id} is dissolved")
