"""The network between the agent and the brokers.

A link carries packets in order, with a latency. A cut loses what is on its way; a partition keeps
it, and nothing says so.
"""

from collections import deque

from tests.simulation.broker import Broker

LATENCY = 0.005  # s, one way


class Network:
    """The way to every broker."""

    def __init__(self, scheduler, received, addresses):
        self.scheduler = scheduler
        self.latency, self.window = LATENCY, 100
        self.partitioned = self.postponed = False  # a broker has refused an event for now
        self.brokers = {one: Broker(self, one, received) for one in addresses}
        self._held = []

    def takes_connections(self, address):
        return not self.partitioned and self.brokers[address.host].up

    def deliver(self, action):
        """Carry a packet, unless there is a partition: then it waits."""
        if self.partitioned:
            self._held.append(action)
        else:
            action()

    def abandon(self, *, cut):
        """End what the agent's machine had open, with or without a word."""
        for broker in self.brokers.values():
            broker.cut() if cut else broker.abandon()

    def heal(self):
        self.partitioned = False
        held, self._held = self._held, []
        for action in held:
            action()


class Link:
    """A TCP connection; `inbox` is what has reached the client."""

    def __init__(self, network, broker, client_id):
        self.client_id = client_id
        self.inbox = deque()
        self.carried = 0  # bytes that have reached the broker
        self.open = True
        self._network, self._broker = network, broker
        self._arrival = {True: 0.0, False: 0.0}  # of the last packet, to the broker and back
        broker.accept(self)

    def cut(self):
        self.open = False

    def close(self):
        """Close this end; what was sent still arrives."""
        self._send(self._closed, to_broker=True)

    def to_broker(self, packet, size=0):
        self._send(lambda: self._arrived(packet, size), to_broker=True)

    def to_client(self, packet):
        self._send(lambda: self.inbox.append(packet), to_broker=False)

    def _send(self, action, *, to_broker):
        scheduler, latency = self._network.scheduler, self._network.latency
        takes = latency * (0.5 + scheduler.random.random())
        self._arrival[to_broker] = max(self._arrival[to_broker], scheduler.now + takes)
        carry = lambda: self.open and self._network.deliver(lambda: self.open and action())  # noqa: E731
        scheduler.at(self._arrival[to_broker], carry)

    def _arrived(self, packet, size):
        self.carried += size
        self._broker.take(self, packet)

    def _closed(self):
        self.open = False
