"""A reverse proxy that serves one page under a path, as nginx does with `proxy_pass`."""

import socket
import threading
from contextlib import suppress

from lab.broker import free_port

HEAD = b"\r\n\r\n"


class PathProxy:
    """Removes the path from each request; one request for each connection."""

    def __init__(self, path, port):
        self._path = path.encode()
        self._port = port
        own = free_port()
        self.url = f"http://127.0.0.1:{own}{path}"
        self._listener = socket.create_server(("127.0.0.1", own))
        self._open = [self._listener]
        self._threads = []
        self._start(self._accept)

    def close(self):
        """End every connection."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(60)

    def _start(self, run, *arguments):
        self._threads.append(threading.Thread(target=run, args=arguments))
        self._threads[-1].start()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                self._start(self._forward, client)

    def _forward(self, client):
        request = b""
        with suppress(OSError):
            while HEAD not in request:
                part = client.recv(65536)
                if not part:
                    return
                request += part
            method, target, rest = request.split(b" ", 2)
            if not target.startswith(self._path):
                client.sendall(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n")
                client.close()
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            self._open.append(server)
            inner = b"/" + target.removeprefix(self._path)
            once = rest.replace(b"Connection: keep-alive", b"Connection: close")
            server.sendall(b" ".join((method, inner, once)))
            self._start(self._pipe, client, server)
            self._pipe(server, client)
        client.close()

    def _pipe(self, source, target):
        with suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)
