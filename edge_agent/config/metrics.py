"""Where Prometheus reads the metrics."""

from typing import Annotated

from msgspec import Meta

from edge_agent.config.settings import Settings


class MetricsSettings(Settings, frozen=True, kw_only=True):
    """`[metrics]`: what the agent does, for Prometheus; off unless `listen` is set."""

    listen: Annotated[
        str,
        Meta(
            description="address and port, such as 127.0.0.1:9273 or [::1]:9273;"
            " 0.0.0.0:9273 serves every network of the machine; default: no metrics"
        ),
    ] = ""
