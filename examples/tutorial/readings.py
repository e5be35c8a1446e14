"""A data aggregator: it stores every reading in an SQLite database, each once."""

import sqlite3

from consumers import consume

store = sqlite3.connect("readings.db", isolation_level=None)
store.execute("CREATE TABLE IF NOT EXISTS reading (id, channel, value, PRIMARY KEY (id, channel))")
for event in consume("amqp://localhost/readings?exchange=edge", group="readings"):
    if event.kind == "reading":
        for name, value in event.data.get("values", {}).items():
            row = (event.id, f"{event.subject}.{name}", value)
            store.execute("INSERT OR IGNORE INTO reading VALUES (?, ?, ?)", row)
