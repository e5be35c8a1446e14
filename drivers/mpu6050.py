"""InvenSense MPU-6050 accelerometer and gyroscope (PS-MPU-6000A; registers: RM-MPU-6000A 4.2).

The chip has no checksum. It samples 25 times a second, and shows each sample until the
next (§4.2): reads of a new sample agree.
"""

import struct
from typing import ClassVar, Literal, NamedTuple

from drivers.base.blindness import STUCK_MASS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import DriverError, NotReady
from drivers.base.i2c import I2CPort
from drivers.base.motion import Frame, G, axis, fresh, kind_of, refuse_old, steady, unclipped
from drivers.base.registers import refuse_changed, refuse_dead

# Registers, §3
# What the factory set, or nothing: of both sensors, and of an MPU6500's accelerometer
OFFSETS = {0x06: 0x13, 0x77: 8}
SMPLRT_DIV = 0x19
INT_ENABLE = 0x38
PWR_MGMT_1 = 0x6B
WHO_AM_I = 0x75

DEVICE_RESET, SLEEP, AWAKE = 0x80, 0x40, 0x01  # PWR_MGMT_1; some are awake after a reset
GYROSCOPE_CLOCK = 0x01  # more stable than the internal one (§4.28)
DATA_READY = 0x01  # INT_ENABLE and INT_STATUS
DIVIDER = 39  # of 1 kHz
BANDWIDTH_10_HZ = 0x05  # CONFIG: less than half of the sample rate

PERIOD = (1 + DIVIDER) / 1000
PATIENCE = 1.25 * PERIOD
RESET_SECONDS = 0.1
START_SECONDS = 0.1  # the gyroscope starts up within 30 ms, the filter delays by 14 ms

# ACCEL_CONFIG, and LSB per g (§4.17)
ACCELERATIONS = {"2g": (0x00, 16384), "4g": (0x08, 8192), "8g": (0x10, 4096), "16g": (0x18, 2048)}
# GYRO_CONFIG, and LSB per °/s (§4.19)
ROTATIONS = {250: (0x00, 131), 500: (0x08, 65.5), 1000: (0x10, 32.8), 2000: (0x18, 16.4)}
OPTIONS = {"acceleration": "acceleration_full_scale", "angular_velocity": "gyroscope_full_scale"}


class Relative(NamedTuple):
    """A chip with the same registers; its LSB per °C and its 0, if they are known."""

    name: str
    per_degree: float | None = None
    zero: float = 0.0


# WHO_AM_I of the chip, of its successors (PS-MPU-6500A, PS-MPU-9250A), and of what is sold as one
RELATIVES = {
    0x68: Relative("MPU6050", 340, 36.53),
    0x70: Relative("MPU6500", 333.87, 21),
    0x71: Relative("MPU9250", 333.87, 21),
    0x73: Relative("MPU9255", 333.87, 21),
    0x72: Relative("a clone of the MPU6050 (0x72)"),
    0x98: Relative("a clone of the MPU6050 (0x98)"),
}

Acceleration = Literal["2g", "4g", "8g", "16g"]
Rotation = Literal[250, 500, 1000, 2000]


def channels_of(acceleration_full_scale: Acceleration, rotation: Rotation) -> tuple[Channel, ...]:
    """Return the channels in the order of their registers, as far as they are not clipped."""
    g, degree = G / ACCELERATIONS[acceleration_full_scale][1], 1 / ROTATIONS[rotation][1]
    return (
        *(axis("acceleration", name, "m/s²", g) for name in "xyz"),
        Channel("temperature", "°C", -40, 85, 1 / 340),
        *(axis("angular_velocity", name, "°/s", degree) for name in "xyz"),
    )


class MPU6050:
    """InvenSense MPU-6050 accelerometer and gyroscope (datasheet PS-MPU-6000A revision 3.4).

    The MPU-6000, 6500, 9250 and 9255 are read, too, and clones, which have no temperature: its
    formula is not known.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (STUCK_MASS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x68, 0x69)
    channels: tuple[Channel, ...] = channels_of("16g", 2000)
    _offsets: bytes  # `setup` reads them

    def __init__(
        self,
        port: I2CPort,
        *,
        acceleration_full_scale: Acceleration = "2g",
        gyroscope_full_scale: Rotation = 250,
    ) -> None:
        """`gyroscope_full_scale`: in °/s."""
        self._port = port
        self._chip = RELATIVES[0x68]  # `setup` knows it
        acceleration_setting, _ = ACCELERATIONS[acceleration_full_scale]
        rotation_setting, _ = ROTATIONS[gyroscope_full_scale]
        self._settings = bytes([DIVIDER, BANDWIDTH_10_HZ, rotation_setting, acceleration_setting])
        self.channels = channels_of(acceleration_full_scale, gyroscope_full_scale)

    def identify(self) -> Identity | None:
        """Read the chip id."""
        found = self._port.write_read(bytes([WHO_AM_I]), 1)[0]
        return Identity(RELATIVES[found].name, certain=True) if found in RELATIVES else None

    def setup(self) -> Steps[None]:
        """Reset the chip and let it sample; raise `WrongChip` if another answers."""
        self._chip = kind_of(self._port, WHO_AM_I, RELATIVES, "MPU6050")
        before = yield from self._reset()
        self._offsets = yield from self._reset()
        refuse_changed(self._offsets, before, self._port.where)  # a damaged reset wrote into them
        self._write(PWR_MGMT_1, GYROSCOPE_CLOCK)
        self._write(SMPLRT_DIV, *self._settings)
        self._write(INT_ENABLE, DATA_READY)
        yield START_SECONDS
        self._expect_settings()
        self._samples(steady(self._frame, self._port.where))

    def _reset(self) -> Steps[bytes]:
        """Reset the chip; return what the factory's offsets are."""
        self._write(PWR_MGMT_1, DEVICE_RESET)
        yield RESET_SECONDS
        if self._port.write_read(bytes([PWR_MGMT_1]), 1)[0] not in {SLEEP, AWAKE}:
            raise NotReady(self._port.where, "does not come out of reset", "check wiring and power")
        reads = (self._port.read_steady(n, bytes([first])) for first, n in OFFSETS.items())
        return b"".join(reads)

    def measure(self) -> Steps[Values]:
        """Wait for the next sample and return it; an axis that is clipped has no value."""
        self._expect_settings()
        frame = yield from fresh(self._frame, PATIENCE, self._port.where)
        samples = self._samples(frame)
        self._expect_offsets()
        refuse_old(frame, DATA_READY, self._port.where)
        values = {
            channel.name: self._value(channel, word)
            for channel, word in zip(self.channels, struct.unpack(">7h", samples), strict=True)
        }
        return checked(self.channels, values, self._port.where)

    def _value(self, channel: Channel, word: int) -> float | DriverError:
        if channel.quantity == "temperature":
            return self._temperature(word)
        return unclipped(channel, word, OPTIONS[channel.quantity], self._port.where)

    def _temperature(self, word: int) -> float | DriverError:
        if self._chip.per_degree is None:
            return NotReady(self._port.where, f"{self._chip.name} has a formula that is not known")
        return word / self._chip.per_degree + self._chip.zero

    def _expect_settings(self) -> None:
        """Raise `LostConfiguration` if a brown-out, or another program, changed them."""
        held = self._port.write_read(bytes([SMPLRT_DIV]), 4)
        held += self._port.write_read(bytes([PWR_MGMT_1]), 2)
        refuse_dead(held, self._port.where)
        wanted = self._settings + bytes([GYROSCOPE_CLOCK, 0])
        refuse_changed(held, wanted, self._port.where)

    def _expect_offsets(self) -> None:
        """Raise `LostConfiguration` if another program calibrates the chip."""
        reads = (self._port.write_read(bytes([first]), n) for first, n in OFFSETS.items())
        refuse_changed(b"".join(reads), self._offsets, self._port.where)

    def _frame(self) -> Frame:
        """Read INT_ENABLE to GYRO_ZOUT_L in one transaction, 0x39 being reserved."""
        enabled, _, status, *samples = self._port.write_read(bytes([INT_ENABLE]), 17)
        return Frame(status, bytes([enabled, *samples]))

    def _samples(self, frame: Frame) -> bytes:
        """Return the registers of the sample; a brown-out has cleared the one before them."""
        refuse_changed(frame.registers[:1], bytes([DATA_READY]), self._port.where)
        return frame.registers[1:]

    def _write(self, register: int, *values: int) -> None:
        self._port.write(bytes([register, *values]))
