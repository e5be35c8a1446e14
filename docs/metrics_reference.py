"""The metrics of the agent as a table, from an agent of which one of everything is known."""

from collections.abc import Iterator

from markdown_table import table
from prometheus_client.core import Metric

from edge_agent.clock import Moment
from edge_agent.events import Alert, Reading, Switched
from edge_agent.figures import Measured, SignOfLife, TakenOver
from edge_agent.observe.metrics.agent_sums import AgentSums, ConfiguredNames
from edge_agent.observe.metrics.families import PARTS, stated, watched
from edge_agent.observe.metrics.state import AgentState, DiskState, LogState, SinkState

NOW = Moment(0, 0, trusted=True)
ITEMS = (
    ConfiguredNames(("air",), ("warm",), ("fan",), ("mqtt",)),
    Reading("air", NOW, {}),
    Measured("air", 0.0, 0.0, "absent"),
    Alert("warm", "firing", NOW, "warning", {}),
    Switched("fan", 1.0, "rule warm", NOW),
    TakenOver("mqtt", 0.0, 1),
)
SINK = SinkState(
    available=True, waiting=0, lag=0.0, delivered=0, refused=0, dropped={"max_size": 0}
)
LOG = LogState(recorded=0, events=0, oldest=0.0, bytes=0, limit=0, sinks={"mqtt": SINK})
STATE = AgentState("shed", "1.0", clock_set=True, log=LOG, disk=DiskState(0, 0, 0))


def agent_metrics() -> dict[str, str]:
    """Return the table of all metrics that are not those of any process."""
    return {"all metrics": table(("metric", "type", "what"), map(_row, families()))}


def families() -> Iterator[Metric]:
    """Yield every family, each with a sample at least."""
    sums = AgentSums()
    for item in ITEMS:
        sums.take(item)
    for part in PARTS:
        yield from part(sums)
    yield from watched({"engine": SignOfLife(0.0, 30.0)}, 0.0)
    yield from stated(STATE)


def _row(family: Metric) -> tuple[str, str, str]:
    labels = ",".join(name for name in family.samples[0].labels if name != "le")
    endings = {"counter": "_total", "info": "_info"}
    name = family.name + endings.get(family.type, "")
    return f"`{name}{f'{{{labels}}}' if labels else ''}`", family.type, family.documentation
