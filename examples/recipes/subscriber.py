"""Print every alert of every node: pip install paho-mqtt, nothing of edge-agent."""

import json
import sys

import paho.mqtt.client as mqtt

HOST, PORT = sys.argv[1], int(sys.argv[2])


def subscribe(client: mqtt.Client, *_: object) -> None:
    """Ask again after every connection: a broker may have forgotten us."""
    client.subscribe("edge/+/event/alert/#", qos=1)


def show(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
    """Print one CloudEvent; `id` is the same if it comes twice."""
    event = json.loads(message.payload)
    node, data = event["source"].removeprefix("urn:edge:"), event["data"]
    print(event["id"], node, event["subject"], data["state"], flush=True)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.on_connect, client.on_message = subscribe, show
client.on_subscribe = lambda *_: print("listening", flush=True)
client.connect(HOST, PORT)
client.loop_forever()
