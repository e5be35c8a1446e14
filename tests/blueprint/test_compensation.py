"""Options that name a channel of another device: checked before anything starts."""

import pytest

from edge_agent.blueprint import resolve
from edge_agent.errors import ConfigError

CONFIG = """
node = "shed"
[mqtt]
url = "mqtt://127.0.0.1"
[[device]]
name = "attic"
driver = "bmp280"
every = "20s"
[[device]]
name = "office"
driver = "{driver}"
ambient_pressure_from = "{source}"
"""


@pytest.fixture
def check(tmp_path):
    """A function: resolve a configuration in which one device computes with another's channel."""

    def resolved(source, driver="scd4x", more=""):
        path = tmp_path / "shed.toml"
        path.write_text(CONFIG.format(source=source, driver=driver) + more)
        return resolve(path)

    return resolved


def problems(check, *given, **more):
    with pytest.raises(ConfigError) as raised:
        check(*given, **more)
    return [line.split(": ", 1)[1] for line in raised.value.problems]


@pytest.mark.parametrize("driver", ["scd4x", "scd30"])
def test_the_source_is_the_channel_and_counts_as_long_as_its_values_are_current(check, driver):
    attic, office = check("attic.atmospheric_pressure", driver).devices
    (source,) = office.sources
    assert source[:3] == ("ambient_pressure_from", "attic", "atmospheric_pressure")
    assert source.max_age == attic.plan.max_age > 40
    assert attic.sources == ()


@pytest.mark.parametrize(
    "source, what",
    [
        (
            "attic.temperature",
            "measures temperature; wanted: atmospheric_pressure in hPa, such as attic.",
        ),
        ("office.carbon_dioxide", "measures carbon_dioxide; wanted: atmospheric_pressure in hPa"),
        ("attic.presure", "unknown; did you mean 'attic.atmospheric_pressure'?"),
        ("moon.atmospheric_pressure", "unknown; did you mean 'attic.atmospheric_pressure'?"),
        ("1013", "unknown; known: attic.atmospheric_pressure (wanted: a channel with"),
        ("", "unknown; known: attic.atmospheric_pressure"),
    ],
)
def test_what_is_no_pressure_of_a_device_is_a_problem(check, source, what):
    (line,) = problems(check, source)
    assert line.startswith(f'device.office.ambient_pressure_from = "{source}": {what}')


def test_a_source_whose_device_has_a_problem_is_not_reported_twice(check):
    more = '[[device]]\nname = "roof"\ndriver = "bmp280"\nbus = 3\nwrong = 1\n'
    lines = problems(check, "roof.atmospheric_pressure", more=more)
    assert len(lines) == 1
    assert lines[0].startswith("device.roof.wrong")


def test_a_pressure_of_both_kinds_is_a_problem(check):
    (line,) = problems(check, "attic.atmospheric_pressure", more="ambient_pressure = 1000\n")
    assert "give one, they say the same" in line
