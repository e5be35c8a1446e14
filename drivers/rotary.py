"""A rotary encoder on two GPIO pins: contacts A and B, a quarter of a cycle apart.

Each edge is one step forth or back; a bounce is a step forth and back again, and cancels itself.
The edges of both pins are sorted by the kernel's timestamps before they are followed.
"""

import math
from collections import deque
from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps
from drivers.base.errors import NotReady

if TYPE_CHECKING:
    from drivers.base.pins import PinPort

State: TypeAlias = tuple[bool, bool]  # A and B, closed or not
Edge: TypeAlias = tuple[float, int, bool]  # seconds, A or B, level

PHASES: dict[State, int] = {  # clockwise, A closes first; at rest, both are open
    (False, False): 0,
    (True, False): 1,
    (True, True): 2,
    (False, True): 3,
}
BACKLOG = 4096  # edges between two looks; a floating pin can have thousands a second
GATHER_SECONDS = 0.05  # a turn is one measurement, not one per edge


class Rotary:
    """Rotary encoder, such as KY-040 or EC11: its position in detents since the start; `pin` is A.

    `b` is the GPIO number of B. A turn to the right counts up; if not, swap the pins.
    """

    bus: ClassVar[BusKind] = "gpio"
    more_pins: ClassVar[tuple[str, ...]] = ("b",)
    channels: tuple[Channel, ...] = (Channel("position", "", -1e9, 1e9, 1, "count"),)

    def __init__(
        self,
        port: "PinPort",
        *,
        b: int,
        steps_per_detent: Literal[1, 2, 4] = 4,
        pull: Literal["up", "down", "none"] = "up",
    ) -> None:
        """`steps_per_detent`: edges from one click to the next, of both pins together."""
        self._ports = (port, port.also(b))
        self._pull: Literal["up", "down", "none"] = pull
        self._edges: deque[Edge] = deque(maxlen=BACKLOG)
        self._dial = Dial(steps_per_detent)
        self._looking = False
        self._wake: Callable[[], None] = lambda: None

    def setup(self) -> Steps[None]:
        """Claim both pins; the position stays."""
        self._edges.clear()
        for port, note in zip(self._ports, (self._note_a, self._note_b), strict=True):
            port.watch(note, self._pull)
        self._dial.align(self._state())
        yield from ()

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from gpiozero's thread, on the first edge after a measurement."""
        self._wake = wake

    def measure(self) -> Steps[dict[str, float]]:
        """Follow the edges since the last measurement; raise `NotReady` for a flood of them."""
        self._looking = True
        try:
            yield GATHER_SECONDS
            self._follow()
        finally:
            self._looking = False
        if self._edges:
            self._wake()
        return {"position": float(self._dial.position)}

    def _follow(self) -> None:
        if len(self._edges) == BACKLOG:
            self._edges.clear()
            self._dial.align(self._state())
            raise NotReady(
                self._ports[0].where,
                "more edges than a hand can turn",
                "a floating pin? check wiring and `pull`",
            )
        edges = [self._edges.popleft() for _ in range(len(self._edges))]
        for _, pin, level in sorted(edges, key=itemgetter(0)):
            self._dial.edge(pin, self._closed(level))
        self._dial.turn(self._state())  # even an edge that got lost is noticed

    def _state(self) -> State:
        a, b = self._ports
        return self._closed(a.level()), self._closed(b.level())

    def _closed(self, level: bool) -> bool:
        return level == (self._pull == "down")

    def _note_a(self, at: float, level: bool) -> None:
        self._note(at, 0, level)

    def _note_b(self, at: float, level: bool) -> None:
        self._note(at, 1, level)

    def _note(self, at: float, pin: int, level: bool) -> None:
        """Note an edge in the library's thread, where an exception would silence all pins."""
        self._edges.append((at, pin, bool(level)))
        if len(self._edges) == 1 and not self._looking:
            self._wake()


class Dial:
    """Steps in, detents out: the position changes once a whole detent is passed."""

    def __init__(self, per_detent: int) -> None:
        self.position = 0
        self._per_detent = per_detent
        self._steps = 0  # beyond the position
        self._state: State = (False, False)

    def align(self, state: State) -> None:
        """Take in where the contacts are, not how they came there; at a detent, they are open."""
        self._state = state
        self._steps = PHASES[state] % self._per_detent

    def edge(self, pin: int, closed: bool) -> None:
        """Take in a change of A (0) or B (1)."""
        a, b = self._state
        self.turn((closed, b) if pin == 0 else (a, closed))

    def turn(self, state: State) -> None:
        """Take in a new state; if both contacts changed at once, the direction is unknown."""
        change = (PHASES[state] - PHASES[self._state]) % 4
        if change == 2:
            self.align(state)
            return
        self._state = state
        self._steps += -1 if change == 3 else change
        detents = math.trunc(self._steps / self._per_detent)
        self.position += detents
        self._steps -= detents * self._per_detent
