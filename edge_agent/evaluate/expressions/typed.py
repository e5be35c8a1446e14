"""Terms: the checked pieces that an expression is put together from."""

from collections.abc import Sequence
from typing import NamedTuple

from edge_agent.evaluate.expressions import logic
from edge_agent.evaluate.expressions.bounds import NOTHING_IMPLIED, Implied
from edge_agent.evaluate.expressions.logic import Number, Truth
from edge_agent.evaluate.expressions.ranges import ANY, ValueRange
from edge_agent.units import SECONDS

CLOCK = "hours"  # the units of `time` and `weekday`, as error messages name them
DAY = "weekdays"


class Quantity(NamedTuple):
    """A number with the unit that follows it in the text."""

    number: float
    unit: str

    @property
    def seconds(self) -> float | None:
        """As a duration; None if the unit is not one of time."""
        factor = SECONDS.get(self.unit)
        return None if factor is None else self.number * factor


class Term(NamedTuple):
    """A truth, or a number with its range and unit, or neither if there is a problem.

    A bare number has no unit and goes with any. `other` is the second meaning of a literal: `5m`
    may be minutes or metres. `implied` is what a truth says.
    """

    truth: Truth | None = None
    number: Number | None = None
    range: ValueRange = ANY
    unit: str = ""
    other: Quantity | None = None
    implied: Implied = NOTHING_IMPLIED

    def minus(self) -> Quantity | None:
        """Return the negated second meaning."""
        return self.other and Quantity(-self.other.number, self.other.unit)

    def meant(self, units: set[str]) -> "Term":
        """Return the term with the meaning that it has among others of these units."""
        if self.other is None or self.unit in units or self.other.unit not in units:
            return self
        return constant(self.other.number, self.other.unit)


NOTHING = Term()


def constant(value: float, unit: str) -> Term:
    """Return a number."""
    return Term(None, logic.constantly(value), ValueRange(value, value), unit)


def agree(terms: Sequence[Term]) -> tuple[list[Term], set[str]]:
    """Return the terms as they are meant together, and their units: one if they agree."""
    units = {term.unit for term in terms if term.unit and term.other is None}
    meant = [term.meant(units) for term in terms]
    return meant, {term.unit for term in meant if term.unit}
