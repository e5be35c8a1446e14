"""What it takes to reach a topic, whichever scheme the URL has."""

from typing import Any, NamedTuple

from edge_agent.deliver.credentials import TlsFiles, read_password
from edge_agent.deliver.kafka.address import Server, parse_url
from edge_agent.deliver.kafka.options import Content, EventHubsOptions, KafkaOptions
from edge_agent.deliver.sink import SinkPlan
from edge_agent.paths import expanded

HUB_USER = "$ConnectionString"
# Event Hubs drops a connection after 240 s without traffic, and wants a request to have 60 s.
HUB_TIMES = {
    "metadata.max.age.ms": 180_000,
    "connections.max.idle.ms": 180_000,
    "request.timeout.ms": 60_000,
}


class KafkaTarget(NamedTuple):
    """A topic and how to log in; values only: files and variables are read at each connection.

    `mechanism` is empty without a user. `describes` says whether the servers report the topic's
    configuration.
    """

    servers: tuple[Server, ...]
    topic: str
    tls: bool = False
    mechanism: str = ""
    username: str = ""
    password_file: str = ""
    password_env: str = ""
    files: TlsFiles = TlsFiles()
    compression: str = "none"
    content: Content = "structured"
    max_message: int = 1_000_000
    describes: bool = True
    times: tuple[tuple[str, int], ...] = ()


def kafka_target(plan: SinkPlan[KafkaOptions]) -> KafkaTarget:
    """Return the target of a `kafka:` plan; raise ValueError for its URL."""
    options, address = plan.options, parse_url(plan.url[0])
    return KafkaTarget(
        address.servers,
        options.topic or address.topic,
        tls=options.tls,
        mechanism=options.mechanism if options.username else "",
        username=options.username,
        password_file=options.password_file,
        password_env=options.password_env,
        files=TlsFiles(options.ca, options.certificate, options.key),
        compression=options.compression,
        content=options.content,
        max_message=int(options.max_message),
    )


def event_hubs_target(plan: SinkPlan[EventHubsOptions]) -> KafkaTarget:
    """Return the target of an `eventhubs:` plan; raise ValueError for its URL."""
    options, address = plan.options, parse_url(plan.url[0])
    return KafkaTarget(
        address.servers,
        address.topic,
        tls=True,
        mechanism="PLAIN",
        username=HUB_USER,
        password_file=options.connection_string_file,
        password_env=options.connection_string_env,
        files=TlsFiles(options.ca),
        compression=options.compression,
        content=options.content,
        max_message=int(options.max_message),
        describes=False,
        times=tuple(HUB_TIMES.items()),
    )


def client_settings(target: KafkaTarget) -> dict[str, Any]:
    """Return how librdkafka connects; raise AgentError if the password cannot be read."""
    settings: dict[str, Any] = {
        "bootstrap.servers": ",".join(map(str, target.servers)),
        "client.id": "edge-agent",
        "security.protocol": protocol(target),
        "socket.keepalive.enable": True,
        "socket.connection.setup.timeout.ms": 10_000,
        "reconnect.backoff.max.ms": 2_000,
        "log.connection.close": False,
    }
    if target.mechanism:
        settings["sasl.mechanism"] = target.mechanism
        settings["sasl.username"] = target.username
        settings["sasl.password"] = read_password(target.password_file, target.password_env)
    names = ("ssl.ca.location", "ssl.certificate.location", "ssl.key.location")
    files = zip(names, target.files, strict=True)
    settings |= {name: expanded(file) for name, file in files if file}
    return settings | dict(target.times)


def protocol(target: KafkaTarget) -> str:
    """Return how Kafka names the two: with or without TLS, with or without a user."""
    if target.mechanism:
        return "SASL_SSL" if target.tls else "SASL_PLAINTEXT"
    return "SSL" if target.tls else "PLAINTEXT"
