"""Why a broker does not hand over a queue, in plain English."""

from pika.exceptions import ChannelClosedByBroker

from edge_agent.deliver.amqp.publication import BrokerFailure

AGAIN = "it is tried again"
TIMED_OUT = "acknowledgement on channel"
REASONS = {
    403: (
        "the broker refuses the queue {queue!r}: {text}",
        "give the user the right to read it: rabbitmqctl set_permissions",
    ),
    404: (
        "the broker has no queue {queue!r}",
        "correct the end of the URL, start the agent that declares it, or add ?exchange=edge",
    ),
    405: (
        "the queue {queue!r} belongs to another connection alone: {text}",
        "declare it without exclusive",
    ),
    406: (
        "the broker has {queue!r} or its exchange, but of another kind: {text}",
        "bind it by other means, and remove ?exchange=… from the URL",
    ),
}
CANCELLED = BrokerFailure("the queue is gone: it was deleted, or its node failed", AGAIN)
NO_ANSWER = BrokerFailure("the broker does not answer", AGAIN)


def queue_failure(error: BaseException, queue: str) -> BrokerFailure:
    """Return why the broker closed the channel of a queue."""
    if not isinstance(error, ChannelClosedByBroker):
        return BrokerFailure(f"the channel broke: {error}", AGAIN)
    text = error.reply_text
    if TIMED_OUT in text:
        return BrokerFailure(f"the broker waited too long for an acknowledgement: {text}", AGAIN)
    if error.reply_code not in REASONS:
        return BrokerFailure(f"the broker closed the channel: {text}", AGAIN)
    what, remedy = REASONS[error.reply_code]
    return BrokerFailure(what.format(queue=queue, text=text), remedy)
