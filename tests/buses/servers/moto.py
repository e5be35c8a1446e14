"""moto: SQS and SNS that check signatures and policies; what it holds ends with it."""

import json
import os
import subprocess
from pathlib import Path

from lab.broker import free_port

from tests.buses.servers.environment import python_with
from tests.buses.servers.server_process import ServerProcess

VERSION = "5.2.5"
REGION = "eu-central-1"
ACCOUNT = "123456789012"
UNCHECKED = 60  # calls: those that make the users, and those of who else calls meanwhile
SETUP = Path(__file__).with_name("moto_setup.py")
# moto wants the right to the operation itself; AWS has one right for a message and for a batch.
SENDING = ("sqs:SendMessage*", "sqs:GetQueueAttributes", "sns:Publish*", "sns:GetTopicAttributes")


def python():
    """Return the Python of an environment with moto and boto3."""
    packages = (f"moto[server,sqs,sns,iam]=={VERSION}", "boto3")
    return python_with(f"moto-{VERSION}", *packages)


class Moto:
    """One server, with queues and topics; each queue of `topics` gets what its topic gets.

    The file `credentials` has the profile `default`, which may do what `actions` say, and `admin`.
    """

    def __init__(self, directory, queues=(), topics=None, actions=SENDING):
        self._port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        self.credentials = directory / "moto-credentials"
        self._wanted = {
            "endpoint": self.endpoint,
            "region": REGION,
            "credentials": str(self.credentials),
            "queues": queues,
            "topics": topics or {},
            "actions": actions,
        }
        command = [python(), "-m", "moto.server", "-H", "127.0.0.1", "-p", self._port]
        checked = os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": str(UNCHECKED)}
        self._process = ServerProcess(command, self._port, directory / "moto.log", checked)
        self.kill, self.pause, self.resume = (
            self._process.kill,
            self._process.pause,
            self._process.resume,
        )

    def start(self):
        """Start it, with new keys, as if somebody had renewed them."""
        self._process.start()
        subprocess.run([python(), SETUP, json.dumps(self._wanted)], check=True)
        return self

    def queue(self, name):
        """Return the URL of a queue, as AWS shows it."""
        return f"{self.endpoint}/{ACCOUNT}/{name}"

    def topic(self, name):
        """Return what follows the scheme in the URL of a topic's sink."""
        return f"{self.endpoint}/arn:aws:sns:{REGION}:{ACCOUNT}:{name}"
