"""Home Assistant's WebSocket with a recorder that keeps what is imported, on the loopback."""

import json
import socket
import threading
from datetime import datetime

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Ping,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

TOKEN = "right"
ENTITY = "sensor.shed_air_temperature"


class Refused(Exception):
    """A command is answered with an error; the text is its code."""


class FakeHomeAssistant:
    """Serves connection after connection; change its attributes to let it misbehave."""

    def __init__(self):
        self.version = "2025.1.4"
        self.entities = {"edge_shed_air_temperature": ENTITY}
        self.metadata = {ENTITY: {"has_mean": True, "has_sum": False, "unit": "°C"}}
        self.kept = {ENTITY: {}}  # rows by start, as ISO
        self.parts = {}  # hours with too few parts: how many there are
        self.refuses = {}  # codes by command
        self.writes = True
        self.asked = []
        self.pongs = 0
        self.answer = None  # a function that writes in place of the answers
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    @property
    def imports(self):
        return [one for one in self.asked if one["type"] == "recorder/import_statistics"]

    def _serve(self):
        while True:
            try:
                sock, _ = self._server.accept()
            except OSError:
                return
            with sock:
                Conversation(sock, self).run()

    def result(self, message):
        self.asked.append(message)
        if code := self.refuses.get(message["type"]):
            raise Refused(code)
        return getattr(self, "_" + message["type"].rpartition("/")[2])(message)

    def _list(self, _message):
        return [
            {"entity_id": entity, "unique_id": ours, "platform": "mqtt", "icon": None}
            for ours, entity in self.entities.items()
        ] + [
            {"entity_id": "sensor.sun", "unique_id": 5, "platform": "sun"},
            {"entity_id": "sensor.x", "unique_id": "edge_shed_air_temperature", "platform": "x"},
        ]

    def _get_statistics_metadata(self, message):
        return [
            {
                "statistic_id": entity,
                "source": "recorder",
                "name": None,
                "has_mean": self.metadata[entity]["has_mean"],
                "has_sum": self.metadata[entity]["has_sum"],
                "statistics_unit_of_measurement": self.metadata[entity]["unit"],
                "unit_class": "temperature",
            }
            for entity in message["statistic_ids"]
            if entity in self.metadata
        ]

    def _statistics_during_period(self, message):
        found = {}
        for entity in message["statistic_ids"]:
            starts = [
                start
                for start in sorted(self.kept.get(entity, {}))
                if message["start_time"] <= start < message["end_time"]
            ]
            found[entity] = [
                {"start": milliseconds(start) + 300_000 * n, "end": 0, **self._sums(entity, start)}
                for start in starts
                for n in range(self._count(start, message["period"]))
            ]
        return found

    def _count(self, start, period):
        return 1 if period == "hour" else self.parts.get(start, 12)

    def _sums(self, entity, start):
        row = self.kept[entity][start]
        return {"state": row.get("state"), "sum": row.get("sum")}

    def _import_statistics(self, message):
        if self.writes:
            kept = self.kept.setdefault(message["metadata"]["statistic_id"], {})
            kept.update({row["start"]: row for row in message["stats"]})


class Conversation:
    """One connection, until the other side closes it."""

    def __init__(self, sock, home):
        self.sock = sock
        self.protocol = WSConnection(ConnectionType.SERVER)
        self._home = home
        self._text = ""
        self._open = True

    def run(self):
        while self._open and (data := self.sock.recv(65536)):
            self.protocol.receive_data(data)
            for event in self.protocol.events():
                self._handle(event)

    def send(self, message):
        self.sock.sendall(self.protocol.send(TextMessage(json.dumps(message))))

    def _handle(self, event):
        if isinstance(event, Request):
            self._begin(event)
        elif isinstance(event, CloseConnection):
            self._open = False
        elif isinstance(event, Pong):
            self._home.pongs += 1
        elif isinstance(event, TextMessage):
            self._text += event.data
            if event.message_finished:
                text, self._text = self._text, ""
                self._answer(json.loads(text))

    def _begin(self, request):
        if request.target != "/api/websocket":
            self.sock.sendall(self.protocol.send(RejectConnection(status_code=404)))
            self._open = False
            return
        self.sock.sendall(self.protocol.send(AcceptConnection()))
        self.send({"type": "auth_required", "ha_version": self._home.version})

    def _answer(self, message):
        if message["type"] == "auth":
            right = message["access_token"] == TOKEN
            self.send({"type": "auth_ok" if right else "auth_invalid", "message": "x"})
        elif self._home.answer is not None:
            self._home.answer(self, message)
        else:
            self.send(self._result(message))

    def _result(self, message):
        answer = {"id": message["id"], "type": "result"}
        try:
            return answer | {"success": True, "result": self._home.result(message)}
        except Refused as error:
            refusal = {"code": str(error), "message": f"it is {error}"}
            return answer | {"success": False, "error": refusal}


def in_two_parts(conversation, message):
    """Answer with an empty list, in two frames with a ping between them."""
    text = json.dumps({"id": message["id"], "type": "result", "success": True, "result": []})
    send = lambda event: conversation.sock.sendall(conversation.protocol.send(event))  # noqa: E731
    send(TextMessage(text[:9], message_finished=False))
    send(Ping())
    send(TextMessage(text[9:]))


def milliseconds(start):
    return datetime.fromisoformat(start).timestamp() * 1000
