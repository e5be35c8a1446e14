import json
import re
from pathlib import Path

import pytest

from drivers import scd4x
from edge_agent.acquire.hardware import RealHardware
from simulators import scd4x as simulated_scd4x

GREENHOUSE = Path(__file__).parents[2] / "examples/greenhouse.toml"


def test_read_measures_one_device_with_units(edge_agent, config):
    done = edge_agent("read", "air", "-c", config(), "--simulate")
    assert (done.code, done.err) == (0, "")
    names = [line.split()[0] for line in done.out.splitlines()]
    assert names == ["temperature", "humidity"]
    assert done.out.splitlines()[0].endswith(" °C")


def test_read_speaks_json_and_calibrates(edge_agent, config):
    path = config('[[device]]\nname = "air"\ndriver = "sht4x"\n')
    plain = json.loads(edge_agent("read", "air", "-c", path, "--simulate", "--json").out)
    shift = "device.air.channel.temperature.offset=-5"
    moved = json.loads(
        edge_agent("read", "air", "-c", path, "--simulate", "--json", "--set", shift).out
    )
    difference = plain["values"]["temperature"] - moved["values"]["temperature"]
    assert difference == pytest.approx(5, abs=0.5)


COMPENSATED = """
[[device]]
name = "attic"
driver = "bmp280"
bus = 3
[[device]]
name = "office"
driver = "scd4x"
ambient_pressure_from = "attic.atmospheric_pressure"
"""


def test_read_measures_first_what_the_device_computes_with(edge_agent, config, monkeypatch):
    given = []
    monkeypatch.setattr(scd4x.SCD4x, "compensate", lambda _, *value: given.append(value))
    done = edge_agent("read", "office", "-c", config(COMPENSATED), "--simulate")
    ((option, pressure),) = given
    assert (done.code, option) == (0, "ambient_pressure_from")
    assert 900 < pressure < 1100


def test_calibrate_tells_a_sensor_what_its_air_has(edge_agent, config, monkeypatch):
    for module in (scd4x, simulated_scd4x):
        monkeypatch.setattr(module, "SETTLED", 0.0)
    path = config('[[device]]\nname = "air"\ndriver = "scd4x"\n')
    done = edge_agent("calibrate", "air", "420", "-c", path, "--simulate")
    assert (done.code, done.err) == (0, "")
    assert re.fullmatch(r"air: corrected by [+-]\d+\n", done.out)


@pytest.mark.parametrize(
    ("driver", "value", "why"),
    [
        ("sht4x", "420", "the chip of sht4x does not calibrate itself"),
        ("scd4x", "40", "40: wanted 400 to 2000"),
        ("mhz19", "420", "420: wanted 400"),
    ],
)
def test_calibrate_refuses_what_it_cannot_do(edge_agent, config, driver, value, why):
    path = config(f'[[device]]\nname = "air"\ndriver = "{driver}"\n')
    done = edge_agent("calibrate", "air", value, "-c", path, "--simulate")
    assert done.code == 2
    assert why in done.err


def test_read_names_the_nearest_device(edge_agent, config):
    done = edge_agent("read", "airr", "-c", config(), "--simulate")
    assert done.code == 2
    assert "did you mean 'air'?" in done.err


@pytest.mark.parametrize("command", ["read", "run"])
def test_a_missing_bus_is_one_clear_line_with_the_remedy(edge_agent, config, command, tmp_path):
    path = config('[[device]]\nname = "air"\ndriver = "sht4x"\nbus = 97\n')
    log = f"log.path={tmp_path}/never.db"
    words = ["read", "air", "-c", path] if command == "read" else ["run", path, "--set", log]
    done = edge_agent(*words)
    assert done.code == 3
    assert done.err.splitlines()[-1].startswith("/dev/i2c-97: there is no such bus: enable it:")
    assert not (tmp_path / "never.db").exists()


RFC_3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def test_programs_read_times_and_addresses_in_one_form(edge_agent, config):
    """As in the events of the log, and of every sink."""
    read = json.loads(edge_agent("read", "air", "-c", config(), "--simulate", "--json").out)
    assert re.fullmatch(RFC_3339, read["time"])
    scanned = json.loads(edge_agent("scan", "--simulate", config(), "--json").out)["i2c"]
    offered = json.loads(edge_agent("drivers", "--json").out)["sht4x"]["addresses"]
    assert {one["address"] for one in scanned} <= set(offered)


def test_on_and_off_are_1_and_0_as_in_events(edge_agent, config):
    read = json.loads(edge_agent("read", "door", "-c", config(), "--simulate", "--json").out)
    assert read["values"] in ({"active": 0.0}, {"active": 1.0})


def test_scan_shows_which_driver_claims_each_chip(edge_agent, config):
    done = edge_agent("scan", "--simulate", config())
    assert done.code == 0
    assert 'i2c-1  0x44  SHT4x (driver = "sht4x", identified)' in done.out
    assert "w1     28-0316a4c8ffee" in done.out


def test_scan_names_a_thermometer_that_is_a_clone(edge_agent, config):
    line = next(
        line
        for line in edge_agent("scan", "--simulate", config()).out.splitlines()
        if line.startswith("w1")
    )
    assert line == "w1     28-0316a4c8ffee  clone of a DS18B20, family A2, B1v2, E or H"


def test_scan_of_the_example_finds_its_chips(edge_agent):
    done = edge_agent("scan", "--simulate", GREENHOUSE)
    assert (done.code, done.err) == (0, "")
    assert {line.split()[1] for line in done.out.splitlines()} == {
        *("0x23", "0x44", "0x48", "0x76", "28-0316a4c8ffee")
    }


def test_scan_finds_a_dht_that_the_kernel_reads(edge_agent, config):
    path = config('[[device]]\nname = "air"\ndriver = "dht22"\ndevice = "dht11@11"\n')
    done = edge_agent("scan", "--simulate", path)
    assert done.out == 'linux  dht11@11  read by the kernel (driver = "dht22", possible)\n'
    found = json.loads(edge_agent("scan", "--simulate", path, "--json").out)
    assert found["linux"] == {"dht11@11": "dht22"}


def test_scan_asks_an_expander_by_its_inputs(edge_agent, config):
    expander = '[[device]]\nname = "doors"\ndriver = "mcp23017"\naddress = 0x20\n'
    done = edge_agent("scan", "--simulate", config(expander))
    assert done.code == 0
    assert 'MCP23017 (driver = "mcp23017", possible' in done.out


def test_scan_speaks_json(edge_agent, config):
    found = json.loads(edge_agent("scan", "--simulate", config(), "--json").out)
    assert [one["address"] for one in found["i2c"]] == ["0x44"]
    assert found["w1"] == ["28-0316a4c8ffee"]


def test_drivers_lists_channels_and_options(edge_agent):
    done = edge_agent("drivers")
    assert done.code == 0
    assert "sht4x  (i2c 0x44…0x46)" in done.out
    assert 'option   precision: one of "high", "medium", "low"; default: "high"' in done.out


def test_drivers_speaks_json(edge_agent):
    facts = json.loads(edge_agent("drivers", "--json").out)["sht4x"]
    assert facts["channels"]["temperature"] == {"unit": "°C", "low": -40, "high": 125}


def test_a_machine_without_buses_gets_the_command_that_enables_them(edge_agent, monkeypatch):
    monkeypatch.setattr(RealHardware, "buses", lambda _self: ())
    monkeypatch.setattr(RealHardware, "ids", lambda _self: ())
    assert "enable them with `sudo raspi-config`" in edge_agent("scan").out
