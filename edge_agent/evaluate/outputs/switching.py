"""Switching: how a setting reaches the hardware, at once or in the thread of a bus."""

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

from edge_agent.clock import Moment
from edge_agent.evaluate.outputs.arbitration import Guard

FINEST = 0.01  # how far a read-back may be off: a dimmer has steps


class Switchable(Protocol):
    """An output's driver, as in `drivers.base.driver.Output`."""

    def apply(self, value: float) -> None:
        """Switch; 0 is off."""
        ...

    def state(self) -> float:
        """Return the value that the hardware reads back."""
        ...

    def close(self) -> None:
        """Release the line."""
        ...


class Setting(NamedTuple):
    """What a driver has to do: switch to a value, or release the line if the value is None.

    `number` identifies the setting in its result.
    """

    output: str
    driver: Switchable
    value: float | None
    number: int


class SettingResult(NamedTuple):
    """What became of a setting, and when; `error` is empty if the hardware followed."""

    output: str
    number: int
    error: str
    moment: Moment


class Switcher(Protocol):
    """Carries out the settings of the outputs at one place; `name` is that place."""

    name: str

    def switch(self, setting: Setting, now: Moment) -> SettingResult | None:
        """Return the result, or None if it comes later, by way of a queue."""
        ...


class AtOnce:
    """For outputs whose switching does not block, such as a pin."""

    name = "the pin"

    def switch(self, setting: Setting, now: Moment) -> SettingResult:
        """Switch, and return the result."""
        return SettingResult(setting.output, setting.number, carry_out(setting), now)


class GuardedOutput(NamedTuple):
    """An output as configured."""

    name: str
    driver: Switchable
    guard: Guard = Guard()
    switcher: Switcher = AtOnce()


def carry_out(setting: Setting) -> str:
    """Switch and read back, or release; return the error, or ""."""
    _, driver, value, _ = setting
    return _tried(driver.close if value is None else partial(_apply, driver, value))


def _apply(driver: Switchable, value: float) -> None:
    driver.apply(value)
    state = driver.state()
    if not math.isclose(state, value, abs_tol=FINEST):
        raise ValueError(f"set to {value:g}, but it reads back {state:g}; check the wiring")


def _tried(action: Callable[[], None]) -> str:
    try:
        action()
    except Exception as error:  # noqa: BLE001 - a third party's bug must not end the thread
        return str(error) or repr(error)
    return ""
