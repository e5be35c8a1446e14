"""A client of the page that speaks in bytes."""

import json
import socket
from contextlib import contextmanager, suppress

PASSWORD = "a long password"
SECONDS = 60.0


class Answered:
    """A response as it came."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        pairs = [line.split(": ", 1) for line in lines]
        self.headers = {name.lower(): value for name, value in pairs}

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def cookie(self):
        return self.headers["set-cookie"].split(";")[0]


class Viewer:
    """A client of a stream."""

    def __init__(self, connection):
        self._connection = connection
        self._arrived = b""

    def until(self, wanted):
        """Return what has arrived, as soon as it has something."""
        while wanted not in self._arrived:
            part = self._connection.recv(65536)
            assert part, "the stream ended"
            self._arrived += part
        return self._arrived

    def until_next(self, wanted):
        """Return what has arrived, as soon as it has something since the last call."""
        self._arrived = b""
        return self.until(wanted)

    def read(self):
        """Return what comes next."""
        return self._connection.recv(65536)

    def until_end(self):
        """Wait until the stream ends."""
        with suppress(ConnectionResetError):
            while self._connection.recv(65536):
                pass


class PageClient:
    """Asks a page at a port of the loopback."""

    def __init__(self, port):
        self.port = port

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def send(self, raw):
        """Return what comes back for some bytes, up to the end of the connection."""
        with self.connect() as connection:
            connection.sendall(raw)
            return all_of(connection)

    def ask(self, method, path, body=None, **headers):
        """Return the response to a well-formed request."""
        given = {"host": f"localhost:{self.port}"} | headers
        content = b"" if body is None else json.dumps(body).encode()
        if method == "POST":
            given = {"content-type": "application/json"} | given
            given["content-length"] = str(len(content))
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in given.items()), "", ""]
        return Answered(self.send("\r\n".join(lines).encode() + content))

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    @contextmanager
    def watch(self, path, **headers):
        """Yield a viewer of a stream."""
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        with self.connect() as connection:
            head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{''.join(lines)}\r\n"
            connection.sendall(head.encode())
            yield Viewer(connection)

    def log_in(self, password=PASSWORD):
        """Return the headers of a session."""
        answered = self.ask("POST", "/login", {"password": password})
        session = self.get("/api/session", cookie=answered.cookie).json
        return {"cookie": answered.cookie, "x-csrf-token": session["csrf"]}


def all_of(connection):
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def reachable(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=SECONDS).close()
    except OSError:
        return False
    return True
