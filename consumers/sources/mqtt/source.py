"""Events from an MQTT broker, of any number of nodes.

The broker keeps a session while the connection is away, so that an interruption loses nothing; in
MQTT 3.1.1 only under a client id of one's own, for such a session would never end. A message is
acknowledged when the consumer is done with its events: until then, the broker keeps it as well.
"""

import logging
import random
import re
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from consumers.pending import Pending
from consumers.source import Delivery, SourcePlan, SourceUnavailable
from consumers.sources.mqtt.message import MqttMessage
from consumers.sources.mqtt.node_topics import NodeTopics
from consumers.sources.mqtt.session import SessionEnded, SubscriberSession
from edge_agent.deliver.backoff import CAP, SLOW_CAP, Backoff
from edge_agent.deliver.complaints import Complaints
from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.mqtt.address import Broker, parse_url
from edge_agent.errors import AgentError
from edge_agent.topic_names import topic_problem

EVERY_NODE = "+"
MOST_EVENTS = 10_000  # that are not acknowledged
MOST_BYTES = 20_000_000
UNFIT = re.compile("[/+#]")  # for the name of a shared subscription

_logger = logging.getLogger(__name__)


def random_client_id() -> str:
    """Return a client id that no other client has."""
    return f"edge-consumer-{secrets.token_hex(4)}"


def mqtt_source(plan: SourcePlan) -> "MqttSource":
    """Return the source of a plan; raise AgentError for a wrong URL or name.

    The group is the client id, or with a member, the name of the shared subscription.
    """
    if problem := topic_problem(plan.topic):
        raise AgentError(f"the topic cannot be {plan.topic!r}", problem)
    share = plan.group if plan.member else ""
    topics = NodeTopics(plan.topic)
    return MqttSource(broker_of(plan), plan.nodes, topics, keep=bool(plan.group), share=share)


def broker_of(plan: SourcePlan) -> Broker:
    """Return where the broker of a plan is, and who we are there; raise AgentError."""
    try:
        address = parse_url(plan.url)
    except ValueError as error:
        raise AgentError(str(error)) from None
    _check_names(plan.group, plan.member)
    return Broker(
        (address,),
        "-".join(filter(None, (plan.group, plan.member))) or random_client_id(),
        username=plan.username,
        password_file=plan.password_file,
        password_env=plan.password_env,
        tls=TlsFiles(plan.ca, plan.certificate, plan.key),
    )


def _check_names(group: str, member: str) -> None:
    if member and not group:
        raise AgentError("a member shares the work of a group", "name its group as well")
    if member and UNFIT.search(group):
        raise AgentError(f"a group of members has no / + # in its name: {group}", "choose another")


class HeldMessage(NamedTuple):
    """A message that is not done with: its size in bytes, and what acknowledges it."""

    size: int
    finish: Callable[[], None]


class MqttSource:
    """Subscribes to the events of `nodes`, of all nodes if none is named.

    With `keep`, the broker keeps the session under the client id when the source is closed, too.
    With a `share`, each event goes to one of the clients that subscribe under that name.
    """

    def __init__(
        self,
        broker: Broker,
        nodes: Sequence[str] = (),
        topics: NodeTopics = NodeTopics(),  # noqa: B008 - it never changes
        *,
        keep: bool = False,
        share: str = "",
    ) -> None:
        self.interruptions = 0
        self._broker = broker
        self._keep = keep
        self._topics = topics
        self._wanted = topics.of(nodes or (EVERY_NODE,), share)
        self._pending: Pending[HeldMessage] = Pending()
        self._bytes = 0  # of what is pending
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

    @property
    def connected(self) -> bool:
        """Return whether there is a session."""
        return self._session is not None

    def receive(self, seconds: float) -> Sequence[Delivery]:
        """Return what arrives; connect again if the connection is lost.

        While too much is not acknowledged, nothing is read: the broker has to wait.
        """
        if self._session is None:
            self._reconnect(seconds)
            return ()
        try:
            self._fill(self._session, seconds)
        except SessionEnded as error:
            self._complaints.add(f"connection lost: {error}; trying again")
            return self._lost()
        if self._session.received:
            self._backoff.reset()
        return self._taken(self._session)

    def acknowledge(self, count: int) -> None:
        """Acknowledge each message whose last event is among these; see `Source`."""
        self._settle(count)
        if self._session is not None:
            self._session.acknowledge()

    def close(self) -> None:
        """Disconnect."""
        if self._session is not None:
            self._session.close()
        self._session = None

    def _fill(self, session: SubscriberSession, seconds: float) -> None:
        if len(self._pending) >= MOST_EVENTS or self._bytes >= MOST_BYTES:
            session.rest(seconds)
            return
        session.step(seconds)
        while not session.enough and self._step_again(session):
            pass

    def _step_again(self, session: SubscriberSession) -> bool:
        """Return whether more messages were there, without waiting."""
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
        versions = self._broker.versions
        for version in versions:
            try:
                return self._attempt(version)
            except SessionEnded as error:
                if version == versions[-1] or not error.other_version:
                    raise
        raise AssertionError

    def _attempt(self, version: int) -> SubscriberSession:
        (address,) = self._broker.addresses
        session = SubscriberSession(self._broker, address, version, keep=self._keep)
        try:
            session.open(self._wanted)
        except BaseException:
            session.drop()
            raise
        return session

    def _taken(self, session: SubscriberSession) -> list[Delivery]:
        found = [one for message in session.take() for one in self._held(session, message)]
        self._settle(0)  # messages without a delivery
        return found

    def _held(self, session: SubscriberSession, message: MqttMessage) -> list[Delivery]:
        found = list(self._topics.decoded(message))
        size = len(message.payload)
        self._pending.add(HeldMessage(size, partial(session.settle, message.mid)), len(found))
        self._bytes += size
        return found

    def _settle(self, count: int) -> None:
        for done in self._pending.acknowledge(count):
            self._bytes -= done.size
            done.finish()
