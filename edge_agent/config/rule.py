"""Rules, and the thresholds in them that a command may change."""

from typing import Annotated

from msgspec import Meta, field

from edge_agent.config.output import Switch
from edge_agent.config.settings import Name, Settings
from edge_agent.events import Severity
from edge_agent.keys import choices
from edge_agent.units import Duration


class ThresholdSettings(Settings, frozen=True, kw_only=True):
    """`[rule.threshold.<name>]`: a number in a rule's text that a command may change."""

    value: Annotated[float, Meta(description="the value until a command changes it")]
    low: Annotated[float, Meta(description="the lowest value that a command may set")]
    high: Annotated[float, Meta(description="the highest value that a command may set")]


class RaisedSettings(
    Settings, frozen=True, kw_only=True, rename={"hold": "for", "keep": "keep_firing_for"}
):
    """How a rule raises its alert, whatever its condition is about."""

    clear: Annotated[
        str, Meta(description="condition that ends the alert; default: `when` no longer holds")
    ] = ""
    hold: Annotated[
        Duration, Meta(description="the condition must hold this long before the rule fires")
    ] = Duration(0)
    keep: Annotated[
        Duration,
        Meta(description="keeps firing this long after the condition clears, to avoid chatter"),
    ] = Duration(0)
    severity: Annotated[Severity, Meta(description=choices(Severity))] = "warning"
    repeat: Annotated[
        Duration,
        Meta(description="repeats the alert at this interval until acknowledged; 0 = never"),
    ] = Duration(0)
    storm: Annotated[
        int,
        Meta(
            ge=1,
            le=100,
            description="more firings than this in ten minutes are reported as flapping: 1 to 100",
        ),
    ] = 10


class RuleSettings(RaisedSettings, frozen=True, kw_only=True):
    """`[[rule]]`: a condition, the alert it raises and the outputs it sets."""

    name: Name
    when: Annotated[str, Meta(description='a condition such as "air.temperature > 30"')]
    message: Annotated[
        str,
        Meta(description='text for people, with values: "boiler at {boiler.temperature:.1f} °C"'),
    ] = ""
    set: Annotated[
        dict[str, Switch],
        Meta(description='output settings while the rule fires, such as { fan = "on" }'),
    ] = field(default_factory=dict)
    threshold: dict[str, ThresholdSettings] = field(default_factory=dict)
