"""What every store asks of its tables, each in its own SQL."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from consumers.aggregate.group import Thinned
from consumers.aggregate.stores.series_numbers import FoundRow, SeriesNumbers
from consumers.aggregate.stores.store import EVENTS, READINGS
from consumers.aggregate.windows import Series, Windows, less


class Cursor(Protocol):
    """What a statement has found."""

    def fetchall(self) -> list[Any]:
        """Return its rows."""
        ...


Execute: TypeAlias = Callable[[str, Sequence[object]], Cursor]


class TableStatements(Protocol):
    """The statements, as the module of a schema has them."""

    SERIES_COUNT: str
    SERIES: str
    THINNED: str
    EXPIRE_READINGS: str
    EXPIRE_EVENTS: str
    EXPIRE_WINDOWS: str


class Tables:
    """Asks with `execute`, in the transaction that is open, if there is one."""

    def __init__(self, execute: Execute, statements: TableStatements) -> None:
        self._execute = execute
        self._statements = statements

    def series(self) -> SeriesNumbers:
        """Return the numbers of the series as they are stored."""
        ((count,),) = self._execute(self._statements.SERIES_COUNT, ()).fetchall()
        return SeriesNumbers(self.find, count)

    def find(self, wanted: Sequence[Series]) -> Sequence[FoundRow]:
        """Return names and number of those of some series that the store has."""
        columns = [list(each) for each in zip(*wanted, strict=True)]
        return self._execute(self._statements.SERIES, columns).fetchall()

    def less(self, thinned: Thinned) -> Windows:
        """Return what takes thinned readings out of their windows."""
        rows = self._execute(self._statements.THINNED, thinned).fetchall()
        return less((Series(*names), time, value) for *names, time, value in rows)

    def expire(self, before: Mapping[str, datetime]) -> None:
        """Delete what is older: READINGS, EVENTS, and windows by the name of their length."""
        for what, limit in before.items():
            if what == READINGS:
                self._execute(self._statements.EXPIRE_READINGS, [limit])
            elif what == EVENTS:
                self._execute(self._statements.EXPIRE_EVENTS, [limit])
            else:
                self._execute(self._statements.EXPIRE_WINDOWS, [limit, what])
