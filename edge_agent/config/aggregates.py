"""Summaries of every channel over fixed windows of time."""

from typing import Annotated

from msgspec import Meta

from edge_agent.config.settings import Settings
from edge_agent.units import Duration


class AggregateSettings(Settings, frozen=True, kw_only=True):
    """`[aggregates]`: count, min, mean, max and last of every channel, as events."""

    windows: Annotated[
        tuple[Duration, ...],
        Meta(
            description='lengths such as ["1m", "15m", "1h"]; each must divide a day evenly;'
            " empty turns aggregates off"
        ),
    ] = ()
