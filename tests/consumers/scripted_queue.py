"""A queue as AWS behaves, whose answers a test scripts; no server is needed."""

import itertools
import threading
from queue import Empty, SimpleQueue

from edge_agent.deliver.aws.answer import ServiceError

MOMENT = 0.02  # s of a long poll without messages


class TickingClock:
    """A clock that a test moves; each look at it takes a millisecond."""

    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        self.now += 0.001
        return self.now


class ScriptedClient:
    """Keeps messages in order; `refuse` and `answers` have, by operation, what comes next."""

    def __init__(self):
        self.refuse = {}  # ServiceErrors, one for each call
        self.answers = {}  # for the entries of one call each: entry -> failure, or None
        self.deleted, self.kept, self.calls = [], [], []
        self.closed = 0
        self.hold = threading.Event()  # receives wait for it
        self.hold.set()
        self._numbers = itertools.count(1)
        self._messages = SimpleQueue()

    def put(self, *bodies):
        for body in bodies:
            number = next(self._numbers)
            self._messages.put({"ReceiptHandle": f"handle{number}", "Body": body})

    def call(self, operation, parameters):
        self.calls.append(operation)
        if self.refuse.get(operation):
            raise self.refuse[operation].pop(0)
        if operation == "receive_message":
            return self._receive(parameters["MaxNumberOfMessages"])
        if not parameters["Entries"]:
            raise ServiceError("EmptyBatchRequest", "")
        return self._settle(operation, parameters["Entries"])

    def _receive(self, most):
        assert self.hold.wait(60)
        found = []
        try:
            found.append(self._messages.get(timeout=MOMENT))
            while len(found) < most:
                found.append(self._messages.get_nowait())
        except Empty:
            pass
        return {"Messages": found} if found else {}

    def _settle(self, operation, entries):
        scripted = self.answers.get(operation)
        fails = scripted.pop(0) if scripted else lambda _handle: None
        answer = {"Successful": [], "Failed": []}
        for entry in entries:
            handle, failure = entry["ReceiptHandle"], fails(entry["ReceiptHandle"])
            if failure is None:
                answer["Successful"].append({"Id": entry["Id"]})
                self._note(entry, handle)
            elif failure:
                answer["Failed"].append({"Id": entry["Id"], **failure})
        return answer

    def _note(self, entry, handle):
        if "VisibilityTimeout" in entry:
            self.kept.append((handle, entry["VisibilityTimeout"]))
        else:
            self.deleted.append(handle)

    def close(self):
        self.closed += 1
