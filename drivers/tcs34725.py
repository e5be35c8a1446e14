"""ams TCS34725 and TCS34727 colour sensors (datasheet TCS3472 v1-06; design note DN40 rev 1.0).

The chip has no checksum, but a flag that says whether there is a result since it was started. Every
measurement restarts it, reads the result several times, beside the chip's id, and reads its
settings back.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, NamedTuple

from drivers.base.blindness import DARKNESS, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.colour import COLOURS, colour_channels, colours, counted
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import (
    DeadFrame,
    DriverError,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.base.i2c import I2CPort

COMMAND = 0xA0  # with a register's number; the number increments itself
ENABLE, TIME, CONTROL, ID = 0x00, 0x01, 0x0F, 0x12  # the id, then the status and four words
CHIP_IDS = {0x44: "TCS34725", 0x4D: "TCS34727"}
SLEEP, POWERED, RUNNING = 0x00, 0x01, 0x03  # PON; PON and AEN
VALID = 0x01  # AVALID
WARM_UP, SLOWEST = 0.0026, 1.07  # s; of 2.4 ms a cycle, at most 2.56

GAINS = {"1x": 1, "4x": 4, "16x": 16, "60x": 60}  # by the order of their fields
CYCLES = {24: 10, 50: 21, 101: 42, 154: 64, 240: 100, 614: 256}  # of 2.4 ms
DEVICE_FACTOR = 310.0  # lx · ms per count at gain 1 (DN40, appendix I)
WEIGHTS = {"red": 0.136, "green": 1.0, "blue": -0.444}
COLDEST, PER_RATIO = 1391.0, 3810.0  # K
FEW = 200  # counts: with fewer, a colour is uncertain by more than 2 %

Gain = Literal["auto", "1x", "4x", "16x", "60x"]
IntegrationTime = Literal[24, 50, 101, 154, 240, 614]


def light_channel(full_scale: int, lux: float) -> Channel:
    """Return the channel of illuminance, for so many lx a count."""
    return Channel("illuminance", "lx", 0, full_scale * lux, lux, needs=COLOURS)


class TCS34725:
    """ams TCS34725 or TCS34727 colour and light sensor (datasheet TCS3472 v1-06).

    `clear`, `red`, `green` and `blue` are counts per millisecond at gain 1.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (DARKNESS, TWINS)
    addresses: ClassVar[tuple[int, ...]] = (0x29,)
    channels: tuple[Channel, ...] = (
        *colour_channels(7680, 24),
        light_channel(7680, DEVICE_FACTOR / 24),
        Channel("color_temperature", "K", 1500, 15_000, 10, needs=COLOURS, relative=0.02),
    )

    def __init__(
        self,
        port: I2CPort,
        *,
        gain: Gain = "auto",
        integration_time: IntegrationTime = 154,
        glass_attenuation_factor: float = 1.0,
    ) -> None:
        """`gain`: "auto" is 16x, and 1x if that is too much; `integration_time`: ms.

        `glass_attenuation_factor`: by how much a glass before it weakens the light, 1 to 100.
        """
        if not 1 <= glass_attenuation_factor <= 100:
            given = f"{glass_attenuation_factor:g}"
            raise ValueError(f"glass_attenuation_factor is {given}: wanted 1 to 100")
        self._port = port
        self._gains = ("16x", "1x") if gain == "auto" else (gain,)
        self._cycles = CYCLES[integration_time]
        self._full_scale = full_scale(self._cycles)
        self._lux = DEVICE_FACTOR * glass_attenuation_factor  # of a count per ms
        least = self._exposure(self._gains[-1])
        self.channels = (
            *colour_channels(self._full_scale, least),
            light_channel(self._full_scale, self._lux / least),
            type(self).channels[-1],
        )

    def identify(self) -> Identity | None:
        """Read the device id."""
        chip = CHIP_IDS.get(self._read(ID, 1)[0])
        return Identity(chip, certain=True) if chip else None

    def setup(self) -> Steps[None]:
        """Start the chip; raise `WrongChip` for another."""
        chip_id = self._port.read_steady(1, bytes([COMMAND | ID]))[0]
        if chip_id not in CHIP_IDS:
            raise WrongChip(self._port.where, f"no TCS34725: its id is 0x{chip_id:02x}")
        self._write(ENABLE, POWERED)
        yield WARM_UP
        self._start(self._gains[0])

    def measure(self) -> Steps[Values]:
        """Measure, with less gain if the first is too much for a photodiode."""
        self._expect(ENABLE, RUNNING)
        for gain in self._gains:
            counts = yield from self._convert(gain)
            if max(counts.values()) < self._full_scale:
                break
        values: dict[str, float | DriverError] = {
            **colours(counts, self._full_scale, self._exposure(gain), self._port.where),
            **self._light(counts, self._exposure(gain)),
        }
        return checked(self.channels, values, self._port.where)

    def _light(self, counts: Mapping[str, int], exposure: float) -> Values:
        visible = without_infrared(counts)
        lux = max(illuminance(visible), 0.0) * self._lux / exposure
        if min(visible.red, visible.blue) < FEW:
            return {"illuminance": lux, "color_temperature": self._too_dark()}
        return {"illuminance": lux, "color_temperature": color_temperature(visible)}

    def _too_dark(self) -> OutOfRange:
        what = "red or blue is too dark for a colour temperature"
        return OutOfRange(self._port.where, what, "a longer `integration_time` sees more")

    def _exposure(self, gain: str) -> float:
        return self._cycles * 2.4 * GAINS[gain]

    def _convert(self, gain: str) -> Steps[dict[str, int]]:
        """Restart the chip and return its first result."""
        self._start(gain)
        yield WARM_UP + self._cycles * 0.0024 * SLOWEST
        frame = self._port.read_steady(10, bytes([COMMAND | ID]))
        if frame[0] not in CHIP_IDS:
            what = f"the chip answers {frame[:1].hex()} instead of its id"
            raise DeadFrame(self._port.where, what)
        if not frame[1] & VALID:
            what = "no result after the datasheet's longest time"
            raise NotReady(self._port.where, what, "check its supply")
        for register, value in self._settings(gain):
            self._expect(register, value)
        return counted(frame[2:])

    def _start(self, gain: str) -> None:
        """Stop the integration under way, and begin one with this gain."""
        for register, value in ((ENABLE, POWERED), *self._settings(gain)):
            self._write(register, value)
            self._expect(register, value)

    def _settings(self, gain: str) -> tuple[tuple[int, int], ...]:
        field = list(GAINS).index(gain)
        return (TIME, 256 - self._cycles), (CONTROL, field), (ENABLE, RUNNING)

    def _expect(self, register: int, wanted: int) -> None:
        held = self._read(register, 1)[0]
        if held != wanted:
            what = f"its register {register} is {held:02x} instead of {wanted:02x}"
            raise LostConfiguration(self._port.where, what)

    def _read(self, register: int, count: int) -> bytes:
        return self._port.write_read(bytes([COMMAND | register]), count)

    def _write(self, register: int, value: int) -> None:
        self._port.write(bytes([COMMAND | register, value]))


class Visible(NamedTuple):
    """Counts without infrared."""

    red: float
    green: float
    blue: float


def full_scale(cycles: int) -> int:
    """Return the count at which a photodiode is saturated (DN40 §3.5 and §3.7).

    Below 150 ms, flickering light may saturate it although its mean is a quarter lower.
    """
    most = min(1024 * cycles, 65535)
    return most if cycles * 2.4 >= 150 else most * 3 // 4


def without_infrared(counts: Mapping[str, int]) -> Visible:
    """Return red, green and blue without what all of them and clear see (DN40 §3.1)."""
    red, green, blue = counts["red"], counts["green"], counts["blue"]
    infrared = max((red + green + blue - counts["clear"]) / 2, 0.0)
    return Visible(red - infrared, green - infrared, blue - infrared)


def illuminance(visible: Visible) -> float:
    """Return counts as the eye weighs them (DN40 §3.2); 310 lx each, per ms at gain 1."""
    return (
        WEIGHTS["red"] * visible.red
        + WEIGHTS["green"] * visible.green
        + WEIGHTS["blue"] * visible.blue
    )


def color_temperature(visible: Visible) -> float:
    """Return K of white light (DN40 §3.4): 3810 · blue / red + 1391."""
    return PER_RATIO * visible.blue / visible.red + COLDEST
