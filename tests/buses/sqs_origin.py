"""Queues of two emulators of AWS, behind a link that a test can cut."""

import itertools
import random

import botocore.session

from consumers.source import SourcePlan
from edge_agent.testing import Origin
from tests.buses.servers.moto import REGION
from tests.torture.proxy import GOOD, Conditions, Proxy

NUMBERS = itertools.count(1)
RECEIVING = ("sqs:ReceiveMessage", "sqs:DeleteMessage*", "sqs:ChangeMessageVisibility*")


def client(server, service="sqs"):
    """Return a client who may do everything."""
    session = botocore.session.Session(profile="admin")
    session.set_config_variable("credentials_file", str(server.credentials))
    return session.create_client(service, region_name=REGION, endpoint_url=server.endpoint)


class SqsOrigin(Origin):
    """A queue of its own; the emulators forget everything at a restart, so the link is cut."""

    window = 100
    largest = 262_144

    def __init__(self, server, *, fifo=False):
        self.server = server
        self.sqs = client(server)
        self.name = f"source{next(NUMBERS)}{'.fifo' if fifo else ''}"
        self._fifo = fifo
        self.sqs.create_queue(QueueName=self.name, Attributes={"FifoQueue": "true"} if fifo else {})
        self.proxy = Proxy(random.Random(1)).start(int(server.endpoint.rpartition(":")[2]))

    def url(self, query=""):
        queue = self.server.queue(self.name).replace(
            self.server.endpoint, f"http://127.0.0.1:{self.proxy.port}"
        )
        return f"sqs+{queue}?region={REGION}&credentials_file={self.server.credentials}{query}"

    def plan(self, group, member="", nodes=()):
        return SourcePlan(url=self.url(), nodes=nodes, group=group, member=member)

    def publish(self, messages):
        self.send([one.payload.decode(errors="replace") for one in messages])

    def send(self, bodies, group=""):
        """Send bodies; in a FIFO queue each is a group of its own unless one is named."""
        numbered = list(enumerate(bodies))
        while numbered:
            entries = [self._entry(n, body, group) for n, body in numbered[:10]]
            if len(bodies[0]) > 10_000:
                entries = entries[:1]
            answer = self.sqs.send_message_batch(
                QueueUrl=self.server.queue(self.name), Entries=entries
            )
            assert not answer.get("Failed")
            del numbered[: len(entries)]

    def _entry(self, number, body, group):
        entry = {"Id": str(number), "MessageBody": body}
        if self._fifo:
            unique = str(next(NUMBERS))
            entry |= {"MessageGroupId": group or unique, "MessageDeduplicationId": unique}
        return entry

    def left(self):
        """Return how many messages the queue has: visible ones, and those that a reader holds."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(
            QueueUrl=self.server.queue(self.name), AttributeNames=names
        )
        return [int(found["Attributes"][name]) for name in names]

    def stop(self):
        self.proxy.be(Conditions(refuses=True))

    def start(self):
        self.proxy.be(GOOD)

    def close(self):
        self.proxy.close()
