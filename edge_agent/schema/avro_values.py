"""From the builtins of a struct to what its Avro type takes: JSON where that has no type."""

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
from msgspec import inspect as described

from edge_agent.schema.avro_types import SEQUENCES

Conversion: TypeAlias = Callable[[Any], Any]


def conversion(info: described.Type) -> Conversion | None:
    """Return what converts a value of a type; None if it stays as it is."""
    composed = COMPOSED.get(type(info))
    return composed and composed(info)


def _json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _each_value(convert: Conversion | None) -> Conversion | None:
    return convert and (lambda values: {name: convert(one) for name, one in values.items()})


def _each_item(convert: Conversion | None) -> Conversion | None:
    return convert and (lambda items: [convert(one) for one in items])


def _each_field(info: described.StructType) -> Conversion | None:
    found = {field.encode_name: conversion(field.type) for field in info.fields}
    needed = {name: convert for name, convert in found.items() if convert}
    if not needed:
        return None
    return lambda fields: {
        name: needed[name](value) if name in needed else value for name, value in fields.items()
    }


def _unless_none(info: described.UnionType) -> Conversion | None:
    """Return the conversion of the one type of a union that needs one."""
    found = [convert for one in info.types if (convert := conversion(one))]
    if not found:
        return None
    if len(found) > 1:
        raise TypeError(f"two types of a union need a conversion: {info!r}")
    return lambda value: None if value is None else found[0](value)


COMPOSED: dict[type[described.Type], Callable[[Any], Conversion | None]] = {
    described.Metadata: lambda info: conversion(info.type),
    described.AnyType: lambda _: _json_text,
    described.RawType: lambda _: _json_text,
    described.DictType: lambda info: _each_value(conversion(info.value_type)),
    described.StructType: _each_field,
    described.UnionType: _unless_none,
    **dict.fromkeys(SEQUENCES, lambda info: _each_item(conversion(info.item_type))),
}
