"""Sensor and output drivers: each one usable alone, in a script or the REPL.

>>> from drivers import open_i2c, read         # doctest: +SKIP
>>> from drivers.sht4x import SHT4x            # doctest: +SKIP
>>> read(SHT4x(open_i2c(1, 0x44)))             # doctest: +SKIP
{'temperature': 21.53, 'humidity': 40.2}

Each opener returns the port that a driver's constructor takes; `read` sets a sensor up and measures
once.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drivers.base.driver import read
    from drivers.base.i2c import open_i2c
    from drivers.base.linux import open_linux
    from drivers.base.modbus_lines import open_modbus
    from drivers.base.pins import open_pin
    from drivers.base.serial import open_serial
    from drivers.base.spi import open_spi
    from drivers.base.w1 import open_w1

__all__ = [
    "open_i2c",
    "open_linux",
    "open_modbus",
    "open_pin",
    "open_serial",
    "open_spi",
    "open_w1",
    "read",
]

# Imported when asked for: a driver of the kernel's files needs neither smbus2 nor gpiozero.
_HOMES = {
    "open_i2c": "drivers.base.i2c",
    "open_linux": "drivers.base.linux",
    "open_modbus": "drivers.base.modbus_lines",
    "open_pin": "drivers.base.pins",
    "open_serial": "drivers.base.serial",
    "open_spi": "drivers.base.spi",
    "open_w1": "drivers.base.w1",
    "read": "drivers.base.driver",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _HOMES:
        raise AttributeError(f"module 'drivers' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
