"""Faults of 1-Wire devices that begin and end in scenario time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, get_args, runtime_checkable

from simulators import ds18b20
from simulators.sysfs import W1Model

UNPLUG = "unplug"
KINDS: tuple[str, ...] = (UNPLUG, *filter(None, get_args(ds18b20.W1Fault)))


@runtime_checkable
class Pluggable(Protocol):
    """A device that can be unplugged."""

    def unplug(self) -> None:
        """Disconnect it."""
        ...

    def plug(self) -> None:
        """Connect it again."""
        ...


@runtime_checkable
class W1Chip(Pluggable, W1Model, Protocol):
    """A 1-Wire model; its `fault` is one of `KINDS`, or empty."""

    fault: str


@dataclass(eq=False)
class TimedFault:
    """A fault that a device has from `at` on, for the seconds of `lasts`, in scenario time.

    `struck` counts the accesses to the device while it is active.
    """

    kind: str
    at: float = 0.0
    lasts: float = math.inf
    struck: int = field(default=0, init=False)

    def affects(self, now: float) -> bool:
        """Return whether it is active at this second of the scenario, and count the access."""
        active = self.at <= now < self.at + self.lasts
        self.struck += active
        return active


class FaultyDevice:
    """A 1-Wire device as the kernel sees it: each access applies the faults of that moment."""

    def __init__(
        self, model: W1Chip, faults: Sequence[TimedFault], now: Callable[[], float]
    ) -> None:
        """`now` returns the seconds since the scenario began; `faults` may grow later."""
        self.id = model.id
        self._model = model
        self._faults = faults
        self._now = now
        self._kind = ""
        self._unplugged = False

    def files(self) -> tuple[str, ...]:
        """Name the attributes that exist now."""
        self._apply_faults()
        return self._model.files()

    def read(self, name: str) -> str:
        """Return the text of an attribute now."""
        self._apply_faults()
        return self._model.read(name)

    def convert(self) -> None:
        """Convert, as far as the faults of this moment allow."""
        self._apply_faults()
        self._model.convert()

    def converted(self) -> bool:
        """Return whether a value waits to be read."""
        return self._model.converted()

    def _apply_faults(self) -> None:
        """Change the model only if something has changed: a test may set its faults by hand."""
        now = self._now()
        kinds = [fault.kind for fault in self._faults if fault.affects(now)]
        kind = next((kind for kind in kinds if kind != UNPLUG), "")
        if kind != self._kind:
            self._kind = self._model.fault = kind
        if (UNPLUG in kinds) != self._unplugged:
            self._unplugged = not self._unplugged
            self._model.unplug() if self._unplugged else self._model.plug()
