"""The keys of an MQTT sink; `[mqtt]` has the same."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from edge_agent.deliver.backoff import CAP
from edge_agent.deliver.network_options import PRINTABLE, NetworkOptions
from edge_agent.keys import within
from edge_agent.topic_names import TOPIC
from edge_agent.units import Duration

ProfileName: TypeAlias = Literal["", "aws-iot", "azure-iot-hub", "event-grid"]


class MqttOptions(NetworkOptions, frozen=True, kw_only=True):
    """How to connect to a broker; `versions` as paho numbers them: 5, then 4, which is 3.1.1."""

    profile: Annotated[
        ProfileName,
        Meta(
            description='"aws-iot", "azure-iot-hub" or "event-grid", if the broker is that service'
        ),
    ] = ""
    client_id: Annotated[
        str,
        Meta(max_length=128, pattern=PRINTABLE, description="MQTT client id; default: edge-<node>"),
    ] = ""
    topic: Annotated[
        str,
        Meta(description="how every topic begins; {node} stands for the name of the node"),
    ] = TOPIC
    keep_alive: Annotated[
        Duration,
        Meta(
            description="longest time without traffic before a ping: 5s to 10m",
            extra=within(5, 600),
        ),
    ] = Duration(30)
    reconnect: Annotated[
        Duration,
        Meta(
            description="longest pause between two attempts to connect: 1s to 1h; a refused login"
            " waits for a minute at least",
            extra=within(1, 3600),
        ),
    ] = Duration(CAP)
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
