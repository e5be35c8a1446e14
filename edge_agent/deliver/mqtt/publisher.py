"""Jobs on their way: one after the other, as far as the broker's window allows."""

import math
import time
from collections import deque
from functools import lru_cache

from edge_agent.deliver.mqtt.job import Job, Messages
from edge_agent.deliver.mqtt.lost import Cause, ConnectionLost
from edge_agent.deliver.mqtt.session import Session

NO_TOPIC = ("+", "#", "\0")
MUCH_SMALLER = 0.75  # it cannot be so time and again: a batch is halved only a few times
LONGEST_TOPIC = 16_000  # characters: MQTT takes 65,535 bytes
REMEMBERED = 256  # topics: those of readings come again and again


class Publisher:
    """Publishes jobs over whatever session there is, and reports what became of them.

    A session on which nothing moves for `ack_seconds` is half open.
    """

    def __init__(self, ack_seconds: float) -> None:
        self._ack_seconds = ack_seconds
        self._jobs: deque[Job] = deque()
        self._in_flight: dict[int, int] = {}
        self._moved_at = 0.0
        self._cut_off = math.inf  # bytes

    @property
    def waiting(self) -> bool:
        """Return whether an acknowledgement is awaited."""
        return bool(self._in_flight)

    def add(self, job: Job) -> None:
        """Take a job over."""
        self._jobs.append(job)

    def send(self, session: Session) -> None:
        """Publish the first job's messages as far as the window allows."""
        if not self._jobs:
            return
        job = self._jobs[0]
        if not self._in_flight:
            self._moved_at = time.monotonic()
        smaller, job.largest = session.max_packet < job.largest, session.max_packet
        # To send only what fits, or what comes behind what does not, would change the order.
        if smaller or not job.in_turn:
            self._jobs.popleft().finish()
            return
        while job.next < len(job.messages) and session.room > 0:
            self._publish(job, session)
        self._report()  # nothing would wake the connection if all of it is too large

    def begin(self) -> None:
        """Forget what was cut off."""
        self._cut_off = math.inf

    def was_smaller(self) -> bool:
        """Return whether what is cut off now is much smaller than all that was cut off before.

        Then the broker may have a limit that it does not announce, and the next try may pass.
        """
        if not self._in_flight:
            return False
        size = len(self._jobs[0].messages[0][1])
        smaller = size <= MUCH_SMALLER * self._cut_off
        if smaller:
            self._cut_off = size
        return smaller

    def settle(self, session: Session) -> None:
        """Report the first job if all its messages are settled; give up on a silent broker."""
        self.take_acks(session)
        self._report()
        if self._in_flight and self._silence(session) > self._ack_seconds:
            session.drop()
            raise ConnectionLost(f"no acknowledgement for {self._ack_seconds:.0f} s")

    def take_acks(self, session: Session) -> None:
        """Note the acknowledgements and refusals that have come."""
        acknowledged, session.acknowledged = session.acknowledged, set()
        refused, session.refused = session.refused, []
        settled = [*map(self._in_flight.pop, acknowledged & self._in_flight.keys())]
        if settled:
            self._moved_at = time.monotonic()
            self._jobs[0].settle(settled)
        for refusal in refused:
            self._take_refusal(*refusal)

    def _take_refusal(self, mid: int, reason: str, final: bool) -> None:
        n = self._in_flight.pop(mid, None)
        if n is None:
            return
        self._moved_at = time.monotonic()
        if final:
            self._jobs[0].refuse(n, reason)
        else:
            self._jobs[0].postpone(n, reason)

    def fail(self, reason: str, loss: Cause = "other") -> None:
        """Report all jobs: there is no session for them."""
        self._in_flight.clear()
        while self._jobs:
            self._jobs.popleft().finish(reason, loss)

    def _publish(self, job: Job, session: Session) -> None:
        """Publish as many messages as there is room for, but for those that cannot be sent."""
        begin, job.next = job.next, min(job.next + session.room, len(job.messages))
        numbers = [*range(begin, job.next)]
        if not _are_plain(session, job.messages[begin : job.next]):
            numbers = [n for n in numbers if not _refuses(session, job, n)]
        mids = session.publish_all([job.messages[n] for n in numbers], job.properties)
        self._in_flight.update(zip(mids, numbers, strict=True))

    def _report(self) -> None:
        if self._jobs and self._is_done(self._jobs[0]):
            self._jobs.popleft().finish()

    def _is_done(self, job: Job) -> bool:
        return not job.open or bool(job.postponed and not self._in_flight)

    def _silence(self, session: Session) -> float:
        return time.monotonic() - max(self._moved_at, session.moved_at)


def _are_plain(session: Session, messages: Messages) -> bool:
    """Return whether all of them can be sent; if not, some of them may still be."""
    topics = {topic for topic, _ in messages}
    longest, largest = max(topics, key=len), max([payload for _, payload in messages], key=len)
    return session.fits(longest, largest) and all(map(_is_topic, topics))


def _refuses(session: Session, job: Job, n: int) -> bool:
    """Return whether a message cannot be sent; the job knows it then."""
    reason = _refusal(session, *job.messages[n])
    if reason:
        job.refuse(n, reason)
    return bool(reason)


def _refusal(session: Session, topic: str, payload: bytes) -> str:
    """Return why a message cannot be sent at all; its event may not be one that we wrote."""
    if not session.fits(topic, payload):
        return f"larger than {session.max_packet} bytes"
    return "" if _is_topic(topic) else "its source is no part of a topic"


@lru_cache(REMEMBERED)
def _is_topic(name: str) -> bool:
    return len(name) <= LONGEST_TOPIC and not any(part in name for part in NO_TOPIC)
