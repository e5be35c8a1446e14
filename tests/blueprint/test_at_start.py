"""`at_start` of an output: what it may be."""

import pytest

from edge_agent.blueprint import resolve
from edge_agent.errors import ConfigError


@pytest.fixture
def starts(tmp_path):
    """A function: the values at a start of outputs that are written so."""

    def start(*outputs):
        path = tmp_path / "config.toml"
        tables = (f'[[output]]\nname = "o{n}"\n{one}\n' for n, one in enumerate(outputs))
        path.write_text("".join(tables))
        return [one.guard.at_start for one in resolve(path).outputs]

    return start


@pytest.mark.parametrize(
    "text, value",
    [
        ("pin = 1", None),
        ('pin = 1\nat_start = "keep"', None),
        ('pin = 1\nat_start = "safe"', 0),
        ('pin = 1\nsafe = "on"\nat_start = "safe"', 1),
        ('pin = 1\nat_start = "on"', 1),
        ("pin = 1\nat_start = false", 0),
        ('pin = 12\ndriver = "pwm"\nat_start = 0.3', 0.3),
    ],
)
def test_the_value_at_a_start(starts, text, value):
    assert starts(text) == [value]


@pytest.mark.parametrize(
    "texts, why",
    [
        (["pin = 1\nat_start = 0.3"], 'at_start = 0.3: relay is on or off; write "on" or "off"'),
        (['pin = 12\ndriver = "pwm"\nat_start = 1.5'], "at_start = 1.5: out of range"),
        (['pin = 1\nat_start = "last"'], '"last".*"keep"'),
        (['pin = 1\nat_start = "on"\nmax_on = "5m"'], "max_on would end the at_start state"),
        (
            ['pin = 1\nat_start = "on"\ninterlock = ["o1"]', 'pin = 2\nat_start = "on"'],
            "'o1', which it excludes, is also on at a start",
        ),
        (
            ['pin = 1\nsafe = "on"', 'pin = 2\nat_start = "on"\ninterlock = ["o0"]'],
            "'o1', which it excludes, is also on at a start",
        ),
    ],
)
def test_a_value_that_the_output_cannot_have_is_refused(starts, texts, why):
    with pytest.raises(ConfigError, match=why):
        starts(*texts)
