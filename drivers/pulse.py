"""A counter of pulses on a GPIO pin: rain gauge, water meter, S0 output, anemometer.

Edges carry the kernel's timestamps; each is judged in the library's thread at once, so that a
flood of them takes no memory. A pulse counts once the line has been active for the debounce time,
from an inactive level that held as long: neither a bounce nor a disturbance counts.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, NoReturn, TypeAlias

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.edges import LATE_SECONDS, EdgePin
from drivers.base.errors import NotReady
from drivers.base.members import Remark
from drivers.base.pulse_filter import Counts, PulseFilter

if TYPE_CHECKING:
    from drivers.base.pins import PinPort

MOST = 2.0**53  # pulses: a number holds no more of them exactly, and no meter makes as many
FASTEST = 5000.0  # pulses a second that Python can follow
SHORTEST = 1.0  # seconds over which a rate means anything
LOOK_SECONDS = 0.05  # between two looks at a level that differs from the last edge's
FEW = 5  # disturbances between two measurements that are no cause for alarm


class Meaning(NamedTuple):
    """What pulses mean: a total, a rate, or both; `second` is the rate's worth of 1 per second."""

    total: tuple[str, str] | None  # channel and unit
    rate: tuple[str, str, str] | None  # channel, unit and quantity
    second: float = 1.0


Kind: TypeAlias = Literal["count", "precipitation", "volume", "energy", "wind"]
MEANINGS: dict[Kind, Meaning] = {
    "count": Meaning(("count", ""), ("frequency", "Hz", "frequency")),
    "precipitation": Meaning(("precipitation", "mm"), None),
    "volume": Meaning(("volume", "L"), ("flow", "L/min", "volume_flow_rate"), 60),
    "energy": Meaning(("energy", "kWh"), ("power", "W", "power"), 3.6e6),
    "wind": Meaning(None, ("wind_speed", "km/h", "wind_speed")),
}


def channels_of(meaning: Meaning, per_pulse: float, fastest: float) -> tuple[Channel, ...]:
    """Return the channels; a total needs a rate that can be followed: it misses pulses else."""
    channels: list[Channel] = []
    if meaning.total:
        needs = (meaning.rate or ())[:1]
        channels.append(Channel(*meaning.total, 0, MOST * per_pulse, per_pulse, needs=needs))
    if meaning.rate:
        name, unit, quantity = meaning.rate
        worth = meaning.second * per_pulse  # its step is one pulse a minute
        channels.append(Channel(name, unit, 0, worth * fastest, worth / 60, quantity))
    return tuple(channels)


def fastest(debounce: float) -> float:
    """Return the pulses a second that can be followed."""
    return min(FASTEST, 0.5 / debounce) if debounce else FASTEST


def check_options(per_pulse: float, debounce: float, save_every: float) -> None:
    """Raise ValueError for what cannot be."""
    if not 0 <= debounce <= 1:
        raise ValueError(f"debounce is {debounce:g}: wanted 0 to 1 seconds")
    if not 1e-9 <= per_pulse <= 1e9:
        raise ValueError(f"per_pulse is {per_pulse:g}: wanted 1e-9 to 1e9, what a pulse is worth")
    if not 1 <= save_every <= 3600:
        raise ValueError(f"save_every is {save_every:g}: wanted 1 to 3600 seconds")


class Silence(NamedTuple):
    """How many edges had arrived when the level last changed without one; `lasting`: twice."""

    edges: int = -1
    lasting: bool = False


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
        kind: Kind,
        per_pulse: float,
        pull: Literal["up", "down", "none"] = "up",
        debounce: float = 0.005,
        save_every: float = 60,
    ) -> None:
        """`debounce`: seconds for which a level must hold; 0 if nothing bounces.

        `save_every`: seconds, 1 to 3600; a kill loses the pulses of at most that time.
        A pulse is low, as a switch to ground makes it, but with `pull = "down"` high.
        """
        check_options(per_pulse, debounce, save_every)
        self.channels = channels_of(MEANINGS[kind], per_pulse, fastest(debounce))
        self._save_every = save_every
        self._port = port
        self._kind: Kind = kind
        self._meaning = MEANINGS[kind]
        self._per_pulse = per_pulse
        self._pin = EdgePin(port, pull)
        self._filter = PulseFilter(debounce, active=pull == "down")
        self._before = 0  # pulses of earlier runs
        self._resumed_active: bool | None = None  # whether the pulse of that time is counted
        self._detail, self._missed = "", 0
        self._silence = Silence()
        self._since = math.nan  # when the last measurement was, and how far the filter had counted
        self._counted = Counts(0, 0, chatter=False)

    def save_interval(self) -> float:
        """Return the seconds of which a kill may lose the pulses."""
        return self._save_every

    def total(self, *, stopped: bool) -> dict[str, Any]:
        """Return the pulses of all runs, and whether the one under way is among them."""
        if self._meaning.total is None:
            return {}
        since = self._filter.since
        held = 0.0 if math.isnan(since) else self._port.age(since)
        pulses, active = self._filter.after(held)
        return {
            "kind": self._kind,
            "per_pulse": self._per_pulse,
            "pulses": self._before + pulses,
            "active": active if self._resumed_active is None else self._resumed_active,
            "stopped": stopped,
        }

    def resume(self, saved: Mapping[str, Any], logged: Mapping[str, float]) -> None:
        """Continue from the saved total, or from the one that was logged last.

        A logged one was rounded, but pulses are whole. A total never falls: if `per_pulse` is
        another one now, it continues from its value in the meter's unit.
        """
        if not is_total(saved) or saved["kind"] != self._kind:
            name = self._meaning.total[0] if self._meaning.total else ""
            pulses = logged.get(name, 0.0) / self._per_pulse
            self._before = round(pulses) if 0 <= pulses <= MOST else 0
            return
        same = saved["per_pulse"] == self._per_pulse
        worth = saved["pulses"] * saved["per_pulse"]
        self._before = saved["pulses"] if same else math.ceil(worth / self._per_pulse)
        self._resumed_active = saved["active"]
        if not saved["stopped"]:
            self._detail = (
                f"the agent ended without a stop: up to {self._save_every:g} s of pulses are lost"
            )

    def remark(self) -> Remark:
        """Return how many edges did not arrive, and what a kill may have lost."""
        seen = self._missed + self._filter.missed
        remark = Remark(0.0, seen, self._detail)
        self._missed, self._detail = self._missed - seen, ""
        return remark

    def setup(self) -> Steps[None]:
        """Claim the pin with its pull resistor; what was counted stays."""
        if self._pin.doubted:
            resumed, self._resumed_active = self._resumed_active, None
            self._claim(counted=resumed is not False)
        self._begin_window()
        yield from ()

    def measure(self) -> Steps[Values]:
        """Return total and mean rate; raise `NotReady` if pulses are too short, or not heard."""
        yield max(0.0, SHORTEST - (self._port.now() - self._since))
        yield from self._compare()
        since, before = self._since, self._counted
        self._begin_window()
        pulses = self._counted.pulses - before.pulses
        self._refuse_noise(pulses, self._counted.short - before.short)
        values = self._values(pulses / (self._since - since))
        return checked(self.channels, values, self._port.where)

    def _claim(self, *, counted: bool = True) -> None:
        """Listen from now on; a pulse under way is `counted`, or began while nothing listened."""
        self._filter.forget()
        self._pin.claim(self._filter.edge)
        self._filter.begin(self._pin.level(), counted=counted)

    def _compare(self) -> Steps[None]:
        """Compare the level with the last edge's; raise `NotReady` if an edge did not arrive."""
        edges, waited = self._filter.edges, 0.0
        lasting = self._silence == Silence(edges, lasting=True)
        while lasting or self._filter.level not in (None, self._pin.level()):
            if self._filter.edges != edges:
                return
            if lasting or waited >= LATE_SECONDS:
                self._refuse_silence(edges)
            waited += LOOK_SECONDS
            yield LOOK_SECONDS

    def _refuse_silence(self, edges: int) -> NoReturn:
        """Listen again; if that did not help the last time, there is no value until it does."""
        self._silence = Silence(edges, lasting=edges == self._silence.edges)
        remedy = "restart the agent; does another program use the pin?"
        if not self._silence.lasting:
            remedy = "listening again; pulses have been missed"
            self._missed += 1
            self._claim()
            self._begin_window()
        raise NotReady(self._port.where, "the level changes, but no edges arrive", remedy)

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


def is_total(saved: Mapping[str, Any]) -> bool:
    """Return whether this is what `PulseCounter.total` returns."""
    per_pulse, pulses = saved.get("per_pulse"), saved.get("pulses")
    return (
        isinstance(per_pulse, float | int)
        and 0 < per_pulse < math.inf
        and isinstance(pulses, int)
        and 0 <= pulses <= MOST
        and isinstance(saved.get("active"), bool)
        and isinstance(saved.get("stopped"), bool)
    )
