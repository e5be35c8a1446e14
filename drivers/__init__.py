"""Sensor and output drivers: each one usable alone, in a script or the REPL.

>>> from drivers import open_i2c, read         # doctest: +SKIP
>>> from drivers.sht4x import SHT4x            # doctest: +SKIP
>>> read(SHT4x(open_i2c(1, 0x44)))             # doctest: +SKIP
{'temperature': 21.53, 'humidity': 40.2}
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from drivers.base.driver import read
    from drivers.base.i2c import open_i2c

__all__ = ["open_i2c", "read"]

# Imported when asked for: a driver of the kernel's files needs no smbus2.
_HOMES = {"read": "drivers.base.driver", "open_i2c": "drivers.base.i2c"}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _HOMES:
        raise AttributeError(f"module 'drivers' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
