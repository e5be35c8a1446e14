"""Removes secrets from everything that the doctor prints or packs.

Two layers: the texts that are known to be secret, wherever they occur; and everything that looks
like a secret (userinfo and tokens in URLs, `password = ...`, private keys).
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from edge_agent.doctor.instruments.credentials import Credentials
from edge_agent.doctor.instruments.secret_keys import secret_values
from edge_agent.keys import REDACTED, SENSITIVE

SHORTEST = 3  # a shorter text would remove parts of ordinary words
PIECE = 8  # the shortest part of a URL that may be a token by itself
SHOWN = 56  # characters of a value that the line of a problem shows, then an ellipsis
LARGEST = 100_000  # bytes of a file with a secret
BROKERS = {"mqtt", "mqtts", "amqp", "amqps", "kafka", "eventhubs"}
PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*-----|\Z)", re.DOTALL)
ASSIGNED = re.compile(
    r"(?i)([\w-]*(?:passw(?:or)?d|pwd|passphrase|secret|token|api_?key|authorization)[\"']?\s*[=:]\s*)"
    r"(?:bearer |basic )?(\"[^\"]*\"|'[^']*'|\S+)"
)
URL = re.compile(r"([a-zA-Z][\w+.-]*)://([^\s\"'<>`]+)")


class Redaction(NamedTuple):
    """Removes the `known` secrets, and what looks like one, from texts."""

    known: tuple[str, ...]

    def redact(self, text: str) -> str:
        """Return the text with *** in place of every secret."""
        text = PEM.sub(REDACTED, text)
        for secret in self.known:
            text = text.replace(secret, REDACTED)
        text = ASSIGNED.sub(_assigned, text)
        return URL.sub(_url, text)


def _assigned(match: re.Match[str]) -> str:
    return match[1] + REDACTED


def _url(match: re.Match[str]) -> str:
    """Keep a broker's host and port, and a page's host: all else in a URL may be a token."""
    scheme, rest = match[1].lower(), match[2]
    if not re.search(r"\w", rest):  # a scheme in a sentence, such as `amqps://,`
        return match[0]
    host = rest.rpartition("@")[2] if "@" in rest else rest
    userinfo = f"{REDACTED}@" if "@" in rest else ""
    if scheme in BROKERS:
        return f"{match[1]}://{userinfo}{host}"
    if scheme in {"http", "https"} and "@" not in rest:
        page, slash, path = rest.partition("/")
        return f"{match[1]}://{page}{slash}{REDACTED if path else ''}"
    return f"{match[1]}://{REDACTED}"


def redaction(tables: Mapping[str, Any], credentials: Credentials) -> Redaction:
    """Gather the secrets of the configuration's tables, and of the files and variables it names."""
    texts = {*_of_tables(tables), *_of_variables(credentials), *_of_files(credentials)}
    texts = {text for text in texts if len(text) >= SHORTEST}
    texts |= {piece for text in texts for piece in _pieces(text)}
    return Redaction(tuple(sorted(_spellings(texts), key=len, reverse=True)))


def _of_tables(tables: Mapping[str, Any]) -> Iterator[str]:
    yield from _leaves(secret_values(tables))
    for text in _leaves(tables.values()):
        userinfo, at, _ = text.partition("://")[2].rpartition("@")
        if at:
            yield from (userinfo, userinfo.partition(":")[2])


def _of_variables(credentials: Credentials) -> Iterator[str]:
    variables = credentials.variables()
    for name, value in variables.items():
        if SENSITIVE.search(name) and not os.path.isabs(value):  # noqa: PTH117 - a text so far
            yield value
    yield from (variables.get(name, "") for name in credentials.secret_variables())


def _of_files(credentials: Credentials) -> Iterator[str]:
    for file in credentials.files():
        yield from _lines(file.path)


def _lines(path: Path | None) -> Iterator[str]:
    with suppress(OSError, ValueError):
        if path is not None and path.stat().st_size < LARGEST:
            yield from path.read_text(encoding="utf-8").split("\n")


def _pieces(text: str) -> Iterator[str]:
    """Yield the parts of a notification URL: a program may print a token by itself."""
    scheme, found, rest = text.strip().partition("://")
    if found and scheme.lower() not in BROKERS:
        yield from (piece for piece in re.split(r"[/@:?&=]+", rest) if len(piece) >= PIECE)


def _spellings(texts: Iterable[str]) -> set[str]:
    """Return every way in which a text may be written: as JSON, in a URL, cut to a line."""
    found = set()
    for text in texts:
        stripped = text.strip()
        for spelling in (text, stripped, json.dumps(text)[1:-1], quote(text, safe="")):
            found |= {spelling, spelling[:SHOWN]}
    return {spelling for spelling in found if len(spelling) >= SHORTEST}


def _leaves(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, Mapping):
            yield from _leaves(value.values())
        elif isinstance(value, list):
            yield from _leaves(value)
        else:
            yield str(value)
