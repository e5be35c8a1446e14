"""Sensirion SEN50, SEN54 and SEN55 environmental sensor nodes (datasheet version 2, March 2022).

All measure particles; a SEN54 also temperature, humidity and an index of organic compounds, a
SEN55 one of nitrogen oxides, too. What compensates these lasts until a reset: it is expected to be
what the sensor held after ours.
"""

import struct
from collections.abc import Mapping
from typing import ClassVar, Literal

from drivers.base import sensirion
from drivers.base.blindness import DEW, Blindness
from drivers.base.channel import Channel
from drivers.base.co2 import Limit
from drivers.base.driver import Steps, Values, checked
from drivers.base.errors import DriverError, LostConfiguration, NotReady
from drivers.base.i2c import I2CPort
from drivers.base.particles import DUST, FAILURES, RESTARTED, Failure, ParticleSensor, mass

COMPENSATION, VOC_TUNING, NOX_TUNING = b"\x60\xb2", b"\x60\xd0", b"\x60\xe1"
HELD: dict[str, dict[bytes, int]] = {  # what each chip can be asked for, and of how many words
    "SEN50": {},
    "SEN54": {COMPENSATION: 3, VOC_TUNING: 6},
    "SEN55": {COMPENSATION: 3, VOC_TUNING: 6, NOX_TUNING: 6},
}
OFFSETS = Limit(-10, 10, "°C")
PER_DEGREE = 200
CLIMATE = {1 << 6: Failure("its sensor of temperature and humidity has failed", "replace it")}
GAS = {1 << 7: Failure("its gas sensor has failed", "replace it")} | CLIMATE
PARTS = {"pm": FAILURES, "te": CLIMATE, "hu": CLIMATE, "vo": GAS, "no": GAS}
WORDS = struct.Struct(">4H4h")
UNKNOWN = (0xFFFF, 0x7FFF)
SCALES = (10, 10, 10, 10, 100, PER_DEGREE, 10, 10)

MASSES = tuple(mass(name, 1000) for name in ("pm1", "pm25", "pm4", "pm10"))
CHANNELS = (
    *MASSES,
    Channel("humidity", "%", 0.01, 100, 0.01),  # 0: nothing was measured
    Channel("temperature", "°C", -10, 60, 1 / PER_DEGREE),
    Channel("voc_index", "", 1, 500, 0.1, "aqi"),
    Channel("nox_index", "", 1, 500, 0.1, "aqi"),
)
MEASURED = {"SEN50": 4, "SEN54": 7, "SEN55": 8}  # channels


class SEN5x(ParticleSensor):
    """Sensirion SEN50, SEN54 or SEN55: particles, climate and gas indices (datasheet version 2).

    Needs 5 V for its fan, its pin SEL on ground, and 30 s for each start. The indices are 100 and
    1 in the mean of a day: more is worse air than usual. They take an hour to find it.
    """

    blind: ClassVar[tuple[Blindness, ...]] = (DUST, RESTARTED, DEW)
    channels: tuple[Channel, ...] = CHANNELS
    named: ClassVar[bytes] = b"\xd0\x14"
    names: ClassVar[Mapping[str, str]] = {name: name for name in HELD}
    start: ClassVar[bytes] = b"\x00\x21"
    result: ClassVar[bytes] = b"\x03\xc4"
    words: ClassVar[int] = len(CHANNELS)
    answer: ClassVar[float] = 0.02

    def __init__(
        self,
        port: I2CPort,
        *,
        kind: Literal["SEN50", "SEN54", "SEN55"] = "SEN55",
        temperature_offset: float = 0.0,
        auto_cleaning_interval: int | None = None,
    ) -> None:
        """`kind`: which it is; `temperature_offset`: °C that it adds, below 0 if it is warmed.

        `auto_cleaning_interval`: s, 0 for never; it was made with a week. Without it, it stays as
        the sensor holds it.
        """
        OFFSETS.check("temperature_offset", temperature_offset)
        super().__init__(port, auto_cleaning_interval)
        self.channels = CHANNELS[: MEASURED[kind]]
        self._offset = round(PER_DEGREE * temperature_offset) & 0xFFFF
        self._held: dict[bytes, tuple[int, ...]] = {}

    def _configure(self) -> Steps[None]:
        """Let it hold the offset, without a slope and at once; remember what compensates it."""
        asked = HELD[(yield from self._recognised())]
        wanted = (self._offset, 0, 0)
        if COMPENSATION in asked:
            self._port.write(COMPENSATION + sensirion.with_checksums(*wanted))
            yield self.answer
        self._held = yield from self._said(asked)
        self._refuse_other({COMPENSATION: wanted} if COMPENSATION in asked else {})

    def measure(self) -> Steps[Values]:
        """Wait for the next result, and make sure that nothing else compensates it."""
        values = yield from super().measure()
        counts = {command: len(words) for command, words in self._held.items()}
        self._refuse_other((yield from self._said(counts)))
        return values

    def _said(self, counts: Mapping[bytes, int]) -> Steps[dict[bytes, tuple[int, ...]]]:
        found = {}
        for command, count in counts.items():
            found[command] = yield from self._asked(command, count)
        return found

    def _refuse_other(self, said: Mapping[bytes, tuple[int, ...]]) -> None:
        for command, words in said.items():
            if words != self._held[command]:
                what = f"its setting {command.hex()} is {words} instead of {self._held[command]}"
                raise LostConfiguration(self._port.where, what, "does another program use it?")

    def _values(self, words: tuple[int, ...], status: int) -> Values:
        """Return the values of a result; what the chip does not know has none."""
        codes = WORDS.unpack(struct.pack(">8H", *words))
        found = {
            channel.name: self._value(channel, code, scale, status)
            for channel, code, scale in zip(self.channels, codes, SCALES, strict=False)
        }
        return checked(self.channels, found, self._port.where)

    def _value(self, channel: Channel, code: int, scale: int, status: int) -> float | DriverError:
        if failure := self._failure(status, PARTS[channel.name[:2]]):
            return failure
        if code in UNKNOWN or (channel.quantity == "aqi" and code == 0):
            remedy = "an index takes its time; a SEN50 and a SEN54 measure less: set `kind`"
            return NotReady(self._port.where, f"it has no {channel.name}", remedy)
        return code / scale
