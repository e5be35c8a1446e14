"""Lite-On LTR-390UV ambient and ultraviolet light sensor (datasheet DS86-2015-0004 V1.1).

One converter serves two photodiodes, one after the other. The chip has no checksum, but an id
between its settings, a flag for new data, and one for a supply that failed: every conversion begins
from standby with the flags cleared, its result is read several times, and the settings are read
back. Its soft reset is not used: in the middle of it the chip may hold the bus.
"""

from typing import ClassVar, NamedTuple

from drivers.base.blindness import DARKNESS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import (
    DeadFrame,
    DriverError,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.base.i2c import I2CPort

# Registers
MAIN_CTRL = 0x00
MEAS_RATE = 0x04  # followed by the gain and the id
GAIN = 0x05
PART_ID = 0x06
MAIN_STATUS = 0x07

STANDBY = 0x00
FINEST = 0x00  # 20 bits in 400 ms, as often as that goes; at power-on it is 0x22
CHIP_ID = 0xB2  # an LTR-308, which sees no ultraviolet, is B1
POWER_FAILED, NEW_DATA = 0x20, 0x08  # bits of the status

WAKE_UP = 0.010  # seconds, at most
CONVERSION = 0.400
POLL = 0.040
ATTEMPTS = 6
SATURATED = 0xFFFFF


class Mode(NamedTuple):
    """What one photodiode needs: settings, where its data stand, and what a count is worth."""

    control: int
    gain: int
    data: int
    step: float


MODES = {
    "illuminance": Mode(0x02, 0x00, 0x0D, 0.6 / (1 * 4)),  # gain 1, four times 100 ms
    "uv_index": Mode(0x0A, 0x04, 0x10, 1 / 2300),  # gain 18: what the sensitivity is given for
}


class LTR390:
    """Lite-On LTR-390UV ambient and ultraviolet light sensor (datasheet DS86-2015-0004 V1.1)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (DARKNESS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x53,)
    channels = (
        Channel(
            "illuminance",
            "lx",
            0,
            MODES["illuminance"].step * (SATURATED - 1),
            MODES["illuminance"].step,
        ),
        Channel(
            "uv_index", "", 0, MODES["uv_index"].step * (SATURATED - 1), MODES["uv_index"].step
        ),
    )

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Read the part id."""
        found = self._read(PART_ID, 1)[0] == CHIP_ID
        return Identity("LTR390", certain=True) if found else None

    def setup(self) -> Steps[None]:
        """Put the chip in standby, set its resolution, forget that power came."""
        chip_id = self._read(PART_ID, 1)[0]
        if chip_id != CHIP_ID:
            raise WrongChip(self._port.where, f"no LTR390: its part id is 0x{chip_id:02x}")
        self._write(MAIN_CTRL, STANDBY)
        self._write(MEAS_RATE, FINEST)
        self._write(GAIN, MODES["illuminance"].gain)
        self._expect(STANDBY, MODES["illuminance"].gain)
        self._read(MAIN_STATUS, 1)
        yield from ()

    def measure(self) -> Steps[Values]:
        """Measure one after the other; one that is saturated has no value."""
        values: dict[str, float | DriverError] = {}
        for name, mode in MODES.items():
            count = yield from self._convert(mode)
            too_bright = f"{name} is beyond {mode.step * SATURATED:.0f}"
            values[name] = (
                OutOfRange(self._port.where, too_bright, "shade the sensor")
                if count >= SATURATED
                else measured(count, mode)
            )
        return checked(self.channels, values, self._port.where)

    def _convert(self, mode: Mode) -> Steps[int]:
        self._write(MAIN_CTRL, STANDBY)
        self._write(GAIN, mode.gain)
        self._expect(STANDBY, mode.gain)
        self._status()  # one of these clears the flag of data that was not read
        self._read(mode.data, 3)
        self._write(MAIN_CTRL, mode.control)
        yield WAKE_UP + CONVERSION
        yield from self._finished()
        count = self._count(mode)
        self._expect(mode.control, mode.gain)
        return count

    def _finished(self) -> Steps[None]:
        for _ in range(ATTEMPTS):
            if self._status() & NEW_DATA:
                return
            yield POLL
        raise NotReady(
            self._port.where,
            "no new data long after the datasheet's conversion time",
            "check its supply; does another program use it?",
        )

    def _status(self) -> int:
        status = self._read(MAIN_STATUS, 1)[0]
        if status & POWER_FAILED:
            raise LostConfiguration(self._port.where, "its power failed since it was set up")
        return status

    def _count(self, mode: Mode) -> int:
        """Read the result more than once: the next one is a conversion away."""
        reads = ((bytes([mode.data]), 3), (bytes([PART_ID]), 1))
        data, chip_id = self._port.read_in_turn(*reads)
        self._refuse_dead(chip_id[0])
        return int.from_bytes(data, "little")

    def _expect(self, control: int, gain: int) -> None:
        """Raise `LostConfiguration` unless this is the state, `DeadFrame` if the id is gone."""
        wanted = bytes([control, FINEST, gain, CHIP_ID])
        held = self._read(MAIN_CTRL, 1) + self._read(MEAS_RATE, 3)
        self._refuse_dead(held[-1])
        if held != wanted:
            raise LostConfiguration(
                self._port.where, f"configured {wanted.hex(' ')}, holds {held.hex(' ')}"
            )

    def _refuse_dead(self, chip_id: int) -> None:
        if chip_id != CHIP_ID:
            what = f"the chip answers {chip_id:02x} instead of its part id"
            raise DeadFrame(self._port.where, what)

    def _read(self, register: int, count: int) -> bytes:
        return self._port.write_read(bytes([register]), count)

    def _write(self, register: int, value: int) -> None:
        self._port.write(bytes([register, value]))


def measured(count: int, mode: Mode) -> float:
    """Return lx (0.6 · count / gain / time in 100 ms) or UV index (2300 counts at gain 18)."""
    return count * mode.step
