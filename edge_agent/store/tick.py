"""How long a commit waits for the slower sensors of one tick, learnt from the ticks before."""

GATHER = 0.003  # seconds: what comes together commits together
LONGEST = 0.1  # seconds after the first event of a tick: what comes later is another one
JITTER = 0.005  # seconds by which a sensor is later than the last time
FORGET = 0.9  # what is left of the slowest after a tick without it


class Tick:
    """Notes when events come, and says how long to wait for those that will follow.

    A chip that converts for 40 ms would otherwise miss the commit of a faster one each time, and
    wait for almost a whole `interval`, in seconds.
    """

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self._began = float("-inf")
        self._spread = self._slowest = 0.0

    @property
    def gather(self) -> float:
        """Return the seconds from the first event of a tick to its commit."""
        late = max(self._spread, self._slowest)
        return max(GATHER, min(late + JITTER if late > GATHER else 0.0, self.interval / 2))

    def noted(self, now: float) -> float:
        """Take in that an event came at a monotonic time, in seconds; return that time."""
        if now - self._began > LONGEST:
            self._slowest = max(self._spread, FORGET * self._slowest)
            self._began, self._spread = now, 0.0
        else:
            self._spread = max(self._spread, now - self._began)
        return now
