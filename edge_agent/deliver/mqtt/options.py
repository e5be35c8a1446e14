"""The keys of an MQTT sink; `[mqtt]` has the same."""

from typing import Annotated, Literal

from msgspec import Meta

from edge_agent.deliver.sink import SinkOptions
from edge_agent.keys import FILE, SECRET_FILE, SECRET_VARIABLE, within
from edge_agent.units import Duration

MAX_USERNAME = 16_383  # characters of up to 4 bytes: MQTT's limit is 65535 bytes


class MqttOptions(SinkOptions, frozen=True, kw_only=True):
    """How to connect to a broker; `versions` as paho numbers them: 5, then 4, which is 3.1.1."""

    client_id: Annotated[
        str, Meta(max_length=64, description="MQTT client id; default: edge-<node>")
    ] = ""
    username: Annotated[
        str, Meta(max_length=MAX_USERNAME, description="user name for the broker")
    ] = ""
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
    retained: Annotated[
        bool, Meta(description="whether status, info and alerts are retained: true or false")
    ] = True
    versions: Annotated[
        tuple[Literal[5, 4], ...],
        Meta(min_length=1, description="MQTT versions to try, in order: 5, and 4 for 3.1.1"),
    ] = (5, 4)
    catch_up: Annotated[
        int,
        Meta(
            ge=0,
            le=100_000,
            description="most events a second from a backlog, besides new ones; 0 for no limit",
        ),
    ] = 500

    @property
    def most_per_second(self) -> int:
        """Return the limit for a backlog: brokers drop what a slow subscriber does not take."""
        return self.catch_up
