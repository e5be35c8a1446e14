"""`edge-consumer bridge` as a process of its own, killed at random while events flow."""

import json
import signal
import subprocess
import sys
import threading

from lab.waiting import eventually


class BridgeProcess:
    """From a source's URL to a sink's; `more` are further words of the command."""

    def __init__(self, source, sink, state, *more):
        words = ["bridge", source, sink, "--group", "g", "--state", state, "--json", *more]
        self._command = [sys.executable, "-m", "consumers", *map(str, words)]
        self.start()

    def start(self):
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def finish(self):
        self._process.send_signal(signal.SIGTERM)
        out, _ = self._process.communicate(timeout=60)
        return self._process.returncode, json.loads(out)

    @property
    def is_running(self):
        return self._process.poll() is None


class Flow:
    """Numbered events of two nodes on their way over a bridge.

    `send` hands events to the source, `arrived` returns the decoded events at the sink so far.
    """

    def __init__(self, event, send, arrived, chance):
        self._event, self._send, self._arrived, self._chance = event, send, arrived, chance
        self._before = self._sent = 0
        self._pause = threading.Event()

    def feed(self, count):
        """Hand so many events of each node to the source; return the ids of the last ones."""
        self._before, self._sent = self._sent, self._sent + count
        numbers = range(self._before + 1, self._sent + 1)
        self._send([self._event(n, log=log, node=log) for n in numbers for log in "ab"])
        return [f"{log}:{self._sent}" for log in "ab"]

    def kill_while_it_flows(self, victim, longest):
        """Kill when some of the last feed has arrived, at most `longest` seconds later."""
        eventually(lambda: any(number(one) > self._before for one in self._arrived()))
        self._pause.wait(self._chance.uniform(0, longest))  # of running processes
        victim.kill()
        victim.start()

    def check(self):
        """Wait until all is there: in order for each node, and alike what has come twice."""
        wanted = {f"{log}:{n}" for n in range(1, self._sent + 1) for log in "ab"}
        eventually(lambda: wanted <= {one["id"] for one in self._arrived()}, 120)
        firsts = {}
        for one in self._arrived():
            assert firsts.setdefault(one["id"], one) == one
        assert firsts.keys() == wanted
        for log in "ab":
            assert [i for i in firsts if i[0] == log] == [
                f"{log}:{n}" for n in range(1, self._sent + 1)
            ]


def number(event):
    """Return which of its node's events it is."""
    return int(event["id"].partition(":")[2])
