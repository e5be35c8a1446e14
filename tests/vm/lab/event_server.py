"""A web server in its own process: it syncs a request to the disk before it answers 204.

The answers are what `answer.json` says at that moment; `EventServer` is its owner in a test.
"""

import base64
import json
import os
import signal
import ssl
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lab.broker import free_port
from lab.freezing import freeze
from lab.waiting import eventually


def read_by_the_sdk(request):
    """Return the events of a request as the CloudEvents SDK reads them."""
    from cloudevents.core.bindings import http  # noqa: PLC0415 - the server's process needs none
    from cloudevents.core.formats.json import JSONFormat  # noqa: PLC0415

    headers, body = request["headers"], request["body"]
    if headers["content-type"].startswith("application/cloudevents-batch+json"):  # it has no batch
        return [JSONFormat().read(None, json.dumps(each)) for each in json.loads(body)]
    return [http.from_http_event(http.HTTPMessage(headers, body))]


class EventServer:
    """The owner of such a process; `answer` says how it answers from now on."""

    def __init__(self, directory, tls=()):
        self.port = free_port()
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/hooks/s3cret?key=hunter2"
        self._directory, self._tls = directory, tuple(map(str, tls))
        self._process = None
        self.answer()

    def answer(self, **how):
        """Answer with `status`, `headers` and `body`; 413 beyond `largest` bytes, and so on."""
        new = self._directory / "answer.new"
        new.write_text(json.dumps(how))
        new.replace(self._directory / "answer.json")

    def start(self):
        command = [sys.executable, __file__, str(self._directory), str(self.port), *self._tls]
        path = os.pathsep.join(sys.path)
        environment = os.environ | {"PYTHONPATH": path}
        self._process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        ready = self._directory / "ready"
        eventually(lambda: ready.exists() and ready.read_text() == str(self._process.pid))
        return self

    def requests(self):
        """Return what it has stored: method, path, headers, body, and whether it was taken."""
        file = self._directory / "requests.jsonl"
        lines = file.read_bytes().split(b"\n")[:-1] if file.exists() else []
        found = [json.loads(line) for line in lines]
        return [each | {"body": base64.b64decode(each["body"])} for each in found]

    def taken(self):
        return [each for each in self.requests() if each["taken"]]

    def connections(self):
        return len({each["connection"] for each in self.requests()})

    def pause(self):
        freeze(self._process)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def kill(self):
        self._process.kill()
        self._process.wait()


class Events(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        how = json.loads((DIRECTORY / "answer.json").read_text())
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the client was killed in the middle of its request
            self.close_connection = True
            return
        status = self._status(how, body)
        self._store(body, taken=status < 300)
        if how.get("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        text = how.get("body", "").encode() if status != 204 else b""
        self.send_response(status)
        for name, value in (how.get("headers", {}) | {"Content-Length": len(text)}).items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(text)
        self.close_connection = self.close_connection or how.get("close", False)

    do_OPTIONS = do_POST  # noqa: N815

    def _status(self, how, body):
        if len(body) > how.get("largest", len(body)):
            return 413
        poison = how.get("poison", "")
        if poison and poison.encode() in body:
            return how["refusal"]
        return how.get("status", 204)

    def _store(self, body, taken):
        request = {
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": base64.b64encode(body).decode(),
            "taken": taken,
            "connection": self.client_address[1],
        }
        with (DIRECTORY / "requests.jsonl").open("ab", buffering=0) as file:
            file.write(json.dumps(request).encode() + b"\n")
            os.fsync(file.fileno())

    def log_message(self, *_):
        pass


def cut_torn_line():
    """Leave out what a killed server had only begun to write, so that no line follows it."""
    file = DIRECTORY / "requests.jsonl"
    if file.exists():
        os.truncate(file, file.read_bytes().rfind(b"\n") + 1)


def serve(port, tls):
    cut_torn_line()
    server = ThreadingHTTPServer(("127.0.0.1", port), Events)
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls[2] or None)
        context.load_cert_chain(tls[0], tls[1])
        if tls[2]:
            context.verify_mode = ssl.CERT_REQUIRED
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # 3.13 refuses a plain CA
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    (DIRECTORY / "ready.new").write_text(str(os.getpid()))
    (DIRECTORY / "ready.new").replace(DIRECTORY / "ready")
    server.serve_forever()


if __name__ == "__main__":
    DIRECTORY = Path(sys.argv[1])
    serve(int(sys.argv[2]), sys.argv[3:])
