"""The configuration's nouns: every table and key, with type, range, default and description.

`docs/configuration.md` and the remedies in error messages are made from these descriptions.
"""

import re
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}


class Duration(float):
    """Seconds, written as a number or with a unit: `500ms`, `10s`, `5m`, `2h`, `7d`."""

    @classmethod
    def parse(cls, value: object) -> "Duration":
        """Return the seconds; raise ValueError for anything else."""
        return cls(_with_unit(value, SECONDS, 'a duration such as "500ms", "10s", "5m", "7d"'))


class Size(int):
    """Bytes, written as a number or with a unit: `500kB`, `256MB`, `1GB`."""

    @classmethod
    def parse(cls, value: object) -> "Size":
        """Return the bytes; raise ValueError for anything else."""
        return cls(_with_unit(value, BYTES, 'a size such as "500kB", "256MB", "1GB"'))


def _with_unit(value: object, units: dict[str, Any], expected: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", str(value).strip())
    if isinstance(value, bool) or not match or (match[2] and match[2] not in units):
        raise ValueError(f"expected {expected}")
    return float(match[1]) * float(units.get(match[2], 1))


def decode(kind: type, value: object) -> Any:  # noqa: ANN401
    """Decode our own types for msgspec."""
    if issubclass(kind, Duration | Size):
        return kind.parse(value)
    raise NotImplementedError(kind)


Name: TypeAlias = Annotated[
    str, Meta(pattern="^[A-Za-z0-9_-]+$", max_length=64, description="letters, digits, _ and -")
]
Severity: TypeAlias = Literal["info", "warning", "critical"]
Switch: TypeAlias = Annotated[
    bool | float | Literal["on", "off"], Meta(description='"on", "off", or a number from 0 to 1')
]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the configuration file."""


class Mqtt(Table, frozen=True, kw_only=True):
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
    retained: Annotated[
        bool, Meta(description="retained messages for status, info and alerts: true or false")
    ] = True


class Log(Table, frozen=True, kw_only=True):
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


class ChannelSettings(Table, frozen=True, kw_only=True):
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


class Device(Table, frozen=True, kw_only=True):
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


class Output(Table, frozen=True, kw_only=True):
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
    options: dict[str, Any] = {}


class Rule(Table, frozen=True, kw_only=True, rename={"hold": "for"}):
    """`[[rule]]`: a condition, the alert it raises and the outputs it sets."""

    name: Name
    when: Annotated[str, Meta(description='a condition such as "air.temperature > 30"')]
    clear: Annotated[
        str, Meta(description="the condition that ends the alert; default: `when` no longer holds")
    ] = ""
    hold: Annotated[
        Duration, Meta(description="the condition must hold this long before it fires")
    ] = Duration(0)
    severity: Annotated[Severity, Meta(description='"info", "warning" or "critical"')] = "warning"
    set: Annotated[
        dict[str, Switch],
        Meta(description='outputs while firing, such as { fan = "on" }'),
    ] = {}


class Config(Table, frozen=True, kw_only=True):
    """The whole configuration; `node` names this agent in every topic."""

    node: Name = "edge"
    mqtt: Mqtt = Mqtt()
    log: Log = Log()
    device: tuple[Device, ...] = ()
    output: tuple[Output, ...] = ()
    rule: tuple[Rule, ...] = ()


def switch(value: bool | float | str) -> float:
    """Return an output's setting as a number: off is 0, on is 1."""
    return {"on": 1.0, "off": 0.0}[value] if isinstance(value, str) else float(value)
