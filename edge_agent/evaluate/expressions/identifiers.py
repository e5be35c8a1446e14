"""The words of expressions that are no names: truths, literals, the time of day and the weekday."""

from datetime import datetime, tzinfo

from edge_agent.evaluate.expressions import logic
from edge_agent.evaluate.expressions.literals import WEEKDAYS, Literals, clock_seconds
from edge_agent.evaluate.expressions.ranges import ValueRange
from edge_agent.evaluate.expressions.typed import CLOCK, DAY, Term, constant


def meaning(piece: str, literals: Literals, zone: tzinfo | None) -> Term | None:
    """Return what a word or a literal means; None for a name."""
    if piece in {"true", "false"}:
        return Term(truth=logic.constantly(piece == "true"))
    if piece == "time":
        return Term(None, logic.wall_clock(_since_midnight, zone), ValueRange(0, 86400), CLOCK)
    if piece == "weekday":
        return Term(None, logic.wall_clock(datetime.isoweekday, zone), ValueRange(1, 7), DAY)
    if piece in WEEKDAYS:
        return constant(WEEKDAYS.index(piece) + 1, DAY)
    seconds = clock_seconds(piece)
    return constant(seconds, CLOCK) if seconds is not None else _quantity(piece, literals)


def _quantity(piece: str, literals: Literals) -> Term | None:
    """Return `5m` as seconds that may be metres, and `26 °C` as it is."""
    quantity = literals.quantity(piece)
    if quantity is None:
        return None
    if quantity.seconds is None:
        return constant(quantity.number, quantity.unit)
    return constant(quantity.seconds, "s")._replace(other=quantity)


def _since_midnight(local: datetime) -> float:
    return local.hour * 3600 + local.minute * 60 + local.second
