"""Channels that the configuration declares: of devices about which a driver knows nothing."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from drivers.base.channel import UNITS, Channel

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, kw_only=True)
class DeclaredChannel:
    """A channel in the quantity's unit; `quantity` defaults to the name.

    Values outside `low` to `high` are refused; `resolution` is the smallest step.
    """

    name: str
    low: float
    high: float
    quantity: str = ""
    resolution: float = 0.001

    def channel(self) -> Channel:
        """Return the channel; raise ValueError with the key that is wrong."""
        quantity = self.quantity or self.name
        if not NAME.fullmatch(self.name):
            raise ValueError(f"name {self.name!r}: wanted small letters, digits and _")
        if quantity not in UNITS:
            raise ValueError(
                f"{self.name}: unknown quantity {quantity!r}; known: {', '.join(UNITS)}"
            )
        if not (math.isfinite(self.high - self.low) and self.low < self.high):
            raise ValueError(
                f"{self.name}: low is {self.low:g}, high {self.high:g}: wanted low < high"
            )
        if not 0 < self.resolution < math.inf:
            raise ValueError(f"{self.name}: resolution is {self.resolution:g}: wanted more than 0")
        unit = UNITS[quantity]
        return Channel(self.name, unit, self.low, self.high, self.resolution, quantity)


def each_once(option: str, names: Sequence[object]) -> None:
    """Raise ValueError unless an option names one or more, each once."""
    if not names or len(set(names)) < len(names):
        raise ValueError(f"{option}: wanted one or more, each once")


def declared(option: str, given: Sequence[DeclaredChannel]) -> tuple[Channel, ...]:
    """Return the channels of an option, at least one, each name once; raise ValueError."""
    if not given:
        raise ValueError(f"{option}: empty; declare at least one channel")
    names = [one.name for one in given]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{option}: {twice} is declared twice")
    try:
        return tuple(one.channel() for one in given)
    except ValueError as error:
        raise ValueError(f"{option}: {error}") from None
