"""A figure of `make bench`, and the target that it must meet."""

from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table: a figure, and the target that it must meet."""

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """Return whether the figure meets its target."""
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)

    def __str__(self) -> str:
        target = ""
        if self.at_least is not None:
            target = f"≥ {self.at_least:,g}"
        elif self.at_most is not None:
            target = f"≤ {self.at_most:,g}"
        verdict = "" if not target else "holds" if self.holds else "MISSED"
        return f"{self.name:<52} {self.value:>12,.2f} {self.unit:<9} {target:>12}  {verdict}"
