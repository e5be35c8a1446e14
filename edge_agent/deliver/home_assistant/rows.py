"""Which hours Home Assistant lacks of an entity, and the rows that fill them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from edge_agent.deliver.home_assistant.conversion import Conversion
from edge_agent.deliver.home_assistant.hours import HourValues
from edge_agent.deliver.home_assistant.recorder import StatisticRow, iso

WHOLE = 12  # periods of five minutes in an hour


class RunningTotal(NamedTuple):
    """What a meter showed, and the sum that Home Assistant has counted so far."""

    state: float
    sum: float

    def grown(self, state: float) -> "RunningTotal":
        """Return it at a later state; a meter that shows less has begun at 0 again."""
        return RunningTotal(
            state, self.sum + (state - self.state if state >= self.state else state)
        )


def missing_hours(
    hours: Iterable[int], kept: Iterable[StatisticRow], parts: Iterable[StatisticRow]
) -> list[int]:
    """Return the hours that are not kept, or of which some parts of five minutes are missing.

    Home Assistant forgets the parts after ten days; an hour without any is as it should be.
    """
    whole, counted = {row.hour for row in kept}, Counter(row.hour for row in parts)
    return [one for one in hours if one not in whole or 0 < counted[one] < WHOLE]


def mean_rows(
    found: Mapping[int, HourValues], hours: Iterable[int], convert: Conversion
) -> list[dict[str, Any]]:
    """Return the rows of a measurement, for the hours of which there are values."""
    return [
        {
            "start": iso(hour),
            "mean": convert(found[hour].mean),
            "min": convert(found[hour].min),
            "max": convert(found[hour].max),
        }
        for hour in hours
        if hour in found
    ]


def sum_rows(
    found: Mapping[int, HourValues],
    hours: Iterable[int],
    kept: Sequence[StatisticRow],
    convert: Conversion,
) -> list[dict[str, Any]]:
    """Return the rows of a meter; each sum lies between those that are kept before and after it.

    Home Assistant counts what an outage kept back into the first hour after it: the sum is right
    there already, and what lies between is spread over the hours.
    """
    missing = [hour for hour in hours if hour in found]
    totals = {row.hour: RunningTotal(row.state or 0.0, row.sum or 0.0) for row in kept}
    for hour in missing:
        totals.pop(hour, None)
    rows = []
    for hour in missing:
        totals[hour] = _total(hour, convert(found[hour].last), totals)
        rows.append({"start": iso(hour), "state": totals[hour].state, "sum": totals[hour].sum})
    return rows


def _total(hour: int, state: float, totals: Mapping[int, RunningTotal]) -> RunningTotal:
    before = max((one for one in totals if one < hour), default=None)
    after = min((one for one in totals if one > hour), default=None)
    if before is None:
        sum_ = 0.0 if after is None else totals[after].sum - max(totals[after].state - state, 0.0)
        return RunningTotal(state, sum_)
    total = totals[before].grown(state)
    return total if after is None else total._replace(sum=min(total.sum, totals[after].sum))
