"""How fast a backlog is delivered: a broker's queue for a slow subscriber has an end."""

FEW = 200  # events that wait: not worth a limit
PAUSE = 0.1  # s


class Pace:
    """Permits `catch_up` events a second from a backlog, besides those that arrive meanwhile.

    At most one second's worth goes at once. 0 means no limit.
    """

    def __init__(self, catch_up: int) -> None:
        self._catch_up = catch_up
        self._permitted = float(catch_up)
        self._at = 0.0
        self._last = 0

    def permitted(self, now: float, last: int, waiting: int, most: int) -> int:
        """Return how many events may go now, of `waiting` ones up to offset `last`."""
        grown = (now - self._at) * self._catch_up + last - self._last
        self._permitted = min(self._permitted + grown, float(self._catch_up))
        self._at, self._last = now, last
        if not self._catch_up or waiting <= FEW:
            return most
        return min(most, int(self._permitted))

    def spend(self, count: int) -> None:
        """Count events that have gone."""
        self._permitted = max(self._permitted - count, 0.0)
