import copy
import random
import tomllib
from datetime import date
from pathlib import Path

import pytest

from edge_agent.blueprint import resolve
from edge_agent.config.locations import TomlText
from edge_agent.errors import ConfigError

GREENHOUSE = tomllib.loads(
    (Path(__file__).parents[2] / "examples/greenhouse.toml").read_text(encoding="utf-8")
)
ODD = [0, -1, 1.5, 1e308, float("nan"), 2**70, True, date(2020, 1, 1), [], [1], {}, {"a": 1}, [{}]]
ODD += ["", "x", "é" * 300, "\x00", "-5s", "$HOME", "mqtt://[::1", "mqtts://x:99999", "a.b > 1"]


def places(table):
    """Yield every (container, key) of nested tables and lists."""
    keys = table if isinstance(table, dict) else range(len(table))
    for key in keys:
        yield table, key
        if isinstance(table[key], dict | list):
            yield from places(table[key])


def problems():
    try:
        resolve(Path("odd.toml"))
    except ConfigError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("seed", range(20))
def test_no_value_anywhere_raises_anything_but_problems_of_one_line(seed, monkeypatch):
    chance = random.Random(seed)
    for _ in range(50):
        tables = copy.deepcopy(GREENHOUSE)
        for _ in range(3):
            container, key = chance.choice(list(places(tables)))
            container[key] = copy.deepcopy(chance.choice(ODD))
        monkeypatch.setattr(
            "edge_agent.config.reader.parse",
            lambda path, tables=tables: TomlText(str(path), "", tables),
        )
        assert all("\n" not in line for line in problems())
