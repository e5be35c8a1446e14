"""`edge-agent pins`: the header with what a configuration puts on it."""

import json
import re

import pytest

CONFIG = """
node = "shed"
[[device]]
name = "air"
driver = "sht4x"
[[device]]
name = "light"
driver = "bh1750"
[[device]]
name = "water"
driver = "ds18b20"
id = "28-0316a4c8ffee"
[[device]]
name = "dust"
driver = "pms5003"
[[output]]
name = "fan"
driver = "relay"
pin = 22
"""
CONFLICT = """
[[output]]
name = "pump"
driver = "relay"
pin = 3
[[output]]
name = "valve"
driver = "relay"
pin = 22
"""
LINE = re.compile(r"^.* (\d+)  (\d+) .*$")


@pytest.fixture(autouse=True)
def _wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def row_of(text, number):
    rows = (LINE.match(line) for line in text.splitlines())
    return next(row[0] for row in rows if row and str(number) in row.groups())


def test_every_pin_of_the_header_has_its_place_and_its_use(edge_agent, config):
    done = edge_agent("pins", config(CONFIG))
    assert done.code == 0
    numbers = [LINE.match(line).groups() for line in done.out.splitlines()[:20]]
    assert [int(n) for row in numbers for n in row] == list(range(1, 41))
    assert "I2C 1 SDA: air, light  GPIO2  3  4  5V" in row_of(done.out, 3)
    assert "GPIO14 UART TXD: dust" in row_of(done.out, 8)
    assert "fan GPIO22 15  16 GPIO23" in row_of(done.out, 15)
    assert "1-Wire, GPIO4 unless config.txt says otherwise: water" in done.out


def test_a_pin_that_two_things_claim_is_marked_and_explained(edge_agent, config):
    done = edge_agent("pins", config(CONFIG + CONFLICT))
    assert done.code == 2
    assert "! fan, valve GPIO22" in row_of(done.out, 15)
    assert "! I2C 1 SCL: air, light, pump" in row_of(done.out, 5)
    assert "output.valve" in done.err
    assert "this pin belongs to" in done.err


@pytest.mark.parametrize(("columns", "most"), [(40, 60), (60, 60), (80, 80), (200, 80)])
def test_the_picture_fits_the_terminal(edge_agent, config, monkeypatch, columns, most):
    monkeypatch.setenv("COLUMNS", str(columns))
    many = "".join(
        f'[[device]]\nname = "a-long-name-{n}"\ndriver = "sht4x"\naddress = {n + 0x44}\n'
        for n in range(3)
    )
    lines = edge_agent("pins", config(f'node = "shed"\n{many}')).out.splitlines()
    assert max(map(len, lines)) <= most
    assert any("…" in line for line in lines)


def test_json_names_free_pins_conflicts_and_what_uses_the_others(edge_agent, config):
    found = json.loads(edge_agent("pins", config(CONFIG + CONFLICT), "--json").out)
    assert found["conflicts"] == [3, 22]
    assert found["used"]["14"] == [{"name": "dust", "as": "UART TXD"}]
    assert 23 in found["free"]
    assert 22 not in found["free"]
    assert found["w1"] == ["water"]


def test_there_is_no_colour_outside_of_a_terminal(edge_agent, config):
    assert "\x1b" not in edge_agent("pins", config(CONFIG)).out


def test_a_file_that_is_no_toml_is_a_problem_not_a_picture(edge_agent, config):
    done = edge_agent("pins", config("node ="))
    assert (done.code, done.out) == (2, "")
