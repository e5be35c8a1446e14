"""InvenSense MPU-6050 as its register map (RM-MPU-6000A 4.2) describes it.

FIFO, self-test, cycling, motion detection and the auxiliary bus are not modelled.
"""

import struct
from collections.abc import Mapping
from typing import ClassVar

from simulators.adxl345 import STANDARD_GRAVITY, Sampler
from simulators.model import Range

ACCELERATION_OFFSETS, ROTATION_OFFSETS = 0x06, 0x13
OFFSET_PER_G, OFFSET_PER_DEGREE = 2048, 32.8  # LSB, whatever the full scale
FACTORY = (-1210, 480, 1530)  # differs from chip to chip
SMPLRT_DIV, CONFIG, GYRO_CONFIG, ACCEL_CONFIG = 0x19, 0x1A, 0x1B, 0x1C
INT_ENABLE, INT_STATUS, ACCEL_XOUT_H = 0x38, 0x3A, 0x3B
PWR_MGMT_1, WHO_AM_I = 0x6B, 0x75
READ_ONLY = {0x39, INT_STATUS, *range(ACCEL_XOUT_H, 0x61), WHO_AM_I, 0x76, *range(0x7F, 0x100)}
RESET, SLEEP = 0x80, 0x40
DATA_RDY = 0x01
RESET_SECONDS = 0.05  # less than the 100 ms that the datasheet asks for
STARTUP_SECONDS = 0.03  # of the gyroscope


class MPU6050(Sampler):
    """Sleeps until it is woken; then it refreshes all seven words once in a sample period."""

    addresses: ClassVar[tuple[int, ...]] = (0x68, 0x69)
    inputs: ClassVar[Mapping[str, Range]] = {
        **{
            f"acceleration_{axis}": Range(
                -2 * STANDARD_GRAVITY, 1.9998 * STANDARD_GRAVITY, STANDARD_GRAVITY / 16384
            )
            for axis in "xyz"
        },
        "temperature": Range(-40, 85, 1 / 340),
        **{f"angular_velocity_{axis}": Range(-250, 250, 1 / 131) for axis in "xyz"},
    }
    dead: ClassVar[Mapping[str, float]] = {"acceleration_x": 1.5}  # stuck to an electrode
    quiet: ClassVar[Mapping[str, float]] = {
        "acceleration_x": 0.0,
        "acceleration_y": 0.0,
        "acceleration_z": STANDARD_GRAVITY,
        "temperature": 24.0,
        "angular_velocity_x": 0.0,
        "angular_velocity_y": 0.0,
        "angular_velocity_z": 0.0,
    }
    chip_id: ClassVar[int] = 0x68
    after_reset: ClassVar[int] = SLEEP
    per_degree: ClassVar[float] = 340
    zero: ClassVar[float] = 36.53  # °C

    def power_on(self) -> None:
        """Begin asleep."""
        super().power_on()
        self._reset_until = self._woken_at = self.clock.monotonic()

    def reset_values(self) -> Mapping[int, int]:
        """Return the two that §3 names, and the factory's offsets."""
        offsets = dict(enumerate(struct.pack(">3h", *FACTORY), ACCELERATION_OFFSETS))
        return {**offsets, PWR_MGMT_1: self.after_reset, WHO_AM_I: self.chip_id}

    def period(self) -> float | None:
        """Return the sample period: 1 kHz divided, or 8 kHz if there is no filter."""
        if self._registers[PWR_MGMT_1] & SLEEP:
            return None
        hertz = 8000 if self._registers[CONFIG] & 7 in (0, 7) else 1000
        return (1 + self._registers[SMPLRT_DIV]) / hertz

    def sample(self) -> None:
        """Write all words, highest byte first; the flag is that of an enabled interrupt."""
        push, turn = self._offsets()
        words = [
            *self._words("acceleration", self._per_g() / STANDARD_GRAVITY, push),
            round((self.values["temperature"] - self.zero) * self.per_degree),
            *self._words("angular_velocity", self._per_degree(), turn),
        ]
        clipped = [min(max(word, -0x8000), 0x7FFF) for word in words]
        self._registers[ACCEL_XOUT_H : ACCEL_XOUT_H + 14] = struct.pack(">7h", *clipped)
        self._registers[INT_STATUS] |= self._registers[INT_ENABLE] & DATA_RDY

    def _offsets(self) -> tuple[list[float], list[float]]:
        """Return what the chip adds beyond the factory's, in m/s² and °/s."""
        held = struct.unpack_from(">3h", self._registers, ACCELERATION_OFFSETS)
        turn = struct.unpack_from(">3h", self._registers, ROTATION_OFFSETS)
        moved = [now - then for now, then in zip(held, FACTORY, strict=True)]
        return (
            [n * STANDARD_GRAVITY / OFFSET_PER_G for n in moved],
            [n / OFFSET_PER_DEGREE for n in turn],
        )

    def _words(self, quantity: str, scale: float, offsets: list[float]) -> list[int]:
        axes = zip("xyz", offsets, strict=True)
        return [round((self.felt(f"{quantity}_{axis}") + offset) * scale) for axis, offset in axes]

    def _per_g(self) -> float:
        return 16384 / (1 << (self._registers[ACCEL_CONFIG] >> 3 & 3))

    def _per_degree(self) -> float:
        if self._sampled_at - self._woken_at < STARTUP_SECONDS:
            return 0
        return (131, 65.5, 32.8, 16.4)[self._registers[GYRO_CONFIG] >> 3 & 3]

    def _store(self, register: int, value: int) -> None:
        if register in READ_ONLY or self._resets():
            return
        if register == PWR_MGMT_1 and value & RESET:
            self.power_on()
            self._reset_until += RESET_SECONDS * self.slowness
            self._pointer = PWR_MGMT_1
            return
        if register == PWR_MGMT_1 and self._registers[PWR_MGMT_1] & SLEEP:
            self._woken_at = self.clock.monotonic()
        super()._store(register, value)

    def _resets(self) -> bool:
        return self.clock.monotonic() < self._reset_until

    def _fetch(self, register: int) -> int:
        value = super()._fetch(register)
        if register == INT_STATUS:
            self._registers[INT_STATUS] = 0  # reading clears it (§4.16)
        return value | (RESET if register == PWR_MGMT_1 and self._resets() else 0)
