"""What is wrong with a configuration: one line each, naming file, key, value and remedy."""

import difflib
import json
from collections.abc import Iterable


class Problems:
    """Collects the lines of one file, so that one check shows everything that needs fixing."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.lines: list[str] = []

    def note(self, key: str, value: object, what: str) -> None:
        """Note what is wrong with the value of a key."""
        self.add(f"{key} = {shown(value)}: {what}")

    def missing(self, key: str, wanted: str) -> None:
        """Note that a required key is missing."""
        self.add(f"{key}: missing; wanted: {wanted}")

    def add(self, line: str) -> None:
        """Note a line that begins with its key."""
        self.lines.append(f"{self._file}: {line}")

    def entries(self, table: str) -> set[str]:
        """Return the names of the entries of a list of tables that have problems."""
        heads = (line.removeprefix(f"{self._file}: ").split(".") for line in self.lines)
        return {parts[1] for parts in heads if parts[0] == table and len(parts) > 2}


def unknown(name: str, known: Iterable[str]) -> str:
    """Return that a name is not known, with the nearest one or all that are."""
    names = sorted(known)
    folded = {one.casefold(): one for one in names}
    near = difflib.get_close_matches(name.casefold(), folded, 1)
    if near:
        return f"unknown; did you mean {folded[near[0]]!r}?"
    return f"unknown; known: {', '.join(names) or 'none'}"


def shown(value: object) -> str:
    """Return a value as TOML would write it, cut to a line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"
