"""Events as messages of SQS and SNS, and how many of them fit into one request."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from edge_agent.deliver.aws.address import AwsTarget
from edge_agent.deliver.envelope import Envelope
from edge_agent.events import LoggedEvent, node_of

MOST = 10  # messages in a request
LARGEST = 262_144  # bytes of a request: bodies and attributes
LONGEST_GROUP = 128  # characters
# XML has no place for these two, not even as a reference, and JSON may hold them as they are.
NOT_IN_XML = str.maketrans({"\ufffe": r"\ufffe", "\uffff": r"\uffff"})


class Filtered(msgspec.Struct):
    """The attributes of an event that a subscription's filter policy can look at, and its id."""

    id: str
    type: str
    source: str
    subject: str

    def texts(self) -> dict[str, str]:
        """Return them by name, without empty ones, which AWS refuses."""
        found = {"type": self.type, "source": self.source, "subject": self.subject}
        return {name: text for name, text in found.items() if text}


class AwsMessage(NamedTuple):
    """An event as an entry of a request; `size` in bytes, as AWS counts it."""

    event: LoggedEvent
    entry: dict[str, Any]
    size: int

    @property
    def id(self) -> str:
        """Return how the answer names the entry."""
        return str(self.entry["Id"])


class MessageWriter:
    """Writes the events of one node for one queue or topic."""

    def __init__(self, target: AwsTarget, node: str, log_id: str) -> None:
        self._target = target
        self._node = node
        self._envelope = Envelope(node, log_id)

    def write(self, event: LoggedEvent) -> AwsMessage:
        """Return the event as a CloudEvent in JSON; its device is its group in a FIFO queue."""
        body = self._envelope.encode(event).decode()
        attributes = msgspec.json.decode(body, type=Filtered)
        if not body.isascii():
            body = body.translate(NOT_IN_XML)
        filtered = attributes.texts()
        entry = {
            "Id": str(event.offset),
            self._target.service.body: body,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in filtered.items()
            },
        }
        if self._target.fifo:
            entry["MessageGroupId"] = f"{node_of(event, self._node)}/{event.source}"[:LONGEST_GROUP]
            entry["MessageDeduplicationId"] = attributes.id
        return AwsMessage(event, entry, _size(body, filtered))


def _size(body: str, attributes: dict[str, str]) -> int:
    around = sum(len(f"{name}String{value}".encode()) for name, value in attributes.items())
    return len(body.encode()) + around


def leading(messages: Sequence[AwsMessage]) -> Sequence[AwsMessage]:
    """Return the first messages, as many as one request may hold, and at least one."""
    total = 0
    for count, message in enumerate(messages):
        total += message.size
        if count and (count == MOST or total > LARGEST):
            return messages[:count]
    return messages
