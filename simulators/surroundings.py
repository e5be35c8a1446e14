"""What surrounds a simulated chip: its physical inputs, as they are whenever the chip looks."""

import zlib
from collections.abc import Callable, Iterator, Mapping, MutableMapping

from simulators.model import Range
from simulators.signals import Constant, Pulses, Signal, Sum, Walk, daily


class Surroundings(MutableMapping[str, float]):
    """A model's values, each taken from its signal at the moment it is asked for.

    Nothing is stored, so the thread that uses the bus needs no other to keep it up to date.
    """

    def __init__(self, signals: Mapping[str, Signal], now: Callable[[], float]) -> None:
        """`now` returns the seconds since the scenario began."""
        self._signals = dict(signals)
        self._now = now

    def __getitem__(self, channel: str) -> float:
        return self._signals[channel].value(self._now())

    def __setitem__(self, channel: str, value: float) -> None:
        self._signals[channel] = Constant(value)

    def __delitem__(self, channel: str) -> None:
        del self._signals[channel]

    def __iter__(self) -> Iterator[str]:
        return iter(self._signals)

    def __len__(self) -> int:
        return len(self._signals)


def lively(span: Range, quiet: float, seed: int) -> Signal:
    """Return a signal that moves gently around the quiet value; a contact opens now and then."""
    if span.step >= span.high - span.low:
        other = span.low if quiet == span.high else span.high
        return Pulses(every=60 + seed % 60, lasts=8, at=10 + seed % 20, low=quiet, high=other)
    gentle = 0.03 * (span.high - span.low)
    reach = min(gentle, quiet - span.low, span.high - quiet) or gentle  # a quiet end is left
    middle = min(max(quiet, span.low + reach), span.high - reach)
    return Sum((daily(middle, reach * 0.6, at=0), Walk(0, reach * 0.4, period=120, seed=seed)))


def seed_of(seed: int, name: str) -> int:
    """Return the seed of one signal, so that no two walk alike and none depends on another."""
    return zlib.crc32(f"{seed} {name}".encode())
