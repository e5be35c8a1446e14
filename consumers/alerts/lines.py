"""Where in a file of tables a key is: the line, for messages."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

HEADING = re.compile(r"^\s*\[\[?\s*([\w-]+)\s*\]\]?")
KEY = re.compile(r"""^\s*["']?([\w-]+)["']?\s*=\s*(?:["']([^"']*)["'])?""")


class Block(NamedTuple):
    """The keys below a heading, with their lines; `name` is the entry's, or its number."""

    table: str
    line: int
    name: str
    keys: dict[str, int]


def with_lines(problems: Iterable[str], file: str, text: str) -> list[str]:
    """Return problems that begin with file and key, with the key's line between, in its order."""
    places = dict(_places(text))
    found = []
    for problem in problems:
        what = problem.removeprefix(f"{file}: ")
        key = what.partition(" = ")[0].partition(": ")[0]
        line = places.get(key) or places.get(key.rpartition(".")[0]) or 0
        found.append((line, f"{file}:{line}: {what}" if line else problem))
    return [text for _, text in sorted(found, key=lambda one: one[0])]


def _places(text: str) -> Iterator[tuple[str, int]]:
    """Yield each entry and each key, such as rule.too_warm.when, with its line."""
    for table, line, name, keys in _blocks(text):
        above = f"{table}.{name}" if table else ""
        yield above, line
        yield from ((f"{above}.{key}".lstrip("."), number) for key, number in keys.items())


def _blocks(text: str) -> list[Block]:
    blocks = [Block("", 0, "", {})]
    counts: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), 1):
        if heading := HEADING.match(line):
            counts[heading[1]] += 1
            blocks.append(Block(heading[1], number, str(counts[heading[1]]), {}))
        elif key := KEY.match(line):
            blocks[-1].keys.setdefault(key[1], number)
            if key[1] == "name" and key[2]:
                blocks[-1] = blocks[-1]._replace(name=key[2])
    return blocks
