"""A small SQS that answers each request as a test says, over real HTTP."""

import contextlib
import json
import socket
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def successful(*ids):
    return [{"Id": each, "MessageId": "m", "MD5OfMessageBody": "x"} for each in ids]


def failed(id_, code, text="", *, sender=True):
    return {"Id": id_, "Code": code, "Message": text, "SenderFault": sender}


def error(code, text="", status=400, **headers):
    """The answer to a request that is refused as a whole."""
    return status, {"__type": f"com.amazonaws.sqs#{code}", "message": text}, headers


class FakeSqs:
    """`answer` gets the ids of a request, and its number from 1.

    It returns a result, an `error`, or "cut" for no answer at all.
    """

    def __init__(self, answer=None):
        self.answer = answer or (lambda ids, _n: {"Successful": successful(*ids)})
        self.requests = []
        self.stores_before_a_cut = True
        self.connections = []
        self._count = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.url = f"sqs+http://127.0.0.1:{self._server.server_port}/123456789012/events"

    @property
    def bodies(self):
        return [json.loads(each["MessageBody"]) for one in self.requests for each in one["Entries"]]

    def respond(self, request):
        self.requests.append(request)
        self._count += 1
        ids = [each["Id"] for each in request.get("Entries", ())]
        answer = self.answer(ids, self._count)
        if answer == "cut":
            if not self.stores_before_a_cut:
                self.requests.pop()
            return None
        return answer if isinstance(answer, tuple) else (200, answer, {})

    def _handler(self):
        fake = self

        class Post(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                fake.connections.append(self.connection)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                found = fake.respond(json.loads(body))
                if found is None:
                    self.close_connection = True
                    return
                status, answer, headers = found
                text = json.dumps(answer).encode()
                self.send_response_only(status)
                headers = {"Date": formatdate(usegmt=True), **headers}
                for name, value in (headers | {"Content-Length": str(len(text))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        return Post

    def close(self):
        """End the server, and connections that botocore keeps until they are collected."""
        self._server.shutdown()
        for each in self.connections:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.server_close()
