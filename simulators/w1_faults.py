"""Faults of 1-Wire devices that come and go over scenario time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, get_args, runtime_checkable

from simulators import ds18b20
from simulators.sysfs import W1Model

UNPLUG = "unplug"
KINDS: tuple[str, ...] = (UNPLUG, *filter(None, get_args(ds18b20.Fault)))


@runtime_checkable
class Pluggable(Protocol):
    """A device that can be pulled out."""

    def unplug(self) -> None:
        """Pull it off the bus."""
        ...

    def plug(self) -> None:
        """Put it back."""
        ...


class W1Chip(Pluggable, W1Model, Protocol):
    """A 1-Wire model; its `fault` is one of `KINDS`, or empty."""

    fault: str


@dataclass(eq=False)
class Spell:
    """A time in which a device has a fault: it begins `at` and `lasts` so many seconds.

    `struck` counts how often anybody looked meanwhile.
    """

    kind: str
    at: float = 0.0
    lasts: float = math.inf
    struck: int = field(default=0, init=False)

    def holds(self, now: float) -> bool:
        """Tell whether it is on at this second of the scenario, and count it."""
        on = self.at <= now < self.at + self.lasts
        self.struck += on
        return on


class FaultyDevice:
    """A 1-Wire device as the kernel sees it: each look at it finds what is wrong at that moment."""

    def __init__(self, model: W1Chip, spells: Sequence[Spell], now: Callable[[], float]) -> None:
        """`now` returns the seconds since the scenario began."""
        self.id = model.id
        self._model = model
        self._spells = spells
        self._now = now
        self._unplugged = False

    def files(self) -> tuple[str, ...]:
        """Name the attributes that are there now."""
        self._suffer()
        return self._model.files()

    def read(self, name: str) -> str:
        """Return what one of them says now."""
        self._suffer()
        return self._model.read(name)

    def convert(self) -> None:
        """Convert as well as it can at this moment."""
        self._suffer()
        self._model.convert()

    def converted(self) -> bool:
        """Tell whether a value waits to be read."""
        return self._model.converted()

    def _suffer(self) -> None:
        now = self._now()
        kinds = [spell.kind for spell in self._spells if spell.holds(now)]
        self._model.fault = next((kind for kind in kinds if kind != UNPLUG), "")
        if (UNPLUG in kinds) != self._unplugged:
            self._unplugged = not self._unplugged
            self._model.unplug() if self._unplugged else self._model.plug()
