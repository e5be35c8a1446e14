"""What an inbox waits for and keeps, and what it counts."""

from dataclasses import dataclass
from typing import NamedTuple


class InboxSettings(NamedTuple):
    """What an inbox waits for and how much it keeps; times are in seconds.

    An event above a hole waits for at most `patience`, and until `most_behind` deliveries have come
    after it. What is missing is reported after `gap_patience`. An event whose time is more than
    `ahead` of ours is a dead letter. With `replays`, events that were sent again on request are
    handed over even if they are done. If members have `shared` the events of a group, what is
    missing without a reason is not reported.
    """

    patience: float = 2.0
    most_behind: int = 100
    gap_patience: float = 60.0
    ahead: float = 86_400.0
    replays: bool = False
    shared: bool = False
    logs: int = 100_000
    ranges: int = 500_000  # of all logs together: some 40 MB


@dataclass(slots=True)
class InboxCounts:
    """How often something has happened since the start.

    `missing` counts events that are not going to arrive, or have not; no gap event named those that
    are `unexplained` in time. `latest` is the newest time of an event, in seconds since 1970.
    """

    events: int = 0
    duplicates: int = 0
    reordered: int = 0
    replays: int = 0
    dead: int = 0
    missing: int = 0
    unexplained: int = 0
    latest: float = 0.0
