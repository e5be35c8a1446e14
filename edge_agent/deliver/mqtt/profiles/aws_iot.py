"""AWS IoT Core: certificates, port 8883, or 443 with a name of the protocol in TLS.

It takes QoS 0 and 1, 100 messages a second and 100 unacknowledged ones, payloads of 128 KB, topics
of 256 bytes with 7 slashes: the agent's own topics and limits fit.
"""

from collections.abc import Callable

from edge_agent.deliver.mqtt.address import Broker
from edge_agent.deliver.mqtt.profiles.profile import Profile

MQTT_WITH_CERTIFICATES = "x-amzn-mqtt-ca"


def log_in(broker: Broker, _trusted: Callable[[], bool]) -> Broker:
    """Return the broker with the protocol's name, which port 443 needs."""
    return broker._replace(protocol_at_443=MQTT_WITH_CERTIFICATES)


PROFILE = Profile(
    "AWS IoT Core", versions=(5, 4), retains=True, per_second=100, port_443=True, log_in=log_in
)
