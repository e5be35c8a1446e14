"""What arrived at each sink, and when: a subscriber of each broker, and a reader of each file."""

import json
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import paho.mqtt.client as paho

from edge_agent.schema.cloud_event import EventType


class Arrival(NamedTuple):
    """One event as it arrived; `at` is monotonic, and 0 for what is read from a file later."""

    at: float
    log: str
    offset: int
    body: dict[str, Any]

    @property
    def kind(self) -> str:
        return EventType.parse(self.body["type"]).kind


def parsed(at: float, payload: bytes) -> list[Arrival]:
    """Return the event of a message, or the events of a batch."""
    found = json.loads(payload)
    return [_arrival(at, body) for body in (found if isinstance(found, list) else [found])]


def _arrival(at: float, body: dict[str, Any]) -> Arrival:
    log, offset = body["id"].rsplit(":", 1)
    return Arrival(at, log, int(offset), body)


def is_whole(line: bytes) -> bool:
    """Return whether a line is JSON: a power cut may tear one that was not synced."""
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


class BrokerListener:
    """A subscriber whose session the broker keeps, so that it misses nothing while it is away."""

    def __init__(self, port: int, name: str) -> None:
        self._raw: list[tuple[float, bytes]] = []
        self._arrivals: list[Arrival] = []
        self.ready = threading.Event()
        self._client = client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=f"audit-{name}", clean_session=False
        )
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: self.ready.set()
        client.on_message = lambda _c, _d, m: self._raw.append((time.monotonic(), m.payload))
        client.reconnect_delay_set(0.1, 0.2)
        client.connect_async("127.0.0.1", port)
        client.loop_start()
        assert self.ready.wait(60)

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        client.subscribe([("edge/+/event/#", 1), ("edge/+/batch", 1)])

    def arrivals(self) -> list[Arrival]:
        """Return all events that have arrived so far, in order."""
        while self._raw:
            self._arrivals += parsed(*self._raw.pop(0))
        return self._arrivals

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class FileListener:
    """Reads the file of a `file:` sink, and the older ones that were rotated."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def arrivals(self) -> list[Arrival]:
        """Return all events in the files, in order; a line that is torn is none."""
        lines = [line for file in self._files() for line in file.read_bytes().split(b"\n")[:-1]]
        return [arrival for line in lines if is_whole(line) for arrival in parsed(0, line)]

    def _files(self) -> list[Path]:
        older = self._path.parent.glob(f"{self._path.name}.*")
        ordered = sorted(older, key=lambda path: -int(path.suffix[1:]))
        return [*ordered, *([self._path] if self._path.exists() else [])]

    def close(self) -> None:
        """Keep nothing open."""
