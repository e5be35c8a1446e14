"""The MQTT sink: events in order, at least once; for `[mqtt]` live state and commands as well."""

import random
import time
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from queue import Empty, SimpleQueue

from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.envelope import (
    BATCH_CONTENT_TYPE,
    CONTENT_TYPE,
    Envelope,
    split,
)
from edge_agent.deliver.mqtt.check import check
from edge_agent.deliver.mqtt.commands import CommandTopics
from edge_agent.deliver.mqtt.connection import Connection
from edge_agent.deliver.mqtt.content_type import ContentType
from edge_agent.deliver.mqtt.hang_ups import HangUps, smaller
from edge_agent.deliver.mqtt.job import MAX_PACKET, Job, Messages, Settlement
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.mqtt.plan import broker, claims
from edge_agent.deliver.mqtt.profiles.table import PROFILES
from edge_agent.deliver.mqtt.sent import Sent
from edge_agent.deliver.mqtt.state_of_plan import state_of
from edge_agent.deliver.mqtt.topics import EventTopics
from edge_agent.deliver.sink import Post, SinkContext, SinkPlan, SinkType
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import LoggedEvent
from edge_agent.threads import Worker
from edge_agent.topic_names import topics_of

WAIT_SECONDS = 0.5
DRAIN_WAITS = 4  # while the agent stops: two seconds for what is under way
CLOSE_SECONDS = 3.0
GROW_AFTER = 100  # deliveries that pass, before larger messages are tried again
JOB = 500  # messages that are posted at once
HEADROOM = 1000  # bytes of a message beside its events: topic, properties, JSON brackets


class MqttSink:
    """Publishes to `topics`: one for each kind and source, or batches on one topic.

    A connection on its own thread talks to the broker; a PUBACK says that the broker has the
    message, not that a subscriber does.
    """

    def __init__(
        self,
        plan: SinkPlan[MqttOptions],
        context: SinkContext,
        connection: Connection,
        topics: EventTopics,
    ) -> None:
        self.name = plan.name
        self._topic = topics.batch_of if plan.max_batch > 1 else topics.of
        self._envelope = Envelope(context.node, context.log_id)
        self._max_batch = self._most = plan.max_batch
        self._passed = 0
        self._probing = False  # the broker refused an event that may pass later
        self._largest = MAX_PACKET
        self._ahead: Sent | None = None  # behind what was delivered last
        # What delivers aside may end without another call.
        self._job_size = None if plan.aside else JOB * plan.max_batch
        self._hang_ups = HangUps()
        self._context = context
        kind = BATCH_CONTENT_TYPE if plan.max_batch > 1 else CONTENT_TYPE
        self._properties = ContentType(kind)
        self._connection = connection
        self._worker = Worker(
            f"sink {thread_name(plan.name)}",
            self._connection.run,
            partial(self._connection.post, None),
            context.died,
        )

    def open(self) -> None:
        """Start to connect; what is posted before there is a connection waits."""
        self._context.alive(thread_name(self.name))  # from now on it is watched
        self._worker.start()

    def close(self) -> None:
        """Say goodbye to the broker, and end the connection's thread."""
        self._worker.finish(time.monotonic() + CLOSE_SECONDS)

    def post(self, post: Post) -> None:
        """Show what is true now, from any thread; a connection that is down keeps the latest."""
        self._connection.post(post)

    def deliver(self, batch: Sequence[LoggedEvent]) -> int:
        """Publish a batch and wait for its acknowledgements; see `Sink`."""
        alone = self._hang_ups.suspects(batch[0])
        if alone and self._hang_ups.wants_smaller:
            self._show_the_way(batch)
        groups, job = self._sent(batch[:1] if alone or self._probing else batch)
        settlement = self._settlement(job)
        if not settlement.passed:  # what comes behind it is not sent
            self._ahead = None
        settled = groups[: self._reach(groups, settlement)]
        if settled or settlement.sent:  # without a connection, nothing is learnt
            self._adapt(not settled, groups)
        if not settled and not settlement.error:
            self._complain_of_gap(groups[0], settlement)
            return self.deliver(batch)  # in smaller messages
        self._hang_ups.passed(settled)
        count = sum(map(len, settled))
        reasons = settlement.refused.items()
        refused = {groups[n][0].offset: why for n, why in reasons if n < len(settled)}
        if refused:
            raise EventRejected(count, refused)
        if count == 0:
            self._probing = settlement.postponed
            self._explain(groups, settlement)
            raise SinkUnavailable(settlement.error)
        self._probing = False
        return count

    def _show_the_way(self, batch: Sequence[LoggedEvent]) -> None:
        """Deliver a smaller event, which is delivered again in its turn; raise SinkUnavailable.

        It has the same topic, because access rights may differ; a gap event is never refused.
        """
        anywhere = batch[0].kind == "gap"
        event = smaller(batch, (lambda _: "") if anywhere else self._topic)
        if event is None:
            return
        settlement = self._settlement(self._post([[event]]).job)
        if settlement.settled and not settlement.refused:
            self._hang_ups.passed_smaller()
            return
        if settlement.sent:
            self._hang_ups.doubt()
        raise SinkUnavailable(settlement.error or f"the broker takes {self._largest} bytes")

    def _explain(self, groups: Sequence[Sequence[LoggedEvent]], settlement: Settlement) -> None:
        """Raise EventRejected if an event is why the broker ended the connection.

        A gap event is never refused: what is lost must not be lost once more.
        """
        if not settlement.sent or len(groups[0]) > 1:
            return
        event = groups[0][0]
        reason = self._hang_ups.reason(event, settlement.loss, alone=len(groups) == 1)
        if reason and event.kind == "gap":
            raise SinkUnavailable(_complaint(event, reason))
        if reason:
            raise EventRejected(1, {event.offset: reason})

    def _sent(self, batch: Sequence[LoggedEvent]) -> Sent:
        """Post the first events of a batch, unless they were, and those that come behind them.

        The broker does not wait for the forwarder then, which reads and writes messages meanwhile.
        """
        sent, self._ahead = self._ahead, None
        if sent is None or not sent.begins(batch):
            sent = self._post(self._groups(batch[: self._job_size]))
        following = batch[sent.events :][: self._job_size]
        if following and not self._context.stopping():
            self._ahead = self._post(self._groups(following), sent.job)
        return sent

    def _post(self, groups: Sequence[Sequence[LoggedEvent]], behind: Job | None = None) -> Sent:
        job = Job(self._messages(groups), self._properties, SimpleQueue(), self._largest, behind)
        self._connection.post(job)
        return Sent(groups, job)

    def _reach(self, groups: Sequence[Sequence[LoggedEvent]], settlement: Settlement) -> int:
        """Return how many groups are settled, up to one that may pass in smaller ones or later."""
        for n in sorted(settlement.refused):
            if len(groups[n]) > 1 or groups[n][0].kind == "gap":
                return n
        return settlement.settled

    def _complain_of_gap(self, group: Sequence[LoggedEvent], settlement: Settlement) -> None:
        """Raise SinkUnavailable if a gap event alone is refused; see `_explain`."""
        if len(group) == 1 and 0 in settlement.refused:
            self._probing = True
            raise SinkUnavailable(_complaint(group[0], settlement.refused[0]))

    def _adapt(self, stuck: bool, groups: Sequence[Sequence[LoggedEvent]]) -> None:
        """Halve messages that do not pass, down to one event: some brokers just hang up."""
        self._passed = 0 if stuck else self._passed + 1
        if stuck:
            self._most = max(1, len(groups[0]) // 2)
        elif self._passed >= GROW_AFTER:
            self._passed, self._most = 0, min(self._max_batch, self._most * 2)

    def _settlement(self, job: Job) -> Settlement:
        waits = 0
        while waits < DRAIN_WAITS:
            try:
                settlement = job.reply.get(timeout=WAIT_SECONDS)
            except Empty:
                self._context.alive(self.name)  # it is the connection that has to move
                waits += self._context.stopping()
            else:
                self._largest = settlement.largest
                return settlement
        return Settlement(0, {}, "the agent stops", self._largest)

    def _groups(self, batch: Sequence[LoggedEvent]) -> list[Sequence[LoggedEvent]]:
        size = self._largest - HEADROOM
        if self._most == 1:
            return [(event,) for event in batch]
        one_topic = groupby(batch, self._topic)
        return [part for _, events in one_topic for part in split([*events], self._most, size)]

    def _messages(self, groups: Sequence[Sequence[LoggedEvent]]) -> Messages:
        topic, envelope = self._topic, self._envelope
        if self._max_batch > 1:
            return [(topic(group[0]), envelope.encode_batch(group)) for group in groups]
        return [(topic(event), envelope.encode(event)) for (event,) in groups]


def _complaint(event: LoggedEvent, reason: str) -> str:
    return f"it does not take gap event {event.offset}: {reason}"


def thread_name(sink: str) -> str:
    """Return the name of the connection's thread."""
    return f"{sink}-connection"


def build(plan: SinkPlan[MqttOptions], context: SinkContext) -> MqttSink:
    """Return the sink, with a connection that is not started yet."""
    profile = PROFILES[plan.options.profile]
    target = profile.log_in(broker(plan, context.node), context.trusted)
    template = plan.options.topic
    prefix = topics_of(template, context.node)
    connection = Connection(
        target,
        state_of(plan, context, prefix),
        changed=lambda up: context.retry() if up else None,
        backoff=Backoff(random.random),
        commands=CommandTopics(prefix, plan.answer_topics) if plan.commands else None,
        requested=context.requested,
        progress=partial(context.alive, thread_name(plan.name)),
        notice=context.notice,
    )
    topics = profile.topics(context.node, target.client_id, template)
    return MqttSink(plan, context, connection, topics)


SINK = SinkType(MqttOptions, check, build, claims)
