"""What the destinations of the sink contract share: a real server that is stopped and silenced."""

import json

from edge_agent.testing import Destination, Got
from lab.broker import Mosquitto, Subscriber


class ServerDestination(Destination):
    """A destination on a server of its own; a stop kills it."""

    def __init__(self, server):
        self.server = server

    def stop(self):
        self.server.kill()

    def start(self):
        self.server.start()

    def silence(self):
        self.server.pause()

    def speak(self):
        self.server.resume()


def persistent_mosquitto(directory):
    """Start a broker that keeps, when it is killed, what its subscriber has not got yet."""
    kept = f"user root\npersistence true\npersistence_location {directory}/\n"
    return Mosquitto(directory, "allow_anonymous true\n" + kept).start()


class SubscribedBroker(ServerDestination):
    """A running broker of MQTT, and a subscriber."""

    largest = 200_000

    def __init__(self, server, topic="#"):
        super().__init__(server)
        self._topic = topic
        self.subscriber = Subscriber(self.server.port, topic)

    def received(self):
        found = []
        for topic, body, _ in list(self.subscriber.received):
            if "/event/" in topic or "/events/" in topic or topic.endswith("/batch"):
                content = json.loads(body)
                found += content if isinstance(content, list) else [content]
        return [Got(int(event["id"].split(":")[1]), event["data"]) for event in found]

    def start(self):
        super().start()
        self.subscriber.close()
        before = self.subscriber.received
        self.subscriber = Subscriber(self.server.port, self._topic)
        self.subscriber.received[:0] = before

    def close(self):
        self.server.stop()
        self.subscriber.close()
