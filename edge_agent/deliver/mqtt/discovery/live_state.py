"""Live state for Home Assistant: all of it again when it starts, and never an old value."""

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from edge_agent.deliver.mqtt.discovery.node import current_seconds
from edge_agent.deliver.mqtt.state import LiveState, LiveTopics
from edge_agent.deliver.sink import REPORT_EVERY, About, SelfReport
from edge_agent.events import Reading

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage

    from edge_agent.deliver.mqtt.session import Session

AGAIN_SECONDS = 5.0  # Home Assistant subscribes to states after it has read the discovery messages
PENDING = msgspec.json.encode({"quality": "pending"})


class DeviceInfo(msgspec.Struct):
    """What matters here of a device."""

    every: float


class NodeInfo(msgspec.Struct):
    """What matters here of what the agent says of itself."""

    devices: dict[str, DeviceInfo] = {}


class HomeAssistantState(LiveState):
    """Says everything again when `birth` is online, at once and once more.

    A device without a current value is pending, before the agent is online: Home Assistant would
    show the last value that it got. `uptime` returns µs, as a reading's moment has them.
    """

    def __init__(
        self, topics: LiveTopics, about: About, *, birth: str, uptime: Callable[[], int]
    ) -> None:
        self._birth = birth
        self._uptime = uptime
        self._again_at = math.inf
        self._shown: dict[str, int] = {}  # uptime in µs, by topic
        self._current: dict[str, float] = {}  # seconds for which a value is current, by topic
        super().__init__(topics, about)

    def reading(self, reading: Reading) -> None:
        """Show a device's values, and note how old they are."""
        self._shown[f"{self._prefix}/state/{reading.device}"] = reading.moment.uptime
        super().reading(reading)

    def report(self, report: SelfReport) -> None:
        """Show what the agent measures of itself."""
        self._shown[f"{self._prefix}/diagnostics"] = self._uptime()
        super().report(report)

    def about(self, about: About) -> None:
        """Say who we are; entities that are new want their states as well."""
        devices = msgspec.json.decode(about.info, type=NodeInfo).devices
        self._current = {
            f"{self._prefix}/state/{name}": current_seconds(one.every)
            for name, one in devices.items()
        }
        super().about(about)
        self._again_at = time.monotonic() + AGAIN_SECONDS

    def greet(self, session: "Session") -> None:
        """Say all that is known on a fresh connection; what is not known is so first of all."""
        session.subscribe(self._birth)
        self._forget_old_values()
        for topic, payload in self._values.items():
            session.show(topic, payload)
        super().greet(session)
        self._again_at = time.monotonic() + AGAIN_SECONDS

    def hear(self, messages: Sequence["MQTTMessage"]) -> None:
        """Say everything again if Home Assistant has started."""
        if any(one.payload == b"online" and _topic(one) == self._birth for one in messages):
            self._say_again()
            self._again_at = time.monotonic() + AGAIN_SECONDS

    def send(self, session: "Session") -> None:
        """Send what is new, and when it is time everything again."""
        if time.monotonic() >= self._again_at:
            self._again_at = math.inf
            self._say_again()
        super().send(session)

    def _say_again(self) -> None:
        self._forget_old_values()
        self._news |= dict.fromkeys((*self._facts, *self._values))

    def _forget_old_values(self) -> None:
        now = self._uptime()
        limits = self._current | {f"{self._prefix}/diagnostics": current_seconds(REPORT_EVERY)}
        for topic, seconds in limits.items():
            if now - self._shown.get(topic, -math.inf) > seconds * 1e6:
                self._values[topic] = PENDING


def _topic(message: "MQTTMessage") -> str:
    """Return a message's topic; none if it is no text."""
    try:
        return message.topic
    except UnicodeDecodeError:
        return ""
