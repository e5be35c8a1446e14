"""Apache Kafka 4.4 without ZooKeeper: one node or three, on loopback."""

import base64
import os
import signal
import subprocess
import uuid
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)
from lab.broker import free_port
from lab.freezing import freeze
from lab.waiting import eventually

from tests.buses.servers.certificates import Certificates
from tests.buses.servers.maven import jars

POM = Path(__file__).with_name("kafka.xml")
CONNECTION_STRING = (
    "Endpoint=sb://localhost/;SharedAccessKeyName=send;SharedAccessKey=abc123="  # of nothing real
)
USER, PASSWORD = "edge", "seed-2026"  # may do everything
GUEST = "guest"  # may read; the same password
STARTS_WITHIN = 240  # seconds, of JVMs on a busy machine
JAVA = [
    "-Xmx256m",
    "-Xms64m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Dlog4j2.level=WARN",
]
CONFIGURATION = """\
process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners={listeners}
advertised.listeners={advertised}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_SSL,MUTUAL:SSL
log.dirs={data}
default.replication.factor={replicas}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=4
transaction.state.log.replication.factor={replicas}
transaction.state.log.num.partitions=4
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync}
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.retention.check.interval.ms=1000
log.segment.delete.delay.ms=500
log.initial.task.delay.ms=1000
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=8388608
broker.session.timeout.ms=6000
unstable.api.versions.enable=false
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:{user};User:$ConnectionString;User:CN=client
allow.everyone.if.no.acl.found=false
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required \
user_{user}="{password}" user_{guest}="{password}" user_$ConnectionString="{connection}";
listener.name.sasl.scram-sha-256.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={pem}
ssl.truststore.type=PEM
ssl.truststore.location={ca}
listener.name.mutual.ssl.client.auth=required
"""


class Ports(NamedTuple):
    """The listeners of one node; `sasl` has TLS and users, `mutual` asks for a certificate."""

    plain: int
    controller: int
    sasl: int
    mutual: int


class Kafka:
    """A cluster; nodes are numbered from 0."""

    def __init__(self, folder, nodes=1, extra=""):
        self._folder = folder
        self._extra = extra
        self._libraries = jars(POM, "kafka-4.4.0")
        unique = b"k" + uuid.uuid4().bytes[1:]  # never "-" first, which would be an option
        self._id = base64.urlsafe_b64encode(unique).decode()[:22]
        self.ports = [Ports(*(free_port() for _ in Ports._fields)) for _ in range(nodes)]
        self._processes = {}
        self._certificates = Certificates(folder / "tls")
        self._keystore = folder / "tls/server.pem"
        certificate, key = self._certificates.issue("server")
        self._keystore.write_text(key.read_text() + certificate.read_text())
        self.client_certificate = self._certificates.issue("client")

    @property
    def ca(self):
        return self._certificates.ca

    @property
    def servers(self):
        return ",".join(f"127.0.0.1:{ports.plain}" for ports in self.ports)

    @property
    def url(self):
        return f"kafka://{self.servers}"

    @property
    def sasl_url(self):
        return f"kafka://localhost:{self.ports[0].sasl}"

    @property
    def mutual_url(self):
        return f"kafka://localhost:{self.ports[0].mutual}"

    def start(self, *nodes):
        """Start these nodes, or all, and wait until each answers."""
        for node in nodes or range(len(self.ports)):
            self._format(node)
            with (self._folder / f"node{node}.log").open("ab") as log:
                self._processes[node] = subprocess.Popen(
                    self._java("kafka.Kafka", self._file(node)), stdout=log, stderr=log
                )
        admin = self.admin()
        eventually(lambda: self._known(admin) == len(self._processes), STARTS_WITHIN)
        return self

    @staticmethod
    def _known(admin):
        """Return how many nodes the cluster knows; 0 while none answers."""
        try:
            return len(admin.list_topics(timeout=5).brokers)
        except KafkaException:
            return 0

    def pause(self, node=0):
        """Stop answering, but keep every connection."""
        freeze(self._processes[node])

    def resume(self, node=0):
        self._processes[node].send_signal(signal.SIGCONT)

    def kill(self, node=0):
        process = self._processes.pop(node)
        process.kill()
        process.wait()

    def stop(self):
        for process in self._processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()  # the data goes with the test
        for process in self._processes.values():
            process.wait()
        self._processes.clear()

    def admin(self):
        return AdminClient({"bootstrap.servers": self.servers, "log_level": 0})

    def create(self, topic, partitions=1, **settings):
        """Create a topic on all nodes; an underscore in a setting's name is its dot."""
        config = {name.replace("_", "."): str(value) for name, value in settings.items()}
        new = NewTopic(topic, partitions, len(self.ports), config=config)
        admin = self.admin()
        admin.create_topics([new], operation_timeout=30)[topic].result(60)
        eventually(lambda: self._ready(admin, topic))

    def delete(self, topic):
        admin = self.admin()
        admin.delete_topics([topic])[topic].result(60)

    def allow(self, user, topic, *operations):
        """Give a user rights on a topic."""
        rights = [
            AclBinding(
                ResourceType.TOPIC,
                topic,
                ResourcePatternType.LITERAL,
                f"User:{user}",
                "*",
                AclOperation[operation],
                AclPermissionType.ALLOW,
            )
            for operation in operations
        ]
        admin = self.admin()  # its results end with it
        for future in admin.create_acls(rights).values():
            future.result(60)

    def _ready(self, admin, topic):
        partitions = admin.list_topics(topic, timeout=10).topics[topic].partitions
        return partitions and all(
            one.leader > 0 and len(one.isrs) == len(self.ports) for one in partitions.values()
        )

    def leader(self, topic):
        """Return the node that leads the first partition of a topic; -1 if none does."""
        return self.admin().list_topics(topic, timeout=30).topics[topic].partitions[0].leader - 1

    def memory(self, node=0):
        """Return the resident memory of a node in MB."""
        status = Path(f"/proc/{self._processes[node].pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) // 1024

    def _format(self, node):
        if (self._data(node) / "meta.properties").exists():
            return
        self._file(node).write_text(self._configuration(node))
        scram = [
            argument
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for argument in ("--add-scram", f"{mechanism}=[name={USER},password={PASSWORD}]")
        ]
        command = ("format", "-t", self._id, "-c", str(self._file(node)), *scram)
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", *command),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _configuration(self, node):
        ports, alone = self.ports[node], len(self.ports) == 1
        names = zip(("PLAINTEXT", "CONTROLLER", "SASL", "MUTUAL"), ports, strict=True)
        listeners = [f"{name}://127.0.0.1:{port}" for name, port in names]
        advertised = [one for one in listeners if not one.startswith("CONTROLLER")]
        return self._extra + CONFIGURATION.format(
            id=node + 1,
            voters=",".join(f"{n}@127.0.0.1:{one.controller}" for n, one in self._numbered()),
            listeners=",".join(listeners),
            advertised=",".join(advertised),
            data=self._data(node),
            replicas=1 if alone else 3,
            in_sync=1 if alone else 2,
            user=USER,
            password=PASSWORD,
            guest=GUEST,
            connection=CONNECTION_STRING,
            pem=self._keystore,
            ca=self.ca,
        )

    def _numbered(self):
        return enumerate(self.ports, 1)

    def _file(self, node):
        return self._folder / f"node{node}.properties"

    def _data(self, node):
        return self._folder / f"data{node}"

    def _java(self, *command):
        nice = ["nice"] if os.nice(0) == 0 else []
        return [*nice, "java", *JAVA, "-cp", f"{self._libraries}/*", *map(str, command)]
