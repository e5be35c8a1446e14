"""Faults between chip and host, active from `at` on for `lasts` seconds of the bus's clock.

A fault affects one address, or all of them; `struck` counts how often it had an effect.
"""

import errno
import math
import os
import random
from dataclasses import KW_ONLY, dataclass, field

from simulators.clock import SimulatedClock
from simulators.model import Nack, Powered


@dataclass(eq=False)
class BusFault:
    """A fault that is active while `at <= now < at + lasts`; the base class has no effect."""

    clock: SimulatedClock
    _: KW_ONLY
    address: int | None = None
    at: float = 0.0
    lasts: float = math.inf
    struck: int = field(default=0, init=False)
    _ended: set[Powered] = field(default_factory=set, init=False)

    def before(self, address: int, model: Powered) -> None:
        """Act before a message reaches the chip; raise if it does not."""
        since = self._since(address)
        if 0 <= since < self.lasts:
            self._strike(model)
        elif since >= self.lasts and model not in self._ended:
            self._ended.add(model)
            self._end(model)

    def after(self, address: int, frame: bytes) -> bytes:
        """Return the bytes as they arrive."""
        return self._spoil(frame) if frame and 0 <= self._since(address) < self.lasts else frame

    def _since(self, address: int) -> float:
        """Return the seconds since its begin; -1 for an address that it does not concern."""
        if self.address is not None and self.address != address:
            return -1.0
        return self.clock.monotonic() - self.at

    def _strike(self, model: Powered) -> None:
        """Act before a message, while active."""

    def _end(self, model: Powered) -> None:
        """Act once on each chip, before its first message after the fault."""

    def _spoil(self, frame: bytes) -> bytes:
        """Return the frame as the fault changes it, while active."""
        return frame


class NoAnswer(BusFault):
    """The chip does not acknowledge, but keeps its power."""

    def _strike(self, model: Powered) -> None:  # noqa: ARG002
        self.struck += 1
        raise Nack


class Unplug(NoAnswer):
    """The chip is disconnected; it comes back with power-on values."""

    def _end(self, model: Powered) -> None:
        model.power_on()


class StuckBus(BusFault):
    """SDA is held low: every transfer ends with the adapter's time-out."""

    def _strike(self, model: Powered) -> None:  # noqa: ARG002
        self.struck += 1
        raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


@dataclass(eq=False, kw_only=True)
class BrownOut(BusFault):
    """The supply fails for a moment: the chip returns to its power-on values and keeps working."""

    lasts: float = field(default=0.0, init=False)

    def _end(self, model: Powered) -> None:
        self.struck += 1
        model.power_on()


@dataclass(eq=False, kw_only=True)
class SlowConversion(BusFault):
    """Conversions take `factor` times as long as usual."""

    factor: float = 1000.0

    def _strike(self, model: Powered) -> None:
        self.struck += 1
        model.slowness = self.factor

    def _end(self, model: Powered) -> None:
        model.slowness = 1.0


@dataclass(eq=False, kw_only=True)
class ConstantFrame(BusFault):
    """Nothing drives the line, or it is held: the frame is ones only, or zeros only."""

    ones: bool = True

    def _spoil(self, frame: bytes) -> bytes:
        self.struck += 1
        return (b"\xff" if self.ones else b"\x00") * len(frame)


@dataclass(eq=False, kw_only=True)
class CorruptBits(BusFault):
    """One bit of a frame arrives inverted, in `share` of all frames; `seed` selects the bits."""

    share: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - not for secrets

    def _spoil(self, frame: bytes) -> bytes:
        if self._random.random() >= self.share:
            return frame
        self.struck += 1
        bit = self._random.randrange(8 * len(frame))
        return (int.from_bytes(frame, "big") ^ 1 << bit).to_bytes(len(frame), "big")
