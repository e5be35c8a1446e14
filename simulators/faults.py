"""What goes wrong on an I2C bus, from `at` on and for so many seconds of the bus's clock.

Each fault concerns one address, or every one; `struck` counts how often it did anything.
"""

import errno
import math
import os
import random

from simulators.clock import Clock
from simulators.model import I2CModel, Nack


class BusFault:
    """A fault that is active while `at <= now < at + lasts`; by itself it does nothing."""

    def __init__(
        self,
        clock: Clock,
        *,
        address: int | None = None,
        at: float = 0.0,
        lasts: float = math.inf,
    ) -> None:
        self._clock = clock
        self._address = address
        self._at = at
        self._until = at + lasts
        self.struck = 0

    def before(self, address: int, model: I2CModel) -> None:
        """Let a message reach the chip, or not."""
        concerned = self._address in (None, address)
        if concerned and self._at <= self._clock.monotonic() < self._until:
            self._strike(model)
        elif concerned:
            self._rest(model)

    def after(self, address: int, frame: bytes) -> bytes:
        """Return the bytes as they arrive."""
        concerned = self._address in (None, address)
        if concerned and self._at <= self._clock.monotonic() < self._until:
            return self._spoil(frame)
        return frame

    def _strike(self, model: I2CModel) -> None:
        """Act before a message, while active."""

    def _rest(self, model: I2CModel) -> None:
        """Act before a message, while not active."""

    def _spoil(self, frame: bytes) -> bytes:
        """Return what becomes of a frame, while active."""
        return frame


class NoAnswer(BusFault):
    """The chip does not acknowledge, but keeps its power."""

    def _strike(self, model: I2CModel) -> None:  # noqa: ARG002
        self.struck += 1
        raise Nack


class Unplug(BusFault):
    """The chip is pulled off the bus; it comes back with power-on values."""

    def _strike(self, model: I2CModel) -> None:
        self.struck += 1
        model.power_on()
        raise Nack


class StuckBus(BusFault):
    """Somebody holds SDA low: every transfer runs into the adapter's time-out."""

    def _strike(self, model: I2CModel) -> None:  # noqa: ARG002
        self.struck += 1
        raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


class BrownOut(BusFault):
    """The supply dips once: the chip falls back to its power-on values and goes on."""

    def __init__(self, clock: Clock, *, address: int | None = None, at: float = 0.0) -> None:
        super().__init__(clock, address=address, at=at)
        self._reset: set[int] = set()

    def _strike(self, model: I2CModel) -> None:
        if id(model) not in self._reset:
            self._reset.add(id(model))
            self.struck += 1
            model.power_on()


class SlowConversion(BusFault):
    """Conversions take `factor` times as long as they should."""

    def __init__(
        self,
        clock: Clock,
        *,
        address: int | None = None,
        at: float = 0.0,
        lasts: float = math.inf,
        factor: float = 1000.0,
    ) -> None:
        super().__init__(clock, address=address, at=at, lasts=lasts)
        self._factor = factor

    def _strike(self, model: I2CModel) -> None:
        self.struck += 1
        model.slowness = self._factor

    def _rest(self, model: I2CModel) -> None:
        model.slowness = 1.0


class DeadFrame(BusFault):
    """The line is silent or held while the chip should speak: zeros only, or ones only."""

    def __init__(
        self,
        clock: Clock,
        *,
        address: int | None = None,
        at: float = 0.0,
        lasts: float = math.inf,
        ones: bool = True,
    ) -> None:
        super().__init__(clock, address=address, at=at, lasts=lasts)
        self._byte = b"\xff" if ones else b"\x00"

    def _spoil(self, frame: bytes) -> bytes:
        self.struck += 1
        return self._byte * len(frame)


class CorruptBits(BusFault):
    """One bit of a frame arrives inverted, in `share` of all frames; which one the seed decides."""

    def __init__(
        self,
        clock: Clock,
        *,
        address: int | None = None,
        at: float = 0.0,
        lasts: float = math.inf,
        share: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__(clock, address=address, at=at, lasts=lasts)
        self._share = share
        self._random = random.Random(seed)  # noqa: S311 - not for secrets

    def _spoil(self, frame: bytes) -> bytes:
        if not frame or self._random.random() >= self._share:
            return frame
        self.struck += 1
        bit = self._random.randrange(8 * len(frame))
        spoiled = bytearray(frame)
        spoiled[bit // 8] ^= 1 << bit % 8
        return bytes(spoiled)
