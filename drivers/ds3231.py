"""Maxim DS3231 real-time clock: its thermometer (datasheet 19-5170 rev 10).

The kernel uses the time (`dtoverlay=i2c-rtc,ds3231`, which shows the thermometer as hwmon,
too); nothing is written here but the bit that forces a conversion.
"""

from typing import ClassVar

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import BadChecksum, NotReady, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import refuse_dead

# Registers and bits, figure 1 and page 13
CONTROL, COUNT = 0x0E, 5  # control, status, aging, temperature (two)
CONVERT, BUSY = 0x20, 0x04
# What is always 0: in seconds, minutes, hours, day, date, month, year; status and temperature
ZEROS = bytes([0x80, 0x80, 0x80, 0xF8, 0xC0, 0x60, 0x00])
STATUS_ZEROS, LOW_ZEROS = 0x70, 0x3F
SECONDS = 0.25  # t_CONV: 200 ms at most
PATIENCE, POLL = 4, 0.06


class DS3231:
    """Maxim DS3231 real-time clock: its thermometer, in steps of 0.25 °C (datasheet 19-5170)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (TWINS,)
    addresses: ClassVar[tuple[int, ...]] = (0x68,)
    channels = (Channel("temperature", "°C", -40, 85, 0.25),)

    def __init__(self, port: I2CPort) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Assume the chip if its time can be one, and bits that are always 0 are so."""
        time = self._port.write_read(b"\x00", len(ZEROS))
        _, status, _, _, low = self._registers()
        plausible = could_be_time(time) and not status & STATUS_ZEROS and not low & LOW_ZEROS
        return Identity("DS3231", certain=False) if plausible else None

    def setup(self) -> Steps[None]:
        """Change nothing; raise `WrongChip` if the clock does not run as one."""
        if self.identify() is None:
            raise WrongChip(self._port.where, "no DS3231: its registers hold no time of day")
        yield from self._until(BUSY, 1)
        control = self._control()
        self._port.write(bytes([CONTROL, control]))
        if self._control() != control:
            raise WrongChip(self._port.where, "no DS3231: it does not keep what is written")

    def measure(self) -> Steps[Values]:
        """Force a conversion, and read what it gave twice."""
        yield from self._until(BUSY, 1)
        control = self._control()
        self._port.write(bytes([CONTROL, control | CONVERT]))
        if not self._registers()[0] & CONVERT:
            raise NotReady(self._port.where, "no conversion began")
        yield SECONDS
        yield from self._until(CONVERT, 0)
        frame = self._steady()
        if frame[1] & BUSY:  # a brown-out makes it convert, and say 0 °C meanwhile
            raise NotReady(self._port.where, "it converts again")
        if frame[0] != control or frame[1] & STATUS_ZEROS or frame[4] & LOW_ZEROS:
            raise BadChecksum(self._port.where, f"no registers of a DS3231: {frame.hex(' ')}")
        values = {"temperature": temperature(frame[3:])}
        return checked(self.channels, values, self._port.where)

    def _until(self, bit: int, register: int) -> Steps[None]:
        """Wait until a bit is 0: the chip converts, or did not finish."""
        for _ in range(PATIENCE):
            both = self._registers()[register] | self._registers()[register]
            if not both & bit:
                return
            yield POLL
        raise NotReady(self._port.where, "no result after the datasheet's longest time")

    def _control(self) -> int:
        """Return the control register, without a conversion that is under way."""
        return self._steady()[0] & ~CONVERT

    def _steady(self) -> bytes:
        return self._alive(self._port.read_steady(COUNT, bytes([CONTROL])))

    def _registers(self) -> bytes:
        return self._alive(self._port.write_read(bytes([CONTROL]), COUNT))

    def _alive(self, registers: bytes) -> bytes:
        refuse_dead(registers, self._port.where)
        return registers


def could_be_time(registers: bytes) -> bool:
    """Return whether seven registers can be a time in BCD: 59:59, a day of 1 to 7, a date."""
    if any(value & zeros for value, zeros in zip(registers, ZEROS, strict=True)):
        return False
    seconds, minutes, _, day, date, month, year = registers
    numbers = (seconds, minutes, date, month & 0x1F, year)
    if any(number & 0x0F > 9 for number in numbers):
        return False
    in_range = seconds < 0x60 and minutes < 0x60 and date <= 0x31 and year <= 0x99
    return in_range and 1 <= day <= 7 and date >= 1 and 1 <= month & 0x1F <= 0x12


def temperature(registers: bytes) -> float:
    """Return °C: ten bits at the left, 0.25 °C each (page 15: 1940 → 25.25)."""
    return int.from_bytes(registers, signed=True) / 256
