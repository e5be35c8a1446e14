"""Strikes secrets out of whatever the doctor prints or packs.

Two nets: the texts that are known to be secret, wherever they stand; and everything that looks like
one (userinfo and tokens in URLs, `password = ...`, private keys).
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from msgspec.structs import fields

from edge_agent.config.config import Config
from edge_agent.config.settings import OPTIONS, Settings, nested
from edge_agent.doctor.case import Case
from edge_agent.doctor.themes.credentials import secrets

STRUCK = "***"
SHORTEST = 3  # a shorter text would strike half of every word
PIECE = 8  # the least of a token by itself
SHOWN = 56  # characters of a value that a line of problems shows, then an ellipsis
SENSITIVE = re.compile(r"pass|pwd|secret|token|key|credential|auth|psk|apprise", re.IGNORECASE)
FILES = {"password_file", "password_env", "url_file", "ca", "certificate", "key"}
VARIABLE = re.compile(r"[A-Z]+(_[A-Z]+)*")  # with digits, it may be a token
PLAIN = {"mqtt", "mqtts"}
PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|\Z)", re.DOTALL)
ASSIGNED = re.compile(
    r"(?i)([\w-]*(?:passw(?:or)?d|pwd|passphrase|secret|token|api_?key|authorization)[\"']?\s*[=:]\s*)"
    r"(?:bearer |basic )?(\"[^\"]*\"|'[^']*'|\S+)"
)
URL = re.compile(r"([a-zA-Z][\w+.-]*)://([^\s\"'<>`]+)")


class Redaction(NamedTuple):
    """Knows what is secret; `strike` takes it out of a text."""

    known: tuple[str, ...]

    def strike(self, text: str) -> str:
        """Return the text with *** in place of every secret."""
        text = PEM.sub(STRUCK, text)
        for secret in self.known:
            text = text.replace(secret, STRUCK)
        text = ASSIGNED.sub(_assigned, text)
        return URL.sub(_url, text)


def _assigned(match: re.Match[str]) -> str:
    return match[1] + STRUCK


def _url(match: re.Match[str]) -> str:
    """Keep a broker's host and port, and a page's host: all else in a URL may be a token."""
    scheme, rest = match[1].lower(), match[2]
    host = rest.rpartition("@")[2] if "@" in rest else rest
    userinfo = f"{STRUCK}@" if "@" in rest else ""
    if scheme in PLAIN:
        return f"{match[1]}://{userinfo}{host}"
    if scheme in {"http", "https"} and "@" not in rest:
        page, slash, path = rest.partition("/")
        return f"{match[1]}://{page}{slash}{STRUCK if path else ''}"
    return f"{match[1]}://{STRUCK}"


def redaction(case: Case) -> Redaction:
    """Gather what is secret in the configuration, and in the files and variables it names."""
    texts = {text for text in _secret_texts(case) if len(text) >= SHORTEST}
    texts |= {piece for text in texts for piece in _pieces(text)}
    return Redaction(tuple(sorted(_spellings(texts), key=len, reverse=True)))


def _secret_texts(case: Case) -> Iterator[str]:
    yield from _leaves(_struck_only(case.reading.tables))
    environment = {**case.reading.environment, **case.unit.environment()}
    for name, value in environment.items():
        if SENSITIVE.search(name) and not os.path.isabs(value):  # noqa: PTH117 - a text so far
            yield value
    yield from _passwords(case.reading.tables)
    if case.config is not None:
        yield environment.get(case.config.mqtt.password_env, "")
    for secret in secrets(case):
        yield from _contents(secret.path)


def _passwords(tables: Mapping[str, Any]) -> Iterator[str]:
    """Yield what stands between the scheme and the host of a URL."""
    for text in _leaves(tables.values()):
        userinfo, at, _ = text.partition("://")[2].rpartition("@")
        if at:
            yield from (userinfo, userinfo.partition(":")[2])


def _contents(path: Path | None) -> Iterator[str]:
    with suppress(OSError, ValueError):
        if path is not None and path.stat().st_size < 100_000:
            yield from path.read_text(encoding="utf-8").split("\n")


def _pieces(text: str) -> Iterator[str]:
    """Yield what a notification's URL is made of: a program may tell a token by itself."""
    scheme, found, rest = text.strip().partition("://")
    if found and scheme.lower() not in PLAIN:
        yield from (piece for piece in re.split(r"[/@:?&=]+", rest) if len(piece) >= PIECE)


def _spellings(texts: Iterable[str]) -> set[str]:
    """Return every way in which a text may be written: as JSON, in a URL, cut to a line."""
    found = set()
    for text in texts:
        stripped = text.strip()
        for spelling in (text, stripped, json.dumps(text)[1:-1], quote(text, safe="")):
            found |= {spelling, spelling[:SHOWN]}
    return {spelling for spelling in found if len(spelling) >= SHORTEST}


def safe_tables(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration with *** in place of every value that may be a secret."""
    return {name: _safe(name, value, "") for name, value in tables.items()}


def _safe(key: str, value: Any, table: str) -> Any:  # noqa: ANN401
    if _is_secret(key, value, table):
        return STRUCK
    if isinstance(value, Mapping):
        return {name: _safe(name, one, _table(key, table)) for name, one in value.items()}
    if isinstance(value, list):
        return [_safe(key, one, table) for one in value]
    return value


def _struck_only(tables: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values that `safe_tables` strikes."""

    def walk(key: str, value: Any, table: str) -> Iterator[Any]:  # noqa: ANN401
        if _is_secret(key, value, table):
            yield value
        elif isinstance(value, Mapping):
            for name, one in value.items():
                yield from walk(name, one, _table(key, table))
        elif isinstance(value, list):
            for one in value:
                yield from walk(key, one, table)

    for name, value in tables.items():
        yield from walk(name, value, "")


def _table(key: str, table: str) -> str:
    return key if not table else f"{table}.{key}"


def _is_secret(key: str, value: Any, table: str) -> bool:  # noqa: ANN401
    """Tell whether a value may be a secret, by its key's name and place."""
    if isinstance(value, Mapping | list):
        return bool(SENSITIVE.search(key)) or _unknown(key, table)
    if key in FILES and table in {"mqtt", "notify"}:
        return not _names_something(key, str(value))
    if table == "notify":
        return key not in {"name", "severity"}
    return bool(SENSITIVE.search(key)) or _has_userinfo(value) or _unknown(key, table)


def _names_something(key: str, value: str) -> bool:
    """Tell a path or a variable's name from a secret that was put in its place."""
    if key == "password_env":
        return VARIABLE.fullmatch(value) is not None
    return value.startswith(("/", "~/", "./", "../", "$CREDENTIALS_DIRECTORY/"))


def _has_userinfo(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, str) and "://" in value and "@" in value


def _unknown(key: str, table: str) -> bool:
    """Tell whether a key is none of ours: a misspelt one may hold anything."""
    kinds: dict[str, type[Settings]] = {"": Config}
    kinds |= {one.field.encode_name: one.kind for one in nested(Config)}
    kind = kinds.get(table)
    if kind is None or OPTIONS in kind.__struct_fields__:
        return False  # options of a driver, names of channels and thresholds
    return key not in {field.encode_name for field in fields(kind)}


def _leaves(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping):
            yield from _leaves(value.values())
        elif isinstance(value, list):
            yield from _leaves(value)
        else:
            yield str(value)
