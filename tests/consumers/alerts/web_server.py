"""A web server that takes notifications."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lab.waiting import eventually


class WebServer:
    """Takes notifications, or refuses them with `status`."""

    def __init__(self):
        self.alerts = []
        self.status = 200
        self.asked = 0
        self.requests, self.paths, self.bodies = [], [], []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                server.asked += 1
                if server.status == 200:
                    server.take(self.path, dict(self.headers), json.loads(body))
                self.send_response(server.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/alerts"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def take(self, path, headers, body):
        self.paths.append(path)
        self.requests.append(headers)
        self.bodies.append(body)
        self.alerts += body if isinstance(body, list) else body.get("alerts", [])

    def states(self):
        return [(one["rule"], one["node"], one["state"]) for one in self.alerts]

    def has(self, *states):
        return eventually(lambda: set(states) <= set(self.states()))
