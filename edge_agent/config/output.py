"""Relays, lamps and everything else that the agent switches."""

from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, field

from edge_agent.config.settings import Name, Settings
from edge_agent.units import Duration

Switch: TypeAlias = Annotated[
    bool | float | Literal["on", "off"],
    Meta(description='"on", "off", or 0 to 1 if it can be dimmed'),
]


AtStart: TypeAlias = Annotated[
    bool | float | Literal["keep", "safe", "on", "off"],
    Meta(
        description='state from a start until a rule or a command sets it: "safe", "on", "off",'
        ' or 0 to 1 if it can be dimmed; "keep" = what was commanded before continues, else safe'
    ),
]


class OutputSettings(Settings, frozen=True, kw_only=True):
    """`[[output]]`: a relay, lamp or dimmer. Any other key is an option of its driver."""

    name: Name
    driver: Annotated[str, Meta(description="a name from `edge-agent drivers`")] = "relay"
    pin: Annotated[
        int, Meta(ge=0, le=63, description="GPIO number (BCM) or pin of an expander chip, 0 to 63")
    ]
    bus: Annotated[
        Annotated[int, Meta(ge=0, le=255)] | None,
        Meta(description="I2C bus number of an expander chip; default: 1"),
    ] = None
    address: Annotated[
        Annotated[int, Meta(ge=0x03, le=0x77)] | None,
        Meta(description="I2C address of an expander chip; default: the chip's first"),
    ] = None
    safe: Annotated[
        Switch,
        Meta(description='state at a stop, and when nothing else sets it: "on" or "off"'),
    ] = "off"
    at_start: AtStart = "keep"
    min_on: Annotated[
        Duration, Meta(description="stays on at least this long; a safe state does not wait")
    ] = Duration(0)
    min_off: Annotated[
        Duration, Meta(description="stays off at least this long, to protect a compressor")
    ] = Duration(0)
    max_on: Annotated[
        Duration,
        Meta(
            description="switches off after this long and stays off until requested again;"
            " 0 = no limit"
        ),
    ] = Duration(0)
    interlock: Annotated[
        tuple[str, ...],
        Meta(description="outputs that must never be on at the same time as this one"),
    ] = ()
    options: dict[str, Any] = field(default_factory=dict)
