"""A counter of pulses on a GPIO pin: rain gauge, water meter, S0 output, anemometer.

Edges carry the kernel's timestamps; each is judged in the library's thread at once, so that a
flood of them takes no memory. A pulse counts once the line has been active for the debounce time,
from an inactive level that held as long: neither a bounce nor a disturbance counts.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, checked
from drivers.base.errors import NotReady

if TYPE_CHECKING:
    from drivers.base.pins import PinPort

MOST = 1e9  # pulses, and more of the total's unit than any meter shows
FASTEST = 5000.0  # pulses a second that Python can follow
SHORTEST = 1.0  # seconds over which a rate means anything
LONGEST_BOUNCE = 0.1  # seconds, or twice the debounce time
FEW = 5  # disturbances between two measurements that are no cause for alarm


class Meaning(NamedTuple):
    """What pulses mean: a total, a rate, or both; `second` is the rate's worth of 1 per second."""

    total: tuple[str, str] | None  # channel and unit
    rate: tuple[str, str, str] | None  # channel, unit and quantity
    second: float = 1.0


MEANINGS = {
    "count": Meaning(("count", ""), ("frequency", "Hz", "frequency")),
    "precipitation": Meaning(("precipitation", "mm"), None),
    "volume": Meaning(("volume", "L"), ("flow", "L/min", "volume_flow_rate"), 60),
    "energy": Meaning(("energy", "kWh"), ("power", "W", "power"), 3.6e6),
    "wind": Meaning(None, ("wind_speed", "km/h", "wind_speed")),
}


def channels_of(meaning: Meaning, per_pulse: float, fastest: float) -> tuple[Channel, ...]:
    """Return the channels; a rate's resolution is one pulse a minute."""
    channels: list[Channel] = []
    if meaning.total:
        channels.append(Channel(*meaning.total, 0, MOST * per_pulse, per_pulse))
    if meaning.rate:
        name, unit, quantity = meaning.rate
        worth = meaning.second * per_pulse
        channels.append(Channel(name, unit, 0, worth * fastest, worth / 60, quantity))
    return tuple(channels)


class PulseCounter:
    """Pulses on a pin: rain, water, energy, wind or just a count; totals survive a restart.

    `per_pulse` is what one pulse is worth: 0.2794 mm, 1/450 L, 0.001 kWh; 1 for a plain count; for
    `wind` the km/h of one pulse a second. A rate is the mean since the last measurement.
    """

    bus: ClassVar[BusKind] = "gpio"
    channels: tuple[Channel, ...] = tuple(
        channel for meaning in MEANINGS.values() for channel in channels_of(meaning, 1, FASTEST)
    )

    def __init__(
        self,
        port: "PinPort",
        *,
        kind: Literal["count", "precipitation", "volume", "energy", "wind"],
        per_pulse: float,
        pull: Literal["up", "down", "none"] = "up",
        debounce: float = 0.005,
    ) -> None:
        """`debounce`: seconds for which a level must hold; 0 if nothing bounces.

        A pulse is low, as a switch to ground makes it, but with `pull = "down"` high.
        """
        if not 0 <= debounce <= 1:
            raise ValueError(f"debounce is {debounce}: wanted 0 to 1 seconds")
        if not 0 < per_pulse < math.inf:
            raise ValueError(f"per_pulse is {per_pulse}: wanted what one pulse is worth, above 0")
        fastest = min(FASTEST, 0.5 / debounce) if debounce else FASTEST
        self.channels = channels_of(MEANINGS[kind], per_pulse, fastest)
        self._port = port
        self._meaning = MEANINGS[kind]
        self._per_pulse = per_pulse
        self._pull: Literal["up", "down", "none"] = pull
        self._filter = PulseFilter(debounce, active=pull == "down")
        self._before = 0  # pulses of earlier runs
        self._since = math.nan  # when the last measurement was, and how far the filter had counted
        self._counted = Counts(0, 0, False)

    def resume(self, values: Mapping[str, float]) -> None:
        """Continue from the total that was logged last; it was rounded, but pulses are whole."""
        name = self._meaning.total[0] if self._meaning.total else ""
        pulses = values.get(name, 0.0) / self._per_pulse
        if 0 <= pulses <= MOST:
            self._before = round(pulses)

    def setup(self) -> Steps[None]:
        """Claim the pin with its pull resistor; what was counted stays."""
        self._filter.forget()
        self._port.watch(self._filter.edge, self._pull)
        self._begin_window()
        yield from ()

    def measure(self) -> Steps[dict[str, float]]:
        """Return total and mean rate; raise `NotReady` if too many pulses are too short."""
        yield max(0.0, SHORTEST - (self._port.now() - self._since))
        since, before = self._since, self._counted
        self._begin_window()
        pulses = self._counted.pulses - before.pulses
        self._refuse_noise(pulses, self._counted.short - before.short)
        values = self._values(pulses / (self._since - since))
        return checked(self.channels, values, self._port.where)

    def _begin_window(self) -> None:
        self._since, self._counted = self._port.now(), self._filter.counts()

    def _refuse_noise(self, pulses: int, short: int) -> None:
        if self._counted.chatter or short > FEW + pulses // 10:
            raise NotReady(
                self._port.where,
                f"too many pulses are shorter than {self._filter.hold:g} s",
                "lower `debounce` if the sensor is that fast, else check wiring and `pull`",
            )

    def _values(self, frequency: float) -> dict[str, float]:
        values = {}
        if self._meaning.total:
            pulses = self._before + self._counted.pulses
            values[self._meaning.total[0]] = pulses * self._per_pulse
        if self._meaning.rate:
            values[self._meaning.rate[0]] = frequency * self._meaning.second * self._per_pulse
        return values


class Counts(NamedTuple):
    """What a filter has seen so far; `chatter`: since it was last asked."""

    pulses: int
    short: int
    chatter: bool


class PulseFilter:
    """Edges in, counts out: a level counts once it has held for `hold` seconds."""

    def __init__(self, hold: float, *, active: bool) -> None:
        self.hold = hold
        self._active = active
        self._pulses = 0
        self._short = 0  # pulses, or gaps, that did not hold
        self._chatter = False
        self._settled: bool | None = None  # the last level that held
        self._level = False
        self._since = self._restless = math.nan  # the last edge; the first after a level that held

    def counts(self) -> Counts:
        """Return what was counted until now."""
        chatter, self._chatter = self._chatter, False
        return Counts(self._pulses, self._short, chatter)

    def forget(self) -> None:
        """Take in that edges may be lost: the next one ends a level of unknown length."""
        self._settled = None

    def edge(self, at: float, level: bool) -> None:
        """Take in a change at `at`, in the library's thread; must not raise."""
        if self._settled is None:
            self._settled, self._restless = not level, at
        elif at - self._since >= self.hold:
            self._settle()
            self._restless = at
        elif at - self._restless > max(LONGEST_BOUNCE, 2 * self.hold):
            self._chatter = True
        self._level, self._since = bool(level), at

    def _settle(self) -> None:
        if self._level == self._settled:
            self._short += 1
        elif self._level == self._active:
            self._pulses += 1
        self._settled = self._level
