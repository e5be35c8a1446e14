"""The time of day, for measuring how late something is."""

import time


class SteadyClock:
    """Seconds since 1970 that never jump: a wall clock that is set moves no event's lateness."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def __call__(self) -> float:
        """Return this instant."""
        return time.monotonic() + self._offset
