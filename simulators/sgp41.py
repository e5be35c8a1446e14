"""Sensirion SGP41 as its datasheet describes it (version 1.0): an SGP40 with a second pixel."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import Nack, Range
from simulators.sgp40 import SGP40

CONDITION, MEASURE_RAW, MEASURE = 0x2612, 0x2619, 0x260F
SECONDS = 0.045


class SGP41(SGP40):
    """Takes no measurement's command without humidity and temperature, each with its checksum."""

    inputs: ClassVar[Mapping[str, Range]] = {
        "voc_raw": Range(0, 65535, 1),
        "nox_raw": Range(0, 65535, 1),
    }
    quiet: ClassVar[Mapping[str, float]] = {"voc_raw": 30000, "nox_raw": 16000}
    chip_id = 0x40  # its feature set is 0x0040
    features: ClassVar[int] = 0

    def _command(self, code: int, arguments: bytes) -> None:
        if code == MEASURE:
            raise Nack
        if code in {CONDITION, MEASURE_RAW}:
            voc = self._measured(arguments)
            nox = round(self.values["nox_raw"] * self._warmth())
            self._words = (voc, min(max(nox, 0), 65535))[: 1 if code == CONDITION else 2]
            self._busy_for(SECONDS * self.slowness)
        else:
            super()._command(code, arguments)
