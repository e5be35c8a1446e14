"""What one fault did to the events, and the table of all of them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST = 10.0  # s from the end of a fault until events flow again
HEAD = (
    "fault",
    "times injected",
    "events at stake",
    "lost",
    "given up",
    "contradictory",
    "duplicated",
    "recovered in",
    "account",
    "note",
)


@dataclass(frozen=True)
class Row:
    """The result of one fault; an event counts once for each sink that wants it.

    `recovered` is in seconds; None if the fault has no end that could be measured.
    """

    fault: str
    injected: int
    at_stake: int
    lost: int
    contradictory: int
    duplicated: int
    recovered: float | None
    adds_up: bool
    note: str = ""
    given_up: int = 0

    @property
    def passed(self) -> bool:
        recovered = self.recovered is None or self.recovered <= LONGEST
        harmless = self.lost == self.contradictory == 0
        return harmless and self.adds_up and recovered and self.injected > 0 and self.at_stake > 0

    def harms_more(self, whole: "Row") -> bool:
        """Return whether more events were lost or given up, or are contradictory, than there."""
        names = ("lost", "given_up", "contradictory")
        return any(getattr(self, name) > getattr(whole, name) for name in names)

    def cells(self) -> tuple[str, ...]:
        harm = (self.lost, self.given_up, self.contradictory, self.duplicated)
        account = "adds up" if self.adds_up else "**wrong**"
        numbers = map(str, (self.injected, self.at_stake, *harm))
        return (self.fault, *numbers, _seconds(self.recovered), account, self.note)


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return "never" if math.isinf(value) else f"{value:.1f} s"


def table(rows: Iterable[Row]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [HEAD, tuple("---" for _ in HEAD), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
