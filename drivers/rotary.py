"""A rotary encoder on two GPIO pins: contacts A and B, a quarter of a cycle apart.

Each edge is one step forth or back; a bounce is a step forth and back again, and cancels itself.
The edges of both pins are sorted by the kernel's timestamps before they are followed.
"""

import math
from collections import deque
from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar, Literal, NoReturn, TypeAlias

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values
from drivers.base.edges import LATE_SECONDS, Edge, EdgePin, News
from drivers.base.errors import NotReady
from drivers.base.members import Remark

if TYPE_CHECKING:
    from drivers.base.pins import PinPort

State: TypeAlias = tuple[bool, bool]  # A and B, closed or not
Turn: TypeAlias = tuple[float, int, bool]  # seconds, A or B, level

PHASES: dict[State, int] = {  # clockwise, A closes first; at rest, both are open
    (False, False): 0,
    (True, False): 1,
    (True, True): 2,
    (False, True): 3,
}
BACKLOG = 4096  # edges between two looks; a floating pin can have thousands a second
MOST = 2**53  # detents: more than that a number cannot hold, nor a hand turn
GATHER_SECONDS = 0.05  # a turn is one measurement, not one per edge


class Rotary:
    """Rotary encoder, such as KY-040 or EC11: its position in detents since the start; `pin` is A.

    `b` is the GPIO number of B. A turn to the right counts up; if not, swap the pins.
    """

    bus: ClassVar[BusKind] = "gpio"
    more_pins: ClassVar[tuple[str, ...]] = ("b",)
    channels: tuple[Channel, ...] = (Channel("position", "", -MOST, MOST, 1, "count"),)

    def __init__(
        self,
        port: "PinPort",
        *,
        b: int,
        steps_per_detent: Literal[1, 2, 4] = 4,
        pull: Literal["up", "down", "none"] = "up",
        min: int = -MOST,  # noqa: A002 - as other programs call it
        max: int = MOST,  # noqa: A002
    ) -> None:
        """`steps_per_detent`: edges from one click to the next, of both pins together.

        `min`, `max`: detents at which the position stops; the first click back moves it again.
        """
        if not min < max or not min <= 0 <= max:
            raise ValueError(f"min is {min}, max {max}: wanted 0 between, where it starts")
        self.channels = (Channel("position", "", min, max, 1, "count"),)
        self._pins = (EdgePin(port, pull), EdgePin(port.also(b), pull))
        self._pull: Literal["up", "down", "none"] = pull
        self._turns: deque[Turn] = deque(maxlen=BACKLOG)
        self._dial = Dial(steps_per_detent, min, max)
        self._news = News()
        self._overflowed = 0  # edges that did not fit; the library's thread counts them
        self._missed = 0
        self._turned: Edge | None = None  # the last one that was followed

    def setup(self) -> Steps[None]:
        """Claim both pins; position and edges stay."""
        if any(pin.doubted for pin in self._pins):
            self._claim()
            self._follow()
            self._dial.align(self._state())
        yield from ()

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from gpiozero's thread, on the first edge after a measurement."""
        self._news.listen(wake)

    def measure(self) -> Steps[Values]:
        """Follow the edges since the last measurement; raise `NotReady` for a flood of them."""
        with self._news.taken(lambda: bool(self._turns)):
            yield GATHER_SECONDS
            if len(self._turns) == BACKLOG:
                self._give_up()
            self._follow()
            yield from self._await_late_edges()
        return {"position": float(self._dial.position)}

    def remark(self) -> Remark:
        """Return how long ago the last edge was, and how many steps have no direction."""
        turned, self._turned = self._turned, None
        seen = self._missed + self._dial.missed + self._overflowed
        missed, self._missed = seen, self._missed - seen
        return Remark(self._pins[0].age(turned) if turned else 0.0, missed)

    def _claim(self) -> None:
        for pin, note in zip(self._pins, (self._note_a, self._note_b), strict=True):
            pin.claim(note)

    def _await_late_edges(self) -> Steps[None]:
        """Wait until the edges say where the contacts are; go there if they do not arrive."""
        quiet = 0.0
        while self._dial.state != self._state():
            if quiet >= LATE_SECONDS:
                self._dial.turn(self._state())
                self._claim()
                return
            yield GATHER_SECONDS
            quiet = 0.0 if self._turns else quiet + GATHER_SECONDS
            self._follow()

    def _follow(self) -> None:
        """Follow the edges in the order of their times."""
        turns = [self._turns.popleft() for _ in range(len(self._turns))]
        for at, pin, level in sorted(turns, key=itemgetter(0)):
            self._dial.edge(pin, self._closed(level))
            self._turned = Edge(at, level)

    def _give_up(self) -> NoReturn:
        """Begin again where the contacts are: after a flood, it is unknown how they came there."""
        self._missed += len(self._turns)
        self._turns.clear()
        self._dial.align(self._state())
        raise NotReady(
            self._pins[0].where,
            "more edges than a hand can turn",
            "a floating pin? check wiring and `pull`",
        )

    def _state(self) -> State:
        a, b = self._pins
        return self._closed(a.level()), self._closed(b.level())

    def _closed(self, level: bool) -> bool:
        return level == (self._pull == "down")

    def _note_a(self, at: float, level: bool) -> None:
        self._note(at, 0, level)

    def _note_b(self, at: float, level: bool) -> None:
        self._note(at, 1, level)

    def _note(self, at: float, pin: int, level: bool) -> None:
        """Note an edge in the library's thread, where an exception would silence all pins."""
        self._overflowed += len(self._turns) == BACKLOG
        self._turns.append((at, pin, bool(level)))
        self._news.report()


class Dial:
    """Steps in, detents out: the position changes once a whole detent is passed, and stops."""

    def __init__(self, per_detent: int, low: int = -MOST, high: int = MOST) -> None:
        self.position = 0
        self.missed = 0  # steps whose direction is unknown
        self._per_detent = per_detent
        self._low, self._high = low, high
        self._steps = 0  # beyond the position
        self.state: State = (False, False)

    def align(self, state: State) -> None:
        """Take in where the contacts are, not how they came there; at a detent, they are open."""
        self.state = state
        self._steps = PHASES[state] % self._per_detent

    def edge(self, pin: int, closed: bool) -> None:
        """Take in a change of A (0) or B (1)."""
        a, b = self.state
        self.turn((closed, b) if pin == 0 else (a, closed))

    def turn(self, state: State) -> None:
        """Take in a new state; if both contacts changed at once, the direction is unknown."""
        change = (PHASES[state] - PHASES[self.state]) % 4
        if change == 2:
            self.missed += 2
            self.align(state)
            return
        self.state = state
        self._steps += -1 if change == 3 else change
        detents = math.trunc(self._steps / self._per_detent)
        self.position = min(max(self.position + detents, self._low), self._high)
        self._steps -= detents * self._per_detent
