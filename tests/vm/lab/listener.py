"""A TCP server on loopback with a thread for each client."""

import contextlib
import socket
import threading


class Listener:
    """`serve` says what happens to a client; a subclass calls `listen` when it is ready for one."""

    def __init__(self):
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.clients, self._threads = [], []

    def listen(self):
        self._acceptor = threading.Thread(target=self._accept, name="listener")
        self._acceptor.start()

    def _accept(self):
        with contextlib.suppress(OSError):  # `close` shuts the server's socket down
            while True:
                client, _ = self._server.accept()
                self.clients.append(client)
                self._threads.append(threading.Thread(target=self.serve, args=(client,)))
                self._threads[-1].start()

    def serve(self, client):
        raise NotImplementedError

    def cut(self):
        """End every connection, as a server does with idle ones."""
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self):
        """End every thread: those that accept and serve wait in a system call of a socket."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._server.close()
        self.cut()
        for thread in self._threads:
            thread.join()
