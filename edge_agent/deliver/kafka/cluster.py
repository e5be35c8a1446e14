"""A look at a topic through librdkafka's admin client: reachable, there, and what it demands."""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient, ConfigResource, ResourceType

from edge_agent.clock import wall_clock_is_set
from edge_agent.deliver.kafka.address import Server
from edge_agent.deliver.kafka.knock import closed_door
from edge_agent.deliver.kafka.library import TopicFacts
from edge_agent.deliver.kafka.library_log import LibraryLog
from edge_agent.deliver.kafka.obstacle import (
    KafkaObstacle,
    LibraryError,
    login_obstacle,
    obstacle,
    refused_settings,
)
from edge_agent.deliver.kafka.sink import HELD, HOLD_REMEDY
from edge_agent.deliver.kafka.target import KafkaTarget, client_settings

PATIENCE = 5.0  # s until a cluster that does not answer is looked at more closely
SLICE = 0.5  # s between two reports of life
_logger = logging.getLogger(__name__)


class Look:
    """One look; `going` reports life, and returns whether to go on."""

    def __init__(self, target: KafkaTarget, going: Callable[[], bool] = lambda: True) -> None:
        self._target = target
        self._going = going
        self._errors: list[LibraryError] = []
        # A callback that knew this object would keep the client, and its threads, after its end.
        settings = client_settings(target) | {"error_cb": partial(_note, self._errors)}
        try:
            self._admin = AdminClient(settings, logger=LibraryLog())
        except KafkaException as error:
            raise refused_settings(error) from None

    def topic(self, *, closely: bool = False) -> TopicFacts:
        """Return the facts; raise KafkaObstacle with the true reason if it cannot be used.

        `closely` looks at each server that keeps the topic as well.
        """
        metadata = self.metadata()
        found = metadata.topics[self._target.topic]
        if found.error is not None:
            raise obstacle(found.error.name(), self._target.topic, found.error.str())
        config = self._configuration()
        needed = int(config.get("min.insync.replicas", 1))
        self._check_replicas(found.partitions.values(), needed)
        if closely:
            self._check_servers(metadata.brokers, found.partitions.values(), needed)
        largest = config.get("max.message.bytes")
        appends = config.get("message.timestamp.type") == "LogAppendTime"
        return TopicFacts(appends, int(largest) if largest else None)

    def _check_replicas(self, partitions: Collection[Any], needed: int) -> None:
        if not partitions or any(one.leader < 0 for one in partitions):
            raise obstacle("LEADER_NOT_AVAILABLE", self._target.topic)
        if any(len(one.isrs) < needed for one in partitions):
            raise obstacle("NOT_ENOUGH_REPLICAS", self._target.topic)

    def _check_servers(
        self, brokers: Mapping[int, Any], partitions: Collection[Any], needed: int
    ) -> None:
        """Find what a cluster without a majority does not know: which servers are gone."""
        numbers = {number for one in partitions for number in one.replicas}
        gone = {
            number
            for number in numbers
            if number not in brokers
            or self._closed(Server(brokers[number].host, brokers[number].port))
        }
        if any(len(set(one.replicas) - gone) < needed for one in partitions):
            raise obstacle("NOT_ENOUGH_REPLICAS", self._target.topic)
        if any(one.leader in gone for one in partitions):
            raise obstacle("LEADER_NOT_AVAILABLE", self._target.topic)

    def may_write(self) -> bool:
        """Return whether this user has the right to write; true if the cluster does not say."""
        wanted = self._admin.describe_topics(
            TopicCollection([self._target.topic]),
            include_authorized_operations=True,
            request_timeout=PATIENCE,
        )
        found = self._result(wanted[self._target.topic])
        return found is None or AclOperation.WRITE in found.authorized_operations

    def at_group(self, group: str) -> None:
        """Raise KafkaException if this user may not see a group: a consumer would just wait."""
        found = self._admin.describe_consumer_groups([group], request_timeout=PATIENCE)[group]
        try:
            found.result(PATIENCE + SLICE)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                raise
        except FutureTimeoutError:
            return

    def metadata(self) -> Any:  # noqa: ANN401 - the library names no type
        """Return what the cluster says of the topic; raise KafkaObstacle if no server does."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self._admin.list_topics(self._target.topic, timeout=SLICE)
            except KafkaException as error:
                self._admin.poll(0)
                if refused := login_obstacle(self._errors):
                    raise refused from error
                self._go_on()
                if time.monotonic() > until:
                    raise self._reason() from error

    def _reason(self) -> KafkaObstacle:
        """Return why no server answers: the first reason that a plain connection finds."""
        for server in self._target.servers:
            if found := self._closed(server):
                return found
        what = "the servers accept connections, but do not answer"
        return KafkaObstacle("url", what, "check the port, and whether it wants user and password")

    def _closed(self, server: Server) -> KafkaObstacle | None:
        self._go_on()  # a look at a server takes seconds if it does not answer
        return closed_door(server, self._target)

    def _go_on(self) -> None:
        """Report life; raise KafkaObstacle if the agent stops."""
        if not self._going():
            raise KafkaObstacle("url", "the agent stops before the cluster has answered", "")

    def _configuration(self) -> dict[str, str]:
        if not self._target.describes:
            return {}
        resource = ConfigResource(ResourceType.TOPIC, self._target.topic)
        found = self._result(self._admin.describe_configs([resource])[resource])
        return {name: entry.value for name, entry in (found or {}).items()}

    def _result(self, future: "Future[Any]") -> Any:  # noqa: ANN401 - the library names no type
        """Return the result; None if the cluster does not give it, such as without the right."""
        until = time.monotonic() + PATIENCE
        while self._going() and time.monotonic() < until:
            try:
                return future.result(SLICE)
            except FutureTimeoutError:
                continue
            except KafkaException as error:
                _logger.debug("topic %s: %s", self._target.topic, error)
                return None
        return None


def _note(errors: list[LibraryError], error: KafkaError) -> None:
    errors.append(LibraryError(error.name(), error.str()))


def look(target: KafkaTarget, going: Callable[[], bool], closely: bool) -> TopicFacts:
    """Return what a cluster says of a topic; raise KafkaObstacle or AgentError."""
    return Look(target, going).topic(closely=closely)


def obstacles(target: KafkaTarget) -> Iterator[KafkaObstacle]:
    """Yield everything that keeps this machine from writing to a topic; raise AgentError."""
    closed = [found for server in target.servers if (found := closed_door(server, target))]
    yield from closed
    if len(closed) == len(target.servers):
        return
    one = Look(target)
    try:
        facts = one.topic(closely=True)
    except KafkaObstacle as error:
        yield error
        return
    if not one.may_write():
        yield obstacle("TOPIC_AUTHORIZATION_FAILED", target.topic)
    if not facts.appends and not wall_clock_is_set():
        yield KafkaObstacle("url", HELD, HOLD_REMEDY)
