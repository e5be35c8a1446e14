"""HC-SR04: 10 µs of trigger, eight cycles of 40 kHz, an echo line that is high until they return.

Echo feeds 5 V into a pin that takes 3.3 V: it needs a divider. The length of the echo is taken from
the kernel's timestamps of its edges; interrupts come late now and then, so two pings must agree.
"""

import math
from collections import deque
from typing import TYPE_CHECKING, ClassVar

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import NotReady, OutOfRange

if TYPE_CHECKING:
    from drivers.base.pins import PinPort

TRIGGER_SECONDS = 10e-6
CYCLE_SECONDS = 0.06  # "over 60 ms measurement cycle", or an old echo answers a new ping
NOTHING_SECONDS = 0.036  # without an obstacle the line falls after 38 ms
PINGS = 5
AGREEMENT = 0.03  # m; 90 µs on each side, or 0.5 m/s


def metres(echo: float, temperature: float) -> float:
    """Return the distance for seconds of echo in dry air: half of its way.

    Sound makes 331.3 m/s at 0 °C and 343.2 m/s at 20 °C, where 1 cm is 58.3 µs of echo (the data
    sheet rounds: 58 µs).
    """
    return echo * 331.3 * math.sqrt(1 + temperature / 273.15) / 2


class HCSR04:
    """HC-SR04 ultrasonic distance sensor (ElecFreaks user guide); `pin` is its trigger.

    `echo` is the GPIO number of its echo line, `temperature` that of the air.
    """

    bus: ClassVar[BusKind] = "gpio"
    more_pins: ClassVar[tuple[str, ...]] = ("echo",)
    shared: ClassVar[str] = "air"  # one hears the pings of another
    channels: tuple[Channel, ...] = (Channel("distance", "m", 0.02, 4, 0.003),)

    def __init__(self, port: "PinPort", *, echo: int, temperature: float = 20) -> None:
        """`temperature`: °C; 10 more make a distance 1.7 % longer."""
        if not -40 <= temperature <= 85:
            raise ValueError(f"temperature is {temperature:g}: wanted -40 to 85 °C")
        self._trigger = port
        self._echo = port.also(echo)
        self._temperature = temperature
        self._edges: deque[tuple[float, bool]] = deque(maxlen=4)  # two are an echo, more are noise
        self._pinged = -math.inf

    def setup(self) -> Steps[None]:
        """Claim both pins; the trigger rests low."""
        self._trigger.drive(False)
        self._echo.watch(self._note, "down")
        yield from ()

    def measure(self) -> Steps[Values]:
        """Return the mean of the first two pings in a row that agree."""
        before = math.inf
        for _ in range(PINGS):
            distance = yield from self._ping()
            if abs(distance - before) <= AGREEMENT:
                values = {"distance": (distance + before) / 2}
                return checked(self.channels, values, self._echo.where)
            before = distance
        raise NotReady(
            self._echo.where,
            f"no two of {PINGS} pings agree",
            "something moves fast, or another ultrasonic sensor is near",
        )

    def _ping(self) -> Steps[float]:
        yield max(0.0, self._pinged + CYCLE_SECONDS - self._trigger.now())
        if self._echo.level():
            raise NotReady(
                self._echo.where,
                "the echo line is high before a ping",
                "check wiring; some modules hang and need a power cycle",
            )
        self._edges.clear()
        yield from self._trigger_once()
        yield CYCLE_SECONDS
        return metres(self._length(), self._temperature)

    def _trigger_once(self) -> Steps[None]:
        try:
            self._trigger.drive(True)
            yield TRIGGER_SECONDS
        finally:
            self._trigger.drive(False)
            self._pinged = self._trigger.now()

    def _length(self) -> float:
        """Return the seconds of one whole echo; raise for none, half of one, or several."""
        edges = list(self._edges)
        if [level for _, level in edges] != [True, False]:
            what = "no echo came" if not edges else f"{len(edges)} edges came, not one echo"
            raise NotReady(self._echo.where, what, "check wiring, 5 V supply and the divider")
        length = edges[1][0] - edges[0][0]
        if length > NOTHING_SECONDS:
            raise OutOfRange(self._echo.where, "nothing sends the sound back within 4 m")
        return length

    def _note(self, at: float, level: bool) -> None:
        """Note an edge in the library's thread, where an exception would silence all pins."""
        self._edges.append((at, bool(level)))
