"""`[[sink]]`: further destinations of the events."""

from typing import Annotated, Any, TypeAlias

from msgspec import Meta, field

from edge_agent.config.settings import Name, Settings
from edge_agent.events import KINDS, Kind, Start
from edge_agent.keys import SECRET, choices

MaxBatch: TypeAlias = Annotated[
    int, Meta(ge=1, le=1000, description="events in one message: 1 (one topic each) to 1000")
]


class SinkSettings(Settings, frozen=True, kw_only=True, rename={"start": "from"}):
    """`[[sink]]`: one more destination. Any other key is an option of its URL's scheme."""

    name: Name
    url: Annotated[
        str | tuple[str, ...],
        Meta(
            description="where the events go, such as file:///var/log/events.jsonl or"
            " mqtts://cloud; a list is tried in order",
            extra=SECRET,
        ),
    ]
    kinds: Annotated[
        tuple[Kind, ...],
        Meta(min_length=1, description=f"the kinds of event it gets: {choices(Kind)}"),
    ] = KINDS
    start: Annotated[
        Start, Meta(description='"now", or "beginning" for what the log still has')
    ] = "now"
    max_batch: MaxBatch = 1
    options: dict[str, Any] = field(default_factory=dict)
