"""A contact on a GPIO pin: button, door, reed switch, leak or motion detector.

Edges come with the kernel's timestamps; a level counts once it has held for the debounce time.
Every such level is reported by a separate measurement, in order: a short press is not lost
because it was not read in time.
"""

import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Literal

from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Steps
from drivers.base.errors import NotReady

if TYPE_CHECKING:
    from drivers.base.pins import PinPort

BACKLOG = 256  # edges between two looks; a floating pin can have thousands a second
PATIENCE = 3.0  # seconds of chatter


class Contact:
    """Contact on a pin: `active` is 1 while it is closed; by default it connects to ground."""

    bus: ClassVar[BusKind] = "gpio"
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
            raise ValueError(f"debounce is {debounce}: wanted 0.001 to 1 seconds")
        self._port = port
        self._pull = pull
        self._active_low = active_low
        self._hold = debounce
        self._edges: deque[tuple[float, bool]] = deque(maxlen=BACKLOG)
        self._levels = Debounce(debounce)
        self._looking = False
        self._wake: Callable[[], None] = lambda: None

    def setup(self) -> Steps[None]:
        """Claim the pin with its pull resistor."""
        self._levels.forget()
        self._edges.clear()
        self._port.watch(self._note, self._pull)
        yield from ()

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from gpiozero's thread, on the first edge after a measurement."""
        self._wake = wake

    def measure(self) -> Steps[dict[str, float]]:
        """Return the next level that has settled, or the present one, unchanged.

        Raises `NotReady` while the contact chatters.
        """
        self._looking = True
        try:
            yield from self._settle()
        finally:
            self._looking = False
        level = self._levels.take()
        if self._edges or self._levels.behind:
            self._wake()
        return {"active": float(level != self._active_low)}

    def _settle(self) -> Steps[None]:
        """Look until a level is known: one held between edges, or found twice with none between.

        The pin is read every time, so that even an edge that got lost is noticed.
        """
        before = None
        for _ in range(2 + math.ceil(PATIENCE / self._hold)):
            quiet, level = not self._edges, self._port.level()
            self._follow()
            rested = quiet and level == before
            if rested:
                self._levels.rest(level)
            if rested or self._levels.settled:
                return
            before = level
            yield self._hold
        raise NotReady(
            self._port.where,
            f"no level holds for {self._hold:g} s",
            "a floating pin? check wiring and `pull`, or raise `debounce`",
        )

    def _follow(self) -> None:
        if len(self._edges) == BACKLOG:
            self._levels.forget()
        while self._edges:
            self._levels.edge(*self._edges.popleft())

    def _note(self, at: float, level: bool) -> None:
        """Note an edge in the library's thread, where an exception would silence all pins."""
        self._edges.append((at, bool(level)))
        if len(self._edges) == 1 and not self._looking:
            self._wake()


class Debounce:
    """Edges in, settled levels out: a level counts once it has held for `hold` seconds."""

    def __init__(self, hold: float) -> None:
        self.settled: deque[bool] = deque(maxlen=BACKLOG)  # not taken yet, each unlike the last
        self._hold = hold
        self._level: bool | None = None
        self._since = math.inf  # the edge before this level, if none was lost
        self._newest: bool | None = None
        self._taken = False

    @property
    def behind(self) -> bool:
        """Whether there are more levels to report, or soon will be."""
        return bool(self.settled) or self._level != self._newest

    def edge(self, at: float, level: bool) -> None:
        """Take in a change at `at`, in seconds of any one clock."""
        if at - self._since >= self._hold:
            self._settle()
        self._level, self._since = level, at

    def rest(self, level: bool) -> None:
        """Take in that this level has just held for long enough, even if edges were lost."""
        self._level = level
        self._settle()

    def forget(self) -> None:
        """Take in that edges were lost: how long the present level has held is not known."""
        self._since = math.inf

    def take(self) -> bool:
        """Return the next settled level; the last one again if there is no other."""
        if self.settled:
            self._taken = self.settled.popleft()
        return self._taken

    def _settle(self) -> None:
        if self._level is not None and self._level != self._newest:
            self._newest = self._level
            self.settled.append(self._level)
