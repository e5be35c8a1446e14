"""Whether a newer schema of a version only adds to an older one.

Readers and writers of one version are of any age. So a newer one may add a field with a default,
and change words; anything else is another version.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

WORDS = {"$schema", "$id", "title", "description"}  # no reader fails by them
ELSEWHERE = {"$defs", "allOf", "properties", "required"}  # `allOf` leads to the schemas of data
BELOW = {"additionalProperties", "items"}  # keywords whose value is a schema
REMEDY = "leave it as it was, or write a new version beside this one"


def breaking_changes(older: Schema, newer: Schema) -> list[str]:
    """Return what breaks readers of the older schema, or of older events, and what to do."""
    return list(_changes(_Side(older, older), _Side(newer, newer), ""))


class _Side:
    """A part of a schema, and the whole in which its references are found."""

    def __init__(self, whole: Schema, part: Any) -> None:  # noqa: ANN401
        self.whole = whole
        self.part: Any = part
        if isinstance(part, dict) and "$ref" in part:
            self.part = {**whole["$defs"][part["$ref"].rpartition("/")[2]], **part}
            del self.part["$ref"]

    def below(self, part: Any) -> "_Side":  # noqa: ANN401
        return _Side(self.whole, part)

    @property
    def required(self) -> set[str]:
        return set(self.part.get("required", ()))

    @property
    def properties(self) -> Schema:
        found: Schema = self.part.get("properties", {})
        return found

    @property
    def keywords(self) -> Schema:
        """What must be equal as it is."""
        left_out = {*WORDS, *BELOW, *ELSEWHERE}
        return {key: value for key, value in self.part.items() if key not in left_out}


def _changes(older: _Side, newer: _Side, place: str) -> Iterator[str]:
    if not isinstance(older.part, dict) or not isinstance(newer.part, dict):
        if older.part != newer.part:
            yield _changed(place, older.part, newer.part)
        return
    yield from _keywords(older, newer, place)
    yield from _fields(older, newer, place)
    for key in sorted(BELOW):
        if key in older.part or key in newer.part:
            one, other = (side.below(side.part.get(key, True)) for side in (older, newer))
            yield from _changes(one, other, f"{place}[…]")


def _keywords(older: _Side, newer: _Side, place: str) -> Iterator[str]:
    before, after = older.keywords, newer.keywords
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            yield _changed(f"{place} {key}".strip(), before.get(key), after.get(key))


def _fields(older: _Side, newer: _Side, place: str) -> Iterator[str]:
    before, after = older.properties, newer.properties
    for name in before:
        where = f"{place}.{name}".lstrip(".")
        if name not in after:
            yield f"{where} is gone, and older readers look for it: {REMEDY}"
            continue
        yield from _changes(older.below(before[name]), newer.below(after[name]), where)
        if name in older.required - newer.required:
            yield f"{where} may be left out now, and older readers require it: {REMEDY}"
        if name in newer.required - older.required:
            yield f"{where} is required now, and older events lack it: {REMEDY}"
    for name in after.keys() - before.keys():
        if name in newer.required:
            where = f"{place}.{name}".lstrip(".")
            yield f"{where} is new, and older events lack it: give it a default"


def _changed(place: str, before: object, after: object) -> str:
    return f"{place} was {before!r}, and is {after!r} now: {REMEDY}"
