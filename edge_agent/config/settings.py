"""What all tables of the configuration have in common.

Each table is a Struct whose annotations declare keys, types, ranges, defaults and descriptions. The
reader, the pages in docs/ and the doctor's redaction follow from them.
"""

import math
from collections.abc import Iterator
from enum import Enum
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeAlias, get_args, get_origin

import msgspec
from msgspec import Meta
from msgspec.structs import FieldInfo

OPTIONS = "options"  # the field that takes the driver's own keys
UNBOUNDED = (-math.inf, math.inf)

Name: TypeAlias = Annotated[
    str, Meta(pattern="^[A-Za-z0-9_-]+$", max_length=64, description="letters, digits, _ and -")
]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the configuration file."""


class Form(Enum):
    """How the tables of a field are written in TOML."""

    TABLE = "[{}]"
    LIST = "[[{}]]"
    NAMED = "[{}.<name>]"


class Nested(NamedTuple):
    """A field that holds further tables."""

    field: FieldInfo
    form: Form
    kind: type[Settings]


@cache  # a configuration may have thousands of tables of a kind
def fields(kind: type[Settings]) -> tuple[FieldInfo, ...]:
    """Return the fields of a table."""
    return msgspec.structs.fields(kind)


@cache
def nested(kind: type[Settings]) -> tuple[Nested, ...]:
    """Return the fields of a table that hold further tables."""
    found = ((field, _nested(field.type)) for field in fields(kind))
    return tuple(Nested(field, *inner) for field, inner in found if inner)


def tables(kind: type[Settings], heading: str = "") -> Iterator[tuple[str, type[Settings]]]:
    """Yield a table and all below it, each with its heading as TOML writes it."""
    yield heading, kind
    above = f"{heading.strip('[]')}." if heading else ""
    for field, form, inner in nested(kind):
        yield from tables(inner, form.value.format(above + field.encode_name))


def _nested(annotation: Any) -> tuple[Form, type[Settings]] | None:  # noqa: ANN401
    """Read `SomeSettings`, `tuple[SomeSettings, ...]` or `dict[str, SomeSettings]`."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if _is_settings(annotation):
        return Form.TABLE, annotation
    if origin is tuple and _is_settings(arguments[0]):
        return Form.LIST, arguments[0]
    if origin is dict and _is_settings(arguments[1]):
        return Form.NAMED, arguments[1]
    return None


def _is_settings(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Settings)


@cache
def keys(kind: type[Settings]) -> tuple[FieldInfo, ...]:
    """Return the fields that hold a value each: neither tables nor the driver's own keys."""
    tables = {one.field.name for one in nested(kind)} | {OPTIONS}
    return tuple(field for field in fields(kind) if field.name not in tables)


def description(field: FieldInfo) -> str:
    """Return the field's own words for its expected values."""
    texts = [meta.description for meta in _metas(field) if meta.description]
    return texts[-1] if texts else str(getattr(get_args(field.type), "__name__", field.type))


def _metas(field: FieldInfo) -> list[Meta]:
    return [one for one in getattr(field.type, "__metadata__", ()) if isinstance(one, Meta)]
