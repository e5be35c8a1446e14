"""ams AS3935 as its datasheet describes it (1-04): registers, and events that a look clears."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import I2CModel, Range

POWER_ON = bytes.fromhex("24 22 c2 00 00 00 00 3f 00")  # table 9
WRITABLE = {0, 1, 2, 3, 8}
INTERRUPT, ENERGY, DISTANCE, OSCILLATORS = 3, 4, 7, 0x3A
PRESET, CALIBRATE, COMMAND = 0x3C, 0x3D, 0x96
NOISY, DISTURBED, STRUCK = 0x01, 0x04, 0x08
DONE = 0x80
CALIBRATION = 0.002  # seconds
OVERHEAD, AWAY = 1, 0x3F
STEPS = (0, 5, 6, 8, 10, 12, 14, 17, 20, 24, 27, 31, 34, 37, 40)  # km


class AS3935(I2CModel):
    """Shows the last event until it is looked at, and the energy of the last strike."""

    addresses: ClassVar[tuple[int, ...]] = (0x03,)
    inputs: ClassVar[Mapping[str, Range]] = {
        "distance": Range(0, 40_000, 4000),
        "noise": Range(0, 1, 1),
    }
    quiet: ClassVar[Mapping[str, float]] = {"distance": 12_000, "noise": 0}
    meddling: ClassVar[Sequence[bytes | tuple[bytes, ...]]] = (bytes([PRESET, COMMAND]),)

    def __init__(self, clock: SimulatedClock) -> None:
        self.strikes = 0  # since it was made
        super().__init__(clock)

    def power_on(self) -> None:
        """Begin with power-on values, not calibrated."""
        self._registers = bytearray(256)
        self._registers[: len(POWER_ON)] = POWER_ON
        self._pointer = self._event = 0
        self._calibrated_at = float("inf")

    def strike(self, energy: int) -> None:
        """Feel a strike of this energy, of 20 bits and one more."""
        self.strikes += 1
        self._event = STRUCK
        self._registers[ENERGY:DISTANCE] = energy.to_bytes(3, "little")

    def disturb(self) -> None:
        """Feel a disturber, such as a motor."""
        self._event = 0 if self._registers[INTERRUPT] & 0x20 else DISTURBED

    def truth(self) -> dict[str, float]:
        """Return the surroundings, and how often it was struck."""
        return {**self.values, "strikes": self.strikes}

    def write(self, data: bytes) -> None:
        """Move the pointer; write registers from there on, or take a command."""
        if not data:
            return
        self._pointer = data[0]
        for offset, value in enumerate(data[1:]):
            self._store((self._pointer + offset) % 256, value)

    def read(self, count: int) -> bytes:
        """Give registers from the pointer on; the event is cleared."""
        found = bytearray(self._register((self._pointer + n) % 256) for n in range(count))
        if self._pointer <= INTERRUPT < self._pointer + count:
            self._event = 0
        return bytes(found)

    def _store(self, register: int, value: int) -> None:
        if register in WRITABLE:
            self._registers[register] = value & (0xF0 if register == INTERRUPT else 0xFF)
        elif (register, value) == (PRESET, COMMAND):
            self._registers[: len(POWER_ON)] = POWER_ON
        elif (register, value) == (CALIBRATE, COMMAND):
            self._calibrated_at = self.clock.monotonic() + CALIBRATION * self.slowness

    def _register(self, register: int) -> int:
        if register == INTERRUPT:
            noise = NOISY if self.values["noise"] else 0
            return self._registers[register] | (self._event or noise)
        if register == DISTANCE:
            return self._code()
        if register in {OSCILLATORS, OSCILLATORS + 1}:
            return DONE if self.clock.monotonic() >= self._calibrated_at else 0
        return self._registers[register]

    def _code(self) -> int:
        """Return the nearest distance that it knows."""
        kilometres = self.values["distance"] / 1000
        if not 0 <= kilometres <= STEPS[-1] + 2:
            return AWAY
        return min(STEPS, key=lambda step: abs(step - kilometres)) or OVERHEAD
