"""A calibration that a command asks for: it takes the place of a measurement, for some minutes."""

from collections.abc import Callable
from typing import NamedTuple

from drivers.base.driver import Driver, Steps
from drivers.base.members import Calibrating

CALIBRATION_DEADLINE = 1800.0  # seconds, for the longest: an MH-Z19 measures for 20 min before


class ForcedCalibration(NamedTuple):
    """A request to take what a device measures for `value`.

    At its end, the bus's thread calls `done` with by how much the device corrects from now on, or
    `failed` with the reason.
    """

    device: str
    value: float
    done: Callable[[float], None]
    failed: Callable[[str], None]

    def run(self, driver: Driver) -> Steps[None]:
        """Calibrate, and report the end, whatever ends it."""
        if not isinstance(driver, Calibrating):
            self.failed(f"{self.device} cannot be calibrated by a command")
            return
        try:
            correction = yield from driver.calibrate(self.value)
        except GeneratorExit:
            self.break_off()
            raise
        except Exception as error:
            self.failed(str(error) or repr(error))
            raise
        self.done(correction)

    def break_off(self) -> None:
        """Report that it did not end: the agent stops, or has another device there."""
        self.failed(f"{self.device}: the calibration was broken off")
