"""The tables of a file of fleet rules."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from edge_agent.config.rule import RaisedSettings
from edge_agent.config.settings import Name, Settings
from edge_agent.events import Severity
from edge_agent.keys import FILE, SECRET, SECRET_FILE, choices, within
from edge_agent.units import Duration

BuiltIn: TypeAlias = Literal[
    "node_silent", "events_lost", "clock_off", "events_late", "device_failing", "not_listening"
]
BUILT_IN: tuple[BuiltIn, ...] = (
    "node_silent",
    "events_lost",
    "clock_off",
    "events_late",
    "device_failing",
    "not_listening",
)
Format: TypeAlias = Literal["apprise", "webhook", "alertmanager_webhook", "alertmanager"]
MOST_LATE = 3600.0  # s


class FleetChannelSettings(Settings, frozen=True, kw_only=True):
    """`[[channel]]`: what an event does not say of a channel, for all nodes that have it."""

    name: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z_][A-Za-z0-9_-]*\.[A-Za-z_][A-Za-z0-9_]*$",
            description="a channel without its node, as in air.temperature",
        ),
    ]
    kind: Annotated[
        Literal["numeric", "binary"],
        Meta(description="binary if it is on or off, and may be used alone, as in door.active"),
    ] = "numeric"
    unit: Annotated[str, Meta(description="lets rules write 26 °C, and checks it")] = ""
    max_age: Annotated[
        Duration | None,
        Meta(description="how long a value stays current; default: the file's max_age"),
    ] = None


class FleetRuleSettings(RaisedSettings, frozen=True, kw_only=True):
    """`[[rule]]`: a condition over nodes, and the alert that it raises."""

    name: Name
    when: Annotated[str, Meta(description='a condition such as "any(node).air.temperature > 30"')]
    message: Annotated[
        str,
        Meta(description='text for people: "{node}: {air.temperature:.1f} °C", or {nodes}'),
    ] = ""
    nodes: Annotated[
        tuple[str, ...],
        Meta(description='only nodes with these names; * stands for any text, as in "cellar-*"'),
    ] = ()


class FleetNotifySettings(Settings, frozen=True, kw_only=True):
    """`[[notify]]`: where alerts are sent."""

    name: Name
    format: Annotated[Format, Meta(description=choices(Format))] = "apprise"
    url: Annotated[
        str,
        Meta(
            description="Apprise URL such as ntfy://topic, or the https:// URL of the server",
            extra=SECRET,
        ),
    ] = ""
    url_file: Annotated[
        str,
        Meta(
            description="file that holds the URL instead, if the URL is a secret",
            extra=SECRET_FILE,
        ),
    ] = ""
    token_file: Annotated[
        str,
        Meta(description="file with a token, sent as `Authorization: Bearer`", extra=SECRET_FILE),
    ] = ""
    ca: Annotated[
        str,
        Meta(description="PEM file of the CA that signed the server's certificate", extra=FILE),
    ] = ""
    severity: Annotated[
        Severity, Meta(description=f"lowest severity that is sent: {choices(Severity)}")
    ] = "warning"


class FleetSettings(Settings, frozen=True, kw_only=True):
    """A file of fleet rules."""

    nodes: Annotated[
        tuple[Name, ...],
        Meta(description="nodes that must exist: one that was never heard is silent, too"),
    ] = ()
    zone: Annotated[
        str,
        Meta(description='time zone of time and weekday, as in "Europe/Berlin"; default: ours'),
    ] = ""
    lateness: Annotated[
        Duration,
        Meta(
            description="events that arrive later than this after their time raise no alert",
            extra=within(0, MOST_LATE),
        ),
    ] = Duration(300)
    max_age: Annotated[
        Duration,
        Meta(
            description="how long a value stays current; longer than the heartbeat of a dead band",
            extra=within(1),
        ),
    ] = Duration(360)
    builtin: Annotated[
        tuple[BuiltIn, ...], Meta(description=f"the built-in rules in force: {choices(BuiltIn)}")
    ] = BUILT_IN
    channel: tuple[FleetChannelSettings, ...] = ()
    rule: tuple[FleetRuleSettings, ...] = ()
    notify: tuple[FleetNotifySettings, ...] = ()
