"""STMicroelectronics LIS3DH accelerometer (datasheet DocID17530 revision 2).

The chip has no checksum. It samples 25 times a second, and shows each sample until the
next: reads of a new sample agree.
"""

import struct
from typing import ClassVar, Literal

from drivers.base.blindness import STUCK_MASS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import LostConfiguration
from drivers.base.i2c import I2CPort
from drivers.base.motion import Frame, G, expect, fresh, refuse_old, steady
from drivers.base.registers import refuse_changed

# Registers, §7
WHO_AM_I = 0x0F
CTRL_REG1 = 0x20
STATUS_REG = 0x27
FIFO_CTRL_REG = 0x2E
ACT_THS = 0x3E
INCREMENT = 0x80  # of the register's number: continue with the next (§6.1)

CHIP_ID = 0x33
ZYXDA = 0x08  # of the status: new data on all axes
RATE_25_HZ, ALL_AXES = 0x30, 0x07  # CTRL_REG1
BLOCK_DATA_UPDATE, HIGH_RESOLUTION = 0x80, 0x08  # CTRL_REG4; it is 0 at power-on
BYPASS = 0x00

PERIOD = 1 / 25
PATIENCE = 1.25 * PERIOD
TURN_ON = 7 * PATIENCE  # table 11: 7/ODR to 12 bits

# FS of CTRL_REG4, and the sensitivity in g per digit (table 4)
FULL_SCALES = {"2g": (0x00, 0.001), "4g": (0x10, 0.002), "8g": (0x20, 0.004), "16g": (0x30, 0.012)}

FullScale = Literal["2g", "4g", "8g", "16g"]


class LIS3DH:
    """STMicroelectronics LIS3DH accelerometer on three axes (datasheet DocID17530 revision 2)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (STUCK_MASS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x18, 0x19)
    channels: tuple[Channel, ...] = tuple(
        Channel(f"acceleration_{axis}", "m/s²", -16 * G, 16 * G, 0.012 * G, "acceleration")
        for axis in "xyz"
    )

    def __init__(self, port: I2CPort, *, full_scale: FullScale = "2g") -> None:
        self._port = port
        self._settings = settings(full_scale)
        self._step = FULL_SCALES[full_scale][1] * G
        high = float(full_scale.removesuffix("g")) * G
        self.channels = tuple(
            Channel(each.name, each.unit, -high, high, self._step, each.quantity)
            for each in type(self).channels
        )

    def identify(self) -> Identity | None:
        """Read the chip id."""
        found = self._port.write_read(bytes([WHO_AM_I]), 1)[0]
        return Identity("LIS3DH", certain=True) if found == CHIP_ID else None

    def setup(self) -> Steps[None]:
        """Let it sample with 12 bits, without filter and FIFO; raise `WrongChip` for another."""
        expect(self._port, WHO_AM_I, CHIP_ID, "LIS3DH")
        self._port.write(bytes([FIFO_CTRL_REG, BYPASS]))
        self._port.write(bytes([ACT_THS, 0]))  # it would sample coarsely while nothing moves (3Eh)
        self._port.write(bytes([CTRL_REG1 | INCREMENT, *self._settings]))
        yield TURN_ON
        self._refuse_idling()
        self._samples(steady(self._frame, self._port.where))

    def measure(self) -> Steps[Values]:
        """Wait for the next sample and return it; an axis beyond the full scale has no value."""
        frame = yield from fresh(self._frame, PATIENCE, self._port.where)
        samples = self._samples(frame)
        self._refuse_idling()
        refuse_old(frame, ZYXDA, self._port.where)
        words = struct.unpack("<hhh", samples)
        values = {
            channel.name: acceleration(word, self._step)
            for channel, word in zip(self.channels, words, strict=True)
        }
        hint = "use a larger `full_scale`, up to 16g"
        return checked(self.channels, values, self._port.where, hint)

    def _refuse_idling(self) -> None:
        """Raise `LostConfiguration` if it samples coarsely while nothing moves."""
        if self._port.write_read(bytes([ACT_THS]), 1)[0]:
            raise LostConfiguration(self._port.where, "it does not keep its ACT_THS at 0")

    def _frame(self) -> Frame:
        """Read CTRL_REG1 to FIFO_CTRL_REG in one transaction."""
        read = self._port.write_read(bytes([CTRL_REG1 | INCREMENT]), 15)
        return Frame(read[7], read[:7] + read[8:])

    def _samples(self, frame: Frame) -> bytes:
        """Return the six registers of the sample; raise `LostConfiguration`."""
        held = frame.registers[:6] + frame.registers[13:]
        refuse_changed(held, self._settings + bytes([BYPASS]), self._port.where)
        return frame.registers[7:13]


def settings(full_scale: FullScale) -> bytes:
    """Return CTRL_REG1 to CTRL_REG6 (20h to 25h); at power-on they are 07 00 00 00 00 00."""
    fourth = BLOCK_DATA_UPDATE | FULL_SCALES[full_scale][0] | HIGH_RESOLUTION
    return bytes([RATE_25_HZ | ALL_AXES, 0, 0, fourth, 0, 0])


def acceleration(word: int, step: float) -> float:
    """Return m/s²: 12 bits, left-justified, a `step` each.

    AN3308 §3.2.3, at ±2 g: 15E0h is 350 mg, EA20h is -350 mg; its 4000h for 1 g is 1.024 g.
    """
    return (word >> 4) * step
