"""The OpenAPI 3.1 document of the REST API, made from the command table."""

from typing import Any

import msgspec

from qunzhu import __version__
from qunzhu.core.command import COMMANDS, Command
from qunzhu.core.fields import ITEMS, about
from qunzhu.core.ports import REST
from qunzhu.edge.rest import PREFIX
from qunzhu.reference.commands import EVERYWHERE, about_command, commands, errors_of
from qunzhu.reference.records import sample

Json = dict[str, Any]
REFS = "#/components/schemas/"
USERSIG = (
    "UserSig (TLSSigAPIv2) of the identifier, made with the app's key: the JSON document of TLS.ver, TLS.identifier,"
    " TLS.sdkappid, TLS.expire, TLS.time and TLS.sig (HMAC-SHA256, base64), zlib-packed, in base64 with + / = written"
    " as * - _. `qunzhu usersig USER` prints one."
)
PARAMETERS: dict[str, Json] = {
    "sdkappid": {
        "required": True, "description": "SDKAppID of the app.", "schema": {"type": "integer", "minimum": 1},
    },
    "identifier": {
        "required": True, "description": "UserID of an app administrator.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 32},
    },
    "usersig": {"required": True, "description": USERSIG, "schema": {"type": "string"}},
    "random": {
        "required": False, "description": "Any number; it is not looked at.",
        "schema": {"type": "integer", "minimum": 0, "maximum": 4294967295},
    },
    "contenttype": {"required": False, "description": "json.", "schema": {"type": "string", "enum": ["json"]}},
}  # fmt: skip


def openapi() -> bytes:
    """Return the document as JSON."""
    rows = [row for row in commands() if REST in row.doors]
    paths = {f"{PREFIX}{path}": {"post": _operation(row, path)} for row in rows for path in (row.path, *row.aliases)}
    return msgspec.json.encode({
        "openapi": "3.1.0",
        "info": {
            "title": "qunzhu REST API",
            "version": __version__,
            "summary": "Server API of a group messaging service, in the form of Tencent Cloud IM's.",
            "description": (
                "Every application answer has HTTP status 200. `ActionStatus` says OK or FAIL, or SomeError of a"
                " message to many that did not reach all; `ErrorCode` is 0 or a documented code, and `ErrorInfo` names"
                " field, limit and size. Any Content-Type is accepted, unknown fields are ignored, `null` means absent."
                " `x-max-bytes` limits the UTF-8 bytes of a text."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"UserSig": []}],
        "tags": [{"name": service} for service in dict.fromkeys(row.service for row in rows)],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "UserSig": {"type": "apiKey", "in": "query", "name": "usersig", "description": USERSIG},
            },
            "parameters": {name: {"name": name, "in": "query", **more} for name, more in PARAMETERS.items()},
            "schemas": _schemas(rows),
        },
    })  # fmt: skip


def _operation(row: Command, path: str) -> Json:
    old = path != row.path
    paragraphs = about_command(row)
    if row.old_fields:
        names = ", ".join(f"`{old}` for `{new}`" for old, new in row.old_fields.items())
        paragraphs.append(f"Older field names that work too: {names}.")
    if old:
        paragraphs.append(f"An older path of {row.name}.")
    return {
        "operationId": path.rpartition("/")[2],
        "tags": [row.service],
        "summary": paragraphs[0],
        "description": "\n\n".join(paragraphs),
        **({"deprecated": True} if old else {}),
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS],
        "requestBody": {"required": True, "content": {"application/json": {
            "schema": {"$ref": REFS + row.request.__name__}, "example": sample(row.request),
        }}},
        "responses": {"200": _answers(row)},
    }  # fmt: skip


def _answers(row: Command) -> Json:
    """Return the one HTTP response, with the codes that it may carry."""
    codes = sorted({*errors_of(row), *EVERYWHERE}, key=lambda error: error.code)
    envelope = "Success" if row.reply.statuses == ("OK",) else "PartialSuccess"
    done = {"allOf": [{"$ref": f"{REFS}{envelope}"}, {"$ref": REFS + row.reply.__name__}]}
    return {
        "description": "Done, or refused: " + ", ".join(str(error.code) for error in codes) + ".",
        "content": {"application/json": {"schema": {"oneOf": [done, {"$ref": f"{REFS}Failure"}]}}},
        "x-error-codes": {str(error.code): error.text for error in codes},
    }


def _schemas(rows: list[Command]) -> Json:
    records = list(dict.fromkeys(record for row in rows for record in (row.request, row.reply)))
    _, found = msgspec.json.schema_components(records, ref_template=REFS + "{name}")
    for name, schema in found.items():
        schema["description"] = schema.get("description", "").replace("``", "`")
        for field, part in schema.get("properties", {}).items():
            _describe(name, field, part)
    codes = sorted(
        {error for row in COMMANDS.values() for error in errors_of(row)} | {*EVERYWHERE}, key=lambda e: e.code
    )
    return {
        "Success": _envelope({"const": "OK"}, {"const": 0}),
        "PartialSuccess": _envelope({"enum": ["OK", "SomeError"]}, {"const": 0}),
        "Failure": _envelope({"const": "FAIL"}, {"enum": [error.code for error in codes]}),
        **found,
    }


def _envelope(status: Json, code: Json) -> Json:
    return {
        "type": "object",
        "properties": {
            "ActionStatus": status,
            "ErrorCode": {"type": "integer", **code},
            "ErrorInfo": {"type": "string", "description": "Empty, or the text of the code with what caused it."},
            "ErrorDisplay": {"type": "string", "description": "Empty; only in recentcontact."},
        },
        "required": ["ActionStatus", "ErrorCode", "ErrorInfo"],
    }


def _describe(record: str, field: str, part: Json) -> None:
    """Say what a field means, and what the items of an open array hold. None means absent, so it is no default."""
    part["description"] = about(record, field)
    if part.get("default", ...) is None:
        del part["default"]
    items = ITEMS.get(f"{record}.{field}")
    if items:
        part["items"] = {"type": "object", "properties": {
            name: {"type": kind, "description": about(field, name)} for name, kind in items.items()
        }}  # fmt: skip
