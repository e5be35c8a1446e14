"""Simulated header pins: gpiozero's mock factory on the simulation's clock.

Drive a pin from outside as a circuit does: `pins.pin(17).drive(False)`; `None` releases it.
"""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from gpiozero.pins.mock import MockFactory, MockPin

from simulators.clock import SimulatedClock


@runtime_checkable
class Stepping(Protocol):
    """A model with edges that come as time passes, not only as its inputs change."""

    def step(self) -> None:
        """Make the edges that are due by now."""
        ...


class SimulatedPin(MockPin):  # type: ignore[misc]  # gpiozero has no types
    """One pin: what a circuit outside drives decides its level, else its pull resistor."""

    _state: float  # a level, or the share of time of a modulated output

    def __init__(self, factory: "SimulatedPins", info: Any) -> None:  # noqa: ANN401
        self._outside: bool | None = None
        self._at: float | None = None
        self._watcher: Callable[[], None] | None = None
        self._frequency: float | None = None
        super().__init__(factory, info)

    def drive(self, level: bool | None, at: float | None = None) -> None:
        """Drive the pin from outside; None releases it, and a pin without a pull keeps its level.

        The edge carries the time of the simulation, or `at`: a kernel reports edges late.
        """
        self._outside, self._at = level, at
        self._follow_outside()
        self._at = None

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` whenever the pin's level or function may have changed."""
        self._watcher = watcher

    def output_with_state(self, state: bool) -> None:
        """Become an output at `state` at once, as the kernel does: no level in between."""
        self._function = "output"
        self._state = bool(state)
        self._last_change = self.factory.ticks()
        self._notify()

    def clear_states(self) -> None:
        """Start again; unlike a mock pin, this one keeps no list that grows without limit."""
        self.states: list[Any] = []
        self._last_change = self.factory.ticks()

    def _change_state(self, value: float) -> bool:
        if self._state == value:
            return False
        self._state = value
        self._last_change = self.factory.ticks() if self._at is None else self._at
        self._notify()
        return True

    def _get_frequency(self) -> float | None:
        return self._frequency

    def _set_frequency(self, value: float | None) -> None:
        """Begin or end modulation; the state is then the share of the time that the pin is on."""
        if value != self._frequency:
            self._frequency = value
            self._change_state(False)

    def _set_state(self, value: float) -> None:
        if self._frequency is None:
            super()._set_state(value)
        else:
            self._change_state(value)

    def _set_function(self, value: str) -> None:
        super()._set_function(value)
        self._notify()

    def _set_pull(self, value: str) -> None:
        super()._set_pull(value)
        self._follow_outside()

    def _follow_outside(self) -> None:
        level = self._outside
        if level is None:
            level = {"up": True, "down": False}.get(self._pull)
        if level is None or self._function != "input":
            return
        if level:
            self.drive_high()
        else:
            self.drive_low()

    def _notify(self) -> None:
        if self._watcher is not None:
            self._watcher()


class SimulatedPins(MockFactory):  # type: ignore[misc]
    """The pins of a Pi's header, by GPIO number."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        super().__init__(pin_class=SimulatedPin)

    def ticks(self) -> float:
        """Return the time of the simulation: edges carry it."""
        return self._clock.monotonic()
