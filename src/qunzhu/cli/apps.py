"""``qunzhu app``: apps in the control store. All of it works while a server runs, which follows within a second."""

import contextlib
import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from qunzhu.apps import (
    DEMO_ADMIN,
    RANGES,
    UNLIMITED,
    Home,
    all_apps,
    change_app,
    create_app,
    erased_apps,
    find_app,
    forget_app,
    is_known,
    mark_erased,
    step_name,
)
from qunzhu.cli.home import control, home_of, no_app, place_options
from qunzhu.cli.show import Failure, json_option, print_json, print_record, print_table, progress, when
from qunzhu.config import ConfigError
from qunzhu.core.callbacks import unknown_switch
from qunzhu.core.kinds import BY_NAME
from qunzhu.core.plans import PLANS, Extension
from qunzhu.core.ports import LEVELS, App, AppSettings, CallbackSettings, CustomField, Rate
from qunzhu.store.batch import BatchStore

F = TypeVar("F", bound=Callable[..., Any])
_CALLED = "callback_"
POLL_SECONDS = 0.2
ELSEWHERE_SECONDS = 3.0
"""How long a server on another machine, whose lock is not seen here, has to erase an app in a shared database."""


class FieldType(click.ParamType[CustomField]):
    """``KEY[:KINDS[:WRITELEVEL]]``; an empty text stands for no field."""

    name = "field"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> CustomField:
        """Return the field; what it may hold is checked with the whole app."""
        del param, ctx
        key, _, rest = value.partition(":")
        kinds, _, level = rest.partition(":")
        named = (part.strip() for part in kinds.split(",") if part.strip() not in {"", "*"})
        return CustomField(
            key,
            tuple(BY_NAME[kind].name if kind in BY_NAME else kind for kind in named),
            next((known for known in LEVELS if known.lower() == level.lower()), level) or "Member",
        )


class OffsetType(click.ParamType[int]):
    """``+08:00`` and the like, as minutes."""

    name = "+HH:MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return minutes east of UTC."""
        found = re.fullmatch(r"([+-]?)(\d{1,2}):([0-5]\d)", value)
        if found is None:
            self.fail(f"{value!r} is not an offset from UTC like +08:00 or -03:30", param, ctx)
        minutes = int(found[2]) * 60 + int(found[3])
        return -minutes if found[1] == "-" else minutes


class ExtensionType(click.ParamType[Extension]):
    """``CAP=NUMBER`` or ``CAP=unlimited``; an empty text stands for none."""

    name = "extension"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Extension:
        """Return the extension; what may be extended is checked with the whole app."""
        cap, _, step = value.partition("=")
        if value and step != UNLIMITED and not (step.isascii() and step.isdigit() and len(step) < 10):
            self.fail(f"{value!r} is not CAP=NUMBER or CAP={UNLIMITED}", param, ctx)
        return Extension(cap, None if step in {"", UNLIMITED} else int(step))


class RateType(click.ParamType[Rate]):
    """``COMMAND=NUMBER``; an empty text stands for none."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Rate:
        """Return the rate; which commands there are is checked with the whole app."""
        command, _, number = value.partition("=")
        if value and not (number.isascii() and number.isdigit() and len(number) < 10):
            self.fail(f"{value!r} is not COMMAND=NUMBER", param, ctx)
        return Rate(command, int(number or 0))


class SwitchType(click.ParamType[str]):
    """The name of a callback; ``*`` stands for all, an empty text for none."""

    name = "callback"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is in the table."""
        if wrong := unknown_switch(value) if value else "":
            self.fail(wrong, param, ctx)
        return str(value)


_FIELD = FieldType()
_FIELD_HELP = (
    "A custom {} field: its key; the kinds of group that have it (comma-separated; none: all); who may write it ("
    + ", ".join(LEVELS) + "; Member unless given). Repeat for more; '' for none."
)  # fmt: skip
_VALUES = (
    click.option("--name", help="A name for people."),
    click.option("--plan", "plan_name", type=click.Choice(list(PLANS)), help="Which caps bind it; open has none."),
    click.option("--admin", "admins", multiple=True, metavar="USER", help="An app administrator. Repeat for more."),
    click.option("--key", help="The secret key that UserSigs are made with."),
    click.option("--group-field", "group_fields", type=_FIELD, multiple=True,
                 metavar="KEY[:KINDS[:WRITELEVEL]]", help=_FIELD_HELP.format("group")),
    click.option("--member-field", "member_fields", type=_FIELD, multiple=True,
                 metavar="KEY[:KINDS[:WRITELEVEL]]", help=_FIELD_HELP.format("member")),
    click.option("--community/--no-community", default=None,
                 help="Switch communities on or off. Unset: on in plan open, off elsewhere."),
    click.option("--utc-offset", "utc_offset_minutes", type=OffsetType(),
                 help="Time zone of the app's calendar days. Unset: +08:00."),
    click.option("--delete-accounts/--no-delete-accounts", default=None,
                 help="Allow account_delete. Unset: as the plan says."),
    click.option("--disable-command", "disabled_commands", multiple=True, metavar="NAME",
                 help="A REST command to refuse (60017). Repeat for more; '' for none."),
    click.option("--invite-consent", multiple=True, metavar="KIND",
                 help="A kind of group that invited users must agree to. Repeat for more; '' for none."),
    click.option("--message-bytes", type=int, metavar="BYTES",
                 help="Size of a message: elements as JSON, and CloudCustomData. Unset: 12288."),
    click.option("--messages-per-second", type=int, metavar="NUMBER",
                 help="Messages of one group or topic in a second; 0: any number. Unset: 40."),
    click.option("--duplicate-seconds", type=int, metavar="SECONDS",
                 help="For so long the same sender's same Random is the same message. Unset: 300."),
    click.option("--recall-seconds", type=int, metavar="SECONDS",
                 help="For so long users may take back or change their messages. Unset: 120."),
    click.option("--extend", "extensions", type=ExtensionType(), multiple=True, metavar="CAP=NUMBER|unlimited",
                 help="A cap of the plan to raise, as the plan is sold. Repeat for more; '' for none."),
    click.option("--rate", "rates", type=RateType(), multiple=True, metavar="COMMAND=NUMBER",
                 help="Calls of a REST command in a second; 0: any number; * for all others. Unset: as the plan says."
                 " Repeat for more; '' for none."),
    click.option("--callback-url", metavar="URL", help="Where callbacks go, http:// or https://; '' for nowhere."),
    click.option("--callback-token", metavar="TEXT", help="The secret that callbacks are signed with; '' for none."),
    click.option("--callback", "callback_commands", type=SwitchType(), multiple=True, metavar="NAME",
                 help="A callback that is on, such as Group.CallbackBeforeSendMsg; * for all. Repeat for more;"
                      " '' for none."),
    click.option("--callback-block/--no-callback-block", default=None,
                 help="Refuse messages (80003) where a callback before them is not answered. Unset: they pass."),
    click.option("--callback-private/--no-callback-private", default=None,
                 help="Allow private, loopback and link-local addresses. Unset: they are refused."),
    click.option("--callback-tries", type=int, metavar="NUMBER",
                 help="So often it is tried to tell what has happened, 1 to 100. Unset: 12."),
)  # fmt: skip


def _values(command: F) -> F:
    """Give a command the options of an app's values; it takes them as ``**given``."""
    for option in reversed(_VALUES):
        command = option(command)
    return command


def _split(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the given values of ``App``, ``AppSettings`` and ``CallbackSettings``; what was not given is in none."""
    named = {name: value for name, value in given.items() if value is not None and value != ()}
    for name in ("group_fields", "member_fields"):
        if name in named:
            named[name] = tuple(field for field in named[name] if field.key)
    for name in ("disabled_commands", "invite_consent", "callback_commands"):
        if name in named:
            named[name] = tuple(filter(None, named[name]))
    for name, key in (("extensions", "cap"), ("rates", "command")):
        if name in named:
            named[name] = tuple(one for one in named[name] if getattr(one, key))
    if "invite_consent" in named:
        named["invite_consent"] = tuple(BY_NAME[k].name if k in BY_NAME else k for k in named["invite_consent"])
    inner = {name: value for name, value in named.items() if name in AppSettings.__struct_fields__}
    outer = {name: value for name, value in named.items() if name in App.__struct_fields__ and name not in inner}
    called = {name.removeprefix(_CALLED): value for name, value in named.items() if name.startswith(_CALLED)}
    return outer, inner, called


@click.group()
def app() -> None:
    """Make, list, change and erase apps: each an SDKAppID with a key, administrators, a plan and data of its own."""


@app.command()
@_values
@click.option("--sdkappid", type=int, help="Its number. Unset: the next free one.")
@place_options
@json_option
def create(*, sdkappid: int | None, as_json: bool, **given: Any) -> None:
    """Make an app, and show it with its key.

    Unless given, the administrator is "administrator", the plan open, the key random.
    """
    values, settings, called = _split(given)
    with control(home_of(**_place(given)), make=True) as store:
        made = store.write_now(
            lambda tx: create_app(
                tx, name=values.get("name", ""), plan=values.get("plan_name", "open"), sdkappid=sdkappid,
                admins=tuple(values.get("admins", (DEMO_ADMIN,))), key=values.get("key"), now=int(time.time()),
                settings=AppSettings(callbacks=CallbackSettings(**called), **settings),
            )
        )  # fmt: skip
    _show(made, as_json=as_json, with_key=True)


@app.command("list")
@place_options
@json_option
def list_(*, as_json: bool, **place: Any) -> None:
    """List all apps."""
    with control(home_of(**place)) as store:
        apps = store.read_now(all_apps)
    if as_json:
        print_json([shown(one) for one in apps])
        return
    print_table(
        ("SDKAppID", "Name", "Plan", "Administrators", "State", "Made"),
        [
            (one.sdkappid, one.name, one.plan_name, ", ".join(one.admins), "on" if one.enabled else "off",
             when(one.created_at))
            for one in apps
        ],
    )  # fmt: skip


@app.command()
@click.argument("sdkappid", type=int)
@click.option("--show-key", is_flag=True, help="Show the secret key and the token of callbacks as well.")
@place_options
@json_option
def show(sdkappid: int, *, show_key: bool, as_json: bool, **place: Any) -> None:
    """Show one app."""
    with control(home_of(**place)) as store:
        found = store.read_now(find_app, sdkappid)
    if found is None:
        raise no_app(sdkappid)
    _show(found, as_json=as_json, with_key=show_key)


@app.command("set")
@click.argument("sdkappid", type=int)
@_values
@click.option("--enable/--disable", "enabled", default=None, help="Serve the app, or refuse its calls (60016).")
@place_options
@json_option
def set_(sdkappid: int, *, as_json: bool, **given: Any) -> None:
    """Change an app. What is not named stays; a list that is named takes the place of the old one.

    A running server follows within a second. A new key makes every UserSig of the old one invalid.
    """
    values, settings, called = _split(given)
    if not (values or settings or called):
        raise click.UsageError("nothing to change: name at least one option")
    with control(home_of(**_place(given))) as store:
        changed = store.write_now(change_app, sdkappid, values, settings, called)
    if changed is None:
        raise no_app(sdkappid)
    _show(changed, as_json=as_json, with_key=False)


@app.command()
@click.argument("sdkappid", type=int)
@click.option("--yes", is_flag=True, help="Do not ask for the number again.")
@click.option("--wait", type=click.FloatRange(min=0), default=30.0, show_default=True, metavar="SECONDS",
              help="How long to wait for a running server to erase it.")  # fmt: skip
@place_options
@json_option
def erase(sdkappid: int, *, yes: bool, wait: float, as_json: bool, **place: Any) -> None:
    """Erase an app for good: accounts, groups, messages, settings.

    A server that runs on the data folder ends the app's sessions and erases it; without one it is erased here.
    """
    home = home_of(**place)
    with control(home) as store:
        if not store.read_now(is_known, sdkappid):
            raise no_app(sdkappid)
        if not yes and click.prompt(f"This erases all data of app {sdkappid}. Type {sdkappid} to go on", err=True,
                                    default="", show_default=False) != str(sdkappid):  # fmt: skip
            raise Failure("the number typed is another: nothing was erased")
        store.write_now(mark_erased, sdkappid)
        by = _erase(home, store, sdkappid, wait)
    if as_json:
        print_json({"sdkappid": sdkappid, "erased": True, "by": by})
    else:
        click.echo(f"app {sdkappid} is erased")


def _erase(home: Home, store: BatchStore, sdkappid: int, wait: float) -> str:
    """Have a marked app erased by the server that has it open, or erase it here; say which."""
    if home.database and home.holder() is None and _erased_within(store, sdkappid, min(wait, ELSEWHERE_SECONDS)):
        return "server"
    try:
        lock = home.lock()
    except ConfigError:
        if home.holder() is None:
            raise
        if _erased_within(store, sdkappid, wait):
            return "server"
        raise Failure(
            f"the server (pid {home.holder()}) has not erased app {sdkappid} within {wait:g} s",
            "the app is out of service already, and its data goes as soon as that server gets to it or is restarted;"
            " `qunzhu doctor` looks closer",
        ) from None
    with contextlib.closing(lock):
        home.erase_app(sdkappid)
        store.write_now(forget_app, sdkappid)
    return "command"


def _erased_within(store: BatchStore, sdkappid: int, seconds: float) -> bool:
    """Wait until a server has removed the app's record."""
    start = time.monotonic()
    with progress(f"waiting for the server to erase app {sdkappid}", seconds) as at:
        while sdkappid in store.read_now(erased_apps):
            if (passed := time.monotonic() - start) >= seconds:
                return False
            at(passed)
            time.sleep(POLL_SECONDS)
    return True


def _place(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("data", "database", "file")}


def shown(one: App, *, with_key: bool = False) -> dict[str, Any]:
    """Return an app as ``--json`` shows it."""
    settings = one.settings
    return {
        "sdkappid": one.sdkappid, "name": one.name, **({"key": one.key} if with_key else {}), "admins": one.admins,
        "plan": one.plan_name, "enabled": one.enabled, "communities": one.communities_on,
        "utc_offset": _offset(settings.utc_offset_minutes), "group_fields": settings.group_fields,
        "member_fields": settings.member_fields, "delete_accounts": settings.delete_accounts,
        "disabled_commands": settings.disabled_commands, "invite_consent": settings.invite_consent,
        "extensions": {one.cap: one.to for one in settings.extensions},
        "rates": {rate.command: rate.per_second for rate in settings.rates},
        **{name: getattr(settings, name) for name in RANGES}, "created_at": one.created_at,
        "callbacks": _called(settings.callbacks, with_key=with_key),
    }  # fmt: skip


def _called(callbacks: CallbackSettings, *, with_key: bool) -> dict[str, Any]:
    """Return the settings of callbacks; of the token only whether there is one, unless it is asked for."""
    return {
        "url": callbacks.url, "signed": bool(callbacks.token),
        **({"token": callbacks.token} if with_key and callbacks.token else {}), "commands": callbacks.commands,
        "block": callbacks.block, "private": callbacks.private, "tries": callbacks.tries,
    }  # fmt: skip


def _show(one: App, *, as_json: bool, with_key: bool) -> None:
    if as_json:
        print_json(shown(one, with_key=with_key))
        return
    settings = one.settings
    print_record({
        "SDKAppID": one.sdkappid, "Name": one.name, "Key": one.key if with_key else "hidden (--show-key)",
        "Administrators": one.admins, "Plan": one.plan_name, "State": "on" if one.enabled else "off",
        "Communities": "on" if one.communities_on else "off", "Time zone": f"UTC{_offset(settings.utc_offset_minutes)}",
        "Group fields": [_field(field) for field in settings.group_fields],
        "Member fields": [_field(field) for field in settings.member_fields],
        "Deleting accounts": {None: "as the plan says", True: "on", False: "off"}[settings.delete_accounts],
        "Disabled commands": settings.disabled_commands, "Invited users agree in": settings.invite_consent,
        "Size of a message": f"{settings.message_bytes} bytes",
        "Messages a second": settings.messages_per_second or "any number",
        "Same message within": f"{settings.duplicate_seconds} s", "Taking back within": f"{settings.recall_seconds} s",
        "Extended": [f"{cap.cap}={step_name(cap.to)}" for cap in settings.extensions],
        "Calls a second": [f"{rate.command}={rate.per_second}" for rate in settings.rates] or "as the plan says",
        **_show_called(settings.callbacks, with_key=with_key), "Made": when(one.created_at),
    })  # fmt: skip


def _show_called(callbacks: CallbackSettings, *, with_key: bool) -> dict[str, Any]:
    if not callbacks.url:
        return {"Callbacks to": "nowhere"}
    token = callbacks.token if with_key else "hidden (--show-key)"
    return {
        "Callbacks to": callbacks.url, "Callback token": token if callbacks.token else "none: not signed",
        "Callbacks that are on": callbacks.commands or "none",
        "Messages not answered for": "refused" if callbacks.block else "pass",
        "Callbacks to private addresses": "allowed" if callbacks.private else "refused",
        "Tries of a callback": callbacks.tries,
    }  # fmt: skip


def _field(field: CustomField) -> str:
    return f"{field.key} ({', '.join(field.kinds) or 'all kinds'}; written by {field.write} and above)"


def _offset(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
