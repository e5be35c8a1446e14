"""Outputs: what the firing rules ask for, applied to the hardware; safe whenever nobody asks."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from edge_agent.clock import Moment
from edge_agent.evaluate.rules import SEVERITIES, Rule
from edge_agent.events import Event

SAFE = "safe"  # who sets an output that no rule sets
FINEST = 0.01  # how far a read-back may be off: a dimmer has steps


class Switchable(Protocol):
    """An output's driver, as `drivers.driver.Output` has it."""

    def apply(self, value: float) -> None:
        """Switch; 0 is off."""
        ...

    def state(self) -> float:
        """Return what the hardware is set to, read back."""
        ...

    def close(self) -> None:
        """Give the line back."""
        ...


class Output(NamedTuple):
    """An output as configured, and its value when no rule asks for another."""

    name: str
    driver: Switchable
    safe: float


class Setting(NamedTuple):
    """A value, and who asks for it: a rule's name or "safe"."""

    value: float
    by: str


class Outputs:
    """Owns the drivers; what could not be switched is tried again at every call."""

    def __init__(self, outputs: Iterable[Output]) -> None:
        self._outputs = {output.name: output for output in outputs}
        self._reported: dict[str, tuple[Setting, str]] = {}

    def follow(self, firing: Iterable[Rule], moment: Moment) -> list[Event]:
        """Switch what must change; return the events that tell of it."""
        wanted = settings(firing)
        return [
            event
            for name, output in self._outputs.items()
            for event in self._set(output, wanted.get(name, Setting(output.safe, SAFE)), moment)
        ]

    def secure(self, moment: Moment) -> list[Event]:
        """Switch everything to its safe state, and let go of it."""
        events = self.follow((), moment)
        for output in self._outputs.values():
            error = _tried(output.driver.close)
            if error:
                events.append(_event(output, Setting(output.safe, SAFE), error, moment))
        return events

    def _set(self, output: Output, setting: Setting, moment: Moment) -> Iterator[Event]:
        reported = self._reported.get(output.name)
        if reported == (setting, ""):
            return
        error = _tried(lambda: _apply(output.driver, setting.value))
        if reported != (setting, error):  # what still fails was told already
            self._reported[output.name] = (setting, error)
            yield _event(output, setting, error, moment)


def settings(firing: Iterable[Rule]) -> Mapping[str, Setting]:
    """Return what the rules ask for: the most severe wins, then the first of the configuration."""
    wanted: dict[str, Setting] = {}
    for rule in sorted(firing, key=lambda rule: -SEVERITIES.index(rule.severity)):
        for output, value in rule.settings.items():
            wanted.setdefault(output, Setting(value, rule.name))
    return wanted


def _event(output: Output, setting: Setting, error: str, moment: Moment) -> Event:
    data = {**setting._asdict(), **({"error": error} if error else {})}
    return Event("output", output.name, moment, data, urgent=True)


def _apply(driver: Switchable, value: float) -> None:
    """Switch and read back."""
    driver.apply(value)
    state = driver.state()
    if not math.isclose(state, value, abs_tol=FINEST):
        raise ValueError(f"set to {value:g}, but it reads back {state:g}; check the wiring")


def _tried(action: Callable[[], None]) -> str:
    """Act on the hardware; return what went wrong, or nothing."""
    try:
        action()
    except Exception as error:  # noqa: BLE001 - a third party's bug must not end the engine
        return str(error) or repr(error)
    return ""
