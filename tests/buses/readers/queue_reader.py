"""What a process with boto3 reads from a queue, kept in the order of arrival."""

import json
import subprocess
import threading

from edge_agent.testing import Got
from tests.buses.servers.moto import REGION, python

SCRIPT = __file__.replace("queue_reader", "boto3_queue")


class QueueReader:
    """Reads a queue of a server for as long as a test lasts."""

    def __init__(self, server, queue, log):
        command = [python(), SCRIPT, server.endpoint, REGION, server.queue(queue)]
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                ["nice", *map(str, command), str(server.credentials)],
                stdin=subprocess.PIPE,  # it ends with us
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.messages = []
        self.looks = 0  # so far
        self._thread = threading.Thread(target=self._collect, name="queue reader")
        self._thread.start()

    def _collect(self):
        for line in self._process.stdout:
            message = json.loads(line)
            if message is None:
                self.looks += 1
            else:
                self.messages.append(message)

    @property
    def events(self):
        """Return the CloudEvents that have arrived."""
        return [json.loads(each["Body"]) for each in list(self.messages)]

    @property
    def got(self):
        return [Got(offset_of(one), one["data"]) for one in self.events]

    def close(self):
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._process.stdout.close()
        self._process.stdin.close()


def offset_of(event):
    return int(event["id"].split(":")[1])
