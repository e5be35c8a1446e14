"""The physical inputs of a simulated chip, computed when the chip samples them."""

import zlib
from collections.abc import Callable, Iterator, Mapping, MutableMapping

from simulators.model import Range
from simulators.signals import Constant, Pulses, Signal, Sum, Walk, daily


class Surroundings(MutableMapping[str, float]):
    """A model's inputs, each taken from its signal at the moment it is read.

    An input that is set by hand keeps that value; deleting it lets its signal decide again.
    Values are computed on demand, so the thread that uses the bus needs no other thread for them.
    """

    def __init__(self, signals: Mapping[str, Signal], now: Callable[[], float]) -> None:
        """`now` returns the seconds since the scenario began."""
        self._signals = signals
        self._now = now
        self._held: dict[str, Signal] = {}

    def __getitem__(self, channel: str) -> float:
        return self._held.get(channel, self._signals[channel]).value(self._now())

    def __setitem__(self, channel: str, value: float) -> None:
        self._held[channel] = Constant(value)

    def __delitem__(self, channel: str) -> None:
        del self._held[channel]

    def __iter__(self) -> Iterator[str]:
        return iter(self._signals)

    def __len__(self) -> int:
        return len(self._signals)

    def held(self) -> frozenset[str]:
        """Return the inputs that are set by hand."""
        return frozenset(self._held)


def default_signal(span: Range, quiet: float, seed: int) -> Signal:
    """Return a signal that moves slowly around the quiet value; a contact opens now and then."""
    if two_valued(span):
        other = span.low if quiet == span.high else span.high
        return Pulses(every=60 + seed % 60, lasts=8, at=10 + seed % 20, low=quiet, high=other)
    widest = 0.03 * (span.high - span.low)
    reach = min(widest, quiet - span.low, span.high - quiet) or widest  # leaves a quiet end
    middle = min(max(quiet, span.low + reach), span.high - reach)
    return Sum((daily(middle, reach * 0.6, at=0), Walk(0, reach * 0.4, period=120, seed=seed)))


def two_valued(span: Range) -> bool:
    """Return whether an input has two values only, as a contact has."""
    return span.step >= span.high - span.low


def seed_of(seed: int, name: str) -> int:
    """Return the seed of one signal: each walks its own way, independent of the others."""
    return zlib.crc32(f"{seed} {name}".encode())
