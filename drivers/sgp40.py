"""Sensirion SGP40 gas sensor (datasheet version 1.2, February 2022)."""

from typing import ClassVar

from drivers.base import sensirion
from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import WrongChip
from drivers.base.gas import GasSensor

FEATURE_SET = b"\x20\x2f"
MEASURE = b"\x26\x0f"
BUSY_SECONDS = 0.030  # the longest that a measurement takes (table 8)
ATTEMPTS = 100  # each takes a tenth of a millisecond on the wire
LOW, HIGH = -45.0, 130.0  # °C of the compensation
WARM_UP = 60  # seconds after switch-on until it detects reliably (table 1)
VOC = Channel("voc_raw", "", 1, 65534, 1, "raw")  # its converter clips at both ends


class SGP40(GasSensor):
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
    celsius: ClassVar[tuple[float, float]] = (LOW, HIGH)
    channels: tuple[Channel, ...] = (VOC,)
    chip: ClassVar[str] = "SGP40"
    kind: ClassVar[int] = 0x020  # of the feature set
    kind_bits: ClassVar[int] = 0x1FF
    command: ClassVar[bytes] = MEASURE
    busy: ClassVar[float] = BUSY_SECONDS
    _warmed = 0  # seconds that the hotplate is on

    def _encoded(self, humidity: float, temperature: float) -> bytes:
        return compensation(humidity, temperature)

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
    shares = (humidity / 100, (temperature - LOW) / (HIGH - LOW))
    return sensirion.with_checksums(*(int(share * 65535 + 0.5) for share in shares))
