"""What stands in the way of a delivery: connects as one does, and sends no event."""

from collections.abc import Iterator
from functools import partial
from uuid import uuid4

from pika.adapters.select_connection import IOLoop

from edge_agent.deliver.amqp.connection import servers_of, target_of
from edge_agent.deliver.amqp.link import AmqpLink, Target
from edge_agent.deliver.amqp.message import exchange_of
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.amqp.publication import BrokerFailure
from edge_agent.deliver.amqp.server import AmqpServer
from edge_agent.deliver.sink import SinkPlan, SinkProblem
from edge_agent.errors import AgentError

PATIENCE = 15.0  # s: a link gives up before that
CLOSE_SECONDS = 2.0
EVERYWHERE = "amq.topic"  # an exchange that every virtual host has


class BrokerVisit:
    """Opens one link, asks for the right to write, and closes."""

    def __init__(self, server: AmqpServer, target: Target) -> None:
        self.failure: BrokerFailure | None = None
        self.connected = False
        self._server = server
        self._target = target
        self._loop = IOLoop()

    def run(self) -> None:
        """Visit the broker; raise AgentError if a file or variable of the login is unreadable."""
        parameters = self._server.parameters()
        link = AmqpLink(parameters, self._target, self, self._loop)
        self._loop.call_later(PATIENCE, partial(self.lost, link, BrokerFailure("no answer")))
        self._loop.start()
        self._loop.close()

    def ready(self, link: AmqpLink) -> None:
        """Ask for the right to write, with what changes nothing.

        A publication to a queue that does not exist needs the right, and so does the removal of a
        binding that does not exist.
        """
        channel, nothing = link.channel, f"edge-agent.{uuid4()}"
        if channel is None:
            return
        if self._target.queue:
            channel.basic_publish("", nothing, b"", mandatory=True)
        else:
            done = partial(self._end, link)
            channel.exchange_unbind(self._target.exchange, EVERYWHERE, nothing, callback=done)

    def lost(self, link: AmqpLink, failure: BrokerFailure) -> None:
        """Note the failure, unless the right to write was found before it."""
        self.connected = link.opened
        if f"'{EVERYWHERE}'" not in failure.what:  # the right to read is asked for after it
            self.failure = failure
        self._end(link)

    def moved(self, link: AmqpLink) -> None:
        """End: the broker has taken the publication."""
        self._end(link)

    def _end(self, link: AmqpLink, _frame: object = None) -> None:
        self._loop.call_later(CLOSE_SECONDS, self._loop.stop)
        link.drop(self._loop.stop)


def problems(plan: SinkPlan[AmqpOptions], node: str) -> Iterator[SinkProblem]:
    """Yield a problem for each broker that would not take events."""
    for url, server in zip(plan.url, servers_of(plan, node), strict=True):
        try:
            yield from _problem(url, plan.options, _visited(server, plan.options))
        except AgentError as error:
            yield SinkProblem.of("url", url, error)


def _visited(server: AmqpServer, options: AmqpOptions) -> BrokerVisit:
    """Return a visit; what is declared is declared only if it is there already."""
    target = target_of(options)
    visit = BrokerVisit(server, target._replace(declare=False))
    visit.run()
    if visit.failure is None and target.declare:
        visit = BrokerVisit(server, target)
        visit.run()
    return visit


def _problem(url: str, options: AmqpOptions, visit: BrokerVisit) -> Iterator[SinkProblem]:
    failure = visit.failure
    if failure is None or ("NOT_FOUND" in failure.what and options.declare):
        return  # the first delivery declares what is missing
    text = f"{failure.what}; {failure.remedy}"
    if not visit.connected:
        yield SinkProblem("url", url, text)
    elif options.queue:
        yield SinkProblem("queue", options.queue, text)
    else:
        yield SinkProblem("exchange", exchange_of(options), text)
