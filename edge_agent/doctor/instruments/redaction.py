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
from edge_agent.config.settings import OPTIONS, SECRET, Form, Settings, mark, nested
from edge_agent.doctor.case import Case
from edge_agent.doctor.themes.credentials import secrets

STRUCK = "***"
SHORTEST = 3  # a shorter text would strike half of every word
PIECE = 8  # the least of a token by itself
SHOWN = 56  # characters of a value that a line of problems shows, then an ellipsis
SENSITIVE = re.compile(r"pass|pwd|secret|token|key|credential|auth|psk|apprise", re.IGNORECASE)
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
    tables = case.reading.tables
    yield from _leaves(_struck(tables, safe_tables(tables)))
    environment = {**case.reading.environment, **case.unit.environment()}
    for name, value in environment.items():
        if SENSITIVE.search(name) and not os.path.isabs(value):  # noqa: PTH117 - a text so far
            yield value
    yield from _passwords(tables)
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


def safe_tables(tables: Mapping[str, Any], kind: type[Settings] | None = Config) -> dict[str, Any]:
    """Return a table with *** in place of every value that may be a secret.

    `kind` declares the table's keys; None if they are not ours, as the options of a driver.
    """
    return {key: _safe(key, value, kind) for key, value in tables.items()}


def _safe(key: str, value: Any, kind: type[Settings] | None) -> Any:  # noqa: ANN401
    if _is_secret(key, value, kind):
        return STRUCK
    below = next((one for one in nested(kind or Settings) if one.field.encode_name == key), None)
    if below and below.form is Form.NAMED and isinstance(value, Mapping):
        return {
            name: STRUCK if SENSITIVE.search(name) else _inside(one, below.kind)
            for name, one in value.items()
        }
    return _inside(value, below and below.kind)


def _inside(value: Any, kind: type[Settings] | None) -> Any:  # noqa: ANN401
    if isinstance(value, Mapping):
        return safe_tables(value, kind)
    if isinstance(value, list):
        return [_inside(one, kind) for one in value]
    return STRUCK if _has_userinfo(value) else value


def _struck(value: Any, safe: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield the values that `safe_tables` has struck."""
    if isinstance(safe, Mapping):
        for key, one in safe.items():
            yield from _struck(value[key], one)
    elif isinstance(safe, list):
        for before, after in zip(value, safe, strict=True):
            yield from _struck(before, after)
    elif safe == STRUCK:
        yield value


def _is_secret(key: str, value: Any, kind: type[Settings] | None) -> bool:  # noqa: ANN401
    """Tell whether a value may be a secret, by what its table says of the key, or by its looks."""
    looks = bool(SENSITIVE.search(key)) or _has_userinfo(value)
    if kind is None:
        return looks
    field = next((one for one in fields(kind) if one.encode_name == key), None)
    if field is None:  # a misspelt key may hold anything
        return looks or OPTIONS not in kind.__struct_fields__
    named = mark(field).get("names")
    if named:
        return not _is_name(named, str(value))
    return looks or SECRET.items() <= mark(field).items()


def _is_name(of: str, text: str) -> bool:
    """Tell a path or a variable's name from a secret that was put in its place."""
    if of == "variable":
        return VARIABLE.fullmatch(text) is not None
    return text.startswith(("/", "~/", "./", "../", "$CREDENTIALS_DIRECTORY/"))


def _has_userinfo(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, str) and "://" in value and "@" in value


def _leaves(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping):
            yield from _leaves(value.values())
        elif isinstance(value, list):
            yield from _leaves(value)
        else:
            yield str(value)
