"""Which commands the agent accepts."""

from typing import Annotated, Literal, TypeAlias, get_args

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
    "calibrate",
    "reload",
    "config",
]


class CommandSettings(Settings, frozen=True, kw_only=True):
    """`[commands]`: which commands the agent accepts over MQTT."""

    allow: Annotated[
        tuple[CommandName, ...],
        Meta(description=f"any of {', '.join(get_args(CommandName))}; [] for none"),
    ] = ("read", "diagnostics")
    answer_topics: Annotated[
        tuple[Annotated[str, Meta(min_length=1, pattern=r"^[^+#\x00]*$")], ...],
        Meta(description="how response topics may begin, such as my/answers/, besides its own"),
    ] = ()
