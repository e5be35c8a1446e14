"""A TCP server on loopback that says what a test wants it to say."""

import contextlib
import socket
import threading

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def answer(status, body=b"", *headers):
    """Return an answer as bytes."""
    head = [f"HTTP/1.1 {status} X".encode(), b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join([*head, b"", body])


class ScriptedServer:
    """`say` gets the number of a request, from 1, and returns the parts of the answer.

    None instead of a part closes the connection.
    """

    def __init__(self, say):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/events"
        self._say = say
        self.requests, self.connections = [], 0
        self._clients, self._threads = [], []
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()

    def _accept(self):
        with contextlib.suppress(OSError):  # `close` shuts the server's socket down
            while True:
                client, _ = self._server.accept()
                self.connections += 1
                self._clients.append(client)
                self._threads.append(threading.Thread(target=self._serve, args=(client,)))
                self._threads[-1].start()

    def _serve(self, client):
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

    def cut(self):
        """End every connection, as a server does with idle ones."""
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self):
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._server.close()
        self.cut()
        for thread in self._threads:
            thread.join()
