"""What a measurement gives that has no value, or none that is a number."""

import math

from drivers.base.driver import Driver, Values
from drivers.base.errors import DriverError, OutOfRange, shortened


def quality_of(error: Exception) -> str:
    """Return the quality of a reading that an error prevents."""
    return error.quality if isinstance(error, DriverError) else DriverError.quality


def explained(error: Exception, device: str, driver: Driver) -> str:
    """Return an error as the detail of a device's reading; what is not foreseen is a bug."""
    if isinstance(error, DriverError):
        return str(error)
    name, bug = type(driver).__qualname__, shortened(repr(error))
    return f"{device}: driver {name} has a bug, please report it: {bug}"


def finite(where: str, measured: Values) -> Values:
    """Return what was measured as plain floats, with `OutOfRange` for infinity and NaN."""
    return {
        channel: value
        if type(value) is float and math.isfinite(value)
        else _finite(where, channel, value)
        for channel, value in measured.items()
    }


def _finite(where: str, channel: str, value: float | DriverError) -> float | DriverError:
    if isinstance(value, DriverError):
        return value
    return float(value) if math.isfinite(value) else OutOfRange(where, f"{channel} is {value}")
