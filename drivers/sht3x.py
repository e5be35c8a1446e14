"""Sensirion SHT30/SHT31/SHT35 humidity and temperature sensor (datasheet version 7)."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.base.blindness import DEW, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import Identity, Steps, Values, checked
from drivers.base.errors import BadChecksum, LostConfiguration, NoAcknowledge, NotReady, WrongChip
from drivers.base.sensirion import (
    MAKER,
    TEXAS_INSTRUMENTS,
    ClimateSensor,
    Precision,
    asked_at_once,
    humidity,
    recognised,
    temperature,
)

SOFT_RESET, BREAK, CLEAR_STATUS, STATUS = b"\x30\xa2", b"\x30\x93", b"\x30\x41", b"\xf3\x2d"
RESET_SECONDS = 0.0015  # table 4
BREAK_SECONDS = 0.001  # §4.8
RESET_HAPPENED, HEATER = 0x0010, 0x2000  # status register, table 18
RESERVED = 0x53EC


# Single shots without clock stretching, and the longest that they take (tables 4 and 9)
PRECISIONS = {
    "high": Precision(b"\x24\x00", 0.0155),
    "medium": Precision(b"\x24\x0b", 0.0065),
    "low": Precision(b"\x24\x16", 0.0045),
}


class SHT3x(ClimateSensor):
    """Sensirion SHT30, SHT31 or SHT35 temperature and humidity sensor (datasheet version 7)."""

    addresses: ClassVar[tuple[int, ...]] = (0x44, 0x45)
    blind: ClassVar[tuple[Blindness, ...]] = (DEW,)
    precisions: ClassVar[Mapping[str, Precision]] = PRECISIONS
    other: ClassVar[str] = "no SHT3x: it has no such status register, or it is an HDC302x"
    reset_seconds: ClassVar[float] = RESET_SECONDS
    channels = (
        Channel("temperature", "°C", -40, 125, 175 / 65535),
        Channel("humidity", "%", 100 / 65535, 100, 100 / 65535),  # 0: the element is broken
    )

    def identify(self) -> Identity | None:
        """Read the status register: its checksum is right, and its reserved bits are 0.

        An HDC302x has it, too, but a maker's id besides.
        """
        try:
            status = self._status()
        except BadChecksum:
            return None
        return None if status & RESERVED or self._has_maker() else Identity("SHT3x", certain=True)

    def _has_maker(self) -> bool:
        try:
            return recognised(self._port, MAKER, 1) == (TEXAS_INSTRUMENTS,)
        except NoAcknowledge:
            return False

    def setup(self) -> Steps[None]:
        """Break a periodic measurement off, reset the chip, and note that this reset was ours."""
        self._port.write(BREAK)
        yield BREAK_SECONDS
        self._port.write(SOFT_RESET)
        yield self.reset_seconds
        if self.identify() is None:
            raise WrongChip(self._port.where, self.other)
        self._port.write(CLEAR_STATUS)
        self._make_sure()

    def measure(self) -> Steps[Values]:
        """Measure both, at one moment."""
        ticks = yield from self._ticks()
        self._make_sure()
        values = {"temperature": temperature(ticks[0]), "humidity": humidity(ticks[1])}
        return checked(self.channels, values, self._port.where)

    def _make_sure(self) -> None:
        status = self._status()
        if status & RESET_HAPPENED:
            raise LostConfiguration(self._port.where, "its supply dipped: it was reset")
        if status & HEATER:
            raise NotReady(self._port.where, "its heater is on", "does another program use it?")

    def _status(self) -> int:
        return asked_at_once(self._port, STATUS, 1)[0]
