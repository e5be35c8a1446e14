"""`[commands]`: what may be asked of the agent over MQTT."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from edge_agent.config.settings import Settings

CommandName: TypeAlias = Literal[
    "read",
    "diagnostics",
    "set",
    "acknowledge",
    "silence",
    "enable",
    "disable",
    "threshold",
    "reload",
]


class CommandSettings(Settings, frozen=True, kw_only=True):
    """`[commands]`: what may be asked of the agent over MQTT."""

    allow: Annotated[
        tuple[CommandName, ...],
        Meta(
            description="which of read, diagnostics, set, acknowledge, silence, enable, disable,"
            " threshold, reload; [] for none"
        ),
    ] = ("read", "diagnostics")
