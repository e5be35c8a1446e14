"""The configuration's nouns: every table and key, with type, range, default and description.

`docs/configuration.md` and the remedies in error messages are made from these descriptions.
"""

from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

from edge_agent.units import Duration, Size

Name: TypeAlias = Annotated[
    str, Meta(pattern="^[A-Za-z0-9_-]+$", max_length=64, description="letters, digits, _ and -")
]
Severity: TypeAlias = Literal["info", "warning", "critical"]
Switch: TypeAlias = Annotated[
    bool | float | Literal["on", "off"], Meta(description='"on", "off", or a number from 0 to 1')
]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the configuration file."""


Publish: TypeAlias = Literal["readings", "aggregates", "all"]


class MqttSettings(Settings, frozen=True, kw_only=True):
    """`[mqtt]`: the broker, and how events reach it."""

    url: Annotated[
        str | tuple[str, ...],
        Meta(
            description="mqtt://host[:port] or mqtts://host[:port];"
            " a list is tried in order (failover)"
        ),
    ] = "mqtt://127.0.0.1:1883"
    client_id: Annotated[
        str, Meta(max_length=64, description="MQTT client id; default: edge-<node>")
    ] = ""
    username: Annotated[str, Meta(description="user name at the broker")] = ""
    password_file: Annotated[
        str, Meta(description="file with the password (a systemd credential, for example)")
    ] = ""
    password_env: Annotated[str, Meta(description="environment variable with the password")] = ""
    ca: Annotated[str, Meta(description="PEM file of the CA that signed the broker")] = ""
    certificate: Annotated[str, Meta(description="PEM file of this client's certificate")] = ""
    key: Annotated[str, Meta(description="PEM file of this client's private key")] = ""
    keep_alive: Annotated[
        Duration, Meta(description="longest silence before a ping: 5s to 10m")
    ] = Duration(30)
    max_batch: Annotated[
        int,
        Meta(ge=1, le=1000, description="events in one message: 1 (one topic each) to 1000"),
    ] = 1
    publish: Annotated[
        Publish,
        Meta(
            description='"readings", "aggregates" (for a metered link: no readings, no live values)'
            ' or "all"; alerts and the rest always'
        ),
    ] = "all"
    retained: Annotated[
        bool, Meta(description="retained messages for status, info and alerts: true or false")
    ] = True


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


class AggregateSettings(Settings, frozen=True, kw_only=True):
    """`[aggregates]`: count, min, mean, max and last of every channel, as events."""

    windows: Annotated[
        tuple[Duration, ...],
        Meta(description='lengths such as ["1m", "15m", "1h"], whole parts of a day; none: none'),
    ] = ()


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


class NotifySettings(Settings, frozen=True, kw_only=True):
    """`[[notify]]`: a service that gets the alerts, through Apprise (extra `[notify]`)."""

    name: Name
    url: Annotated[
        str, Meta(description="Apprise URL such as ntfy://topic; https://appriseit.com lists them")
    ] = ""
    url_file: Annotated[
        str, Meta(description="file with the URL instead, for one that holds a secret")
    ] = ""
    severity: Annotated[
        Severity, Meta(description='least severity: "info", "warning" or "critical"')
    ] = "warning"


class ChannelSettings(Settings, frozen=True, kw_only=True):
    """`[device.channel.<channel>]`: how one channel's raw values become right ones."""

    offset: Annotated[float, Meta(description="added after scaling, in the channel's unit")] = 0.0
    scale: Annotated[float, Meta(description="factor applied to the measured value")] = 1.0
    polynomial: Annotated[
        tuple[float, ...],
        Meta(description="coefficients c0, c1, c2 … instead of scale and offset"),
    ] = ()
    low: Annotated[
        float | None,
        Meta(
            description="smallest believable value; default: the datasheet's,"
            " or none where scale or polynomial convert it"
        ),
    ] = None
    high: Annotated[
        float | None,
        Meta(
            description="largest believable value; default: the datasheet's,"
            " or none where scale or polynomial convert it"
        ),
    ] = None
    max_step: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="largest believable change per second, above 0"),
    ] = None
    dead_band: Annotated[
        float, Meta(ge=0, description="log a value only if it moved this far; 0 logs all")
    ] = 0.0


class DeviceSettings(Settings, frozen=True, kw_only=True):
    """`[[device]]`: one sensor. Any other key is an option of its driver."""

    name: Name
    driver: Annotated[str, Meta(description="a name from `edge-agent drivers`")]
    every: Annotated[
        Duration, Meta(description='time between two measurements: at least "50ms"')
    ] = Duration(10)
    bus: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="I2C or SPI bus number; default: 1 or 0, as on a Pi's header"),
    ] = None
    address: Annotated[
        Annotated[int, Meta(ge=0x03, le=0x77)] | None,
        Meta(description="I2C address, 0x03 to 0x77; default: the chip's first"),
    ] = None
    pin: Annotated[
        Annotated[int, Meta(ge=0, le=63)] | None, Meta(description="GPIO number (BCM), 0 to 63")
    ] = None
    select: Annotated[
        Annotated[int, Meta(ge=0, le=9)] | None,
        Meta(description="SPI chip select, 0 to 9; default: 0"),
    ] = None
    path: Annotated[
        str, Meta(description='serial line; default: "/dev/serial0", the header\'s')
    ] = ""
    id: Annotated[
        str, Meta(description='1-Wire id such as "28-0316a4c8ffee"; see `edge-agent scan`')
    ] = ""
    heartbeat: Annotated[
        Duration, Meta(description="log an unchanged reading at least this often")
    ] = Duration(300)
    channel: dict[str, ChannelSettings] = {}
    options: dict[str, Any] = {}


class OutputSettings(Settings, frozen=True, kw_only=True):
    """`[[output]]`: one relay or lamp. Any other key is an option of its driver."""

    name: Name
    driver: Annotated[str, Meta(description="a name from `edge-agent drivers`")] = "relay"
    pin: Annotated[
        int, Meta(ge=0, le=63, description="GPIO number (BCM), or the pin of an expander chip")
    ]
    bus: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(description="I2C bus number of an expander chip; default: 1"),
    ] = None
    address: Annotated[
        Annotated[int, Meta(ge=0x03, le=0x77)] | None,
        Meta(description="I2C address of an expander chip; default: the chip's first"),
    ] = None
    safe: Annotated[
        Switch,
        Meta(description='state at start, stop and when no rule sets it: "on" or "off"'),
    ] = "off"
    min_on: Annotated[
        Duration, Meta(description="once on, stays on this long; a safe state does not wait")
    ] = Duration(0)
    min_off: Annotated[
        Duration, Meta(description="once off, stays off this long: spares a compressor")
    ] = Duration(0)
    max_on: Annotated[
        Duration, Meta(description="goes off after this long, until asked anew; 0: no limit")
    ] = Duration(0)
    interlock: Annotated[
        tuple[str, ...], Meta(description="outputs that must never be on together with this one")
    ] = ()
    options: dict[str, Any] = {}


class ThresholdSettings(Settings, frozen=True, kw_only=True):
    """`[rule.threshold.<name>]`: a number in a rule's text that a command may change."""

    value: Annotated[float, Meta(description="the number until a command changes it")]
    low: Annotated[float, Meta(description="the smallest that a command may set")]
    high: Annotated[float, Meta(description="the largest that a command may set")]


class RuleSettings(
    Settings, frozen=True, kw_only=True, rename={"hold": "for", "keep": "keep_firing_for"}
):
    """`[[rule]]`: a condition, the alert it raises and the outputs it sets."""

    name: Name
    when: Annotated[str, Meta(description='a condition such as "air.temperature > 30"')]
    clear: Annotated[
        str, Meta(description="the condition that ends the alert; default: `when` no longer holds")
    ] = ""
    hold: Annotated[
        Duration, Meta(description="the condition must hold this long before it fires")
    ] = Duration(0)
    keep: Annotated[
        Duration, Meta(description="goes on firing this long after its end: no chatter")
    ] = Duration(0)
    severity: Annotated[Severity, Meta(description='"info", "warning" or "critical"')] = "warning"
    message: Annotated[
        str,
        Meta(description='words for people, with values: "boiler at {boiler.temperature:.1f} °C"'),
    ] = ""
    repeat: Annotated[
        Duration, Meta(description="told again this often until acknowledged; 0: never")
    ] = Duration(0)
    storm: Annotated[
        int, Meta(ge=1, le=100, description="firings in ten minutes; more are told as flapping")
    ] = 10
    set: Annotated[
        dict[str, Switch],
        Meta(description='outputs while firing, such as { fan = "on" }'),
    ] = {}
    threshold: dict[str, ThresholdSettings] = {}


class Config(Settings, frozen=True, kw_only=True):
    """The whole configuration; `node` names this agent in every topic."""

    node: Name = "edge"
    mqtt: MqttSettings = MqttSettings()
    log: LogSettings = LogSettings()
    aggregates: AggregateSettings = AggregateSettings()
    commands: CommandSettings = CommandSettings()
    notify: tuple[NotifySettings, ...] = ()
    device: tuple[DeviceSettings, ...] = ()
    output: tuple[OutputSettings, ...] = ()
    rule: tuple[RuleSettings, ...] = ()


def switch(value: bool | float | str) -> float:
    """Return an output's setting as a number: off is 0, on is 1."""
    return {"on": 1.0, "off": 0.0}[value] if isinstance(value, str) else float(value)
