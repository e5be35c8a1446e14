"""What the latest events contained, to find an id that names two contents."""

from collections import OrderedDict
from typing import Literal, TypeAlias

from consumers.audit.arrival import Arrival

Comparison: TypeAlias = Literal["new", "same", "other"]


class Contents:
    """Digests of the latest `limit` events of all logs."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: OrderedDict[str, tuple[bytes, int | None]] = OrderedDict()

    def compare(self, arrival: Arrival) -> Comparison:
        """Compare with the last arrival of the same id; "new" if that is not remembered.

        A time that was not to be trusted may be corrected; one that was stays as it is.
        """
        digest, time = self._known.get(arrival.id, (None, None))
        if digest is None:
            self._remember(arrival)
            return "new"
        if digest != arrival.digest or (time and arrival.time and time != arrival.time):
            return "other"
        if arrival.time is not None:
            self._known[arrival.id] = (arrival.digest, arrival.time)
        return "same"

    def _remember(self, arrival: Arrival) -> None:
        self._known[arrival.id] = (arrival.digest, arrival.time)
        if len(self._known) > self._limit:
            self._known.popitem(last=False)
