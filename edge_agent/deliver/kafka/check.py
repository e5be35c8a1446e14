"""What can be wrong with a Kafka or Event Hubs sink, found without a connection."""

from collections.abc import Iterator

from edge_agent.deliver.encoding.check import check_encoding
from edge_agent.deliver.kafka.address import parse_url, unusable
from edge_agent.deliver.kafka.options import EventHubsOptions, KafkaOptions
from edge_agent.deliver.network_check import TLS_KEYS, check_login, check_password, check_tls
from edge_agent.deliver.network_options import NetworkOptions
from edge_agent.deliver.sink import SinkPlan, SinkProblem
from edge_agent.deliver.url import without_credentials


def check(plan: SinkPlan[KafkaOptions]) -> Iterator[SinkProblem]:
    """Yield what is wrong with a `kafka:` plan: URL, topic, login, files that cannot be read."""
    options = plan.options
    yield from _check_url(plan.url, options.topic)
    yield from check_encoding(options)
    yield from check_login(options)
    if options.username and options.mechanism == "PLAIN" and not options.tls:
        what = "the password would be readable on the network; set tls = true, or use SCRAM"
        yield SinkProblem("mechanism", options.mechanism, what)
    if options.tls:
        yield from check_tls(options, used=True, scheme="kafka")
        return
    for key in TLS_KEYS:
        if getattr(options, key):
            yield SinkProblem(key, getattr(options, key), "unused; set tls = true")


def check_event_hubs(plan: SinkPlan[EventHubsOptions]) -> Iterator[SinkProblem]:
    """Yield what is wrong with an `eventhubs:` plan: URL, connection string, CA."""
    options = plan.options
    yield from _check_url(plan.url, "")
    if not (options.connection_string_file or options.connection_string_env):
        what = "no connection string; set connection_string_file or connection_string_env"
        yield SinkProblem("connection_string_file", None, what)
    login = NetworkOptions(
        username="$ConnectionString",
        password_file=options.connection_string_file,
        password_env=options.connection_string_env,
        ca=options.ca,
    )
    for problem in (*check_password(login), *check_tls(login, used=True, scheme="eventhubs")):
        yield problem._replace(key=problem.key.replace("password", "connection_string"))


def _check_url(urls: tuple[str, ...], topic: str) -> Iterator[SinkProblem]:
    shown = " ".join(map(without_credentials, urls))
    if len(urls) != 1:
        yield SinkProblem("url", shown, "write one URL, with all servers: kafka://a,b,c/topic")
        return
    try:
        address = parse_url(urls[0])
    except ValueError as error:
        yield SinkProblem("url", shown, str(error))
        return
    if topic and address.topic:
        yield SinkProblem("topic", topic, "the URL names a topic as well; remove one of the two")
    elif problem := unusable(topic or address.topic):
        yield SinkProblem("topic" if topic else "url", topic or shown, problem)
