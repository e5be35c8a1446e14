"""The raw limits: paho publishing the same bytes, SQLite inserting the same rows, no more."""

import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from benchmarks.events import envelopes, rows
from benchmarks.measure import Cost

INSERT = "INSERT INTO event (time, boot, uptime, kind, source, data) VALUES (?, ?, ?, ?, ?, ?)"
AHEAD = 10_000  # messages that wait in paho: it loses count beyond 65,535
SCHEMA = """CREATE TABLE event ("offset" INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,
boot INTEGER, uptime INTEGER, kind TEXT NOT NULL, source TEXT NOT NULL, data TEXT NOT NULL)"""


def publish(port: int, count: int) -> dict[str, Any]:
    """Publish `count` messages at QoS 1, as paho's documentation shows; wait for every PUBACK."""
    acked = threading.Semaphore(0)
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.max_inflight_messages_set(100)
    client.on_publish = lambda *_: acked.release()
    client.connect("127.0.0.1", port)
    client.loop_start()
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = "application/cloudevents+json; charset=utf-8"
    bodies = list(envelopes(1000))
    cost = Cost()
    for n in range(count):
        if n >= AHEAD:
            acked.acquire()
        topic, body = bodies[n % 1000]
        client.publish(topic, body, 1, properties=properties)
    for _ in range(min(count, AHEAD)):
        acked.acquire()
    result = cost.per(count)
    client.disconnect()
    client.loop_stop()
    return result


def insert(directory: Path, count: int, group: int) -> dict[str, Any]:
    """Insert `count` rows with executemany, `group` in one durable transaction."""
    database = sqlite3.connect(directory / "raw.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(SCHEMA)
    chunk = list(rows(group))
    cost = Cost()
    for _ in range(count // group):
        database.execute("BEGIN")
        database.executemany(INSERT, chunk)
        database.execute("COMMIT")
    result = cost.per(count)
    database.close()
    return result


def fsync(directory: Path, count: int) -> float:
    """Return the seconds that one small append takes to reach this disk."""
    with (directory / "raw.bin").open("wb", buffering=0) as file:
        start = time.perf_counter()
        for _ in range(count):
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
        return (time.perf_counter() - start) / count
