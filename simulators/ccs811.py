"""ams CCS811 as its datasheet describes it (DS000459): a boot loader, and an application.

That its results are rough while it is cold is not modelled.
"""

import math
from collections.abc import Mapping
from typing import ClassVar

from simulators.model import I2CModel, Range

STATUS, MODE, RESULT, SURROUNDINGS, HARDWARE, ERROR = 0x00, 0x01, 0x02, 0x05, 0x20, 0xE0
START, RESET, RESET_WORD = 0xF4, 0xFF, b"\x11\xe5\x72\x8a"
RUNS, APPLICATION, NEW, FAILED = 0x80, 0x10, 0x08, 0x01
PERIODS = {1: 1.0, 2: 10.0, 3: 60.0, 4: 0.25}  # s, by the drive mode


class CCS811(I2CModel):
    """Sleeps in its boot loader until its application is started, which measures by a mode."""

    addresses: ClassVar[tuple[int, ...]] = (0x5A, 0x5B)
    inputs: ClassVar[Mapping[str, Range]] = {
        "eco2": Range(400, 29206, 1),
        "tvoc": Range(0, 32768, 1),
    }
    quiet: ClassVar[Mapping[str, float]] = {"eco2": 450, "tvoc": 40}
    chip_id: ClassVar[int] = 0x81

    def power_on(self) -> None:
        """Be in the boot loader."""
        self._runs = self._new = False
        self._mode = self._error = self._pointer = 0
        self._data = bytes(4)
        self.surroundings = b"\x64\x00\x64\x00"
        self._due = math.inf

    def write(self, data: bytes) -> None:
        """Move the pointer; some registers are commands."""
        self._finish()
        if not data:
            return
        self._pointer, value = data[0], data[1:]
        if data == bytes([RESET]) + RESET_WORD:
            self.power_on()
        elif data == bytes([START]):
            self._runs = True
        elif self._runs and self._pointer == MODE and len(value) == 1:
            self._set_mode(value[0] & 0x7C)
        elif self._runs and self._pointer == SURROUNDINGS and len(value) == 4:
            self.surroundings = value

    def read(self, count: int) -> bytes:
        """Give the register at the pointer; a look at the result clears its flag."""
        self._finish()
        status = RUNS * self._runs | APPLICATION | NEW * self._new | FAILED * bool(self._error)
        registers = {
            STATUS: bytes([status]),
            MODE: bytes([self._mode]),
            RESULT: self._data + bytes([status, self._error]),
            HARDWARE: bytes([self.chip_id & 0xFF]),
            ERROR: bytes([self._error]),
        }
        if self._pointer == RESULT:
            self._new = False
        return registers.get(self._pointer, b"\x00")[:count].ljust(count, b"\x00")

    def _set_mode(self, mode: int) -> None:
        if mode != self._mode:
            self._mode, self._new = mode, False
            self._due = self.clock.monotonic() + self._period()

    def _period(self) -> float:
        return PERIODS.get(self._mode >> 4, math.inf) * self.slowness

    def _finish(self) -> None:
        """Show what has become ready: an average of the last moments."""
        late = self.clock.monotonic() - self._due
        if late >= 0:
            self._data, self._new = self._codes(), True
            self._due = self.clock.monotonic() - late % self._period() + self._period()

    def _codes(self) -> bytes:
        most = (("eco2", 29206), ("tvoc", 32768))
        words = (min(max(round(self.values[name]), 0), high) for name, high in most)
        return b"".join(word.to_bytes(2) for word in words)
