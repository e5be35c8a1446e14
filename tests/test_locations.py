"""The places of keys: every key that `tomllib` reads has one, at the line where it is written."""

import random
import tomllib
from pathlib import Path

import pytest

from edge_agent.config.locations import TomlLocations, TomlText
from edge_agent.config.toml_keys import toml_keys

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.toml"))
NAMES = ["a", "b-1", '"c d"', "'e.f'", '"g\\"h"', '"=#"', "7"]
VALUES = [
    "1", "-1.5e3", "0x1f", "true", "1979-05-27 07:32:00", "07:32:00", "inf", '""', "''",
    '"a # b"', "'= \"x\"'", '"""a"""', '"""\na ""b\\"""" # c\n"""', "'''a'b''\nc'''", '"""a"""""',
    "[]", "{}", "[1, 2,\n # x ] \n 3,]", '[["]"], [{ a = "}" }]]', "{ a = 1, b.c = [2] }", '"\\\\"',
]  # fmt: skip


def paths(value, above=()):
    """Yield the path of each value in tables, as `toml_keys` names them."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in items:
        yield (*above, key)
        if isinstance(one, dict | list):
            yield from paths(one, (*above, key))


def written(chance):
    """Return a text: most are TOML, as names may be given twice."""
    lines = []
    for _ in range(chance.randrange(1, 12)):
        name = ".".join(chance.choices(NAMES, k=chance.choice([1, 1, 2])))
        pair = f"  {name} = {chance.choice(VALUES)}  # [y]"
        forms = [f"[{name}]", f"[[ {name} ]] # x", pair, "", "# a"]
        lines.append(chance.choices(forms, [1, 2, 6, 1, 1])[0])
    return "\n".join(lines)


def assert_found(text):
    tables = tomllib.loads(text)
    found = {one.path[:length] for one in toml_keys(text) for length in range(1, len(one.path) + 1)}
    assert found == set(paths(tables))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_key_of_an_example_is_found(path):
    assert_found(path.read_text(encoding="utf-8"))


def test_every_key_of_whatever_is_toml_is_found():
    chance = random.Random(5)
    count = 0
    while count < 500:
        text = written(chance)
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        assert_found(text)
        count += 1


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_key_is_on_the_line_that_has_its_name(path):
    text = path.read_text(encoding="utf-8")
    locations = TomlLocations(TomlText("x.toml", text, tomllib.loads(text)))
    for key in toml_keys(text):
        name = key.path[-1] if isinstance(key.path[-1], str) else ""
        numbered = "".join(f"[{p + 1}]" if isinstance(p, int) else f".{p}" for p in key.path)
        line = locations.locate("?", numbered.lstrip(".")).line
        assert name in text.splitlines()[int(line) - 1]


def test_tables_deeper_than_the_stack_have_no_places():
    text = "x = " + "[" * 400 + "]" * 400
    tables = tomllib.loads(text)
    assert TomlLocations(TomlText("x.toml", text, tables)).locate("x").text.startswith("x.toml")
