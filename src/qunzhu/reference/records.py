"""Records as rows of a reference: each field with its type, limits and meaning, nested records unfolded."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import inspect as mi

from qunzhu.core.fields import ITEMS, SAMPLES, about

_NAMES = {mi.StrType: "string", mi.IntType: "integer", mi.BoolType: "boolean", mi.AnyType: "any"}
_PATTERNS = {"^[ -~]+$": "bytes of printable ASCII", "^[A-Za-z_][A-Za-z0-9_]*$": "letters, digits or `_`"}


class Field(msgspec.Struct, frozen=True):
    """One field: ``path`` is its wire name with those of the records around it."""

    path: str
    type: str
    required: bool
    limits: str
    doc: str


def fields_of(record: type[msgspec.Struct]) -> list[Field]:
    """Return the fields of a record, each followed by those of its parts."""
    node = mi.type_info(record)
    return list(_fields(node, "")) if isinstance(node, mi.StructType) else []


def _fields(struct: mi.StructType, prefix: str) -> Iterator[Field]:
    record = struct.cls.__name__
    for field in struct.fields:
        schema, bare = unwrap(field.type)
        name = field.encode_name
        yield Field(prefix + name, _type(bare), field.required, _limits(schema, bare), about(record, name))
        inner = f"{prefix}{name}{'[]' if isinstance(bare, mi.ListType) else ''}."
        part = unwrap(bare.item_type)[1] if isinstance(bare, mi.ListType) else bare
        if isinstance(part, mi.StructType):
            yield from _fields(part, inner)
        for item, kind in ITEMS.get(f"{record}.{name}", {}).items():
            yield Field(inner + item, kind, required=True, limits="", doc=about(name, item))


def unwrap(node: mi.Type) -> tuple[dict[str, Any], mi.Type]:
    """Return the limits that stand around a type, and the type without them and without None."""
    schema: dict[str, Any] = {}
    while isinstance(node, mi.Metadata | mi.UnionType):
        if isinstance(node, mi.Metadata):
            schema |= node.extra_json_schema or {}
            node = node.type
        else:
            node = next(part for part in node.types if not isinstance(part, mi.NoneType | mi.CustomType))
    return schema, node


def _type(bare: mi.Type) -> str:
    if isinstance(bare, mi.ListType):
        return f"array of {_type(unwrap(bare.item_type)[1])}s"
    return _NAMES.get(type(bare), "object")


def _limits(schema: Mapping[str, Any], bare: mi.Type) -> str:
    said = [_said(schema)]
    if isinstance(bare, mi.ListType | mi.DictType):
        part = bare.item_type if isinstance(bare, mi.ListType) else bare.value_type
        each, inner = unwrap(part)
        said.append("" if isinstance(inner, mi.StructType) else _said(each, "each "))
    return "; ".join(part for part in said if part)


def _said(schema: Mapping[str, Any], each: str = "") -> str:
    """Say the limits of one value."""
    if "enum" in schema:
        return ", ".join(f"`{name}`" for name in schema["enum"])
    if "pattern" in schema:
        return each + f"{schema['minLength']} to {schema['maxLength']} {_PATTERNS[schema['pattern']]}"
    for low, high, unit in (
        ("minLength", "x-max-bytes", " bytes"),
        ("minItems", "maxItems", " items"),
        ("minimum", "maximum", ""),
    ):
        if high in schema:
            least, most = schema.get(low, 0), schema[high]
            return each + (f"{least} to {most}{unit}" if least or not unit else f"at most {most}{unit}")
    return ""


def sample(record: type[msgspec.Struct]) -> dict[str, Any]:
    """Return a request that the record's decoder takes: required fields, and optional ones that show its use."""
    node = mi.type_info(record)
    return dict(_sample(node)) if isinstance(node, mi.StructType) else {}


def _sample(struct: mi.StructType) -> Iterator[tuple[str, Any]]:
    for field in struct.fields:
        name = field.encode_name
        own = SAMPLES.get(f"{struct.cls.__name__}.{name}")
        if own is not None:
            yield name, own
        elif field.required:
            yield name, _value(name, field.type)


def _value(name: str, node: mi.Type) -> Any:
    bare = unwrap(node)[1]
    item = unwrap(bare.item_type)[1] if isinstance(bare, mi.ListType) else bare
    if isinstance(item, mi.StructType):
        return [dict(_sample(item))] if item is not bare else dict(_sample(item))
    return SAMPLES[name]
