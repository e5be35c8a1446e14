"""The connection's thread: pika's loop, which keeps heartbeats, and one delivery at a time.

It connects when there is something to deliver, so the forwarder's pauses are its pauses, too.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from pika.adapters.select_connection import IOLoop

from edge_agent.deliver.amqp.address import parse_url
from edge_agent.deliver.amqp.failure import unexpected
from edge_agent.deliver.amqp.link import AmqpLink, Target
from edge_agent.deliver.amqp.message import exchange_of
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.amqp.publication import BrokerFailure, Publication
from edge_agent.deliver.amqp.server import AmqpServer
from edge_agent.deliver.sink import SinkPlan
from edge_agent.errors import AgentError

BEAT_SECONDS = 1.0
CONFIRM_SECONDS = 30.0  # a broker that confirms nothing for so long is asked again
CLOSE_SECONDS = 1.0

logging.getLogger("pika").setLevel(logging.CRITICAL)  # the forwarder says once what failed


class AmqpConnection:
    """Owns the link to the first of the servers that takes it.

    `progress` is called at least every two seconds, `unblocked` when the broker reads again.
    """

    def __init__(
        self,
        servers: tuple[AmqpServer, ...],
        target: Target,
        *,
        progress: Callable[[], None],
        unblocked: Callable[[], None],
    ) -> None:
        self._servers = servers
        self._target = target
        self._progress = progress
        self._unblocked = unblocked
        self._loop = IOLoop()
        self._link: AmqpLink | None = None
        self._ready = self._over = False
        self._failures: list[BrokerFailure] = []
        self._job: Publication | None = None
        self._before: Publication | None = None  # reported, and not confirmed to its end
        self._moved_at = 0.0

    # Any thread may call these three.

    def deliver(self, job: Publication) -> None:
        """Publish a job, and report to its queue."""
        self._loop.add_callback_threadsafe(partial(self._begin, job))

    def cancel(self) -> None:
        """Report what has become of the job so far."""
        self._loop.add_callback_threadsafe(partial(self._finish, BrokerFailure("the agent stops")))

    def stop(self) -> None:
        """Close the connection, and end `run`."""
        self._loop.add_callback_threadsafe(self._end)

    def run(self) -> None:
        """Serve until `stop`."""
        self._beat()
        while not self._over:
            try:
                self._loop.start()
            except Exception as error:  # noqa: BLE001 - no answer of a broker may end the thread
                self._abandon(error)
        self._loop.close()

    def _abandon(self, error: Exception) -> None:
        """Give a link up whose broker sent what pika cannot handle."""
        link, self._link, self._ready = self._link, None, False
        if link is not None:
            with suppress(Exception):
                link.drop()
        self._finish(unexpected(error))

    def _beat(self) -> None:
        self._loop.call_later(BEAT_SECONDS, self._beat)
        self._progress()
        if self._waits() and time.monotonic() - self._moved_at > CONFIRM_SECONDS:
            self._give_up()

    def _waits(self) -> bool:
        """Return whether it is the broker's turn: to open, or to confirm."""
        return self._job is not None and self._link is not None

    def _give_up(self) -> None:
        if self._link is not None:
            self._link.drop()
            what = f"the broker has confirmed nothing for {CONFIRM_SECONDS:.0f} s"
            remedy = "look if a quorum queue has lost its majority, or the broker is overloaded"
            self.lost(self._link, BrokerFailure(what, remedy))

    def _begin(self, job: Publication) -> None:
        self._job, self._failures, self._moved_at = job, [], time.monotonic()
        before, self._before = self._before, None
        confirmed = self._link.confirmed if self._link is not None else None
        if before is not None and confirmed is not None and job.continues(before):
            confirmed.hand_over(before, job)
        if self._link is None:
            self._connect()
        elif self._ready:
            self._proceed(self._link)

    def _connect(self) -> None:
        """Try the next server."""
        server = self._servers[len(self._failures)]
        try:
            parameters = server.parameters()
        except AgentError as error:
            self._failed(BrokerFailure(error.what, error.remedy))
            return
        self._moved_at = time.monotonic()
        self._link = AmqpLink(parameters, self._target, self, self._loop)

    def ready(self, link: AmqpLink) -> None:
        """See `LinkOwner`: messages whose channel is gone are sent again."""
        self._ready, self._before = True, None
        if self._job is not None:
            self._job.rewind()
            self._proceed(link)

    def lost(self, _link: AmqpLink, failure: BrokerFailure) -> None:
        """See `LinkOwner`: the next delivery connects again."""
        ready, self._ready, self._link = self._ready, False, None
        if ready:
            self._finish(failure)
        else:
            self._failed(failure)

    def moved(self, link: AmqpLink) -> None:
        """See `LinkOwner`."""
        if link.blocked:
            self._finish(_blocked(link.blocked))
        elif self._job is not None:
            self._proceed(link)
        elif self._before is None:
            self._unblocked()

    def _failed(self, failure: BrokerFailure) -> None:
        server = self._servers[len(self._failures)]
        self._failures.append(failure._replace(what=f"{server.address}: {failure.what}"))
        if self._job is not None and len(self._failures) < len(self._servers):
            self._connect()
            return
        what = "; ".join(one.what for one in self._failures)
        self._finish(BrokerFailure(what, self._failures[0].remedy))

    def _proceed(self, link: AmqpLink) -> None:
        job, confirmed = self._job, link.confirmed
        if job is None or confirmed is None:
            return
        if link.blocked:
            self._finish(_blocked(link.blocked))
            return
        self._moved_at = time.monotonic()
        confirmed.send(job)
        if job.over:
            if job.stuck:
                link.renew()  # a channel of RabbitMQ may hold on to a queue's dead leader forever
            self._finish(None)
        elif job.mostly_over:
            self._before = job
            self._finish(None)

    def _finish(self, failure: BrokerFailure | None) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.finish(failure)

    def _end(self) -> None:
        self._over = True
        self._finish(BrokerFailure("the agent stops"))
        self._loop.call_later(CLOSE_SECONDS, self._loop.stop)
        if self._link is None:
            self._loop.stop()
        else:
            self._link.drop(self._loop.stop)


def _blocked(reason: str) -> BrokerFailure:
    return BrokerFailure(
        f"the broker takes nothing now: {reason}",
        "free memory or disk there; rabbitmq-diagnostics alarms names the node",
    )


def servers_of(plan: SinkPlan[AmqpOptions], node: str) -> tuple[AmqpServer, ...]:
    """Return the brokers of a plan, in order."""
    client = f"edge-agent {node} {plan.name}"
    return tuple(AmqpServer(parse_url(url), plan.options, client) for url in plan.url)


def target_of(options: AmqpOptions) -> Target:
    """Return what takes the events."""
    return Target(exchange_of(options), options.queue, options.queue_type, options.declare)
