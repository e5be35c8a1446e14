"""Analog Devices ADXL345 accelerometer (datasheet revision G).

The chip has no checksum. It samples 25 times a second, and shows each sample until the
next: reads of a new sample agree.
"""

import struct
from typing import ClassVar

from drivers.base.blindness import STUCK_MASS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import LostConfiguration
from drivers.base.i2c import I2CPort
from drivers.base.motion import Frame, G, expect, fresh, refuse_old, steady
from drivers.base.registers import refuse_changed

# Registers, table 19
DEVID = 0x00
OFFSETS = 0x1E
BW_RATE = 0x2C
POWER_CTL = 0x2D
DATA_FORMAT = 0x31
FIFO_CTL = 0x38

CHIP_ID = 0xE5
DATA_READY = 0x80
NO_OFFSETS = bytes(3)
RATE = 0x08  # 25 Hz, table 7
MEASURE = 0x08
FULL_RESOLUTION_16_G = 0x0B
# BW_RATE, POWER_CTL, DATA_FORMAT, FIFO_CTL; at power-on they are 0a 00 00 00
CONFIGURATION = bytes([RATE, MEASURE, FULL_RESOLUTION_16_G, 0x00])

PERIOD = 1 / 25
PATIENCE = 1.25 * PERIOD  # the turn-on time is 1.1 ms more than a period (table 1)
PER_G = 256  # LSB, in full resolution (table 1)
LOWEST, HIGHEST = -4095, 4094  # 13 bits; beyond them it is clipped
STEP = G / PER_G


class ADXL345:
    """Analog Devices ADXL345 accelerometer, ±16 g on three axes (datasheet revision G)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (STUCK_MASS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x53, 0x1D)
    channels = tuple(
        Channel(f"acceleration_{axis}", "m/s²", LOWEST * STEP, HIGHEST * STEP, STEP, "acceleration")
        for axis in "xyz"
    )

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Read the device id."""
        found = self._port.write_read(bytes([DEVID]), 1)[0]
        return Identity("ADXL345", certain=True) if found == CHIP_ID else None

    def setup(self) -> Steps[None]:
        """Let it sample, without offsets and FIFO; raise `WrongChip` if another answers."""
        expect(self._port, DEVID, CHIP_ID, "ADXL345")
        self._write(POWER_CTL, 0)  # standby: settings are changed there
        self._write(OFFSETS, *NO_OFFSETS)
        self._write(FIFO_CTL, 0)
        self._write(DATA_FORMAT, FULL_RESOLUTION_16_G)
        self._write(BW_RATE, RATE, MEASURE)
        self._refuse_offsets()
        self._samples(steady(self._frame, self._port.where))
        yield PERIOD  # what it began with other settings is over

    def measure(self) -> Steps[Values]:
        """Wait for the next sample and return it."""
        frame = yield from fresh(self._frame, PATIENCE, self._port.where)
        samples = self._samples(frame)
        self._refuse_offsets()
        refuse_old(frame, DATA_READY, self._port.where)
        codes = struct.unpack("<hhh", samples)
        values = {
            channel.name: acceleration(code)
            for channel, code in zip(self.channels, codes, strict=True)
        }
        return checked(self.channels, values, self._port.where)

    def _frame(self) -> Frame:
        """Read BW_RATE to FIFO_CTL in one transaction; INT_SOURCE among them is the status."""
        read = self._port.write_read(bytes([BW_RATE]), FIFO_CTL - BW_RATE + 1)
        return Frame(read[4], read[:4] + read[5:])

    def _samples(self, frame: Frame) -> bytes:
        """Return the six registers of the sample; raise `LostConfiguration`."""
        rate, power, _, _, form, *_, fifo = frame.registers
        refuse_changed(bytes([rate, power, form, fifo]), CONFIGURATION, self._port.where)
        return frame.registers[5:11]

    def _refuse_offsets(self) -> None:
        """Raise `LostConfiguration` if the chip adds something to what it measures."""
        if self._port.write_read(bytes([OFFSETS]), 3) != NO_OFFSETS:
            raise LostConfiguration(self._port.where, "it does not keep its offsets at 0")

    def _write(self, register: int, *values: int) -> None:
        self._port.write(bytes([register, *values]))


def acceleration(code: int) -> float:
    """Return m/s²: 256 LSB are 1 g, whatever the range (table 1, full resolution)."""
    return code * STEP
