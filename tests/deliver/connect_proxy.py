"""An HTTP proxy that connects every name to one port of the loopback."""

import contextlib
import socket
import threading

from lab.listener import Listener


class ConnectProxy(Listener):
    """`requests` collects the heads of what was asked; `answer` is the status of the answer."""

    def __init__(self, port, answer="200 Connection established"):
        super().__init__()
        self._target = port
        self.answer, self.requests = answer, []
        self.listen()

    def serve(self, client):
        with contextlib.suppress(OSError), client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            self.requests.append(head.decode())
            client.sendall(f"HTTP/1.1 {self.answer}\r\n\r\n".encode())
            if self.answer.startswith("200"):
                with socket.create_connection(("127.0.0.1", self._target)) as server:
                    back = threading.Thread(target=pour, args=(server, client))
                    back.start()
                    pour(client, server)
                    back.join()


def pour(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
