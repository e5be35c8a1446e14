"""The queue of a plan, on the first of its brokers that hands it over."""

import socket

from consumers.source import SourcePlan
from consumers.sources.amqp.address import AmqpQueue
from consumers.sources.amqp.link import Begin, LinkLost, QueueLink
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.amqp.publication import BrokerFailure
from edge_agent.deliver.amqp.server import AmqpServer
from edge_agent.errors import AgentError

HEARTBEAT_SECONDS = 60  # a consumer that asks for nothing for longer may lose the connection
UNSHARED = BrokerFailure(
    "members of a group cannot share a stream: each of them gets everything",
    "let them share a queue, or give each a group of its own",
)


class QueueTarget:
    """Opens links; each reads the files and variables of the login again."""

    def __init__(self, plan: SourcePlan, queue: AmqpQueue) -> None:
        options = AmqpOptions(
            ca=plan.ca,
            certificate=plan.certificate,
            key=plan.key,
            username=plan.username,
            password_file=plan.password_file,
            password_env=plan.password_env,
        )
        names = ("edge-consumer", socket.gethostname(), plan.group, plan.member)
        client = " ".join(filter(None, names))
        self._servers = [AmqpServer(one, options, client) for one in queue.addresses]
        self._queue = queue
        self._shared = bool(plan.member)
        self._start: Begin = "first" if plan.start == "beginning" else "next"

    def open(self, place: int | None) -> QueueLink:
        """Return a link that reads, a stream from a place; raise LinkLost, naming each broker."""
        begin = self._start if place is None else place
        failures = []
        for server in self._servers:
            try:
                return self._opened(server, begin)
            except LinkLost as error:
                failure = error.failure
                failures.append(failure._replace(what=f"{server.address}: {failure.what}"))
        what = "; ".join(one.what for one in failures)
        raise LinkLost(BrokerFailure(what, failures[0].remedy))

    def _opened(self, server: AmqpServer, begin: Begin) -> QueueLink:
        try:
            parameters = server.parameters()
        except AgentError as error:
            raise LinkLost(BrokerFailure(error.what, error.remedy)) from None
        parameters.heartbeat = HEARTBEAT_SECONDS
        link = QueueLink(parameters, self._queue, begin)
        try:
            link.open()
        except BaseException:
            link.close()
            raise
        if link.stream and self._shared:
            link.close()
            raise LinkLost(UNSHARED)
        return link
