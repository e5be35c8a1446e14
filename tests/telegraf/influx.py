"""What Telegraf writes to InfluxDB 2, taken by a server on the loopback."""

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Written(NamedTuple):
    """A request to write lines."""

    path: str
    token: str
    lines: list[str]


def chunks(stream):
    """Yield the pieces of a body that is sent without its length."""
    while size := int(stream.readline(), 16):
        yield stream.read(size)
        stream.readline()
    stream.readline()


class Influx:
    """A server that answers as InfluxDB does to what it can store."""

    def __init__(self):
        self.written = []
        written = self.written

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = gzip.decompress(b"".join(chunks(self.rfile))).decode()
                token = self.headers["Authorization"]
                written.append(Written(self.path, token, body.splitlines()))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
