"""A TCP server on loopback that says what a test wants it to say."""

import contextlib

from lab.listener import Listener

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def answer(status, body=b"", *headers):
    """Return an answer as bytes."""
    head = [f"HTTP/1.1 {status} X".encode(), b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*head, b"", body])


class ScriptedServer(Listener):
    """`say` gets the number of a request, from 1, and returns the parts of the answer.

    None instead of a part closes the connection.
    """

    def __init__(self, say):
        super().__init__()
        self.url = f"http://127.0.0.1:{self.port}/events"
        self._say = say
        self.requests = []
        self.listen()

    @property
    def connections(self):
        return len(self.clients)

    def serve(self, client):
        with contextlib.suppress(OSError, ValueError), client, client.makefile("rb") as stream:
            while head := self._head(stream):
                length = int(head.get(b"content-length", 0))
                self.requests.append((head, stream.read(length)))
                for part in self._say(len(self.requests)):
                    if part is None:
                        return
                    client.sendall(part)

    def _head(self, stream):
        lines = []
        while (line := stream.readline()) not in (b"\r\n", b""):
            lines.append(line.strip())
        return {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
