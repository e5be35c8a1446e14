"""The data of events about the log and the agent, as `edge_agent.schema.events` has them."""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

Offset: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Count: TypeAlias = Annotated[int, Meta(ge=0)]


class GapV1(msgspec.Struct, frozen=True):
    """Events that will not arrive, and why: do not wait for them.

    `subject` is `log`.
    """

    reason: Annotated[
        str,
        Meta(
            description="`max_size` or `thinned` if the log was full, `disk_full`, `damaged`,"
            " `went_back`, `not configured` if the configuration did not name a sink for a while,"
            " or `rejected by <sink>: <its words>`",
        ),
    ]
    count: Annotated[
        Count,
        Meta(
            description="how many events are lost; less than `ranges` have if some offsets never"
            " belonged to an event, or were delivered before",
        ),
    ]
    ranges: Annotated[
        list[tuple[Offset, Offset]],
        Meta(description="their offsets, first and last; empty if they never had any"),
    ]
    log: Annotated[
        str, Meta(description="the log id of these offsets, if it is not that of this event")
    ] = ""


class LifecycleV1(msgspec.Struct, frozen=True):
    """A note about the agent itself.

    `subject` is `agent`.
    """

    what: Annotated[
        str,
        Meta(
            description="`started`, `stopping`, `reloaded`, `reload_refused`,"
            " `configuration_taken_back`, `clock_set`,"
            " `clock_stepped`, `log_recovered`, `log_salvaged`, `spill_taken_in`,"
            " `unclean_stop`; there may be more",
        ),
    ]
    version: Annotated[
        str, Meta(description="the version of edge-agent; of `started` and `stopping`")
    ] = ""
    node: Annotated[str, Meta(description="the node's name; of `started` and `stopping`")] = ""
    problems: Annotated[
        list[str],
        Meta(description="what is wrong with the configuration; of `reload_refused`"),
    ] = []
    repaired: Annotated[
        Count,
        Meta(description="how many events got their true time; of `clock_set`"),
    ] = 0
    seconds: Annotated[
        float,
        Meta(description="seconds forward, or back if below 0; of `clock_stepped`"),
    ] = 0.0
    attempts: Annotated[
        Count, Meta(description="how often the log could not be written; of `log_recovered`")
    ] = 0
    dropped: Annotated[
        Count,
        Meta(description="how many events were lost; of `log_recovered` and `spill_taken_in`"),
    ] = 0
    rows: Annotated[Count, Meta(description="how many events could be read; of `log_salvaged`")] = 0
    set_aside: Annotated[
        str, Meta(description="the file that holds the damaged log; of `log_salvaged`")
    ] = ""
    events: Annotated[
        Count,
        Meta(description="how many events came back from another directory; of `spill_taken_in`"),
    ] = 0
    last_commit: Annotated[
        str,
        Meta(
            description="the time of the last event that was committed before a kill or a power"
            " cut, as RFC 3339; empty if no clock was set; of `unclean_stop`"
        ),
    ] = ""
    missing: Annotated[
        Count | None,
        Meta(
            description="how many events waited for their commit, and are lost; null if that is not"
            " known, as after a power cut; of `unclean_stop`"
        ),
    ] = None
