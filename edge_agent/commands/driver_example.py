"""A table of the configuration for each driver, to be copied: it passes `check`."""

import json
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from drivers.base.declared import DeclaredChannel
from drivers.base.driver import BusKind, DriverClass, addresses_of, is_output, more_pins_of
from drivers.base.register_fields import RegisterValue
from edge_agent.acquire.options import Option, options
from edge_agent.survey.draft import CHIPS, OFTEN

PIN, FURTHER_PIN = 17, 27
PLACES: dict[BusKind, str] = {
    "gpio": f"pin = {PIN}",
    "linux": "",
    "modbus": 'path = "/dev/ttyUSB0"\nunit = 1',
    "serial": 'path = "/dev/serial0"',
    "spi": "select = 0",
    "w1": 'id = "28-0316a4c8ffee"',
}
# What the kernel calls a sensor that it reads itself
KERNEL_NAMES = {"hwmon": "lm75", "iio": "bme280"}

ANY_ADDRESS = 0x48

# What those take that read anything, by option and by the kind of its tables
ANYTHING: dict[Any, str] = {
    "map": '"sdm120"',
    "program": '["/usr/local/bin/ups-values", "--once"]',
    tuple[DeclaredChannel, ...]: '[{ name = "battery", low = 0, high = 100 }]',
    tuple[RegisterValue, ...]: (
        '[{ name = "temperature", register = 0x00, width = 2, shift = 4, signed = true,'
        " scale = 0.0625, low = -40, high = 125 }]"
    ),
}


def example(name: str, driver: DriverClass) -> str:
    """Return a `[[device]]` or `[[output]]` with all that the driver requires."""
    head = "[[output]]" if is_output(driver) else "[[device]]"
    lines = [head, f'name = "{name}"', f'driver = "{name}"', *_place(driver)]
    if not is_output(driver):
        lines.append(f'every = "{OFTEN.get(name, CHIPS)}"')
    required = (one for one in options(driver) if one.required or one.name in ANYTHING)
    lines += (f"{one.name} = {_value(one, name, driver)}" for one in required)
    return "\n".join(lines)


def _place(driver: DriverClass) -> Iterator[str]:
    if driver.bus != "i2c":
        yield from filter(None, [PLACES[driver.bus]])
        return
    first, *_ = *addresses_of(driver), ANY_ADDRESS
    yield f"address = 0x{first:02x}"
    if is_output(driver):  # of an expander
        yield "pin = 0"


def _value(option: Option, name: str, driver: DriverClass) -> str:
    anything = ANYTHING.get(option.name) or ANYTHING.get(option.kind)
    if anything:
        return anything
    if option.name in more_pins_of(driver):
        return str(FURTHER_PIN)
    return json.dumps(_any_of(option.kind, KERNEL_NAMES.get(name, name)), ensure_ascii=False)


def _any_of(kind: Any, text: str) -> Any:  # noqa: ANN401
    """Return a value that an option of this kind takes."""
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) is tuple:
        return [_any_of(get_args(kind)[0], text)]
    return text if kind is str else 1
