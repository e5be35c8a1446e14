"""Events at the connection: a job, and what each of its messages holds."""

from collections.abc import Sequence
from typing import NamedTuple

from edge_agent.deliver.mqtt.job import Job
from edge_agent.events import LoggedEvent


class Sent(NamedTuple):
    """A job that was posted; each group of events is one message."""

    groups: Sequence[Sequence[LoggedEvent]]
    job: Job

    @property
    def events(self) -> int:
        """Return how many events it has."""
        return sum(map(len, self.groups))

    def begins(self, batch: Sequence[LoggedEvent]) -> bool:
        """Return whether a batch begins with its events; offsets ascend."""
        first, last = self.groups[0][0].offset, self.groups[-1][-1].offset
        behind = batch[self.events - 1 : self.events]
        return batch[0].offset == first and [event.offset for event in behind] == [last]
