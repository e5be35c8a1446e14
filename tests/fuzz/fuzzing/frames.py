"""What chips answer: whatever comes over the wire, a driver returns possible values or its error.

Each input chooses a driver and spoils the answers of its simulated chip. Some are sealed again with
a right checksum, for a random frame hardly ever gets past one.
"""

import errno
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from smbus2 import i2c_msg

from drivers.base import checksum
from drivers.base.driver import Driver, Output, Steps, Values, parted
from drivers.base.errors import DriverError
from edge_agent.acquire.catalog import Catalog
from edge_agent.blueprint import resolve
from edge_agent.blueprint.devices import ResolvedOutput
from fuzzing.input import Input
from simulators.clock import VirtualClock
from simulators.hardware import SimulatedHardware

EVERYTHING = Path(__file__).parents[3] / "examples/everything.toml"
WIRED = [one for one in resolve(EVERYTHING).placed if one.place.kind != "gpio"]
MODELS = {one.name: Catalog("edge_agent.simulators").load(one.settings.driver) for one in WIRED}
ROUNDS = 3
MOST_STEPS, MOST_SECONDS = 20_000, 300.0  # of one round; a gas sensor warms up
ERRNOS = (errno.EREMOTEIO, errno.EIO, errno.ETIMEDOUT, errno.EAGAIN, errno.EOPNOTSUPP, errno.ENOENT)
TEXTS = ("", "nan", "-inf", "1e999", "85000", "-0", "0x10", "1 2 3", "\ufffd", "YES\nt=", "t=85000")


def words(frame: bytes) -> bytes:
    """Seal a frame of Sensirion's words."""
    pairs = [frame[n : n + 2] for n in range(0, len(frame) - 2, 3)]
    return b"".join(pair + bytes([checksum.sensirion(pair)]) for pair in pairs)


def _sum16(frame: bytes) -> bytes:
    return frame[:-2] + (sum(frame[:-2]) & 0xFFFF).to_bytes(2)


def _sum8(frame: bytes) -> bytes:
    return frame[:-1] + bytes([-sum(frame[1:-1]) & 0xFF])


SEALS: tuple[Callable[[bytes], bytes], ...] = (
    lambda frame: frame,
    lambda frame: words(frame) if len(frame) % 3 == 0 else frame,
    lambda frame: frame[:-1] + bytes([checksum.sensirion(frame[:-1])]),
    lambda frame: frame[:-1] + bytes([checksum.dallas(frame[:-1])]),
    _sum16,
    _sum8,
)


class Wire:
    """Spoils what a chip answers, as an input says; at most times it repeats a repeated answer."""

    def __init__(self, source: Input) -> None:
        self._source = source
        self._seal = source.choice(SEALS)
        self._steady = source.number(4) != 3
        self._from_setup = source.number(4) == 3  # otherwise, from the measurements on
        self.restore()
        self._known: dict[tuple[object, int], bytes] = {}

    def restore(self) -> None:
        """Carry the setup as it is, unless this wire is bad from the beginning."""
        self.broken = self._from_setup

    def frame(self, frame: bytes, asked: object) -> bytes:
        """Return a frame as it arrives; `asked` is what it answers."""
        if not (self.broken and self._source.left and frame):
            return frame
        if self._steady and (asked, len(frame)) in self._known:
            return self._known[asked, len(frame)]
        self._known[asked, len(frame)] = spoiled = self._spoiled(frame)
        return spoiled

    def text(self, text: str) -> str:
        """Return the text of one of the kernel's files as it is read."""
        if not (self.broken and self._source.left):
            return text
        kind = self._source.number(6)
        if kind == 0:
            self.fail()
        if kind == 1:
            return self._source.choice(TEXTS)
        return self._spoiled(text.encode()).decode("ascii", "replace") if kind == 2 else text

    def sizes(self, sizes: tuple[int, int]) -> tuple[int, int]:
        """Return the size and the free bytes of a file system as the kernel gives them."""
        if not (self.broken and self._source.left):
            return sizes
        return self._source.number(2**32) ** 2, self._source.number(2**32) ** 2

    def fail(self) -> None:
        """Raise the adapter's error."""
        number = self._source.choice(ERRNOS)
        raise OSError(number, os.strerror(number))

    def _spoiled(self, frame: bytes) -> bytes:
        kind = self._source.number(8)
        if kind == 0:
            return frame
        if kind == 1:
            self.fail()
        if kind < 5:
            return self._seal(self._source.take(len(frame)))
        changed = bytearray(frame)
        for _ in range(kind - 4):
            changed[self._source.number(len(frame))] = self._source.number(256)
        return self._seal(bytes(changed))


class SpoiledBus:
    """An I2C bus, an SPI chip select or a serial line, behind a wire."""

    def __init__(self, real: Any, wire: Wire) -> None:
        vars(self).update(_real=real, _wire=wire)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._real, name, value)

    def i2c_rdwr(self, *messages: i2c_msg) -> None:
        """Run a transaction."""
        self._real.i2c_rdwr(*messages)
        last = messages[-1]
        if last.flags & 1:
            asked = bytes(messages[0]) if len(messages) > 1 else b""
            for n, byte in enumerate(self._wire.frame(bytes(last), asked)):
                last.buf[n] = bytes([byte])

    def xfer2(self, values: list[int]) -> list[int]:
        """Shift bytes."""
        return list(self._wire.frame(bytes(self._real.xfer2(values)), tuple(values)))

    @property
    def in_waiting(self) -> int:
        """The bytes that have arrived."""
        return self._real.in_waiting

    def read(self, size: int) -> bytes:
        """Return them."""
        return self._wire.frame(self._real.read(size), object())


class SpoiledFiles:
    """The kernel's files, or a directory of them, behind a wire."""

    def __init__(self, real: Any, wire: Wire) -> None:
        self._real = real
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __str__(self) -> str:
        return str(self._real)

    def __truediv__(self, name: str) -> "SpoiledFiles":
        return SpoiledFiles(self._real / name, self._wire)

    def read(self, path: str) -> str:
        """Return a file's text."""
        return self._wire.text(self._real.read(path))

    def space(self, path: str) -> tuple[int, int]:
        """Return size and free bytes of a file system."""
        return self._wire.sizes(self._real.space(path))

    def read_text(self, **how: str) -> str:
        """Return this file's text."""
        return self._wire.text(self._real.read_text(**how))


class SpoiledHardware:
    """Simulated hardware behind a wire."""

    def __init__(self, real: SimulatedHardware, wire: Wire) -> None:
        self._real = real
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        real, wire = getattr(self._real, name), self._wire
        if name in {"i2c", "spi", "serial"}:
            return lambda *place: SpoiledBus(real(*place), wire)
        if name in {"kernel", "w1"}:
            return lambda *place: SpoiledFiles(real(*place), wire)
        return real


def target(data: bytes) -> None:
    """Set one device up and measure it, some rounds; or switch an output, and read it back."""
    source = Input(data)
    one = source.choice(WIRED)
    clock = VirtualClock()
    hardware = SimulatedHardware(clock)
    place = one.place
    where = {"bus": place.bus, "address": place.address, "pin": place.pin, "id": place.id}
    hardware.attach(one.name, MODELS[one.name], **where, options=one.options)
    wire = Wire(source)
    device = one.build(SpoiledHardware(hardware, wire))
    use = _switch if isinstance(one, ResolvedOutput) else _measure
    for _ in range(ROUNDS):
        wire.restore()
        try:
            use(device, wire, clock)
        except DriverError as error:
            assert str(error)


def _switch(output: Output, wire: Wire, _clock: VirtualClock) -> None:
    output.apply(1.0)
    wire.broken = True
    output.apply(0.5)
    assert 0 <= output.state() <= 1


def _measure(device: Driver, wire: Wire, clock: VirtualClock) -> None:
    run(device.setup(), clock)
    wire.broken = True
    for _ in range(ROUNDS):
        _check(device, run(device.measure(), clock))


def run(steps: Steps[Any], clock: VirtualClock) -> Any:
    """Run a generator on the virtual clock; fail if it does not end in time."""
    end = clock.monotonic() + MOST_SECONDS
    for _ in range(MOST_STEPS):
        try:
            seconds = next(steps)
        except StopIteration as stop:
            return stop.value
        assert 0 <= seconds < MOST_SECONDS
        clock.advance(seconds)
        assert clock.monotonic() < end
    raise AssertionError(f"more than {MOST_STEPS} steps")


def _check(device: Driver, measured: Values) -> None:
    values = parted(measured).values
    channels = {channel.name: channel for channel in device.channels}
    assert values.keys() <= channels.keys()
    for name, value in values.items():
        channel, rounding = channels[name], channels[name].resolution / 2
        assert math.isfinite(value)
        assert channel.low - rounding <= value <= channel.high + rounding, (name, value)


SEEDS = [bytes([device]) for device in range(len(WIRED))]
SEEDS += [
    bytes([device, seal, 0, first, *(kind, *range(0, 250, 9)) * 6])
    for device in range(len(WIRED))
    for first in (0, 3)
    for seal, kind in ((0, 0), (0, 2), (1, 2), (2, 2), (3, 5), (4, 3), (5, 2))
]
