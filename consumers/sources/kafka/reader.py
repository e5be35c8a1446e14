"""librdkafka's consumer, as far as the source uses it: one topic, and commits of our own."""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Consumer as Library

from consumers.source import SourceUnavailable
from consumers.sources.kafka.membership import GroupMembership
from consumers.sources.kafka.partition import OwnedPartition, Taken
from consumers.sources.kafka.reasons import Wording
from edge_agent.deliver.kafka.cluster import Look
from edge_agent.deliver.kafka.library_log import LibraryLog
from edge_agent.deliver.kafka.obstacle import LibraryError, refused_settings
from edge_agent.deliver.kafka.target import KafkaTarget, client_settings
from edge_agent.errors import AgentError

GOODBYE_SECONDS = 3.0
AWAY = "_ALL_BROKERS_DOWN"
LOOK_SECONDS = 0.1  # of the wait for an answer, while all servers are away
MOST_ERRORS = 100  # that are remembered
HARMLESS = {"_TRANSPORT"}  # of one server; if all are gone, an error of its own says so
RETRY_SECONDS = 1.0  # after a commit that failed
# Members move as few partitions as possible when one comes or goes, and go on with the rest.
SETTINGS: dict[str, Any] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",  # we decide, and count what was lost
    "allow.auto.create.topics": False,
    "partition.assignment.strategy": "cooperative-sticky",
    "session.timeout.ms": 8_000,
    "heartbeat.interval.ms": 2_500,
    "queued.max.messages.kbytes": 16_000,
}


class TopicReader:
    """Takes the records of a topic; `wait` and `take` raise SourceUnavailable if they cannot go on.

    `lost` counts how often the topic had deleted what was to come next. `connected` is false while
    no server answers.
    """

    def __init__(self, target: KafkaTarget, membership: GroupMembership) -> None:
        self.lost = 0
        self.connected = False
        self._target = target
        self._wanted = membership
        self._owned: dict[int, OwnedPartition] = {}
        self._wording = Wording(target.topic, membership.group, membership.member)
        self._errors: deque[KafkaError] = deque(maxlen=MOST_ERRORS)
        self._committing = False
        self._commit_at = 0.0
        self._library: Any = None

    def open(self) -> None:
        """Join the group, or take all partitions; raise SourceUnavailable."""
        try:
            look = Look(self._target)
            found = look.metadata().topics[self._target.topic]
            if found.error is not None:
                raise KafkaException(found.error)
            if self._wanted.group:
                look.at_group(self._wanted.group)
            self._library = self._client()
            self._begin([TopicPartition(self._target.topic, number) for number in found.partitions])
            self.connected = True
        except KafkaException as error:
            raise self._reason(error.args[0]) from error
        except SourceUnavailable:
            raise
        except AgentError as error:  # the look's, or of a password that cannot be read
            raise SourceUnavailable(error.what, error.remedy) from error

    def take(self, seconds: float, most: int) -> list[Taken]:
        """Return records as soon as there are some, at most so many."""
        first = self._library.poll(seconds)
        rest = self._library.consume(most - 1, 0.0) if first is not None and most > 1 else []
        messages = (first, *rest) if first is not None else ()
        taken = [one for message in messages if (one := self._taken(message))]
        self._look()
        self._raise_fatal()
        return taken

    def problems(self) -> list[str]:
        """Return what the library has reported since the last time, in words."""
        errors = [str(self._reason(one)) for one in self._errors if one.name() not in HARMLESS]
        self._errors.clear()
        return errors

    def wait(self, seconds: float) -> list[Taken]:
        """Stay a member, and take nothing; return what an assignment meanwhile has brought."""
        held = self._library.assignment()
        self._library.pause(held)
        try:
            message = self._library.poll(seconds)
        finally:
            self._library.resume(self._library.assignment())
        self._look()
        self._raise_fatal()
        taken = self._taken(message) if message is not None else None
        return [taken] if taken else []

    def commit(self) -> None:
        """Say how far the partitions are done with, unless an earlier commit is on its way."""
        if self._committing or time.monotonic() < self._commit_at or not self._wanted.group:
            return
        if offsets := self._offsets(self._owned.values()):
            self._committing = self._commit(offsets, asynchronous=True)

    def close(self) -> None:
        """Commit what is done with, and leave; a second time does nothing."""
        if self._library is None:
            return
        library, until = self._library, time.monotonic() + GOODBYE_SECONDS
        self._commit_at = 0.0
        self.commit()
        while self._committing and time.monotonic() < until:
            library.poll(0.05)
            self.commit()
        self._library = None
        for one in self._owned.values():
            one.owned = False  # so that the revocation does not wait for a server
        if not self._committing:  # else it would wait for a server; dropped, it just ends
            library.close()

    def _client(self) -> Any:  # noqa: ANN401
        settings = client_settings(self._target) | SETTINGS | self._wanted.settings()
        calls = {"error_cb": self._on_error, "on_commit": self._on_commit}
        try:
            return Library(settings | calls, logger=LibraryLog())
        except KafkaException as error:
            raise refused_settings(error) from None

    def _begin(self, partitions: list[TopicPartition]) -> None:
        if not self._wanted.group:
            self._own(partitions)
            self._library.assign(self._wanted.beginnings(self._library, partitions))
            return
        self._wanted.fix_place(self._library, partitions)
        self._library.subscribe(
            [self._target.topic],
            on_assign=lambda _library, partitions: self._own(partitions),
            on_revoke=lambda _library, partitions: self._give_up(partitions, commit=True),
            on_lost=lambda _library, partitions: self._give_up(partitions, commit=False),
        )

    def _own(self, partitions: Iterable[TopicPartition]) -> None:
        self._owned |= {one.partition: OwnedPartition(one.partition) for one in partitions}

    def _give_up(self, partitions: Iterable[TopicPartition], *, commit: bool) -> None:
        given = [self._owned.pop(one.partition) for one in partitions]
        done = self._offsets(given)
        for one in given:
            one.owned = False
        if done and commit:
            self._commit(done, asynchronous=False)

    def _commit(self, offsets: list[TopicPartition], *, asynchronous: bool) -> bool:
        """Return whether a commit has begun; what is not committed arrives again."""
        try:
            self._library.commit(offsets=offsets, asynchronous=asynchronous)
        except KafkaException as error:
            self._errors.append(error.args[0])
            return False
        return True

    def _taken(self, message: Any) -> Taken | None:  # noqa: ANN401 - its type is vague
        error, number = message.error(), message.partition()
        if error is not None:
            self._note(error, number)
            return None
        found = self._owned.get(number)
        if found is None:  # revoked meanwhile: its new owner gets it
            return None
        return Taken(found, message.offset(), message.value(), message.headers() or [])

    def _note(self, error: KafkaError, partition: int | None) -> None:
        if error.code() != KafkaError._AUTO_OFFSET_RESET or partition not in self._owned:  # noqa: SLF001
            self._on_error(error)
            return
        self.lost += "out of range" in error.str().lower()
        one = TopicPartition(self._target.topic, partition, OFFSET_BEGINNING)
        self._library.incremental_unassign([one])
        self._library.incremental_assign([one])

    def _on_error(self, error: KafkaError) -> None:
        self.connected &= error.name() != AWAY
        self._errors.append(error)

    def _look(self) -> None:
        """Ask for the topic if all servers were away: the library does not say when one is back."""
        if not self.connected:
            with suppress(KafkaException):
                self._library.list_topics(self._target.topic, LOOK_SECONDS)
                self.connected = True

    def _on_commit(self, error: KafkaError | None, offsets: Sequence[TopicPartition]) -> None:
        self._committing = False
        if error is not None:
            self._commit_at = time.monotonic() + RETRY_SECONDS
            return
        for one in offsets:
            found = self._owned.get(one.partition)
            if found is not None and one.error is None:
                found.committed = max(found.committed, one.offset)

    def _offsets(self, places: Iterable[OwnedPartition]) -> list[TopicPartition]:
        """Return what a commit of these partitions says; nothing for what is known already."""
        topic = self._target.topic
        return [TopicPartition(topic, one.partition, one.done) for one in places if one.dirty]

    def _raise_fatal(self) -> None:
        for error in self._errors:
            if error.fatal() or error.name() == "_FATAL":
                raise self._reason(error)

    def _reason(self, error: KafkaError) -> SourceUnavailable:
        return self._wording.of(LibraryError(error.name(), error.str()))
