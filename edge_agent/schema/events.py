"""The data of every kind of event, in every version: the single source of all schemas.

Within a version, a change may only add a field with a default; anything else is a new version: a
struct beside the old one, which stays. A consumer ignores the fields that it does not know.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from edge_agent.events import AlertState, Severity
from edge_agent.schema.notes import Count, GapV1, LifecycleV1

CommandState: TypeAlias = Literal["refused", "accepted", "done", "failed", "repeated"]


class ReadingV1(msgspec.Struct, frozen=True):
    """A device's measurement: right values, or a quality that says why there are none.

    `subject` is the device. A value is in its channel's unit, which the node's `info` and the page
    of sensors name.
    """

    values: Annotated[
        dict[str, float],
        Meta(description="the right values by channel; empty if there are none"),
    ]
    quality: Annotated[
        str,
        Meta(
            description="`good`, or why there is no value, such as `no_acknowledge`,"
            " `bad_checksum`, `out_of_range`; drivers may add more",
        ),
    ]
    detail: Annotated[str, Meta(description="the reason as a sentence")] = ""
    refused: Annotated[
        dict[str, str],
        Meta(
            description="why a channel's value was dropped, by channel: `out_of_range`, or `step`"
            " if it jumped; the other channels are right",
        ),
    ] = {}
    missed: Annotated[
        Count,
        Meta(
            description="the edges since the last reading that did not arrive, or not in time;"
            " of contacts and encoders",
        ),
    ] = 0


class ChannelSummaryV1(msgspec.Struct, frozen=True):
    """What the values of one channel come to within a window; all in the channel's unit."""

    count: Annotated[int, Meta(description="how many values there were", ge=1)]
    min: Annotated[float, Meta(description="the least value")]
    mean: Annotated[float, Meta(description="their arithmetic mean")]
    max: Annotated[float, Meta(description="the greatest value")]
    last: Annotated[float, Meta(description="the latest value")]


class AggregateV1(msgspec.Struct, frozen=True):
    """A device's readings within a window of time, which begins at `time`.

    `subject` is the device. Windows lie at whole multiples of their length in UTC. Several events
    may be about one window: their counts add up.
    """

    seconds: Annotated[int, Meta(description="the length of the window", ge=1)]
    values: Annotated[
        dict[str, ChannelSummaryV1],
        Meta(description="the summaries by channel; a channel without a value is left out"),
    ]
    partial: Annotated[
        bool, Meta(description="whether the window was left before its end, as at a stop")
    ] = False
    late: Annotated[
        bool, Meta(description="whether an event about this window may have been written before")
    ] = False
    missing: Annotated[Count, Meta(description="how many readings had no value")] = 0
    thinned: Annotated[
        bool,
        Meta(
            description="whether it replaces readings that were logged, because the log was full;"
            " a gap event names them",
        ),
    ] = False


class AlertV1(msgspec.Struct, frozen=True):
    """A rule's change of state, or a repetition while it is firing.

    `subject` is the rule; `output-<name>` is the agent's own rule for an output that does not
    become safe.
    """

    state: Annotated[
        AlertState,
        Meta(
            description="`pending` while the condition holds, but not for long enough; `firing`;"
            " `resolved` after it was firing; `inactive` after it was pending; `flapping` if it"
            " fires too often, and is silent until it has calmed down",
        ),
    ]
    severity: Annotated[Severity, Meta(description="how bad it is, as the configuration says")]
    values: Annotated[
        dict[str, float],
        Meta(description="the values that have caused it, by `device.channel` or output"),
    ]
    message: Annotated[str, Meta(description="the rule's message, with its values filled in")] = ""
    repeat: Annotated[
        Count, Meta(description="0 for a change of state; n for its nth repetition")
    ] = 0
    acknowledged: Annotated[
        bool, Meta(description="whether a command has acknowledged it, which ends repetitions")
    ] = False
    silenced: Annotated[
        bool, Meta(description="whether a command has switched its notifications off for a while")
    ] = False


class OutputV1(msgspec.Struct, frozen=True):
    """An output's new value, as its hardware has confirmed it, or the reason why it did not.

    `subject` is the output.
    """

    value: Annotated[float, Meta(description="from 0, off, to 1, on", ge=0, le=1)]
    by: Annotated[
        str,
        Meta(
            description="who asked for it: a rule's name, `command`, `safe`, `at_start`,"
            " `interlock` or `max_on`",
        ),
    ]
    error: Annotated[
        str,
        Meta(description="why the hardware did not follow: then what it does is not known"),
    ] = ""


class CommandV1(msgspec.Struct, frozen=True):
    """What became of a command that was sent to the agent.

    `subject` is the command, `unknown` for one that does not exist, and `flood` if there were too
    many to be read.
    """

    state: Annotated[
        CommandState,
        Meta(
            description="`refused`; `accepted`, with another event at its end; `done`; `failed`;"
            " `repeated` if its id was known: it has no effect a second time",
        ),
    ]
    id: Annotated[str, Meta(description="the id that its sender gave it")] = ""
    arguments: Annotated[
        dict[str, Any], Meta(description="its arguments, those left out with their defaults")
    ] = {}
    result: Annotated[dict[str, Any], Meta(description="its result, if it is small")] = {}
    reason: Annotated[str, Meta(description="why it was refused, or has failed")] = ""
    count: Annotated[Count, Meta(description="of a flood: how many commands were refused")] = 0


DataSchemas: TypeAlias = Mapping[str, Mapping[int, type[msgspec.Struct]]]

# Every version that is in use, by kind. A version is removed when no agent writes it any more.
DATA: DataSchemas = MappingProxyType(
    {
        "reading": {1: ReadingV1},
        "aggregate": {1: AggregateV1},
        "alert": {1: AlertV1},
        "output": {1: OutputV1},
        "command": {1: CommandV1},
        "gap": {1: GapV1},
        "lifecycle": {1: LifecycleV1},
    }
)
