"""What one device of a bus is doing: due, set up if needed, measured, due again.

A device that fails is retried, set up again, and then retried with increasing delays: `schedule`
says when.
"""

import logging
import math
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

from drivers.base.driver import Driver, Parted, Steps, parted
from drivers.base.errors import LONGEST, BusStuck, DriverError, NotReady
from drivers.base.members import Listening, Remark, Remarking, TakesTurns
from edge_agent.acquire.compensation import Compensation
from edge_agent.acquire.due_device import DueDevice
from edge_agent.acquire.forced_calibration import CALIBRATION_DEADLINE, ForcedCalibration
from edge_agent.acquire.qualities import explained, finite, quality_of
from edge_agent.acquire.schedule import after_failure, next_slot
from edge_agent.clock import Clock, Moment
from edge_agent.events import GOOD, Reading
from edge_agent.figures import Figure, Measured, unreported

STUCK_FAILURES = 2  # a time-out of the bus counts as two: each attempt stops all other devices
NO_REMARK = Remark()

Outcome: TypeAlias = Literal["under way", "ended", "stuck"]  # stuck: ended by the bus's time-out

_logger = logging.getLogger(__name__)


class Cycle:
    """What one device is doing: due, set up if needed, measured, due again."""

    def __init__(
        self,
        device: DueDevice,
        emit: Callable[[Reading], None],
        clock: Clock,
        wake: Callable[[], None],
        report: Callable[[Figure], None] = unreported,
    ) -> None:
        self.device = device
        self.due = clock.monotonic()
        # Asked once: to compare a driver with these protocols takes longer than a measurement.
        self._turns, self._listening, self._remarking = _members(device.driver)
        self._about = {"device": device.name}  # a field of each log line
        self._emit = emit
        self._clock = clock
        self._news = wake
        self._report_figure = report
        self._slot = -math.inf  # none yet: the first measurement is at once
        self._attempt: Steps[Parted] | None = None
        self._began = self._late = self._give_up_at = 0.0
        self._failures = 0
        self._ready = self._woken = self._reported = False
        self._remark = NO_REMARK
        self._calibration: ForcedCalibration | None = None
        self._compensation = Compensation(device.driver, device.sources)
        self._refused: frozenset[str] = frozenset()  # channels, at the last success
        self._emitted = 0  # uptime of the last reading, in µs

    def wake(self) -> None:
        """Make the device due now, or once more after the measurement that is under way."""
        self._woken = True
        if self._attempt is None:
            self.due = self._clock.monotonic()

    def calibrate(self, calibration: ForcedCalibration) -> None:
        """Calibrate the device, if it is this one, once what is under way has ended."""
        if calibration.device != self.device.name:
            return
        if self._calibration is not None:
            calibration.failed(f"{self.device.name} is being calibrated already")
            return
        self._calibration = calibration
        self.wake()

    def compensate(self, reading: Reading) -> None:
        """Take what the driver computes with from another device's reading."""
        self._compensation.take(reading)

    @property
    def shared(self) -> str:
        """What only one device of the bus may use at a time; nothing for most."""
        return self._turns.shared if self._turns else ""

    @property
    def under_way(self) -> bool:
        """Whether a measurement has begun and not ended."""
        return self._attempt is not None

    def advance(self) -> Outcome:
        """Continue to the next wait; any exception on the way is the attempt's failure."""
        try:
            self._wait(next(self._current()))
        except StopIteration as end:
            self._succeed(end.value)
        except Exception as error:  # noqa: BLE001 - a third party's bug must not end the bus
            self._fail(error)
            return "stuck" if isinstance(error, BusStuck) else "ended"
        return "ended" if self._attempt is None else "under way"

    def suspend(self, error: BusStuck) -> None:
        """Report that the bus is stuck, and touch it no more until the device is due again."""
        self.close()
        self.due = math.inf
        self._ready = False
        self._emit(self._failure(error.quality, str(error)))

    def close(self) -> None:
        """Break off what is under way, and a calibration that has yet to begin."""
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.close()
        calibration, self._calibration = self._calibration, None
        if calibration is not None:
            calibration.break_off()

    def _current(self) -> Steps[Parted]:
        if self._attempt is None:
            self._woken = False
            self._began = self._clock.monotonic()
            self._late = max(self._began - self.due, 0.0)
            longest = CALIBRATION_DEADLINE if self._calibration else self.device.deadline
            self._give_up_at = self._began + longest
            self._attempt = self._measure()
        return self._attempt

    def _measure(self) -> Steps[Parted]:
        driver = self.device.driver
        self._compensate_driver()
        if self._calibration is not None:
            yield from self._calibrate(self._calibration)
        if not self._ready:
            yield from driver.setup()
            if self._listening:
                self._listening.listen(self._news)
            self._ready = True
            self._compensate_driver()
        measured = parted(finite(self.device.name, (yield from driver.measure())))
        self._remark = self._remarking.remark() if self._remarking else NO_REMARK
        return measured

    def _compensate_driver(self) -> None:
        if self.device.sources:
            self._compensation.apply(self._clock.now().uptime)

    def _calibrate(self, calibration: ForcedCalibration) -> Steps[None]:
        """Calibrate, without values meanwhile; the device is set up again after it."""
        self._ready = False
        what = f"{self.device.name}: is being calibrated to {calibration.value:g}"
        self._emit(self._failure(NotReady.quality, what))
        try:
            yield from calibration.run(self.device.driver)
        finally:
            self._calibration = None

    def _wait(self, seconds: float) -> None:
        """Hand the bus over; a device may be served late, but may not wait beyond its deadline."""
        self.due = self._clock.monotonic() + max(0.0, seconds)
        if self.due > self._give_up_at:
            self.close()
            raise NotReady(self.device.name, f"not done within {self.device.deadline:g} s")

    def _succeed(self, measured: Parted) -> None:
        self._note()
        self._emit(self._reading(measured))
        if measured.refused or self._refused:
            self._log_channels(measured.refused)
        if self._reported:
            text = "%s: recovered after %d failures"
            _logger.warning(text, self.device.name, self._failures, extra=self._about)
        self._attempt, self._failures, self._reported = None, 0, False
        self.due = self._clock.monotonic() if self._woken else self._next_slot()

    def _reading(self, measured: Parted) -> Reading:
        """Return the reading, at the moment since which its values are true."""
        age, missed, detail = self._remark
        refused: dict[str, str] = {}
        if measured.refused:
            refused = measured.qualities
            detail = "; ".join(filter(None, [detail, measured.reasons]))
        name, at = self.device.name, self._at(age)
        return Reading(name, at, measured.values, GOOD, detail, refused, missed)

    def _failure(self, quality: str, detail: str) -> Reading:
        return Reading(self.device.name, self._at(0.0), {}, quality, detail)

    def _at(self, age: float) -> Moment:
        """Return the moment so many seconds ago, but none before the device's last reading."""
        now = self._clock.now()
        ago = min(round(age * 1e6), max(now.uptime - self._emitted, 0)) if age else 0
        self._emitted = now.uptime - ago
        return Moment(now.time - ago, now.uptime - ago, now.trusted) if ago else now

    def _next_slot(self) -> float:
        """Return the slot ahead, if a wake or a retry came before it, or the one after."""
        now = self._clock.monotonic()
        if self._slot <= now:
            wall, device = self._clock.now().time, self.device
            self._slot = next_slot(wall, now, device.every, self._slot, device.phase)
        return self._slot

    def _fail(self, error: Exception) -> None:
        self._note(quality_of(error))
        self._attempt = None
        self._failures += STUCK_FAILURES if isinstance(error, BusStuck) else 1
        retry = after_failure(self._failures)
        self._ready = self._ready and not retry.setup
        self.due = self._clock.monotonic() + (0.0 if self._woken else retry.pause)
        if retry.given_up:
            self._report(error)

    def _report(self, error: Exception) -> None:
        """Report the failure as the reading; log only the first in a row."""
        detail = explained(error, self.device.name, self.device.driver)
        self._emit(self._failure(quality_of(error), detail))
        if not self._reported:
            known = isinstance(error, DriverError) or len(str(error)) > LONGEST
            bug = None if known else error
            name, text = self.device.name, "%s: %s; retrying with increasing delays"
            what = detail.removeprefix(f"{name}: ")  # drivers name only the place
            _logger.warning(text, name, what, exc_info=bug, extra=self._about)
        self._reported = True

    def _log_channels(self, refused: Mapping[str, DriverError]) -> None:
        """Log the first refusal of a channel in a row, and its end."""
        for channel in refused.keys() - self._refused:
            text = "%s: no %s: %s"
            _logger.warning(text, self.device.name, channel, refused[channel], extra=self._about)
        for channel in self._refused - refused.keys():
            _logger.warning("%s: %s again", self.device.name, channel, extra=self._about)
        self._refused = frozenset(refused)

    def _note(self, error: str = "") -> None:
        took = self._clock.monotonic() - self._began
        self._report_figure(Measured(self.device.name, took, self._late, error))


def _members(
    driver: Driver,
) -> tuple[TakesTurns | None, Listening | None, Remarking | None]:
    """Return the driver as what it is besides, if it is."""
    return (
        driver if isinstance(driver, TakesTurns) else None,
        driver if isinstance(driver, Listening) else None,
        driver if isinstance(driver, Remarking) else None,
    )
