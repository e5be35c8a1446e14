"""Avago APDS-9960 colour and proximity sensor (datasheet AV02-4191EN). Gestures are not read.

The chip has no checksum, but a flag each for a new colour and a new proximity, which a read of the
data clears, and one each for saturation. Every measurement restarts it, stops it once both flags
stand, reads the results in turn with the chip's id, and reads its settings back.
"""

from typing import ClassVar, Literal

from drivers.base.blindness import DARKNESS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.checksum import READS
from drivers.base.colour import BRIGHT, colour_channels, colours, counted
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import DeadFrame, DriverError, NotReady, OutOfRange, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.registers import refuse_changed

# Registers
ENABLE, TIME, CONTROL, ID, STATUS, DATA, GESTURES = 0x80, 0x81, 0x8F, 0x92, 0x93, 0x94, 0xAB
CHIP_IDS = {0xAB, 0xA8, 0x9C, 0x9E}
POWERED, RUNNING = 0x01, 0x07  # PON; PON, AEN and PEN
NEW, CLEAR_SATURATED, PROXIMITY_SATURATED = 0x03, 0x80, 0x40  # bits of the status

CYCLES = 37  # of 2.78 ms each
MILLISECONDS, FULL_SCALE = CYCLES * 2.78, CYCLES * 1025
FIRST, PERIOD, POLLS = 0.115, 0.01, 6  # s

GAINS = {"1x": 1, "4x": 4, "16x": 16, "64x": 64}  # each by the order of its fields
PROXIMITY_GAINS = ("1x", "2x", "4x", "8x")
DRIVES = ("100mA", "50mA", "25mA", "12.5mA")

NEARER = Blindness(
    "what is nearer than full scale: it shows 100 %",
    "a lower `proximity_gain` or `led_drive`, or a VL53L0X, which measures a distance",
)


class APDS9960:
    """Avago APDS-9960 colour and proximity sensor (datasheet AV02-4191EN).

    `clear`, `red`, `green` and `blue` are counts per millisecond at gain 1.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (DARKNESS, NEARER, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x39,)
    channels: tuple[Channel, ...] = (
        *colour_channels(FULL_SCALE, MILLISECONDS),
        Channel("proximity", "%", 0, 100, 100 / 255, "share"),
    )

    def __init__(
        self,
        port: I2CPort,
        *,
        ambient_light_gain: Literal["1x", "4x", "16x", "64x"] = "4x",
        proximity_gain: Literal["1x", "2x", "4x", "8x"] = "4x",
        led_drive: Literal["100mA", "50mA", "25mA", "12.5mA"] = "100mA",
    ) -> None:
        self._port = port
        self._exposure = MILLISECONDS * GAINS[ambient_light_gain]
        control = (
            DRIVES.index(led_drive) << 6
            | PROXIMITY_GAINS.index(proximity_gain) << 2
            | list(GAINS).index(ambient_light_gain)
        )
        self._settings = {
            TIME: bytes([256 - CYCLES]),
            # no longer waits; 8 pulses of 16 µs; gains and drive; no boost of the lamp
            0x8D: bytes([0x60, 0x87, control, 0x01]),
            0x9D: bytes(3),  # no offsets, all four photodiodes
            GESTURES: b"\x00",
        }
        colour = colour_channels(FULL_SCALE, self._exposure)
        self.channels = (*colour, type(self).channels[-1])

    def identify(self) -> Identity | None:
        """Read the device id."""
        found = self._read(ID, 1)[0] in CHIP_IDS
        return Identity("APDS9960", certain=True) if found else None

    def setup(self) -> Steps[None]:
        """Stop the chip and set it up; raise `WrongChip` for another."""
        chip_id = self._port.read_steady(1, bytes([ID]))[0]
        if chip_id not in CHIP_IDS:
            raise WrongChip(self._port.where, f"no APDS-9960: its id is 0x{chip_id:02x}")
        self._write(ENABLE, POWERED)
        yield PERIOD
        for register, values in self._settings.items():
            for offset, value in enumerate(values):
                self._write(register + offset, value)

    def measure(self) -> Steps[Values]:
        """Measure proximity, then colour; one that is saturated has no value."""
        status = yield from self._measured()
        data, chip_id = self._port.read_in_turn((bytes([DATA]), 9), (bytes([ID]), 1))
        if chip_id[0] not in CHIP_IDS:
            raise DeadFrame(self._port.where, f"the chip answers {chip_id.hex()} instead of its id")
        for register, wanted in {ENABLE: bytes([POWERED]), **self._settings}.items():
            refuse_changed(self._read(register, len(wanted)), wanted, self._port.where)
        counts = counted(data)
        values: dict[str, float | DriverError] = {
            **colours(counts, FULL_SCALE, self._exposure, self._port.where),
            "proximity": data[8] * 100 / 255,
        }
        if status & CLEAR_SATURATED:
            values["clear"] = OutOfRange(self._port.where, "clear is too bright", BRIGHT)
        if status & PROXIMITY_SATURATED:
            what = "the light around hides the echo of its lamp"
            values["proximity"] = OutOfRange(self._port.where, what, "shade the sensor")
        return checked(self.channels, values, self._port.where)

    def _measured(self) -> Steps[int]:
        """Clear the flags, start, wait for both, and stop; return the status."""
        self._write(ENABLE, POWERED)
        self._read(DATA, 9)
        if self._status() & NEW:
            raise NotReady(self._port.where, "its flags for new results stay")
        self._write(ENABLE, RUNNING)
        yield FIRST
        for _ in range(POLLS):
            status = self._status()
            if status & NEW == NEW:
                self._write(ENABLE, POWERED)
                return status
            yield PERIOD
        raise NotReady(self._port.where, "no results after the longest time", "check its supply")

    def _status(self) -> int:
        """Return the flags that stand in each of several reads."""
        seen = [self._read(STATUS, 1)[0] for _ in range(READS)]
        flags = min(status & NEW for status in seen)
        return flags | max(status & ~NEW for status in seen)

    def _read(self, register: int, count: int) -> bytes:
        return self._port.write_read(bytes([register]), count)

    def _write(self, register: int, value: int) -> None:
        self._port.write(bytes([register, value]))
