"""Sensirion SGP40 gas sensor (datasheet version 1.2, February 2022)."""

from collections.abc import Mapping
from typing import ClassVar

from drivers.base import sensirion
from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import WrongChip
from drivers.base.i2c import I2CPort

FEATURE_SET = b"\x20\x2f"
MEASURE = b"\x26\x0f"
BUSY_SECONDS = 0.030  # the longest that a measurement takes (table 8)
ATTEMPTS = 100  # each takes a tenth of a millisecond on the wire
SPANS = {"humidity": (0, 100), "temperature": (-45, 130)}  # of the compensation, in % and °C
WARM_UP = 60  # seconds after switch-on until it detects reliably (table 1)
VOC = Channel("voc_raw", "", 1, 65534, 1, "raw")  # its converter clips at both ends


class SGP40:
    """Sensirion SGP40 gas sensor: raw signal of volatile organic compounds (datasheet version 1.2).

    A larger signal is cleaner air; there is no unit. After each `setup` it warms up for 60 s.
    """

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "a loss of power between two measurements, or a hotplate that another program switched"
            " off: for a minute it is cold, and the air seems worse",
            "an SGP30, whose algorithm says that it has started again",
        ),
    )
    addresses: ClassVar[tuple[int, ...]] = (0x59,)
    deadline: ClassVar[float] = WARM_UP + 5.0
    compensations: ClassVar[Mapping[str, str]] = {
        "humidity_from": "humidity",
        "temperature_from": "temperature",
    }
    channels: tuple[Channel, ...] = (VOC,)
    chip: ClassVar[str] = "SGP40"
    kind: ClassVar[int] = 0x020  # of the feature set
    kind_bits: ClassVar[int] = 0x1FF
    command: ClassVar[bytes] = MEASURE
    busy: ClassVar[float] = BUSY_SECONDS

    def __init__(
        self,
        port: I2CPort,
        *,
        humidity: float = 50.0,
        temperature: float = 25.0,
        humidity_from: str | None = None,
        temperature_from: str | None = None,
    ) -> None:
        """`humidity` and `temperature` are those of the place, in % and °C.

        `humidity_from` and `temperature_from`: the channels that measure them; while one has no
        value, what is given otherwise counts.
        """
        del humidity_from, temperature_from  # their values come by `compensate`
        self._port = port
        self._given = {"humidity": humidity, "temperature": temperature}
        self._surroundings = compensation(humidity, temperature)
        self._place = dict(self._given)
        self._warmed = 0  # seconds that the hotplate is on

    def compensate(self, option: str, value: float | None) -> None:
        """Take the humidity in %, or the temperature in °C, from another device."""
        quantity = self.compensations[option]
        low, high = SPANS[quantity]
        right = value is not None and low <= value <= high
        self._place[quantity] = value if value is not None and right else self._given[quantity]
        self._surroundings = compensation(**self._place)

    def identify(self) -> Identity | None:
        """Read the feature set."""
        words = sensirion.recognised(self._port, FEATURE_SET, 1, ATTEMPTS)
        ours = words is not None and words[0] & self.kind_bits == self.kind
        return Identity(self.chip, certain=True) if ours else None

    def setup(self) -> Steps[None]:
        """Switch the hotplate on and let it warm up; continue a setup that was broken off."""
        yield self.busy  # of a measurement that was broken off
        (features,) = yield from self._asked(FEATURE_SET)
        if features & self.kind_bits != self.kind:
            what = f"no {self.chip}: its feature set is {features:04x}"
            raise WrongChip(self._port.where, what)
        if self._warmed == WARM_UP:
            self._warmed = 0
        yield from self._switch_on()
        while self._warmed < WARM_UP:
            yield 1.0
            self._warmed += 1

    def _switch_on(self) -> Steps[None]:
        yield from self._asked(self.command + self._surroundings, len(self.channels))

    def measure(self) -> Steps[Values]:
        """Measure the raw signals."""
        words = yield from self._asked(self.command + self._surroundings, len(self.channels))
        names = (channel.name for channel in self.channels)
        return checked(self.channels, dict(zip(names, words, strict=True)), self._port.where)

    def _asked(self, command: bytes, count: int = 1) -> Steps[tuple[int, ...]]:
        return (yield from sensirion.measured(self._port, command, count, self.busy))


def compensation(humidity: float, temperature: float) -> bytes:
    """Return both as words with checksum (table 9: 50 % 8000 A2, 25 °C 6666 93); never clipped."""
    words = []
    for name, value in (("humidity", humidity), ("temperature", temperature)):
        low, high = SPANS[name]
        if not low <= value <= high:
            raise ValueError(f"{name} is {value:g}: wanted {low} to {high}")
        share = (value - low) / (high - low)
        words.append(int(share * 65535 + 0.5))
    return sensirion.with_checksums(*words)
