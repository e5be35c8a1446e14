"""The connection thread: it alone touches paho, and keeps the agent connected.

Others post jobs and states to its inbox and wake it. Failover, version fall-back and back-off live
here; nothing is remembered across a loss but the live state.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeAlias

from edge_agent.deliver.backoff import Backoff
from edge_agent.deliver.mqtt.address import Broker
from edge_agent.deliver.mqtt.commands import CommandTopics, properties
from edge_agent.deliver.mqtt.endpoints import Endpoints
from edge_agent.deliver.mqtt.job import Job
from edge_agent.deliver.mqtt.session import ConnectionLost, Session
from edge_agent.deliver.mqtt.state import LiveState
from edge_agent.deliver.mqtt.wake_up import WakeUp
from edge_agent.deliver.sink import About, Post
from edge_agent.events import Answer, Reading, Request, Switched

ACK_SECONDS = 20.0  # no acknowledgement for so long: the link is half open
PUMP_SECONDS = 5.0
FAREWELL_SECONDS = 2.0
LASTING_SECONDS = 60.0  # a session that ends sooner has failed: two agents may share one client id
ANSWERS = 100  # that wait for room; older ones are no longer of use

_logger = logging.getLogger(__name__)


ConnectionItem: TypeAlias = Job | Post | None


class Connection:
    """Stays connected to one of the broker's addresses until None comes through the inbox.

    `changed` is called when the connection comes (True) or goes (False); `requested` gets what
    comes in on the topics of `commands`, if there are any.
    """

    def __init__(
        self,
        broker: Broker,
        state: LiveState,
        *,
        changed: Callable[[bool], None],
        backoff: Backoff,
        commands: CommandTopics | None = None,
        requested: Callable[[Request], None] = lambda _: None,
        ack_seconds: float = ACK_SECONDS,
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._broker = broker
        self._state = state
        self._changed = changed
        self._backoff = backoff
        self._commands = commands
        self._requested = requested
        self._answers: deque[Answer] = deque(maxlen=ANSWERS)
        self._ack_seconds = ack_seconds
        self._progress = progress
        self._inbox: SimpleQueue[ConnectionItem] = SimpleQueue()
        self._wake = WakeUp()
        self._jobs: deque[Job] = deque()
        self._in_flight: dict[int, int] = {}
        self._acked_at = 0.0
        self._endpoints = Endpoints(broker.addresses, broker.versions)
        self._complaint = ""
        self._stopping = False

    def post(self, post: ConnectionItem) -> None:
        """Hand something over, from any thread; None stops."""
        self._inbox.put(post)
        self._wake.set()

    def run(self) -> None:
        """Connect, serve, and connect again, until asked to stop."""
        while not self._stopping:
            session = self._connect()
            if session is None or not self._serve(session):
                self._rest(self._backoff.next())
        self._fail_jobs("the agent stops")

    def _connect(self) -> Session | None:
        """Try every address, and every version if the first may be the reason."""
        for _ in range(self._endpoints.count):
            try:
                return self._open()
            except ConnectionLost as error:
                self._failed(error)
            self._take_posts()
            if self._stopping:
                break
        return None

    def _open(self) -> Session:
        address, version = self._endpoints.current
        session = Session(self._broker, address, version, self._state.will)
        session.open(self._wake.fileno(), self._interrupted)
        _logger.info("connected to %s (MQTT %s)", address, "5" if version == 5 else "3.1.1")
        self._complaint = ""
        return session

    def _interrupted(self) -> bool:
        self._progress()
        self._take_posts()
        return self._stopping

    def _failed(self, error: ConnectionLost) -> None:
        if str(error) != self._complaint and not self._stopping:
            self._complaint = str(error)
            _logger.warning("no connection: %s", self._complaint)
        self._endpoints.failed(version_refused=error.version_refused)

    def _rest(self, seconds: float) -> None:
        """Wait, but take posts: live state is kept, jobs fail at once."""
        deadline = time.monotonic() + seconds
        while not self._stopping and (left := deadline - time.monotonic()) > 0:
            self._fail_jobs(f"not connected: {self._complaint}")
            self._progress()
            try:
                self._take(self._inbox.get(timeout=min(left, PUMP_SECONDS)))
            except Empty:
                continue

    def _serve(self, session: Session) -> bool:
        """Use a session until it is lost; return whether it lasted."""
        opened = time.monotonic()
        if self._commands is not None:
            session.subscribe(self._commands.pattern)
        self._state.greet(session)
        self._acked_at = time.monotonic()
        self._changed(True)
        try:
            while not self._interrupted():
                self._turn(session)
            self._leave(session)
        except ConnectionLost as error:
            self._complaint = str(error)
            self._explain_loss(time.monotonic() - opened)
            self._take_acks(session)  # those that came with the last bytes
            self._fail_jobs(str(error))
        self._in_flight.clear()
        self._answers.clear()
        self._changed(False)
        if lasted := time.monotonic() - opened >= LASTING_SECONDS:
            self._backoff.reset()
        return lasted

    def _explain_loss(self, seconds: float) -> None:
        _logger.warning("connection lost: %s", self._complaint)
        if seconds < LASTING_SECONDS and self._backoff.failures:
            what = "this repeats: another client may have the id %r; give each node its own name"
            _logger.warning(what, self._broker.client_id)

    def _turn(self, session: Session) -> None:
        self._state.send(session)
        self._send_answers(session)
        self._send(session)
        # The ping goes out at the end of a pause: a late one would look like silence.
        idle = min(PUMP_SECONDS, self._broker.keep_alive / 4)
        session.pump(self._wake.fileno(), 1.0 if self._in_flight else idle)
        self._settle(session)
        self._take_requests(session)

    def _take_requests(self, session: Session) -> None:
        messages, session.received = session.received, []
        for message in messages:
            request = self._commands.request(message) if self._commands else None
            if request is not None:
                self._requested(request)

    def _send_answers(self, session: Session) -> None:
        while self._answers and session.room > 0:
            answer = self._answers.popleft()
            session.publish(answer.topic, answer.payload, properties(answer))

    def _send(self, session: Session) -> None:
        """Publish the first job's messages as far as the window allows."""
        if not self._jobs:
            return
        job, in_flight = self._jobs[0], self._in_flight
        if not in_flight:
            self._acked_at = time.monotonic()
        while job.next < len(job.messages) and session.room > 0:
            topic, payload = job.messages[job.next]
            job.largest = session.max_packet
            if len(topic) + len(payload) + 32 > session.max_packet:
                job.settle(job.next, f"larger than {session.max_packet} bytes")
            else:
                in_flight[session.publish(topic, payload, job.properties)] = job.next
            job.next += 1

    def _settle(self, session: Session) -> None:
        """Report the first job when all its messages are settled; give up on a silent broker."""
        self._take_acks(session)
        if self._jobs and not self._jobs[0].open:
            self._jobs.popleft().finish()
        elif self._in_flight and time.monotonic() - self._acked_at > self._ack_seconds:
            session.drop()
            raise ConnectionLost(f"no acknowledgement for {self._ack_seconds:.0f} s")

    def _take_acks(self, session: Session) -> None:
        acks, session.acks = session.acks, []
        for mid, reason in acks:
            n = self._in_flight.pop(mid, None)
            if n is not None:
                self._jobs[0].settle(n, reason)
                self._acked_at = time.monotonic()

    def _leave(self, session: Session) -> None:
        self._state.farewell(session)
        deadline = time.monotonic() + FAREWELL_SECONDS
        while session.unsettled and time.monotonic() < deadline:
            session.pump(self._wake.fileno(), 0.1)
        session.close()

    def _take_posts(self) -> None:
        if not self._wake.clear():
            return
        try:
            while True:
                self._take(self._inbox.get_nowait())
        except Empty:
            return

    def _take(self, post: ConnectionItem) -> None:
        if post is None:
            self._stopping = True
        elif isinstance(post, Job):
            self._jobs.append(post)
        elif isinstance(post, Reading):
            self._state.reading(post)
        elif isinstance(post, About):
            self._state.about(post)
        elif isinstance(post, Answer):
            self._answers.append(post)
        elif isinstance(post, Switched):
            self._state.output(post)
        else:
            self._state.alert(post)

    def _fail_jobs(self, reason: str) -> None:
        while self._jobs:
            self._jobs.popleft().finish(reason)
