"""Maxim MAX31865 converter for platinum thermometers (datasheet 19-6478, revision 3).

The chip has no identification, no checksum, and no register that shows a new result from an old
one. But every result is compared with a threshold, and the outcome is kept: a threshold of 0,
armed with each conversion, is a witness that it has ended.
"""

import math
from typing import ClassVar, Literal

from drivers.base.channel import Channel
from drivers.base.checksum import READS
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import (
    BadChecksum,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.base.registers import refuse_dead
from drivers.base.spi import SPIPort

MODE, HERTZ = 1, 1_000_000  # or mode 3 (table 8); 5 MHz at most

# Registers, table 1: configuration, result, high and low threshold, fault status
SIZE = 8
WRITE = 0x80
# Fields of the configuration, table 2
BIAS, ONE_SHOT, THREE_WIRE, DETECT, CLEAR, FIFTY = 0x80, 0x20, 0x10, 0x04, 0x02, 0x01
BUSY = 0x0C  # a fault detection cycle is going on
# Fault status, tables 7 and 10 to 12
ABOVE = 0x80
FAULTS = {
    0x20: "the element or a FORCE wire is open (REFIN- is high)",
    0x10: "a wire is shorted (REFIN- is low)",
    0x08: "a wire is shorted, or FORCE+ is not connected (RTDIN- is low)",
    0x04: "an input is above the supply or below ground",
}
UNARMED, ARMED = bytes.fromhex("ffff0000"), bytes.fromhex("00000000")  # thresholds: high, low

SETTLE = 0.010  # seconds: far over 10.5 time constants of the input filter and 1 ms (D5)
DETECTION = 0.002  # 550 µs, and the filter again
CONVERSIONS = {50: 0.066, 60: 0.055}  # tCONV, single, at most

# IEC 60751: Callendar and Van Dusen
A, B, C = 3.9083e-3, -5.775e-7, -4.183e-12
LOW, HIGH = -200.0, 850.0  # °C


class MAX31865:
    """Maxim MAX31865 converter for platinum thermometers, PT100 to PT1000 (19-6478 rev 3)."""

    bus: ClassVar[BusKind] = "spi"
    channels: tuple[Channel, ...] = (Channel("temperature", "°C", LOW, HIGH, 0.042),)

    def __init__(
        self,
        port: SPIPort,
        *,
        wires: Literal[2, 3, 4] = 4,
        reference: float = 400.0,
        nominal: float = 100.0,
        filter: Literal[50, 60] = 50,  # noqa: A002 - the datasheet's word
    ) -> None:
        """Take the ohms of the `reference` resistor and of the element at 0 °C, and the mains' Hz.

        Adafruit's boards have 430 Ω for a PT100, 4300 Ω for a PT1000.
        """
        for name, ohms in (("reference", reference), ("nominal", nominal)):
            if not 1 <= ohms <= 100_000:
                raise ValueError(f"{name} is {ohms:g}: wanted ohms, 1 to 100000")
        self._port = port
        self._setting = (THREE_WIRE if wires == 3 else 0) | (FIFTY if filter == 50 else 0)
        self._seconds = CONVERSIONS[filter]
        self._step = reference / nominal / 32768  # of the element's ratio to its nominal value
        high = celsius(min(32766 * self._step, ratio(HIGH)))
        self.channels = (Channel("temperature", "°C", LOW, high, self._step / slope(HIGH)),)

    def setup(self) -> Steps[None]:
        """End an automatic mode, in which the filter may not change (D0); read back what is set."""
        self._port.configure(mode=MODE, hertz=HERTZ)
        self._write(0)
        self._write(self._setting | CLEAR, UNARMED)
        held = self._registers()
        if held[0] != self._setting or held[3:7] != UNARMED:
            what = f"no MAX31865: wrote {self._setting:02x}, its registers are {held.hex(' ')}"
            raise WrongChip(self._port.where, what, "check the wiring, and `select`")
        yield from ()

    def measure(self) -> Steps[Values]:
        """Look for faults of the wires, then convert once; the bias is on for 0.08 s only."""
        setting = self._setting | BIAS
        self._write(setting | CLEAR, UNARMED)
        yield SETTLE
        self._expect(self._registers(), setting, UNARMED)
        self._write(setting | DETECT)
        yield DETECTION
        self._check_faults(self._expect(self._registers(), setting, UNARMED))
        self._write(setting | ONE_SHOT, ARMED)
        yield self._seconds
        code = self._result(setting)
        self._write(self._setting | CLEAR, UNARMED)
        return checked(self.channels, {"temperature": self._celsius(code)}, self._port.where)

    def _result(self, setting: int) -> int:
        """Return the new code, read more than once, unless the threshold shows none."""
        frame, *others = (self._registers() for _ in range(READS))
        if others != [frame, frame]:
            what = "reads of one result differ"
            raise BadChecksum(self._port.where, what, "check cable length and ground")
        status = self._expect(frame, setting, ARMED)
        self._check_faults(status)
        if not status & ABOVE:
            raise NotReady(self._port.where, "no result after the datasheet's longest time")
        return int.from_bytes(frame[1:3]) >> 1

    def _celsius(self, code: int) -> float:
        found = code * self._step
        if not ratio(LOW) - self._step <= found <= ratio(HIGH) + self._step or code == 0x7FFF:
            raise OutOfRange(
                self._port.where,
                f"the element has {found:.4g} times its nominal resistance",
                "is it broken or shorted? Check its wires, and `reference` and `nominal`",
            )
        return celsius(found)

    def _expect(self, frame: bytes, setting: int, thresholds: bytes) -> int:
        """Return the fault status of a chip that is configured as we did."""
        held, where = frame[0], self._port.where
        if held & BUSY and held & ~BUSY == setting:
            raise NotReady(where, "the detection of faults has not ended")
        if held != setting or frame[3:7] != thresholds:
            what = f"its configuration is {held:02x} {frame[3:7].hex()}"
            raise LostConfiguration(where, f"{what} instead of {setting:02x} {thresholds.hex()}")
        return frame[7]

    def _check_faults(self, status: int) -> None:
        for bit, what in FAULTS.items():
            if status & bit:
                raise OutOfRange(self._port.where, what, "check the wires, and `wires`")

    def _registers(self) -> bytes:
        frame = self._port.transfer(bytes(1 + SIZE))[1:]
        refuse_dead(frame, self._port.where)
        return frame

    def _write(self, setting: int, thresholds: bytes = b"") -> None:
        """Write the configuration, and what follows it; the result between them is read-only."""
        rest = bytes(2) + thresholds if thresholds else b""
        self._port.transfer(bytes([WRITE, setting]) + rest)


def ratio(celsius: float) -> float:
    """Return the resistance at a temperature, by that at 0 °C (IEC 60751)."""
    below = C * (celsius - 100) * celsius**3 if celsius < 0 else 0.0
    return 1 + A * celsius + B * celsius**2 + below


def slope(celsius: float) -> float:
    """Return by how much the ratio grows for a °C."""
    below = C * (4 * celsius - 300) * celsius**2 if celsius < 0 else 0.0
    return A + 2 * B * celsius + below


def celsius(found: float) -> float:
    """Return the temperature at which the ratio is this, by the quadratic, and Newton below 0 °C.

    Examples of IEC 60751: 1 is 0 °C, 1.385055 is 100 °C, 0.602558 is -100 °C, 0.185201 is -200 °C.
    """
    degrees = (math.sqrt(A * A - 4 * B * (1 - found)) - A) / (2 * B)
    for _ in range(4 if found < 1 else 0):
        degrees -= (ratio(degrees) - found) / slope(degrees)
    return degrees
