"""The SNS and SQS sinks: events in batches, in order, each confirmed by its id.

A request holds up to ten messages, and the next one begins when AWS has answered: a queue keeps
the order of requests, and nothing else says which of two requests came first.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from edge_agent.deliver.aws.address import AwsTarget
from edge_agent.deliver.aws.answer import BatchOutcome, ServiceError, outcome_of
from edge_agent.deliver.aws.call import AwsCalls, answered
from edge_agent.deliver.aws.faults import PersonNeeded, explained
from edge_agent.deliver.aws.message import LARGEST, AwsMessage, MessageWriter, leading
from edge_agent.deliver.backoff import SLOW_CAP, Backoff
from edge_agent.deliver.sink import SinkContext
from edge_agent.errors import EventRejected, SinkUnavailable
from edge_agent.events import LoggedEvent

AT_ONCE = 100  # events: what a delivery repeats at most if the agent is killed


class AwsSink:
    """Sends events to a queue or topic; `connect` makes a client, which reads the credentials."""

    def __init__(
        self,
        name: str,
        target: AwsTarget,
        context: SinkContext,
        connect: Callable[[], AwsCalls],
        *,
        backoff: Backoff,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._target = target
        self._context = context
        self._connect = connect
        self._client: AwsCalls | None = None
        self._writer = MessageWriter(target, context.node, context.log_id)
        self._backoff = backoff
        self._monotonic, self._wall = monotonic, wall
        self._complaint: PersonNeeded | None = None
        self._retry_at = 0.0

    def open(self) -> None:
        """Do nothing: the first delivery connects."""

    def close(self) -> None:
        """Forget the connections and the credentials."""
        if self._client is not None:
            self._client.close()
        self._client = None

    def deliver(self, batch: Sequence[LoggedEvent]) -> int:
        """Send events until one is not confirmed; see `Sink`."""
        self._ready()
        messages = [self._writer.write(event) for event in batch[:AT_ONCE]]
        done, more = 0, True
        while more and done < len(messages):
            try:
                outcome = self._send_leading(messages[done:])
            except SinkUnavailable:
                if done:
                    return done
                raise
            done += outcome.settled
            if outcome.refused:
                raise EventRejected(done, outcome.refused)
            more = outcome.error is None and not self._context.stopping()
        return done

    def _ready(self) -> None:
        if not (self._target.local or self._context.trusted()):
            raise SinkUnavailable(
                "the clock is not set yet, and AWS refuses signatures with a wrong time",
                "let systemd-timesyncd or chrony set it",
            )
        if self._complaint is not None and self._monotonic() < self._retry_at:
            raise self._complaint

    def _send_leading(self, messages: Sequence[AwsMessage]) -> BatchOutcome:
        """Send what fits into a request; raise `SinkUnavailable` if none of it is settled."""
        group = leading(messages)
        try:
            outcome = self._sent(group)
        except ServiceError as error:
            if error.concerns_message and len(group) > 1:
                return self._send_leading(group[:1])  # one of them: find out which
            outcome = self._alone(group[0], error)
        if outcome.error is not None and outcome.settled == 0:
            raise self._explained(outcome.error)
        self._backoff.reset()
        return outcome

    def _sent(self, group: Sequence[AwsMessage]) -> BatchOutcome:
        if group[0].size > LARGEST:
            text = f"{group[0].size} bytes; a message has at most {LARGEST}"
            raise ServiceError("BatchRequestTooLong", text)
        service = self._target.service
        entries = [message.entry for message in group]
        answer = self._call(
            service.send, {service.target: self._target.resource, service.entries: entries}
        )
        return outcome_of(group, answer)

    def _alone(self, message: AwsMessage, error: ServiceError) -> BatchOutcome:
        """Return what a refused request means for its only, or first, message."""
        if error.concerns_message and message.event.kind != "gap":
            return BatchOutcome(1, {message.event.offset: str(error)})
        return BatchOutcome(0, {}, error)

    def _call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            if self._client is None:
                self._client = answered(self._connect, self._context, self.name)
            call = partial(self._client.call, operation, parameters)
            return answered(call, self._context, self.name)
        except PersonNeeded as error:
            self._wait_for(error)
            raise

    def _explained(self, error: ServiceError) -> SinkUnavailable:
        found = explained(error, self._target, self._wall())
        if isinstance(found, PersonNeeded):
            self._wait_for(found)
        return found

    def _wait_for(self, error: PersonNeeded) -> None:
        """Try again after a while, with credentials that may be other ones then."""
        self.close()
        self._complaint = error
        self._retry_at = self._monotonic() + self._backoff.next(SLOW_CAP)
