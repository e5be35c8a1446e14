"""Sensirion SGP41 gas sensor (datasheet version 1.0): an SGP40 with a second, oxidising gas."""

from typing import ClassVar

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import Steps
from drivers.sgp40 import SGP40, VOC

CONDITION, MEASURE_RAW = b"\x26\x12", b"\x26\x19"
CONDITIONING = 10  # seconds: never longer, or the chip is damaged (§3.2)


class SGP41(SGP40):
    """Sensirion SGP41 gas sensor: raw signals of VOC and NOx (datasheet version 1.0).

    A larger `voc_raw` is cleaner air, a larger `nox_raw` dirtier; there is no unit. After each
    `setup` it warms up for 60 s; its signal of NOx takes four minutes more.
    """

    blind: ClassVar[tuple[Blindness, ...]] = SGP40.blind
    channels: tuple[Channel, ...] = (VOC, Channel("nox_raw", "", 1, 65534, 1, "raw"))
    chip: ClassVar[str] = "SGP41"
    kind: ClassVar[int] = 0x040
    kind_bits: ClassVar[int] = 0xFFF  # an SCD41 has the same lower ones
    command: ClassVar[bytes] = MEASURE_RAW
    busy: ClassVar[float] = 0.055

    def _switch_on(self) -> Steps[None]:
        """Heat the pixel of NOx more, for ten seconds, before the first measurement."""
        while self._warmed < CONDITIONING:
            yield from self._asked(CONDITION + self._surroundings)
            yield 1.0 - self.busy
            self._warmed += 1
        yield from super()._switch_on()
