"""The view What if: a threshold on the history, and the alarms that it would have raised."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edge_agent.errors import ConfigError
from edge_agent.evaluate.expressions.expression import Known
from edge_agent.evaluate.what_if import Alarm, DraftRule, what_if
from edge_agent.observe.web.history.source import HistorySource, ShownChannel
from edge_agent.observe.web.history.view import LATEST, MILLISECOND
from edge_agent.observe.web.route import BadRequest, Json, Query, Route
from edge_agent.reasons import placed_reason
from edge_agent.samples import Samples, TimeSpan

Milliseconds = Annotated[int, Meta(ge=0, le=LATEST)]
INFINITE = float("inf")


class WhatIfRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule, and the span over which it is evaluated."""

    rule: DraftRule
    since: Milliseconds
    until: Milliseconds

    @property
    def span(self) -> TimeSpan:
        """Return the span in µs."""
        return TimeSpan(self.since * MILLISECOND, self.until * MILLISECOND)


class WhatIfView:
    """Evaluates rules over every reading of the log, not over the columns of a chart."""

    def __init__(self, source: HistorySource) -> None:
        self._source = source

    def routes(self) -> Iterator[Route]:
        """Yield what the view answers."""
        yield Route("POST", "api/what-if", self._what_if)

    def _what_if(self, query: Query) -> Json:
        try:
            asked = msgspec.convert(query.body, WhatIfRequest)
        except msgspec.ValidationError as error:
            raise BadRequest(placed_reason(error)) from None
        heard = _Heard(self._source.samples(asked.rule.channel, asked.span))
        try:
            found = what_if(asked.rule, known(self._channel(asked.rule.channel)), heard)
        except ConfigError as error:
            raise BadRequest("; ".join(error.problems)) from None
        return Json(
            {
                "alarms": [_shown(one) for one in found.alarms],
                "complete": found.complete,
                "samples": heard.count,
                "summaries": heard.summaries,
                "rule": asked.rule.toml(),
            }
        )

    def _channel(self, name: str) -> ShownChannel:
        found = (one for one in self._source.channels() if one.name == name)
        channel = next(found, None)
        if channel is None:
            raise BadRequest(f"there is no channel {name[:80]!r}")
        return channel


class _Heard:
    """Passes samples on, and counts them."""

    def __init__(self, samples: Iterable[Samples]) -> None:
        self._samples = samples
        self.count = 0
        self.summaries = 0

    def __iter__(self) -> Iterator[Samples]:
        for one in self._samples:
            self.count += len(one.times)
            self.summaries += len(one.times) if one.seconds else 0
            yield one


def known(channel: ShownChannel) -> Known:
    """Return what an expression needs to know of a channel."""
    return Known(
        "binary" if channel.quantity == "binary" else "numeric",
        -INFINITE if channel.low is None else channel.low,
        INFINITE if channel.high is None else channel.high,
        unit=channel.unit,
        max_age=channel.max_age,
    )


def _shown(alarm: Alarm) -> dict[str, Any]:
    until = None if alarm.until is None else alarm.until // MILLISECOND
    return {"since": alarm.since // MILLISECOND, "until": until, "flapping": alarm.flapping}
