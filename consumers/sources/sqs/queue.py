"""The operations of SQS that a reader needs; each says itself why it is refused."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from edge_agent.deliver.aws.address import AwsTarget
from edge_agent.deliver.aws.answer import ServiceError
from edge_agent.deliver.aws.call import AwsCalls
from edge_agent.deliver.aws.faults import explained
from edge_agent.deliver.aws.reach import EMPTY

RECEIVE, DELETE, CHANGE = "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"


class ReceivedMessage(NamedTuple):
    """A message, and the handle with which this receipt of it can be deleted."""

    handle: str
    body: str


class BatchAnswer(NamedTuple):
    """Handles of a request: confirmed, refused for good, and those to be tried again."""

    confirmed: Sequence[str]
    refused: Sequence[str]
    again: Sequence[str]


class SqsQueue:
    """One queue; every method blocks for up to 25 s and raises SinkUnavailable."""

    def __init__(
        self, client: AwsCalls, target: AwsTarget, wall: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._target = target
        self._wall = wall

    def check_rights(self) -> None:
        """Find out whether messages may be deleted and kept, without touching one."""
        for operation, right in (
            ("delete_message_batch", DELETE),
            ("change_message_visibility_batch", CHANGE),
        ):
            try:
                self._client.call(operation, {"QueueUrl": self._target.resource, "Entries": []})
            except ServiceError as error:
                if error.code != EMPTY:
                    raise self._explained(error, right) from None

    def receive(self, most: int, *, wait: int, visibility: int) -> list[ReceivedMessage]:
        """Return messages as soon as there are some; they are ours for `visibility` seconds."""
        answer = self._call(
            "receive_message",
            RECEIVE,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait,
            VisibilityTimeout=visibility,
        )
        found = answer.get("Messages") or ()
        return [ReceivedMessage(one["ReceiptHandle"], one["Body"]) for one in found]

    def delete(self, handles: Sequence[str]) -> BatchAnswer:
        """Delete at most ten messages."""
        entries = [{"Id": str(n), "ReceiptHandle": one} for n, one in enumerate(handles)]
        return _outcome(handles, self._call("delete_message_batch", DELETE, Entries=entries))

    def keep(self, handles: Sequence[str], seconds: int) -> BatchAnswer:
        """Let at most ten messages be ours for so long from now on; 0 gives them back."""
        entries = [
            {"Id": str(n), "ReceiptHandle": one, "VisibilityTimeout": seconds}
            for n, one in enumerate(handles)
        ]
        answer = self._call("change_message_visibility_batch", CHANGE, Entries=entries)
        return _outcome(handles, answer)

    def close(self) -> None:
        """End the connections that no call uses."""
        self._client.close()

    def _call(self, operation: str, right: str, **parameters: Any) -> Mapping[str, Any]:  # noqa: ANN401
        try:
            return self._client.call(operation, {"QueueUrl": self._target.resource, **parameters})
        except ServiceError as error:
            raise self._explained(error, right) from None

    def _explained(self, error: ServiceError, right: str) -> Exception:
        service = self._target.service._replace(right=right)
        return explained(error, self._target._replace(service=service), self._wall())


def _outcome(handles: Sequence[str], answer: Mapping[str, Any]) -> BatchAnswer:
    """Sort handles by what an answer says; what it does not name is tried again."""
    confirmed = {one.get("Id") for one in answer.get("Successful") or ()}
    refused = {one.get("Id") for one in answer.get("Failed") or () if one.get("SenderFault")}
    found = BatchAnswer([], [], [])
    for number, handle in enumerate(handles):
        name = str(number)
        kind = 0 if name in confirmed else 1 if name in refused else 2
        found[kind].append(handle)  # type: ignore[attr-defined]
    return found
