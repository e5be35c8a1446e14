"""What a destination is: somewhere that takes over events, a batch at a time."""

from collections.abc import Sequence
from typing import Protocol

from edge_agent.events import LoggedEvent


class Sink(Protocol):
    """A destination; the contract suite in `tests/deliver` runs over every one."""

    name: str

    def deliver(self, batch: Sequence[LoggedEvent]) -> int:
        """Hand a batch over, in order; return how many leading events the destination now owns.

        Raise `SinkUnavailable` where it took none and the events should be kept and tried again,
        `EventRejected` where it settled some but refused others for good.
        """
        ...
