"""The pages of commands and errors."""

import inspect

import msgspec

from qunzhu.commands._before import refusals
from qunzhu.core import errors as err
from qunzhu.core.command import COMMANDS, Command
from qunzhu.core.errors import ERRORS, ErrorRow
from qunzhu.core.ports import GATEWAY, REST
from qunzhu.reference.blocks import Block, Code, Heading, Page, Table, Text, yes
from qunzhu.reference.records import fields_of, sample

EVERYWHERE = (
    err.HTTP_UNREADABLE, err.BODY_NOT_JSON, err.COMMAND_TOO_FREQUENT, err.COMMAND_UNKNOWN, err.NOT_APP_ADMIN,
    err.SDKAPPID_MISSING, err.REPLY_UNENCODABLE, err.ACCOUNT_NOT_TEXT, err.APP_DISABLED, err.COMMAND_DISABLED,
    err.OVERLOADED, err.URL_PARAMETER, err.USERSIG_EXPIRED, err.USERSIG_EMPTY, err.USERSIG_MALFORMED, err.USERSIG_WRONG,
    err.USERSIG_OTHER_USER, err.USERSIG_OTHER_APP, err.APP_UNKNOWN, err.USERSIG_TOO_MANY_FAILURES, err.REPLY_TOO_LARGE,
)  # fmt: skip
"""What the doors themselves may answer, whatever the command."""
AREAS = {
    "common": "Requests", "account": "Accounts and UserSigs", "group": "Groups", "message": "Messages",
    "openim_rest": "One-to-one messages, and who is online", "c2c_message": "Changes to messages",
    "config": "Mutes of the whole app",
    "conversation": "Conversations",
    "media": "Media",
    "history": "Files of an hour's messages",
}  # fmt: skip


def commands() -> list[Command]:
    """Return the rows of the command table, each once, in its order, without those no door opens."""
    return [row for path, row in COMMANDS.items() if path == row.path and row.doors]


def errors_of(row: Command) -> list[ErrorRow]:
    """Return the errors that a command may answer besides those of every command, by code."""
    rows = {*row.errors, *refusals(row.name), row.bad_input, row.internal, row.too_frequent} - set(EVERYWHERE)
    return sorted(rows, key=lambda error: error.code)


def about_command(row: Command) -> list[str]:
    """Return the paragraphs that say what a command does."""
    return [" ".join(part.split()).replace("``", "`") for part in (inspect.getdoc(row.run) or "").split("\n\n")]


def commands_page() -> Page:
    """Return the page of commands."""
    rows = commands()
    blocks: list[Block] = [
        Text(
            "Each command is one `POST /v4/<service>/<command>` of the REST API, called as an app administrator, and"
            " one method of the gateway, called with the rights of the user who is logged in. Unknown fields are"
            " ignored and `null` means absent. Limits in bytes are counted in UTF-8."
        ),
        Table(("Command", "Doors", "What it does"), [
            (f"[{row.name}](commands#{row.name})", _doors(row), about_command(row)[0]) for row in rows
        ]),
        Heading("Errors of every command"),
        Text("These come from the doors, before or after a command runs. They are not repeated below."),
        _error_table(sorted(EVERYWHERE, key=lambda error: error.code)),
    ]  # fmt: skip
    for service in dict.fromkeys(row.service for row in rows):
        blocks.append(Heading(service))
        for row in rows:
            if row.service == service:
                blocks += _command(row)
    return Page("commands", "Commands", blocks)


def _doors(row: Command) -> str:
    names = {REST: "REST", GATEWAY: "gateway"}
    return ",\u00a0".join(names[door] for door in row.doors)


def _command(row: Command) -> list[Block]:
    where = [f"`POST /v4/{row.path}`"] if REST in row.doors else []
    where += [f"gateway method `{row.name}`"] if GATEWAY in row.doors else []
    where += [f"reference document {row.doc}"] if row.doc[:1].isdigit() else []
    return [
        Heading(row.name, 3), Text(" · ".join(where)), *(Text(part) for part in about_command(row)), *_old_names(row),
        *_request(row), *_reply(row), Text("Errors:"), _error_table(errors_of(row)),
    ]  # fmt: skip


def _old_names(row: Command) -> list[Block]:
    said = [f"path `/v4/{path}`" for path in row.aliases]
    said += [f"field `{old}` for `{new}`" for old, new in row.old_fields.items()]
    return [Text(f"Older names that work too: {', '.join(said)}.")] if said else []


def _request(row: Command) -> list[Block]:
    rows = [
        (f"`{field.path}`", field.type, yes(field.required), field.limits, field.doc)
        for field in fields_of(row.request)
    ]
    if not rows:
        return [Text("The request has no fields.")]
    text = msgspec.json.format(msgspec.json.encode(sample(row.request)), indent=2).decode()
    return [
        Text("Request, for example:"), Code(text), Table(("Field", "Type", "Required", "Limits", "Meaning"), rows)
    ]  # fmt: skip


def _reply(row: Command) -> list[Block]:
    fields = fields_of(row.reply)
    if not fields:
        return [Text("The reply has no fields besides the envelope.")]
    rows = [
        (f"`{field.path}`", field.type, "always" if field.required else "where it applies", field.doc)
        for field in fields
    ]
    return [Text("Reply:"), Table(("Field", "Type", "Comes", "Meaning"), rows)]


def _error_table(rows: list[ErrorRow]) -> Table:
    return Table(("Code", "Text"), [(f"[{row.code}](errors#{row.code})", row.text) for row in rows])


def errors_page() -> Page:
    """Return the page of error codes."""
    users: dict[int, list[str]] = {}
    for row in commands():
        for error in errors_of(row):
            users.setdefault(error.code, []).append(f"[{row.name}](commands#{row.name})")
    everywhere = {row.code for row in EVERYWHERE}
    blocks: list[Block] = [
        Text("A refusal has HTTP status 200, `ActionStatus` FAIL, one of these codes in `ErrorCode`, and in `ErrorInfo`"
             " the text with the field, limit and size that caused it. Codes are those of the reference service; the"
             " texts are this server's own. Through the gateway they are the `code` of a JSON-RPC error."),
    ]  # fmt: skip
    for area in dict.fromkeys(row.area for row in ERRORS.values()):
        blocks += [Heading(AREAS[area]), Table(("Code", "Text", "Answered by"), [
            (str(row.code), row.text,
             "every command" if row.code in everywhere else ", ".join(users.get(row.code, [])) or "the gateway")
            for row in sorted(ERRORS.values(), key=lambda row: row.code)
            if row.area == area
        ], keyed=True)]  # fmt: skip
    return Page("errors", "Error codes", blocks)
