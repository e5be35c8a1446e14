"""Events from an MQTT broker, of any number of nodes.

The broker keeps a session while the connection is away, so that an interruption loses nothing; in
MQTT 3.1.1 only under a client id of one's own, for such a session would never end.
"""

import logging
import random
import secrets
import time
from collections.abc import Iterator, Sequence

import paho.mqtt.client as paho

from consumers.decode import events_in, introduction_in
from consumers.mqtt_session import SessionEnded, SubscriberSession
from consumers.source import Delivery, SourceUnavailable
from edge_agent.deliver.backoff import CAP, SLOW_CAP, Backoff
from edge_agent.deliver.complaints import Complaints
from edge_agent.deliver.mqtt.address import Broker

EVERY_NODE = "+"
VERSIONS = (5, 4)  # as paho numbers them: 4 is 3.1.1
EVENTS, BATCH, INFO = "event/#", "batch", "info"
TAKE = 1000  # messages handed over at once

_logger = logging.getLogger(__name__)


def random_client_id() -> str:
    """Return a client id that no other client has."""
    return f"edge-consumer-{secrets.token_hex(4)}"


class MqttSource:
    """Subscribes to the events of `nodes`, of all nodes if none is named.

    With `keep`, the broker keeps the session under the client id when the source is closed, too.
    """

    def __init__(self, broker: Broker, nodes: Sequence[str] = (), *, keep: bool = False) -> None:
        self.interruptions = 0
        self._broker = broker
        self._keep = keep
        each = nodes or (EVERY_NODE,)
        self._topics = [f"edge/{node}/{what}" for node in each for what in (EVENTS, BATCH, INFO)]
        self._session: SubscriberSession | None = None
        self._backoff = Backoff(random.random)
        self._complaints = Complaints(_logger)
        self._retry_at = 0.0

    def open(self) -> None:
        """Connect and subscribe; raise SourceUnavailable."""
        try:
            self._session = self._connected()
        except SessionEnded as error:
            remedy = "see whether a broker runs there, and whether this client may read events"
            raise SourceUnavailable(str(error), remedy) from error

    def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return what arrives; connect again if the connection is lost."""
        if self._session is None:
            self._reconnect(seconds)
            return ()
        try:
            self._session.step(seconds)
            while len(self._session.received) < TAKE and self._step_again(self._session):
                pass
        except SessionEnded as error:
            self._complaints.add(f"connection lost: {error}; trying again")
            return self._lost()
        if self._session.received:
            self._backoff.reset()
        return self._taken(self._session)

    def close(self) -> None:
        """Disconnect."""
        if self._session is not None:
            self._session.close()
        self._session = None

    def _step_again(self, session: SubscriberSession) -> bool:
        """Return whether one more message was there, without waiting."""
        before = len(session.received)
        session.step(0.0)
        return len(session.received) > before

    def _lost(self) -> Sequence[Delivery]:
        session, self._session = self._session, None
        self._retry_at = time.monotonic() + self._backoff.next()
        if session is None:
            return ()
        session.drop()
        return self._taken(session)

    def _reconnect(self, seconds: float) -> None:
        wait = self._retry_at - time.monotonic()
        if wait > 0:
            time.sleep(min(wait, seconds))
            return
        try:
            self._session = session = self._connected()
        except SessionEnded as error:
            pause = self._backoff.next(SLOW_CAP if error.lasting else CAP)
            self._retry_at = time.monotonic() + pause
            return
        self._complaints.end()
        self.interruptions += not session.resumed
        kept = "" if session.resumed else "; it has kept nothing for us meanwhile"
        self._complaints.add(f"connected again to the broker{kept}")

    def _connected(self) -> SubscriberSession:
        """Return a session, in the newest version that the broker speaks."""
        for version in VERSIONS:
            try:
                return self._attempt(version)
            except SessionEnded as error:
                if version == VERSIONS[-1] or not error.other_version:
                    raise
        raise AssertionError

    def _attempt(self, version: int) -> SubscriberSession:
        (address,) = self._broker.addresses
        session = SubscriberSession(self._broker, address, version, keep=self._keep)
        try:
            session.open(self._topics)
        except BaseException:
            session.drop()
            raise
        return session

    def _taken(self, session: SubscriberSession) -> list[Delivery]:
        messages, session.received = session.received, []
        return [delivery for message in messages for delivery in _decoded(message)]


def _decoded(message: paho.MQTTMessage) -> Iterator[Delivery]:
    try:
        _, node, what = message.topic.split("/", 2)
    except (ValueError, UnicodeDecodeError):  # of a broker that invents topics
        return iter(())
    if what == INFO:
        return introduction_in(node, bytes(message.payload))
    return events_in(bytes(message.payload))
