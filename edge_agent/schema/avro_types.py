"""Avro types of msgspec's structs, as plain dictionaries; deterministic, and without fastavro.

A struct becomes a record, a `dict` a map, a sequence an array, and `X | None` a union with null.
What has no type of its own, such as `Any`, is a string that holds JSON.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import msgspec
from msgspec import NODEFAULT
from msgspec import inspect as described

AvroType: TypeAlias = str | dict[str, Any] | list[Any]

JSON_TEXT = {"type": "string", "contentType": "application/json"}
PRIMITIVES: dict[type[described.Type], AvroType] = {
    described.NoneType: "null",
    described.BoolType: "boolean",
    described.IntType: "long",
    described.FloatType: "double",
    described.StrType: "string",
    described.BytesType: "bytes",
    described.DateTimeType: {"type": "long", "logicalType": "timestamp-micros"},
    described.AnyType: JSON_TEXT,
    described.RawType: JSON_TEXT,
}
SEQUENCES = (
    described.ListType,
    described.VarTupleType,
    described.SetType,
    described.FrozenSetType,
)


class AvroTypes:
    """The types of one document: a record is defined once, and referred to by its name then."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self._defined: set[str] = set()
        self._composed: dict[type[described.Type], Callable[[Any], AvroType]] = {
            described.StructType: self._struct,
            described.DictType: self._map,
            described.TupleType: self._tuple,
            described.UnionType: lambda info: self._union(info.types),
            described.LiteralType: lambda info: self._literal(info.values),
            **dict.fromkeys(SEQUENCES, lambda info: self._array(info.item_type)),
        }

    def of(self, annotation: object) -> AvroType:
        """Return the type of an annotation; raise TypeError if Avro has none."""
        return self._type(described.type_info(annotation))

    def record(self, name: str, doc: str, fields: list[dict[str, Any]]) -> dict[str, Any]:
        """Return a record in the document's namespace."""
        self._defined.add(name)
        return {
            "type": "record",
            "name": name,
            "namespace": self._namespace,
            "doc": doc,
            "fields": fields,
        }

    def fields(self, struct: type[msgspec.Struct]) -> list[dict[str, Any]]:
        """Return the fields of a struct, in its order."""
        info = described.type_info(struct)
        if not isinstance(info, described.StructType):
            raise TypeError(f"{struct!r} is not a struct")
        return [self._field(field) for field in info.fields]

    def _type(self, info: described.Type) -> AvroType:
        plain = _plain(info)
        kind = type(plain)
        if kind in PRIMITIVES:
            return PRIMITIVES[kind]
        if kind not in self._composed:
            raise TypeError(f"Avro has no type for {plain!r}")
        return self._composed[kind](plain)

    def _map(self, info: described.DictType) -> AvroType:
        return {"type": "map", "values": self._type(info.value_type)}

    def _array(self, items: described.Type) -> AvroType:
        return {"type": "array", "items": self._type(items)}

    def _tuple(self, info: described.TupleType) -> AvroType:
        return {"type": "array", "items": self._union(info.item_types)}

    def _struct(self, info: described.StructType) -> AvroType:
        struct = info.cls
        name = struct.__name__
        if name in self._defined:
            return f"{self._namespace}.{name}"
        self._defined.add(name)
        return self.record(name, doc_of(struct), self.fields(struct))

    def _union(self, members: Iterable[described.Type]) -> AvroType:
        """Return the type of several, null first, without a second of the same."""
        found: list[AvroType] = []
        for member in members:
            one = self._type(member)
            if one not in found:
                found.append(one)
        found.sort(key=lambda one: one != "null")
        return found[0] if len(found) == 1 else found

    def _literal(self, values: Iterable[object]) -> AvroType:
        """Return the type of the values: an enum would refuse a value that is added later."""
        kinds = {type(value) for value in values}
        if kinds in ({str}, {int}):
            return "string" if kinds == {str} else "long"
        raise TypeError(f"Avro has no type for {values!r}")

    def _field(self, field: described.Field) -> dict[str, Any]:
        found: dict[str, Any] = {"name": field.encode_name, "type": self._type(field.type)}
        description = _description(field.type)
        if description:
            found["doc"] = description
        if not field.required:
            found |= _defaulted(found["type"], _default(field))
        return found


def doc_of(struct: type) -> str:
    """Return a docstring's first paragraph, in one line."""
    return " ".join((inspect.getdoc(struct) or "").partition("\n\n")[0].split())


def _plain(info: described.Type) -> described.Type:
    return _plain(info.type) if isinstance(info, described.Metadata) else info


def _description(info: described.Type) -> str:
    if not isinstance(info, described.Metadata):
        return ""
    return str((info.extra_json_schema or {}).get("description", ""))


def _default(field: described.Field) -> object:
    if field.default_factory is not NODEFAULT:
        return msgspec.to_builtins(field.default_factory())
    return None if field.default is NODEFAULT else msgspec.to_builtins(field.default)  # UNSET


def _defaulted(type_: AvroType, default: object) -> dict[str, Any]:
    """Return type and default; a union begins with the type of its default."""
    members = type_ if isinstance(type_, list) else [type_]
    others = [one for one in members if one != "null"]
    if default is None:
        return {"type": ["null", *others], "default": None}
    return {"type": [*others, "null"] if "null" in members else type_, "default": default}
