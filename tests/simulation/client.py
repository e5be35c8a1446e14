"""paho's client, as far as the agent's MQTT session uses it, and its socket."""

from paho.mqtt.enums import MQTTErrorCode

from tests.simulation.broker import reason, size_of
from tests.simulation.network import Link

GOOD, LOST = MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_CONN_LOST


class Socket:
    """One end of a link, as far as a session uses it."""

    def __init__(self, link):
        self.link = link

    def setsockopt(self, *_):
        pass

    def readable(self):
        return bool(self.link.inbox) or not self.link.open

    def close(self):
        self.link.close()


class Client:
    """paho's client, as far as a session uses it."""

    def __init__(self, network, client_id, version, acknowledged, refused):
        self._network, self._client_id = network, client_id
        self._acknowledged, self._refused = acknowledged, refused
        self.protocol = version
        self.queued = self.awaited = 0
        self.moving = False
        self.refusals, self.failure = [], ""
        self.on_connect = self.on_disconnect = self.on_message = None
        self._socket, self._link, self._mid = None, None, 0
        self._out = []
        self._known = set()
        self._keep_alive, self._heard, self._pinged = 0.0, 0.0, 0.0

    def will_set(self, *_):
        pass

    def authenticate(self, *_):
        pass

    def limits(self):
        return None

    def connect(self, host, port, keep_alive, properties=None):
        scheduler = self._network.scheduler
        if self._network.partitioned:
            scheduler.pause(until=scheduler.now + self.connect_timeout)
            raise TimeoutError("timed out")
        broker = self._network.brokers[host]
        scheduler.pause(until=scheduler.now + self._network.latency)
        if not broker.up:
            raise ConnectionRefusedError("Connection refused")
        self._keep_alive, self._heard = keep_alive, scheduler.now
        self._link = Link(self._network, broker, self._client_id)
        self._socket = Socket(self._link)
        self._queue(("connect",), 0)

    def socket(self):
        return self._socket

    def unread(self):
        return False

    def want_write(self):
        return bool(self._out)

    def reached(self):
        return self._link.carried

    def next_ids(self, count, _taken):
        self._mid += count
        return [*range(self._mid - count + 1, self._mid + 1)]

    def send(self, topic, payload, mid, *, retain=False, properties=None):
        qos = int(mid > 0)
        if qos:
            self._known.add(mid)
        self._queue(("publish", mid, qos, topic, payload), size_of(topic, payload))
        if qos:
            self.awaited = self.queued

    def send_all(self, messages, mids, properties):
        for (topic, payload), mid in zip(messages, mids, strict=True):
            self.send(topic, payload, mid, properties=properties)

    def ask(self, topic):
        self._queue(("subscribe", topic), 0)

    def disconnect(self):
        self._queue(("disconnect",), 0)

    def loop_write(self):
        if not self._link.open:
            return LOST
        out, self._out = self._out, []
        for packet, size in out:
            self._link.to_broker(packet, size)
        return GOOD

    def loop_read(self):
        while self._link.inbox:
            self._heard = self._network.scheduler.now
            self._pinged = 0.0
            kind, *fields = self._link.inbox.popleft()
            if kind == "connack":
                self.on_connect(self, None, None, reason("CONNACK", 0), *fields)
            elif kind == "puback" and fields[0] in self._known:
                self._known.discard(fields[0])
                self._take(*fields)
            elif kind == "disconnect":
                return self._lost(*fields)
        return GOOD if self._link.open else self._lost(reason("DISCONNECT", 0))

    def _take(self, mid, code):
        if code.is_failure:
            self._refused(mid, code)
        else:
            self._acknowledged([mid])

    def loop_misc(self):
        now = self._network.scheduler.now
        if self._pinged and now - self._pinged > self._keep_alive:
            return self._lost(reason("DISCONNECT", 0))
        if not self._pinged and now - self._heard > self._keep_alive:
            self._pinged = now
            self._queue(("ping",), 2)
        return GOOD

    def _queue(self, packet, size):
        self.queued += size
        self._out.append((packet, size))

    def _lost(self, code):
        self._socket = None
        self._link.close()
        self.on_disconnect(self, None, None, code, None)
        return LOST
