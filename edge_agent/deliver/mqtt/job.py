"""What an event sink asks of its connection: messages to publish, and what became of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from edge_agent.deliver.mqtt.lost import Cause

if TYPE_CHECKING:
    from queue import SimpleQueue

    from paho.mqtt.properties import Properties

MAX_PACKET = 128_000  # bytes, as AWS IoT Core allows


Messages: TypeAlias = Sequence[tuple[str, bytes]]  # topics and payloads
# A message's id, why the broker refuses it, whether that is for good.
Refusal: TypeAlias = tuple[int, str, bool]


class Settlement(NamedTuple):
    """What became of a job: `settled` leading messages are, some of them refused.

    `largest` is the broker's limit of a message, in bytes.
    """

    settled: int
    refused: dict[int, str]
    error: str
    largest: int = MAX_PACKET
    postponed: bool = False  # the error is a refusal that may not last
    sent: bool = False  # at least one message
    loss: Cause = "other"  # how the connection ended, if it did
    passed: bool = False  # all messages are settled, and none of them was refused


class Job:
    """QoS 1 messages to publish in order; the settlement goes to `reply`.

    They were made for a broker that takes messages of up to `largest` bytes. They go out only if
    all messages of the job `behind` which they come are settled, and none of them was refused.
    """

    def __init__(
        self,
        messages: Messages,
        properties: "Properties | None",
        reply: "SimpleQueue[Settlement]",
        largest: int = MAX_PACKET,
        behind: "Job | None" = None,
    ) -> None:
        self.messages = messages
        self.properties = properties
        self.reply = reply
        self.next = 0
        self.settled = bytearray(len(messages))
        self.open = len(messages)
        self.refused: dict[int, str] = {}
        self.postponed = ""
        self.largest = largest
        self.behind = behind
        self.passed = False

    @property
    def in_turn(self) -> bool:
        """Return whether the messages may go out: what comes before them is not sent again."""
        return self.behind is None or self.behind.passed

    def settle(self, numbers: Sequence[int]) -> None:
        """Note the acknowledgement of messages."""
        for n in numbers:
            self.settled[n] = 1
        self.open -= len(numbers)

    def refuse(self, n: int, reason: str) -> None:
        """Note that message `n` is never taken."""
        self.settle([n])
        self.refused[n] = reason

    def postpone(self, n: int, reason: str) -> None:
        """Note that the broker does not take message `n` now; send no further ones."""
        self.postponed = self.postponed or f"the broker refuses {self.messages[n][0]}: {reason}"
        self.next = len(self.messages)

    def finish(self, error: str = "", loss: Cause = "other") -> None:
        """Report; what lies behind the first unsettled message must be sent again."""
        count = self.settled.find(0) if self.open else len(self.messages)
        refused = {n: reason for n, reason in self.refused.items() if n < count}
        why, postponed = error or self.postponed, bool(self.postponed)
        sent = self.next > 0
        self.passed, self.behind = not (self.open or self.refused or why), None
        passed = self.passed
        self.reply.put(Settlement(count, refused, why, self.largest, postponed, sent, loss, passed))
