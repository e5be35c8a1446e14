"""Where the event log is, and how much it keeps."""

from typing import Annotated

from msgspec import Meta

from edge_agent.config.settings import Settings
from edge_agent.keys import within
from edge_agent.units import LONGEST, Duration, Size


class LogSettings(Settings, frozen=True, kw_only=True):
    """`[log]`: the event log on disk."""

    path: Annotated[
        str,
        Meta(
            description="the database file; a relative path begins at the folder of this file;"
            " default: <node>.db in systemd's state directory, or in ~/.local/state/edge-agent"
        ),
    ] = ""
    commit_interval: Annotated[
        Duration,
        Meta(
            description="shortest time between commits, 0 to 1h; alerts never wait",
            extra=within(0, 3600),
        ),
    ] = Duration(1)
    keep: Annotated[
        Duration,
        Meta(
            description="how long delivered events are kept: at most 36500d",
            extra=within(0, LONGEST),
        ),
    ] = Duration(7 * 86400)
    max_size: Annotated[
        Size,
        Meta(
            description="largest size of the database and its write-ahead log: at least 1MB",
            extra=within(1e6),
        ),
    ] = Size(256_000_000)
