"""Live state on the broker: latest values, the rules' alerts, who we are.

Lossy and live: while there is no connection only the latest of each topic is kept, and sent when
there is one again. Owned by the connection's thread.
"""

import logging
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from edge_agent.deliver.complaints import Complaints
from edge_agent.deliver.mqtt.plan import shown_at
from edge_agent.deliver.mqtt.session import Session
from edge_agent.deliver.mqtt.version import written
from edge_agent.deliver.mqtt.will import Will
from edge_agent.deliver.sink import About, SelfReport, State, Withdraw
from edge_agent.events import Alert, Reading, Switched
from edge_agent.topic_names import TOPIC

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage

    from edge_agent.deliver.mqtt.address import Address

ONLINE = b"online"

_logger = logging.getLogger(__name__)


class LiveTopics(NamedTuple):
    """The topics below `prefix` that hold a state; with `retained` false no broker keeps them.

    `clears` says whether what an earlier configuration left there may be cleared: to clear is to
    send a retained message, which some services do not take. `template` is what `prefix` is made
    of.
    """

    prefix: str
    sink: str
    retained: bool
    clears: bool = True
    readings: bool = True
    template: str = TOPIC


class LiveState:
    """What is true now, as the topics show it."""

    def __init__(self, topics: LiveTopics, about: About) -> None:
        self._prefix = topics.prefix
        self._sink = topics.sink
        self._template = topics.template
        self._live = topics.readings
        self._retained = topics.retained
        self._clears = topics.clears and not topics.retained
        self._values: dict[str, bytes] = {}  # QoS 0, never retained: a dead sensor must not linger
        self._facts: dict[str, bytes] = {}  # QoS 1, retained
        self._gone: frozenset[str] = frozenset()
        self._info: dict[str, msgspec.Raw] = {}
        self._version = ""  # of MQTT; none before the first connection
        self._complaints = Complaints(_logger)
        self._news: dict[str, None] = {}  # topics, in the order in which they are sent
        self._earlier: deque[tuple[str, bytes]] = deque()
        self._shown_at: set[Address] = set()
        self._kept_at: set[Address] | None = None  # None: everything stays
        self.about(about)
        self.will = Will(f"{topics.prefix}/status", b"offline", topics.retained)

    def take(self, shown: State) -> None:
        """Show what is true now."""
        if isinstance(shown, Reading):
            self.reading(shown)
        elif isinstance(shown, Alert):
            self.alert(shown)
        elif isinstance(shown, Switched):
            self.output(shown)
        elif isinstance(shown, SelfReport):
            self.report(shown)
        elif isinstance(shown, Withdraw):
            self._kept_at = shown_at(shown.kept, self._template)
        else:
            self.about(shown)

    def reading(self, reading: Reading) -> None:
        """Show a device's values; a device without right values shows why, never old ones."""
        if not self._live:
            return
        shown: dict[str, object] = dict(reading.values) or {"quality": reading.quality}
        topic = f"{self._prefix}/state/{reading.device}"
        if topic not in self._gone:
            self._values[topic] = msgspec.json.encode(shown)
            self._news[topic] = None

    def alert(self, alert: Alert) -> None:
        """Show a rule's state."""
        since = _date(alert.moment.time)
        shown: dict[str, object] = {
            "state": alert.state,
            "severity": alert.severity,
            "since": since,
        }
        for name in ("message", "acknowledged", "silenced"):
            if getattr(alert, name):
                shown[name] = getattr(alert, name)
        self._show(f"alert/{alert.rule}", shown)

    def output(self, switched: Switched) -> None:
        """Show what an output is set to, and by whom."""
        since = _date(switched.moment.time)
        shown: dict[str, object] = {"value": switched.value, "by": switched.by, "since": since}
        if switched.error:
            shown["error"] = switched.error
        self._show(f"output/{switched.output}", shown)

    def report(self, report: SelfReport) -> None:
        """Show what the agent measures of itself."""
        sinks = {
            name: {"waiting": one.waiting, "delivered": one.delivered and _date(one.delivered)}
            for name, one in report.sinks.items()
        }
        topic = f"{self._prefix}/diagnostics"
        shown = {"sinks": sinks, "clock_set": report.clock_set}
        self._values[topic] = msgspec.json.encode(shown)
        self._news[topic] = None

    def about(self, about: About) -> None:
        """Say who we are; what is not there any more vanishes from the broker."""
        self._gone = frozenset(f"{self._prefix}/{topic}" for topic in about.gone)
        kept = {topic: fact for topic, fact in self._facts.items() if fact}
        cleared = sorted(self._gone) if self._retained else []
        cleared_facts = dict.fromkeys(cleared, b"")  # empty: the broker forgets it
        self._facts = {**kept, **cleared_facts, **about.discovery}
        self._info = msgspec.json.decode(about.info, type=dict[str, msgspec.Raw])
        self._show_info()
        self._values = {
            topic: one for topic, one in self._values.items() if topic not in self._gone
        }
        self._news |= dict.fromkeys((*cleared, *about.discovery))

    def _show_info(self) -> None:
        """Add the sink, and the MQTT version: in 3.1.1 a broker cannot refuse an event."""
        mqtt = {"mqtt": self._version} if self._version else {}
        self._show("info", {**self._info, "sink": self._sink, **mqtt})

    def _show(self, name: str, shown: dict[str, object]) -> None:
        topic = f"{self._prefix}/{name}"
        if topic in self._gone:
            return
        if self._clears and topic not in self._facts:  # it may be shown after the greeting
            self._earlier.append((topic, b""))
            self._shown_at.clear()
        self._facts[topic] = msgspec.json.encode(shown)
        self._news[topic] = None

    def greet(self, session: Session) -> None:
        """Say all that is known on a fresh connection: it may be another broker."""
        self._earlier.clear()
        if self._clears and session.retains and session.address not in self._shown_at:
            self._forget_earlier()
        else:
            session.publish(self.will.topic, ONLINE, retain=self._retained)
            self._shown_at.add(session.address)
        self._version = written(session.version)
        self._show_info()
        self._news = dict.fromkeys((*self._facts, *self._values))

    def _forget_earlier(self) -> None:
        """Clear what an earlier configuration may have left at a broker, the status last."""
        own = (topic for topic in self._facts if topic.startswith(self._prefix))
        self._earlier.extend((topic, b"") for topic in (*own, self.will.topic))
        self._earlier.append((self.will.topic, ONLINE))

    def hear(self, messages: Sequence["MQTTMessage"]) -> None:
        """Do nothing: the agent's own live state asks for no messages."""

    def send(self, session: Session) -> None:
        """Send what is new; if socket or window are full, only the latest is sent, later."""
        if session.congested():
            return
        while self._earlier and session.room > 0:
            topic, payload = self._earlier.popleft()
            if payload or session.retains:
                session.publish(topic, payload, retain=not payload)
            if not self._earlier:
                self._shown_at.add(session.address)
        while self._news and session.room > 0:
            topic = next(iter(self._news))
            del self._news[topic]
            self._send_one(session, topic)

    def _send_one(self, session: Session, topic: str) -> None:
        retained = topic in self._facts
        payload = self._facts[topic] if retained else self._values[topic]
        if not session.fits(topic, payload):  # the broker would end the connection
            what = f"{topic} is not shown: the broker takes {session.max_packet} bytes"
            self._complaints.add(f"{what}, it has {len(payload)}")
        elif retained:
            session.publish(topic, payload, retain=self._retained)
        else:
            session.show(topic, payload)

    def farewell(self, session: Session) -> None:
        """Say that we leave on purpose: a clean DISCONNECT cancels the will."""
        self._news.clear()
        if self._kept_at is None or session.address in self._kept_at:
            session.publish(self.will.topic, self.will.payload, retain=self._retained)
        elif self._retained and session.retains:
            self._facts = dict.fromkeys([*self._facts, self.will.topic], b"")
            self._news = dict.fromkeys(self._facts)

    @property
    def leaving(self) -> bool:
        """Return whether some of the farewell is still to be sent."""
        return bool(self._news)

    def left(self, session: Session) -> None:
        """Note that the broker has the whole farewell."""
        self._shown_at.discard(session.address)

    def end(self) -> None:
        """Say which brokers keep what is never updated again."""
        if self._kept_at is None or not self._retained:
            return
        for address in sorted(self._shown_at - self._kept_at):
            host, port = address.host, address.port
            clear = (
                f"mosquitto_sub -h {host} -p {port} -t '{self._prefix}/#' --remove-retained -W 5"
            )
            _logger.warning("retained messages stay at %s:%d; `%s` clears them", host, port, clear)


def _date(time: int) -> datetime:
    """Return a moment's time, which is in µs since 1970."""
    return datetime.fromtimestamp(time / 1e6, UTC)
