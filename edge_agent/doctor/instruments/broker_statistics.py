"""What a broker says of itself below `$SYS`; mosquitto does, many others do not."""

import time

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

from edge_agent.deliver.mqtt.address import Address
from edge_agent.doctor.instruments.login import Login, client_of

DROPPED = "$SYS/broker/publish/messages/dropped"
ANSWER_SECONDS = 1.0  # the value is retained: it comes at once, or never


def dropped_messages(address: Address, login: Login, version: int) -> int:
    """Return how many messages a broker has dropped since its start; 0 if it does not say."""
    client = client_of(address, login, version)
    found: list[bytes] = []
    client.on_connect = _subscribe
    client.on_message = lambda _client, _data, message: found.append(bytes(message.payload))
    deadline = time.monotonic() + min(ANSWER_SECONDS, login.timeout)
    try:
        client.connect(address.host, address.port)
        while not found and (left := deadline - time.monotonic()) > 0:
            if client.loop(left) != MQTTErrorCode.MQTT_ERR_SUCCESS:
                break
    except OSError:
        return 0
    client.disconnect()
    return int(found[0]) if found and found[0].isdigit() and len(found[0]) < 20 else 0


def _subscribe(client: paho.Client, *_: object) -> None:
    client.subscribe(DROPPED)
