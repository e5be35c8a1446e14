"""Whether a queue or topic can be reached, without sending an event."""

import time
from collections.abc import Callable
from contextlib import closing

from edge_agent.deliver.aws.address import AwsTarget
from edge_agent.deliver.aws.answer import ServiceError
from edge_agent.deliver.aws.call import AwsCalls
from edge_agent.deliver.aws.faults import DENIED, explained
from edge_agent.errors import AgentError

# How AWS answers a request without messages, once it has accepted who sends it.
EMPTY = "EmptyBatchRequest"


def obstacle(
    target: AwsTarget, connect: Callable[[], AwsCalls], wall: Callable[[], float] = time.time
) -> AgentError | None:
    """Return what stands in the way of a delivery, or nothing.

    It asks for the attributes, which may be forbidden, and sends a batch of no messages: that
    takes the right to send, and cannot send anything.
    """
    try:
        with closing(connect()) as client:
            _look(client, target)
            _send_nothing(client, target)
    except ServiceError as error:
        return None if error.code == EMPTY else explained(error, target, wall())
    except AgentError as error:
        return error
    return None


def _look(client: AwsCalls, target: AwsTarget) -> None:
    try:
        client.call(target.service.look, {target.service.target: target.resource})
    except ServiceError as error:
        if error.code not in DENIED:
            raise


def _send_nothing(client: AwsCalls, target: AwsTarget) -> None:
    service = target.service
    client.call(service.send, {service.target: target.resource, service.entries: []})
