"""Commands that come in and answers that go out, over whatever session there is."""

from collections import deque
from collections.abc import Callable

from edge_agent.deliver.complaints import Complaints
from edge_agent.deliver.mqtt.commands import CommandTopics, properties
from edge_agent.deliver.mqtt.reasons import unsubscribed
from edge_agent.deliver.mqtt.session import LARGEST_COMMAND, Session
from edge_agent.events import Answer, Request

ANSWERS = 100  # that wait for room; older ones are no longer of use


class CommandTraffic:
    """Hands commands to `requested` if there are topics for them, and sends their answers."""

    def __init__(
        self,
        topics: CommandTopics | None,
        requested: Callable[[Request], None],
        complaints: Complaints,
        notice: Callable[[str], None],
    ) -> None:
        self._topics = topics
        self._requested = requested
        self._complaints = complaints
        self._notice = notice
        self._answers: deque[Answer] = deque(maxlen=ANSWERS)

    def begin(self, session: Session) -> None:
        """Ask a fresh session for commands."""
        if self._topics is not None:
            session.subscribe(self._topics.pattern)

    def add(self, answer: Answer) -> None:
        """Take an answer over."""
        self._answers.append(answer)

    def forget(self) -> None:
        """Drop the answers that were not sent: who asked has waited in vain."""
        self._answers.clear()

    def take(self, session: Session) -> None:
        """Hand over the commands that have come."""
        if session.ignored:
            session.ignored = False
            self._complaints.add(f"a command of more than {LARGEST_COMMAND} bytes is ignored")
        for refusal in session.refusals():
            self._notice(unsubscribed(*refusal))
            self._complaints.add(unsubscribed(*refusal))
        messages, session.received = session.received, []
        for message in messages:
            request = self._topics.request(message) if self._topics else None
            if request is not None:
                self._requested(request)

    def send(self, session: Session) -> None:
        """Send answers as far as the window allows."""
        while self._answers and session.room > 0:
            answer = self._answers.popleft()
            if session.fits(answer.topic, answer.payload + answer.correlation):
                session.publish(answer.topic, answer.payload, properties(answer))
            else:
                what = f"an answer is dropped: the broker takes {session.max_packet} bytes"
                self._complaints.add(what)
