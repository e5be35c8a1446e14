"""Maxim MAX17048 as its datasheet describes it (19-6171 rev 7): words, and slow samples."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Nack, Range

VCELL, SOC, VERSION, HIBERNATE, CONFIG, STATUS, COMMAND = 0x02, 0x04, 0x08, 0x0A, 0x0C, 0x1A, 0xFE
POWER_ON = {
    VCELL: 0,
    SOC: 0,
    0x06: 0,
    HIBERNATE: 0x8030,
    CONFIG: 0x971C,
    0x14: 0x00FF,
    STATUS: 0x0100,
}
RESET_WORD = 0x5400
SLEEP = 0x0080  # of CONFIG
USUAL, PERCENT_PER_STEP = 0x97, 0.05  # its compensation, and what one more adds to the estimate
FIRST, PERIOD = 0.5, 0.25  # seconds; hibernation, which begins after minutes, is left out


class MAX17048(I2CModel):
    """Samples its cell four times a second, and shows the last sample."""

    addresses: ClassVar[tuple[int, ...]] = (0x36,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "voltage": Range(2.5, 5.0, 78.125e-6),
        "battery": Range(0, 100, 1 / 256),
    }
    quiet: ClassVar[Mapping[str, float]] = {"voltage": 3.9, "battery": 76.0}
    chip_id: ClassVar[int] = 0x12

    def power_on(self) -> None:
        """Say in STATUS that there was a reset, and sample the cell soon."""
        self._registers = dict(POWER_ON)
        self._pointer = 0
        self._due = self.clock.monotonic() + FIRST * self.slowness

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register if two bytes follow."""
        self._look()
        if data:
            self._pointer = data[0]
        if len(data) == 3:
            self._store(int.from_bytes(data[1:]))

    def read(self, count: int) -> bytes:
        """Give the registers from the pointer on."""
        self._look()
        words = b"".join(self._word(self._pointer + 2 * n) for n in range((count + 1) // 2))
        return words[:count]

    def _word(self, register: int) -> bytes:
        value = self.chip_id if register == VERSION else self._registers.get(register, 0xFFFF)
        return value.to_bytes(2)

    def _store(self, value: int) -> None:
        if self._pointer == COMMAND and value == RESET_WORD:
            self.power_on()
            raise Nack  # it is gone before it could acknowledge
        if self._pointer in self._registers and self._pointer not in {VCELL, SOC}:
            self._registers[self._pointer] = value

    def _look(self) -> None:
        now = self.clock.monotonic()
        if now < self._due:
            return
        config = self._registers[CONFIG]
        if config & SLEEP:
            return
        self._registers[VCELL] = _word(self.values["voltage"] / 78.125e-6)
        estimate = self.values["battery"] + PERCENT_PER_STEP * ((config >> 8) - USUAL)
        self._registers[SOC] = _word(estimate * 256)
        self._due = now + PERIOD * self.slowness


def _word(value: float) -> int:
    return min(max(round(value), 0), 0xFFFF)
