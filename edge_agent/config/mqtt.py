"""How events reach the broker."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from edge_agent.config.settings import (
    FILE,
    SECRET_FILE,
    SECRET_VARIABLE,
    Settings,
    within,
)
from edge_agent.units import Duration

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
    username: Annotated[str, Meta(description="user name for the broker")] = ""
    password_file: Annotated[
        str,
        Meta(
            description="file with the password, such as a systemd credential",
            extra=SECRET_FILE,
        ),
    ] = ""
    password_env: Annotated[
        str, Meta(description="environment variable with the password", extra=SECRET_VARIABLE)
    ] = ""
    ca: Annotated[
        str, Meta(description="PEM file of the CA that signed the broker's certificate", extra=FILE)
    ] = ""
    certificate: Annotated[
        str, Meta(description="PEM file of this client's certificate", extra=FILE)
    ] = ""
    key: Annotated[
        str, Meta(description="PEM file of this client's private key", extra=SECRET_FILE)
    ] = ""
    keep_alive: Annotated[
        Duration,
        Meta(
            description="longest time without traffic before a ping: 5s to 10m",
            extra=within(5, 600),
        ),
    ] = Duration(30)
    max_batch: Annotated[
        int,
        Meta(ge=1, le=1000, description="most events in one message: 1 (one topic each) to 1000"),
    ] = 1
    publish: Annotated[
        Publish,
        Meta(
            description='"readings", "aggregates" (for a metered link: no readings, no live values)'
            ' or "all"; other events are always published'
        ),
    ] = "all"
    retained: Annotated[
        bool, Meta(description="whether status, info and alerts are retained: true or false")
    ] = True
