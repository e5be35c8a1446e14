"""`[log]`: the event log on disk."""

from typing import Annotated

from msgspec import Meta

from edge_agent.config.settings import Settings
from edge_agent.units import Duration, Size


class LogSettings(Settings, frozen=True, kw_only=True):
    """`[log]`: the event log on disk."""

    path: Annotated[
        str,
        Meta(
            description="the database file; default: <node>.db in systemd's state directory,"
            " or in ~/.local/state/edge-agent"
        ),
    ] = ""
    commit_interval: Annotated[
        Duration, Meta(description="at most one commit in this time; 0 commits at once")
    ] = Duration(1)
    keep: Annotated[Duration, Meta(description="how long delivered events stay")] = Duration(
        7 * 86400
    )
    max_size: Annotated[Size, Meta(description="the database's largest size; at least 1MB")] = Size(
        256_000_000
    )
