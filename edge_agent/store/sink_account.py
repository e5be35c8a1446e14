"""What became of the events of one sink, as people see it."""

from typing import Any, NamedTuple


class SinkAccount(NamedTuple):
    """What became of the events of one sink."""

    sink: str
    start: int
    cursor: int
    delivered: int
    waiting: int
    refused: dict[str, int]
    dropped: dict[str, int]
    configured: bool
    kinds: tuple[str, ...] = ()

    @property
    def recorded(self) -> int:
        """Return how many events of its kinds were recorded since the sink began."""
        lost = sum(self.refused.values()) + sum(self.dropped.values())
        return self.delivered + self.waiting + lost

    def as_dict(self) -> dict[str, Any]:
        """Return the account as the command line and the answers show it."""
        return {"recorded": self.recorded, **self._asdict()}
