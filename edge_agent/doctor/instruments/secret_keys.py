"""Which values of a configuration may be secret: by their key in the table, and by looks."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import fields

from edge_agent.config.config import Config
from edge_agent.config.settings import OPTIONS, Form, Settings, nested
from edge_agent.keys import REDACTED, SENSITIVE, has_credentials, is_secret, mark


def safe_tables(tables: Mapping[str, Any], kind: type[Settings] | None = Config) -> dict[str, Any]:
    """Return a table with *** in place of every value that may be secret.

    `kind` declares the table's keys; None if they are not ours, such as the options of a driver.
    """
    return {key: _safe(key, value, kind) for key, value in tables.items()}


def secret_values(tables: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values that `safe_tables` replaces."""
    yield from _replaced(tables, safe_tables(tables))


def _replaced(value: Any, safe: Any) -> Iterator[Any]:  # noqa: ANN401
    if isinstance(safe, Mapping):
        for key, one in safe.items():
            yield from _replaced(value[key], one)
    elif isinstance(safe, list):
        for before, after in zip(value, safe, strict=True):
            yield from _replaced(before, after)
    elif safe == REDACTED:
        yield value


def _safe(key: str, value: Any, kind: type[Settings] | None) -> Any:  # noqa: ANN401
    if _is_secret(key, value, kind):
        return REDACTED
    below = next((one for one in nested(kind or Settings) if one.field.encode_name == key), None)
    if below and below.form is Form.NAMED and isinstance(value, Mapping):
        return {
            name: REDACTED if SENSITIVE.search(name) else _inside(one, below.kind)
            for name, one in value.items()
        }
    return _inside(value, below and below.kind)


def _inside(value: Any, kind: type[Settings] | None) -> Any:  # noqa: ANN401
    if isinstance(value, Mapping):
        return safe_tables(value, kind)
    if isinstance(value, list):
        return [_inside(one, kind) for one in value]
    return REDACTED if has_credentials(value) else value


def _is_secret(key: str, value: Any, kind: type[Settings] | None) -> bool:  # noqa: ANN401
    suspicious = bool(SENSITIVE.search(key)) or has_credentials(value)
    if kind is None:
        return suspicious
    field = next((one for one in fields(kind) if one.encode_name == key), None)
    if field is None:  # a misspelt key may hold anything
        return suspicious or OPTIONS not in kind.__struct_fields__
    marks = mark(field)
    return is_secret(marks, value) or (suspicious and "names" not in marks)
