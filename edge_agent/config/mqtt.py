"""`[mqtt]`: the broker of live state and commands, which is the first sink as well."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from edge_agent.config.settings import Settings
from edge_agent.config.sink import MaxBatch
from edge_agent.deliver.mqtt.options import MqttOptions

Publish: TypeAlias = Literal["readings", "aggregates", "all"]


class MqttSettings(Settings, MqttOptions, frozen=True, kw_only=True):
    """`[mqtt]`: the broker, and how events reach it."""

    url: Annotated[
        str | tuple[str, ...],
        Meta(
            description="mqtt://host[:port] or mqtts://host[:port], in WebSockets ws:// or wss://host[:port][/path];"
            " a list is tried in order (failover)"
        ),
    ] = "mqtt://127.0.0.1:1883"
    max_batch: MaxBatch = 1
    publish: Annotated[
        Publish,
        Meta(
            description='"readings", "aggregates" (for a metered link: no readings, no live values)'
            ' or "all"; other events are always published'
        ),
    ] = "all"
