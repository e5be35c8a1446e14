"""TE HTU21D humidity and temperature sensor (datasheet HPC199_6), and Sensirion's SHT2x.

Its checksum begins with 0, so a line held low passes it: the status bits in each result show what
was measured, and zeros are refused. What the Si7021 shares with it is here as functions.
"""

from contextlib import suppress
from typing import ClassVar, NamedTuple

from drivers.base import checksum
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import (
    BadChecksum,
    LostConfiguration,
    NoAcknowledge,
    WrongChip,
)
from drivers.base.humidity import cropped
from drivers.base.i2c import I2CPort
from drivers.base.registers import refuse_dead
from drivers.base.sensirion import read_result

RESET = b"\xfe"
WRITE_USER, READ_USER = 0xE6, b"\xe7"
ELECTRONIC_ID = b"\xfc\xc9"

RESET_SECONDS = 0.015  # page 12
CONTROL = 0x85  # resolution and heater in the user register: all 0 is what we want
OTP_OFF = 0x02  # set in every chip at power-on
STATUS = 0x02  # bit of a result: set for humidity, clear for temperature (page 11)
TE = 0x4854  # "HT", the second half of its electronic id; SHT2x are compensated themselves
COEFFICIENT = 0.15  # % that are missing for each °C above 25 (page 3: -0.15)
COLDEST, WARMEST = 0.0, 80.0  # °C, for which that is given
SILICON_LABS = {0x0D: "Si7013", 0x14: "Si7020", 0x15: "Si7021"}  # Si7021-A20 §5.5


class Measurement(NamedTuple):
    """A command (no hold master), the status of its result, and the longest that it takes."""

    command: bytes
    status: int
    seconds: float


# The SHT2x is the slowest of the family (SHT21 datasheet version 4, table 7)
TEMPERATURE = Measurement(b"\xf3", 0x00, 0.085)
HUMIDITY = Measurement(b"\xf5", STATUS, 0.029)


class HTU21D:
    """TE HTU21D or Sensirion SHT20/21/25 temperature and humidity sensor (datasheet HPC199_6)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = (0x40,)
    channels = (
        Channel("temperature", "°C", -40, 125, 175.72 / 2**14),
        Channel("humidity", "%", 0, 100, 125 / 2**12, needs=("temperature",)),
    )

    def __init__(self, port: I2CPort) -> None:
        self._port = port
        self._coefficient = 0.0  # `setup` knows it

    def identify(self) -> Identity | None:
        """Assume the chip if its user register is plausible and Silicon Labs made none."""
        if not plausible(self._port):
            return None
        try:
            part = electronic_id(self._port)
        except (NoAcknowledge, BadChecksum):
            part = 0  # not every maker of these chips has one
        return None if part in SILICON_LABS else Identity("HTU21D", certain=False)

    def setup(self) -> Steps[None]:
        """Reset the chip; raise `WrongChip` if it is a Si7021 or none of its kind."""
        if self.identify() is None:
            raise WrongChip(self._port.where, "no HTU21D", "a Si7021 has its own driver")
        self._coefficient = COEFFICIENT if self._is_htu21d() else 0.0
        yield from reset(self._port)

    def measure(self) -> Steps[Values]:
        """Measure the temperature, then the humidity, which is corrected with it."""
        celsius, percent = yield from both(self._port, TEMPERATURE, HUMIDITY)
        correction = (min(max(celsius, COLDEST), WARMEST) - 25) * self._coefficient
        where = self._port.where
        values = {"temperature": celsius, "humidity": cropped(percent, where, correction)}
        return checked(self.channels, values, where)

    def _is_htu21d(self) -> bool:
        """Return whether the electronic id says so; of its relatives some acknowledge no id."""
        makers = set()
        for _ in range(checksum.READS):
            with suppress(NoAcknowledge):
                frame = self._port.write_read(ELECTRONIC_ID, 6)
                makers.add(checked_code(frame[3:], self._port.where))
        return TE in makers


def plausible(port: I2CPort) -> bool:
    """Return whether the user register is one that the family can have.

    Asked first: other chips at 0x40 would take the electronic id's command for a setting.
    """
    held = port.write_read(READ_USER, 1)[0]
    return held != 0xFF and bool(held & OTP_OFF)


def electronic_id(port: I2CPort) -> int:
    """Return the first byte of the electronic id's second half; raise `BadChecksum`."""
    frame = port.write_read(ELECTRONIC_ID, 3)
    return checked_code(frame, port.where) >> 8


def reset(port: I2CPort) -> Steps[None]:
    """Reset the chip and end what a reset does not: raise `LostConfiguration` if it continues."""
    port.write(RESET)
    yield RESET_SECONDS
    user = _user_register(port)
    if not user & CONTROL:
        return
    port.write(bytes([WRITE_USER, user & ~CONTROL]))  # the heater outlives a reset (page 13)
    held = _user_register(port)
    if held & CONTROL:
        raise LostConfiguration(port.where, f"its user register stays {held:02x}")


def _user_register(port: I2CPort) -> int:
    return port.read_steady(1, READ_USER)[0]


def measured(port: I2CPort, measurement: Measurement) -> Steps[int]:
    """Measure; return the code, its status bits cleared."""
    port.write(measurement.command)
    yield measurement.seconds
    frame = read_result(port, 3)
    code = checked_code(frame, port.where)
    if code & STATUS != measurement.status:
        raise BadChecksum(port.where, f"the result of another measurement: {frame.hex(' ')}")
    return code & ~0x03


def checked_code(frame: bytes, where: str) -> int:
    """Return the word of three bytes; raise `DeadFrame` or `BadChecksum`."""
    refuse_dead(frame, where)
    if crc(frame[:2]) != frame[2]:
        raise BadChecksum(where, f"checksum wrong in {frame.hex(' ')}")
    return int.from_bytes(frame[:2], "big")


def both(
    port: I2CPort, temperatures: Measurement, humidities: Measurement
) -> Steps[tuple[float, float]]:
    """Return °C and %, not cropped yet; raise `LostConfiguration` if a heater warmed the chip."""
    celsius = temperature((yield from measured(port, temperatures)))
    percent = humidity((yield from measured(port, humidities)))
    refuse_heated(port)
    return celsius, percent


def refuse_heated(port: I2CPort) -> None:
    """Raise `LostConfiguration` if the heater is on, or the resolution another."""
    held = _user_register(port)
    if held & CONTROL:
        raise LostConfiguration(
            port.where,
            f"its heater is on, or its resolution is another: its user register is {held:02x}",
            "does another program use this chip?",
        )


def crc(data: bytes) -> int:
    """CRC-8, polynomial 0x31, initial 0 (page 14: 0x683A → 0x7C, 0x4E85 → 0x6B, 0xDC → 0x79).

    It is linear: what another initial value adds is what it makes of zeros.
    """
    return checksum.sensirion(data) ^ checksum.sensirion(bytes(len(data)))


def temperature(code: int) -> float:
    """Return °C (page 15: 0x683A is 24.7 °C)."""
    return -46.85 + 175.72 * code / 65536


def humidity(code: int) -> float:
    """Return %, not cropped yet (page 15: 0x4E85 is 32.3 %)."""
    return -6 + 125 * code / 65536
