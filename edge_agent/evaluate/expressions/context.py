"""What an expression is evaluated with: current values, windows of past ones, and the moment."""

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from edge_agent.clock import Moment
from edge_agent.evaluate.expressions.windows import Window

Values: TypeAlias = Mapping[str, float]
NO_MOMENT = Moment(0, 0, trusted=False)


class Context(msgspec.Struct, frozen=True):
    """Everything that is known at one `moment`.

    `values` are the current ones of "device.channel", of outputs and of thresholds; `windows` hold
    what a channel measured within some seconds; `seen` is the uptime in µs of each channel's last
    right value, and `began` the one since which readings are taken.
    """

    values: Values
    moment: Moment = NO_MOMENT
    windows: Mapping[tuple[str, float], Window] = {}
    seen: Mapping[str, int] = {}
    began: int = 0
