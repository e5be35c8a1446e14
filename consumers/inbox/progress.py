"""Where a consumer stands: which events are done, saved together with what it makes of them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol


class DoneRange(NamedTuple):
    """Events of a log that are done, both ends included; `log` and `first` are its key."""

    log: str
    first: int
    last: int


class ProgressChanges(NamedTuple):
    """What has changed: the ranges that are gone, and those that are new or have grown.

    A range grows at its end, and one that has become part of another is gone. So a row for each
    range, with the key (log, first), takes `gone` as deletions and `grown` as upserts.
    """

    gone: Sequence[tuple[str, int]]
    grown: Sequence[DoneRange]


class Progress(Protocol):
    """A store of what is done: the one that has the consumer's effect, so that both are one.

    For any two moments, `save` has stored either both the effect and the ranges, or neither: it
    takes part in the transaction of the effect. SQL that does so::

        CREATE TABLE done (log TEXT, first BIGINT, last BIGINT, PRIMARY KEY (log, first))
        DELETE FROM done WHERE log = ? AND first = ?
        INSERT INTO done VALUES (?, ?, ?)
            ON CONFLICT (log, first) DO UPDATE SET last = excluded.last
    """

    def load(self) -> Iterable[DoneRange]:
        """Return every range, in any order."""
        ...

    def save(self, changes: ProgressChanges) -> None:
        """Store changes, in the transaction that is open; to save them twice does no harm."""
        ...
