"""Pins that the header does not have, or that a bus in use takes."""

import pytest

OUTPUT = '[[output]]\nname = "fan"\npin = {}\n'
CONTACT = '[[device]]\nname = "door"\ndriver = "contact"\npin = {}\n'
RANGE = '[[device]]\nname = "tank"\ndriver = "hcsr04"\npin = 23\necho = {}\n'
BUSES = {
    "i2c-1": ('driver = "bme280"', (2, 3)),
    "i2c-0": ('driver = "bme280"\nbus = 0', (0, 1)),
    "spi-0": ('driver = "max31855"', (8, 9, 10, 11)),
    "spi-1": ('driver = "max31855"\nbus = 1\nselect = 2', (16, 19, 20, 21)),
    "/dev/serial0": ('driver = "pms5003"', (14, 15)),
}


@pytest.mark.parametrize("pin", [28, 33, 63])
@pytest.mark.parametrize(
    ("table", "key"),
    [(OUTPUT, "output.fan.pin"), (CONTACT, "device.door.pin"), (RANGE, "device.tank.echo")],
)
def test_a_pin_that_the_header_does_not_have_is_a_problem(problems, table, key, pin):
    what = "not on the header; wanted: a GPIO number (BCM) from 0 to 27"
    assert problems(table.format(pin)) == [f"{key} = {pin}: {what}"]


@pytest.mark.parametrize("bus", BUSES)
def test_a_pin_that_a_bus_in_use_takes_is_a_problem(problems, bus):
    driver, pins = BUSES[bus]
    device = f'[[device]]\nname = "air"\n{driver}\n'
    for pin in range(28):
        found = problems(device + OUTPUT.format(pin))
        what = f"this pin belongs to {bus}, which 'air' uses; choose another"
        assert found == ([f"output.fan.pin = {pin}: {what}"] if pin in pins else []), pin


def test_the_pins_of_a_bus_that_is_not_used_are_free(problems):
    assert [problems(OUTPUT.format(pin)) for pin in range(28)] == [[]] * 28


def test_the_pins_of_an_expander_are_its_own(problems):
    expander = 'driver = "mcp23017_output"\n'
    assert problems(OUTPUT.format(2) + expander) == []
    taken = problems(OUTPUT.format(9) + expander + CONTACT.format(2))
    assert taken == [
        "device.door.pin = 2: this pin belongs to i2c-1, which 'fan' uses; choose another"
    ]
