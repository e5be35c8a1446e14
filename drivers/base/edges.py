"""Pins whose edges are followed: claimed once, and again only if edges may no longer arrive."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from drivers.base.errors import DriverError

if TYPE_CHECKING:
    from drivers.base.pins import PinPort, Pull

LATE_SECONDS = 0.2  # an edge that has not arrived by then is lost


class Edge(NamedTuple):
    """A change to `level` at `at`, in seconds of the edges' clock; -inf if that is unknown."""

    at: float
    level: bool


class EdgePin:
    """An input that keeps its claim: edges get lost while a pin is claimed again."""

    def __init__(self, port: "PinPort", pull: "Pull") -> None:
        self._port = port
        self._pull = pull
        self._failed = False

    @property
    def where(self) -> str:
        """The pin as users know it."""
        return self._port.where

    @property
    def doubted(self) -> bool:
        """Whether edges may not arrive: the pin is not claimed, or it could not be read."""
        return self._failed or not self._port.claimed

    def claim(self, on_edge: Callable[[float, bool], None]) -> None:
        """Claim the pin; `on_edge`, a bound method, runs in the library's thread."""
        self._port.watch(on_edge, self._pull)
        self._failed = False

    def level(self) -> bool:
        """Return the present level; after an error, the pin is doubted."""
        try:
            return self._port.level()
        except DriverError:
            self._failed = True
            raise

    def age(self, edge: Edge) -> float:
        """Return the seconds since an edge; 0 if its time is unknown."""
        return 0.0 if math.isinf(edge.at) else max(self._port.age(edge.at), 0.0)


class News:
    """Wakes the bus once for all that comes between two measurements."""

    def __init__(self) -> None:
        self._wake: Callable[[], None] = lambda: None
        self._known = False

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` on the first news from now on."""
        self._wake = wake

    def report(self) -> None:
        """Wake the bus, unless it has been woken since the last measurement; must not raise."""
        if not self._known:
            self._known = True
            self._wake()

    @contextmanager
    def taken(self, more: Callable[[], bool]) -> Iterator[None]:
        """Take the news, and wake the bus again if there are more at the end, however it ends."""
        self._known = True
        try:
            yield
        finally:
            self._known = False
            if more():
                self.report()
