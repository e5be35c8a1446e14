"""The connection thread: it alone touches paho, and keeps the agent connected.

Others post jobs and states to its inbox and wake it. Back-off, failover and the way back to the
first broker live here; nothing is remembered across a loss but the live state.
"""

import logging
import time
from collections.abc import Callable
from queue import Empty

from edge_agent.deliver.backoff import FIRST, Backoff
from edge_agent.deliver.complaints import Complaints
from edge_agent.deliver.mqtt.address import Address, Broker
from edge_agent.deliver.mqtt.commands import CommandTopics
from edge_agent.deliver.mqtt.connection_inbox import ConnectionInbox, ConnectionItem
from edge_agent.deliver.mqtt.endpoints import Endpoints
from edge_agent.deliver.mqtt.job import Job
from edge_agent.deliver.mqtt.lost import Cause, ConnectionLost
from edge_agent.deliver.mqtt.no_state import NoState
from edge_agent.deliver.mqtt.probe import Probe
from edge_agent.deliver.mqtt.publisher import Publisher
from edge_agent.deliver.mqtt.session import Session
from edge_agent.deliver.mqtt.state import LiveState
from edge_agent.deliver.mqtt.traffic import CommandTraffic
from edge_agent.deliver.mqtt.version import REMEDY, hides_refusals, written
from edge_agent.events import Answer, Request

ACK_SECONDS = 20.0  # no acknowledgement for so long: the link is half open
PUMP_SECONDS = 5.0
FAREWELL_SECONDS = 2.0
# With so many messages to acknowledge, a broker is busy for longer than that. To wake for each few
# acknowledgements costs more than to read all that come meanwhile.
MANY, GATHER_SECONDS = 60, 0.0007
RETAINS_NOTHING = "who subscribes later does not see status, info and alerts"
LASTING_SECONDS = 60.0  # a session that ends sooner has failed: two agents may share one client id

_logger = logging.getLogger(__name__)


class Connection:
    """Stays connected to one of the broker's addresses until None comes through the inbox.

    `changed` is called when the connection comes (True) or goes (False); `requested` gets what
    comes in on the topics of `commands`, if there are any; `notice`, what the status should say.
    """

    def __init__(
        self,
        broker: Broker,
        state: LiveState | NoState,
        *,
        changed: Callable[[bool], None],
        backoff: Backoff,
        commands: CommandTopics | None = None,
        requested: Callable[[Request], None] = lambda _: None,
        ack_seconds: float = ACK_SECONDS,
        progress: Callable[[], None] = lambda: None,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._broker = broker
        self._state = state
        self._changed = changed
        self._backoff = backoff
        self._publisher = Publisher(ack_seconds)
        self._progress = progress
        self._notice = notice
        self._inbox = ConnectionInbox()
        self._endpoints = Endpoints(broker.addresses, broker.versions)
        self._probe = Probe(self._endpoints.first)
        self._complaints = Complaints(_logger)
        self._commands = CommandTraffic(commands, requested, self._complaints, notice)
        self._reason = ""
        self._stopping = False

    def post(self, post: ConnectionItem) -> None:
        """Hand something over, from any thread; None stops."""
        self._inbox.put(post)

    def run(self) -> None:
        """Connect, serve, and connect again, until asked to stop."""
        while not self._stopping:
            session, lasting = self._connect()
            if session is None:
                self._rest(self._backoff.next(self._broker.longest_pause(lasting=lasting)))
            else:
                self._rest(self._serve(session))
        self._publisher.fail("the agent stops")
        self._state.end()

    def _connect(self) -> tuple[Session | None, bool]:
        """Try every address once; return the session, or whether only a person can help."""
        lasting, left = True, self._endpoints.count
        while left and not self._stopping:
            try:
                return self._open(), False
            except ConnectionLost as error:
                self._complain(f"no connection: {error}", error)
                lasting = lasting and error.lasting
                left -= self._endpoints.failed(error.cause)
            self._take_posts()
        return None, lasting

    def _open(self) -> Session:
        address, version = self._endpoints.current
        session = self._session(address, version)
        if not self._endpoints.opened():
            session.close()
            return self._open()
        self._complaints.end()
        _logger.info("connected to %s (MQTT %s)", address, written(version))
        if hides_refusals(version):
            self._warn(f"speaks MQTT 3.1.1 to {address}: it cannot say that it refuses an event")
        return session

    def _session(self, address: Address, version: int) -> Session:
        """Connect; a broker that retains nothing refuses a will that is to be retained."""
        will = self._state.will
        try:
            return self._connected(Session(self._broker, address, version, will))
        except ConnectionLost as error:
            if will is None or error.cause != "retain":
                raise
        session = Session(self._broker, address, version, will._replace(retain=False))
        self._connected(session)
        self._complaints.add(f"{address} retains no messages: {RETAINS_NOTHING}")
        return session

    def _connected(self, session: Session) -> Session:
        session.open(self._inbox.fileno(), self._interrupted)
        return session

    def _warn(self, what: str) -> None:
        self._complaints.add(f"{what}; {REMEDY}")
        self._notice(f"{what}; {REMEDY}")

    def _interrupted(self) -> bool:
        self._progress()
        self._take_posts()
        return self._stopping

    def _complain(self, what: str, error: ConnectionLost) -> None:
        self._reason = str(error)
        if not self._stopping:
            self._complaints.add(what)

    def _rest(self, seconds: float) -> None:
        """Wait, but take posts: live state is kept, jobs fail at once."""
        deadline = time.monotonic() + seconds
        while not self._stopping and (left := deadline - time.monotonic()) > 0:
            self._publisher.fail(f"not connected: {self._reason}")
            self._progress()
            try:
                self._take(self._inbox.wait(min(left, PUMP_SECONDS)))
            except Empty:
                continue

    def _serve(self, session: Session) -> float:
        """Use a session until it is lost; return how many seconds to wait for the next one."""
        opened = time.monotonic()
        loss: Cause = "other"
        self._begin(session)
        try:
            while not self._interrupted() and not self._reconnects(opened):
                self._turn(session)
            self._leave(session)
        except ConnectionLost as error:
            loss = error.cause
            self._explain_loss(error, time.monotonic() - opened)
        self._publisher.take_acks(session)  # those that came with the last bytes
        smaller = self._publisher.was_smaller()
        self._publisher.fail(self._reason, loss)
        self._commands.forget()
        self._notice("")
        self._changed(False)
        if time.monotonic() - opened >= LASTING_SECONDS:
            self._backoff.reset()
            self._publisher.begin()
            return 0.0
        return FIRST if smaller else self._backoff.next(self._broker.reconnect)

    def _begin(self, session: Session) -> None:
        self._commands.begin(session)
        self._state.greet(session)
        self._probe.begin()
        self._changed(True)

    def _reconnects(self, opened: float) -> bool:
        """Return whether the login must be renewed, or the first broker of several is back."""
        if time.monotonic() - opened >= self._broker.renew_after:
            self._reason = "the login is renewed"
            return True
        first = self._endpoints.first
        if self._endpoints.current[0] == first or not self._probe.is_well():
            return False
        _logger.info("%s is well again: going back to it", first)
        self._reason = f"going back to {first}"
        self._endpoints.go_back()
        return True

    def _explain_loss(self, error: ConnectionLost, seconds: float) -> None:
        self._complain(f"connection lost: {error}", error)
        if seconds < LASTING_SECONDS and self._backoff.failures:
            what = "this repeats: another client may have the id {!r}; give each node its own name"
            self._complaints.add(what.format(self._broker.client_id))
            self._endpoints.skip()

    def _turn(self, session: Session) -> None:
        self._state.send(session)
        self._commands.send(session)
        self._publisher.send(session)
        # The ping goes out at the end of a pause: a late one would look like silence.
        idle = min(PUMP_SECONDS, session.keep_alive / 4)
        wait = min(1.0 if self._publisher.waiting else idle, self._inbox.patience())
        if session.unsettled > MANY and not session.congested():
            self._inbox.rest(GATHER_SECONDS)
        session.pump(self._inbox.fileno(), wait)
        self._publisher.settle(session)
        self._state.hear(session.received)
        self._commands.take(session)

    def _leave(self, session: Session) -> None:
        self._state.farewell(session)
        deadline = time.monotonic() + FAREWELL_SECONDS
        while (self._state.leaving or session.unsettled) and time.monotonic() < deadline:
            self._state.send(session)
            session.pump(None, 0.1)  # what is posted now waits for the next connection
        if not self._state.leaving and not session.unsettled:
            self._state.left(session)
        session.close()

    def _take_posts(self) -> None:
        for post in self._inbox.take():
            self._take(post)

    def _take(self, post: ConnectionItem) -> None:
        if post is None:
            self._stopping = True
        elif isinstance(post, Job):
            self._publisher.add(post)
        elif isinstance(post, Answer):
            self._commands.add(post)
        else:
            self._state.take(post)
