"""STMicroelectronics LSM6DS3 accelerometer and gyroscope (datasheet DocID026899 revision 10).

The chip has no checksum. It samples 12.5 times a second, and shows each sample until the next:
reads of a new sample agree.
"""

import struct
from typing import ClassVar, Literal, NamedTuple

from drivers.base.blindness import STUCK_MASS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import DriverError, NotReady
from drivers.base.i2c import I2CPort
from drivers.base.motion import Frame, G, axis, fresh, kind_of, refuse_old, steady, unclipped
from drivers.base.registers import refuse_changed

# Registers, table 16
WHO_AM_I = 0x0F
CTRL1_XL, CTRL3_C = 0x10, 0x12
CONTROLS = 10  # CTRL1_XL to CTRL10_C
LENGTH = 30  # from there to OUTZ_H_XL
STATUS, SAMPLES = 14, slice(16, LENGTH)  # in a read from CTRL1_XL on
# What changes the samples, besides: the bank, the gyroscope's orientation, a user's offsets
OTHERS = {0x01: 1, 0x0B: 1, 0x73: 3}

RATE_12_5_HZ = 0x10  # of both sensors
BLOCK_DATA_UPDATE, INCREMENT, RESET = 0x40, 0x04, 0x01  # CTRL3_C
READY = 0x03  # of both sensors

PERIOD = 1 / 12.5
PATIENCE = 1.25 * PERIOD
RESET_SECONDS = 0.05
TURN_ON = 0.2  # seconds: the gyroscope takes 70 ms

# FS of CTRL1_XL and of CTRL2_G, and what one step is: g (table 3), °/s (table 3)
ACCELERATIONS = {
    "2g": (0x00, 0.000061),
    "4g": (0x08, 0.000122),
    "8g": (0x0C, 0.000244),
    "16g": (0x04, 0.000488),
}
ROTATIONS = {
    125: (0x02, 0.004375),
    250: (0x00, 0.00875),
    500: (0x04, 0.0175),
    1000: (0x08, 0.035),
    2000: (0x0C, 0.07),
}
OPTIONS = {"acceleration": "acceleration_full_scale", "angular_velocity": "gyroscope_full_scale"}
ZERO = 25.0  # °C


class Kind(NamedTuple):
    """A chip with these registers, and its steps in a °C."""

    name: str
    per_degree: int


KINDS = {
    0x69: Kind("LSM6DS3", 16),
    0x6A: Kind("LSM6DS3TR-C", 256),  # and the LSM6DSL
    0x6C: Kind("LSM6DSO", 256),  # and the LSM6DSOX
}

Acceleration = Literal["2g", "4g", "8g", "16g"]
Rotation = Literal[125, 250, 500, 1000, 2000]


def channels_of(acceleration: Acceleration, rotation: Rotation) -> tuple[Channel, ...]:
    """Return the channels in the order of their registers."""
    return (
        Channel("temperature", "°C", -40, 85, 1 / 16),
        *(axis("angular_velocity", name, "°/s", ROTATIONS[rotation][1]) for name in "xyz"),
        *(axis("acceleration", name, "m/s²", ACCELERATIONS[acceleration][1] * G) for name in "xyz"),
    )


class LSM6DS3:
    """STMicroelectronics LSM6DS3 accelerometer and gyroscope (datasheet DocID026899 revision 10).

    The LSM6DS3TR-C, LSM6DSL, LSM6DSO and LSM6DSOX are read, too.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (STUCK_MASS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x6A, 0x6B)
    channels: tuple[Channel, ...] = channels_of("16g", 2000)
    _controls: bytes  # `setup` knows what the chip shall hold
    _others: bytes

    def __init__(
        self,
        port: I2CPort,
        *,
        acceleration_full_scale: Acceleration = "2g",
        gyroscope_full_scale: Rotation = 250,
    ) -> None:
        """`gyroscope_full_scale`: in °/s."""
        self._port = port
        self._kind = KINDS[0x69]  # `setup` knows it
        self._scales = bytes(
            [
                RATE_12_5_HZ | ACCELERATIONS[acceleration_full_scale][0],
                RATE_12_5_HZ | ROTATIONS[gyroscope_full_scale][0],
                BLOCK_DATA_UPDATE | INCREMENT,
            ]
        )
        self.channels = channels_of(acceleration_full_scale, gyroscope_full_scale)

    def identify(self) -> Identity | None:
        """Read the chip id."""
        found = self._port.write_read(bytes([WHO_AM_I]), 1)[0]
        return Identity(KINDS[found].name, certain=True) if found in KINDS else None

    def setup(self) -> Steps[None]:
        """Reset the chip and let it sample; raise `WrongChip` if another answers."""
        self._kind = kind_of(self._port, WHO_AM_I, KINDS, "LSM6DS3")
        before = yield from self._reset()
        after = yield from self._reset()
        refuse_changed(after, before, self._port.where)  # a damaged reset wrote into them
        self._others = after[CONTROLS:]
        self._controls = self._scales + after[len(self._scales) : CONTROLS]
        self._port.write(bytes([CTRL1_XL]) + self._scales)
        yield TURN_ON
        self._samples(steady(self._frame, self._port.where))

    def _reset(self) -> Steps[bytes]:
        """Reset the chip; return what it holds then."""
        self._port.write(bytes([CTRL3_C, INCREMENT | RESET]))
        yield RESET_SECONDS
        controls = self._port.read_steady(CONTROLS, bytes([CTRL1_XL]))
        if controls[:3] != bytes([0, 0, INCREMENT]):
            what = f"does not come out of reset: it holds {controls.hex(' ')}"
            raise NotReady(self._port.where, what, "check wiring and power")
        return controls + self._held()

    def _held(self) -> bytes:
        reads = (self._port.read_steady(n, bytes([first])) for first, n in OTHERS.items())
        return b"".join(reads)

    def measure(self) -> Steps[Values]:
        """Wait for the next sample and return it; an axis that is clipped has no value."""
        frame = yield from fresh(self._frame, PATIENCE, self._port.where)
        words = struct.unpack("<7h", self._samples(frame))
        refuse_changed(self._held(), self._others, self._port.where)
        refuse_old(frame, READY, self._port.where)
        values = {
            channel.name: self._value(channel, word)
            for channel, word in zip(self.channels, words, strict=True)
        }
        return checked(self.channels, values, self._port.where)

    def _value(self, channel: Channel, word: int) -> float | DriverError:
        if channel.quantity == "temperature":
            return ZERO + word / self._kind.per_degree
        return unclipped(channel, word, OPTIONS[channel.quantity], self._port.where)

    def _frame(self) -> Frame:
        """Read CTRL1_XL to OUTZ_H_XL in one transaction; what lies between may change."""
        read = self._port.write_read(bytes([CTRL1_XL]), LENGTH)
        status = read[STATUS] & READY
        return Frame(status if status == READY else 0, read[:CONTROLS] + read[SAMPLES])

    def _samples(self, frame: Frame) -> bytes:
        """Return the registers of the sample; raise `LostConfiguration`."""
        refuse_changed(frame.registers[:CONTROLS], self._controls, self._port.where)
        return frame.registers[CONTROLS:]
