"""Where the keys of a TOML text are: `tomllib` returns their values only."""

import re
import tomllib
from typing import NamedTuple, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]  # an entry of a list is its number, from 0

BLANK = re.compile(r"(?:\s|#[^\n]*)*")
SPACE = re.compile(r"[ \t]*")
EQUALS = re.compile(r"[ \t]*=[ \t]*")
NAME = re.compile(r"""[A-Za-z0-9_-]+|"(?:\\.|[^"\\])*"|'[^']*'""")
DOT = re.compile(r"[ \t]*\.[ \t]*")
SCALAR = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|'
    r"'''.*?'{3,5}|"
    r"""[^\s,\]}#"'][^,\]}\n#]*|""" + NAME.pattern,
    re.DOTALL,
)


class TomlKey(NamedTuple):
    """A key, or an entry of a list: where it begins, and where its value does."""

    path: KeyPath
    start: int
    value: int


def toml_keys(text: str) -> list[TomlKey]:
    """Return the keys of a text that `tomllib` has read, in its order."""
    reader = _KeyReader(text)
    reader.read()
    return reader.found


class _KeyReader:
    def __init__(self, text: str) -> None:
        self.found: list[TomlKey] = []
        self._text = text
        self._at = 0
        self._last: dict[KeyPath, int] = {}  # the last entry of each list of tables

    def read(self) -> None:
        table: KeyPath = ()
        self._skip(BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._heading()
            else:
                self._pair(table)
            self._skip(BLANK)

    def _heading(self) -> KeyPath:
        start = self._at
        is_list = self._text.startswith("[[", start)
        self._at += 1 + is_list
        self._skip(SPACE)
        *above, last = self._dotted()
        table: KeyPath = ()
        for name in above:
            table = self._entry((*table, name))
        table = (*table, last)
        if is_list:
            self._last[table] = self._last.get(table, -1) + 1
        self._skip(SPACE)
        self._at += 1 + is_list
        self.found.append(TomlKey(self._entry(table), start, start))
        return self._entry(table)

    def _entry(self, table: KeyPath) -> KeyPath:
        return (*table, self._last[table]) if table in self._last else table

    def _pair(self, table: KeyPath) -> None:
        start = self._at
        path = (*table, *self._dotted())
        self._skip(EQUALS)
        self._value(path, start)

    def _dotted(self) -> list[str]:
        names = [_plain(self._skip(NAME))]
        while self._skip(DOT):
            names.append(_plain(self._skip(NAME)))
        return names

    def _value(self, path: KeyPath, start: int) -> None:
        self.found.append(TomlKey(path, start, self._at))
        opening = self._text[self._at]
        if opening not in "[{":
            self._skip(SCALAR)
            return
        self._at += 1
        for number in range(len(self._text)):
            self._skip(BLANK)
            if self._text[self._at] in "]}":
                break
            if opening == "{":
                self._pair(path)
            else:
                self._value((*path, number), self._at)
            self._skip(BLANK)
            self._at += self._text[self._at] == ","
        self._at += 1

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found[0] if found else ""


def _plain(name: str) -> str:
    if name[:1] in {'"', "'"}:
        name = str(tomllib.loads(f"name = {name}")["name"])
    return name
