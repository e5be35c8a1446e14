"""How long to wait before the next try: longer each time, never all agents at once."""

from collections.abc import Callable

FIRST = 0.5
CAP = 8.0  # an attempt takes time as well: ten seconds after a fault, events flow again
SLOW_CAP = 60.0  # for what only a person can correct: a login


class Backoff:
    """Exponential, from half a second to a cap in seconds; `random` gives numbers from 0 to 1."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self.failures = 0

    def next(self, cap: float = CAP) -> float:
        """Count a failure; return the seconds to wait: between half and all of the step."""
        step = min(cap, FIRST * 2.0 ** min(self.failures, 10))
        self.failures += 1
        return step * (0.5 + 0.5 * self._random())

    def reset(self) -> None:
        """Start again with short pauses, after a success."""
        self.failures = 0
