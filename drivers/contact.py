"""A contact on a GPIO pin: button, door, reed switch, leak or motion detector.

Edges come with the kernel's timestamps, and are judged in the library's thread at once, so that a
flood of them takes no memory. A level counts once it has held for the debounce time. Every such
level is reported by a separate measurement, in order and with the time since which it is true.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from drivers.base.blindness import OPEN_CONTACT, Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps, Values
from drivers.base.edges import LATE_SECONDS, Edge, EdgePin, News
from drivers.base.errors import NotReady
from drivers.base.members import Remark

if TYPE_CHECKING:
    from drivers.base.pins import PinPort

BACKLOG = 4096  # settled levels that wait to be measured
PATIENCE = 3.0  # seconds of chatter


class Contact:
    """Contact on a pin: `active` is 1 while it is closed; by default it connects to ground."""

    bus: ClassVar[BusKind] = "gpio"
    blind: ClassVar[tuple[Blindness, ...]] = (OPEN_CONTACT,)
    channels: tuple[Channel, ...] = (Channel("active", "", 0, 1, 1, "binary"),)

    def __init__(
        self,
        port: "PinPort",
        *,
        pull: Literal["up", "down", "none"] = "up",
        active_low: bool = True,
        debounce: float = 0.05,
    ) -> None:
        """`debounce`: seconds, 0.001 to 1, for which a level must hold to count."""
        if not 0.001 <= debounce <= 1:
            raise ValueError(f"debounce is {debounce:g}: wanted 0.001 to 1 seconds")
        self._active_low = active_low
        self._hold = debounce
        self._news = News()
        self._debounce = Debounce(debounce, self._news.report)
        self._pin = EdgePin(port, pull)
        self._rested: Edge | None = None  # the last edge, if its level was found to hold
        self._reported: bool | None = None
        self._missed = 0  # as far as this thread knows
        self._remark = Remark()

    def setup(self) -> Steps[None]:
        """Claim the pin with its pull resistor; what has come is kept."""
        if self._pin.doubted:
            self._claim()
        yield from ()

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from gpiozero's thread, on the first edge after a measurement."""
        self._news.listen(wake)

    def measure(self) -> Steps[Values]:
        """Return the next level that has settled, or the present one, unchanged.

        Raises `NotReady` while the contact chatters.
        """
        with self._news.taken(self._has_more):
            level = yield from self._settle()
        return {"active": float(level != self._active_low)}

    def remark(self) -> Remark:
        """Return for how long the level has been true, and how many edges were missed."""
        remark, self._remark = self._remark, Remark()
        missed, self._missed = self._missed, -self._debounce.missed
        return remark._replace(missed=missed + self._debounce.missed)

    def _settle(self) -> Steps[bool]:
        """Look until a level is known: one held between edges, or found twice with none between.

        The pin is read every time, so that even an edge that got lost is noticed.
        """
        before, still = None, 0.0
        for _ in range(2 + math.ceil(max(PATIENCE, LATE_SECONDS) / self._hold)):
            look = (self._debounce.last, self._pin.level())
            if (settled := self._next_settled()) is not None:
                return settled
            still = still + self._hold if look == before else 0.0
            if still and self._agree(*look, still):
                return self._rest(*look)
            before = look
            yield self._hold
        raise NotReady(
            self._pin.where,
            f"no level holds for {self._hold:g} s",
            "a floating pin? check wiring and `pull`, or raise `debounce`",
        )

    def _next_settled(self) -> bool | None:
        """Return the next level that has held between two edges, unlike the one before."""
        settled = self._debounce.settled
        while settled:
            edge = settled.popleft()
            if edge.level != self._reported:
                self._report(edge)
                return edge.level
        return None

    def _agree(self, edge: Edge | None, level: bool, still: float) -> bool:
        """Return whether the last edge and the level agree, or are too late to do so."""
        return edge is None or edge.level == level or still >= LATE_SECONDS

    def _rest(self, edge: Edge | None, level: bool) -> bool:
        """Return the present level, which has held for long enough."""
        known = self._reported if edge is None else edge.level
        if known is not None and known != level:
            self._missed += 1
            edge = None
            self._claim()
        self._rested = edge
        if level != self._reported:
            self._report(edge or Edge(-math.inf, level))
        return level

    def _claim(self) -> None:
        """Claim the pin, again if edges no longer arrive; what has settled is kept."""
        before = self._debounce
        self._debounce = Debounce(self._hold, self._news.report, before.settled)
        self._missed += before.missed
        self._pin.claim(self._debounce.edge)

    def _report(self, edge: Edge) -> None:
        self._reported = edge.level
        self._remark = Remark(self._pin.age(edge))

    def _has_more(self) -> bool:
        return bool(self._debounce.settled) or self._debounce.last is not self._rested


class Debounce:
    """Edges in, settled levels out: a level counts once it has held for `hold` seconds.

    `edge` runs in the library's thread, which alone assigns; the bus's thread reads, and takes
    from `settled`. `missed` counts the edges that must have been, and those that were too many.
    """

    def __init__(
        self, hold: float, news: Callable[[], None], settled: "deque[Edge] | None" = None
    ) -> None:
        self.settled: deque[Edge] = deque(maxlen=BACKLOG) if settled is None else settled
        self.last: Edge | None = None
        self.missed = 0
        self._hold = hold
        self._news = news

    def edge(self, at: float, level: bool) -> None:
        """Take in a change at `at`, in seconds of any one clock; must not raise."""
        before, self.last = self.last, Edge(at, bool(level))
        if before is not None and before.level == self.last.level:
            self.missed += 1  # the edge between the two
        elif before is not None and at - before.at >= self._hold:
            self.missed += len(self.settled) == BACKLOG
            self.settled.append(before)
        self._news()
