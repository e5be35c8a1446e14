"""Which place in a topic a consumer begins at, and under which name the cluster keeps it."""

import secrets
import time
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeVar

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition

ANSWER_SECONDS = 15.0  # for a group, which a cluster may have to set up first
PAUSE_SECONDS = 0.2
UNSETTLED = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}
IN_USE = {
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.REBALANCE_IN_PROGRESS,
}

Answer = TypeVar("Answer")


class GroupMembership(NamedTuple):
    """A member of a group, or without a group, a reader of all partitions alone."""

    group: str = ""
    member: str = ""
    start: Literal["now", "beginning"] = "now"

    def settings(self) -> dict[str, Any]:
        """Return what the library calls them; it wants a group in any case."""
        found = {"group.id": self.group or f"edge-consumer-{secrets.token_hex(4)}"}
        return found | ({"group.instance.id": self.member} if self.member else {})

    def beginnings(
        self,
        library: Any,  # noqa: ANN401
        partitions: list[TopicPartition],
    ) -> list[TopicPartition]:
        """Return where each partition begins: exactly, for "now" passes while we connect."""
        return [
            TopicPartition(one.topic, one.partition, self._beginning(library, one))
            for one in partitions
        ]

    def _beginning(self, library: Any, one: TopicPartition) -> int:  # noqa: ANN401
        if self.start == "beginning":
            return OFFSET_BEGINNING
        _, end = library.get_watermark_offsets(one, timeout=ANSWER_SECONDS)
        return int(end)

    def fix_place(self, library: Any, partitions: list[TopicPartition]) -> None:  # noqa: ANN401
        """Let a group without any place have one now: after a kill, the next run continues there.

        What has no place later, such as a new partition, is read from its beginning.
        """
        known = _settled(lambda: _committed(library, partitions))
        if self.start == "beginning" or any(one.offset >= 0 for one in known):
            return
        try:
            beginnings = self.beginnings(library, partitions)
            _settled(lambda: library.commit(offsets=beginnings, asynchronous=False))
        except KafkaException as error:
            if error.args[0].code() not in IN_USE:  # else another member has fixed it just now
                raise


def _committed(library: Any, partitions: list[TopicPartition]) -> list[TopicPartition]:  # noqa: ANN401
    found: list[TopicPartition] = library.committed(partitions, timeout=ANSWER_SECONDS)
    for one in found:
        if one.error is not None:
            raise KafkaException(one.error)
    return found


def _settled(call: Callable[[], Answer]) -> Answer:
    """Return what a call returns, once the cluster has settled which server has the group."""
    until = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            return call()
        except KafkaException as error:
            if error.args[0].code() not in UNSETTLED or time.monotonic() > until:
                raise
            time.sleep(PAUSE_SECONDS)
