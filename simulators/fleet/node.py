"""One node of a fleet: its log, and what it delivers at each tick, without a network or a clock."""

import json
import math
import random
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from simulators.fleet.plan import NodePlan

DAY = 86_400.0
KEPT = 1000  # events that a node keeps in an outage; then it gives up the oldest
AGAIN = 5  # events that it delivers again after an outage, as a real one whose cursor is behind
UNSET = datetime(2025, 1, 1, tzinfo=UTC).timestamp()  # where a clock that is not set begins


class Message(NamedTuple):
    """What a node publishes; a retained message is what new subscribers get."""

    topic: str
    payload: bytes
    retained: bool = False


class FleetNode:
    """Measures a temperature, a humidity and a soil moisture every `every` seconds from `start`.

    `start` is in seconds since 1970. Everything depends on the seed alone.
    """

    def __init__(self, plan: NodePlan, start: float, every: float, seed: int) -> None:
        self.plan = plan
        self._start = start
        self._every = every
        self._chance = random.Random(f"{plan.name} {seed}")  # noqa: S311
        self._phase = self._chance.random() * math.tau
        self.log = f"{self._chance.getrandbits(48):012x}"
        self._waiting: deque[tuple[int, Message]] = deque()
        self._latest: deque[Message] = deque(maxlen=AGAIN)
        self._given_up: list[int] = []
        self.last = 0  # the latest offset
        self.given_up = 0

    def hello(self) -> list[Message]:
        """Return what it says of itself."""
        channels = {"temperature": "°C", "humidity": "%"}
        devices = {"air": {"channels": channels}, "soil": {"channels": {"moisture": "%"}}}
        info = {"node": self.plan.name, "log": self.log, "devices": devices}
        name = f"edge/{self.plan.name}"
        return [
            Message(f"{name}/info", json.dumps(info).encode(), retained=True),
            Message(f"{name}/status", b"online", retained=True),
        ]

    def tick(self, number: int) -> list[Message]:
        """Measure once; return what reaches the broker now, in the order of the log."""
        if self.plan.silent is not None and number >= self.plan.silent:
            return self._goodbye() if number == self.plan.silent else []
        self._measure(number)
        if number in self.plan.outage:
            self._give_up()
            return []
        return list(self._delivered(number))

    def _goodbye(self) -> list[Message]:
        return [Message(f"edge/{self.plan.name}/status", b"offline", retained=True)]

    def _measure(self, number: int) -> None:
        turn = self._phase + math.tau * (self._start + number * self._every) / DAY
        temperature = 20 + 8 * math.sin(turn) + self._chance.gauss(0, 0.2)
        humidity = 60 - 15 * math.sin(turn) + self._chance.gauss(0, 0.5)
        air = {"temperature": round(temperature, 2), "humidity": round(humidity, 2)}
        moisture = round(35 + 5 * math.cos(turn) + self._chance.gauss(0, 0.1), 1)
        self._append("reading", "air", {"values": air, "quality": "good"}, number)
        soil = {"values": {"moisture": moisture}, "quality": "good"}
        self._append("reading", "soil", soil, number)

    def _append(self, kind: str, subject: str, data: dict[str, Any], number: int) -> None:
        self.last += 1
        event = {
            "specversion": "1.0",
            "id": f"{self.log}:{self.last}",
            "source": f"urn:edge:{self.plan.name}",
            "type": f"edge.{kind}.v1",
            "subject": subject,
            **self._when(number),
            "datacontenttype": "application/json",
            "sequence": f"{self.last:016d}",
            "data": data,
        }
        payload = json.dumps(event, separators=(",", ":")).encode()
        topic = f"edge/{self.plan.name}/event/{kind}/{subject}"
        self._waiting.append((self.last, Message(topic, payload)))

    def _when(self, number: int) -> dict[str, Any]:
        passed = number * self._every
        if number < self.plan.set_at:
            uptime = str(round(passed * 1e6))
            return {"time": _text(UNSET + passed), "clock": "unsynchronised", "bootid": 1,
                    "uptime": uptime}  # fmt: skip
        return {"time": _text(self._start + passed)}

    def _give_up(self) -> None:
        while len(self._waiting) > KEPT:
            self._given_up.append(self._waiting.popleft()[0])
            self.given_up += 1

    def _delivered(self, number: int) -> Iterator[Message]:
        if number == self.plan.outage.end and number:
            yield from tuple(self._latest)
        if self._given_up:
            ranges = [[self._given_up[0], self._given_up[-1]]]
            data = {"reason": "max_size", "count": len(self._given_up), "ranges": ranges}
            self._append("gap", "log", data, number)
            self._given_up.clear()
        while self._waiting:
            message = self._waiting.popleft()[1]
            self._latest.append(message)
            yield message


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
