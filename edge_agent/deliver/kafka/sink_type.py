"""The two schemes of Kafka: how their sinks are built, and how the doctor looks at them."""

from collections.abc import Callable, Iterator

from edge_agent.deliver.encoding.encoder import FASTAVRO, event_encoder, reach_registry
from edge_agent.deliver.envelope import Envelope
from edge_agent.deliver.kafka.check import check, check_event_hubs
from edge_agent.deliver.kafka.library import CONFLUENT_KAFKA, KafkaLibrary, require_library
from edge_agent.deliver.kafka.options import EventHubsOptions, KafkaOptions
from edge_agent.deliver.kafka.record import Encode, avro_encoder, encoder
from edge_agent.deliver.kafka.sink import KafkaSink
from edge_agent.deliver.kafka.target import KafkaTarget, event_hubs_target, kafka_target
from edge_agent.deliver.packages import needs
from edge_agent.deliver.sink import SinkContext, SinkPlan, SinkProblem, SinkType
from edge_agent.errors import AgentError, MissingPackage

HUB_KEYS = {"username": "connection_string_file", "ca": "ca"}


def build(plan: SinkPlan[KafkaOptions], context: SinkContext) -> KafkaSink:
    """Return the sink of a `kafka:` plan; raise MissingPackage without confluent-kafka."""
    target = kafka_target(plan)
    if plan.options.format == "json":
        return _built(plan.name, target, context, _json(target, context))
    body = event_encoder(plan.options, context, plan.name, lambda _: target.topic)
    encode = avro_encoder(target.content, Envelope(context.node, context.log_id), body)
    return _built(plan.name, target, context, encode, body.open)


def build_event_hubs(plan: SinkPlan[EventHubsOptions], context: SinkContext) -> KafkaSink:
    """Return the sink of an `eventhubs:` plan; raise MissingPackage without confluent-kafka."""
    target = event_hubs_target(plan)
    return _built(plan.name, target, context, _json(target, context))


def _json(target: KafkaTarget, context: SinkContext) -> Encode:
    return encoder(target.content, Envelope(context.node, context.log_id))


def _built(
    name: str,
    target: KafkaTarget,
    context: SinkContext,
    encode: Encode,
    prepare: Callable[[], None] = lambda: None,
) -> KafkaSink:
    require_library()
    from edge_agent.deliver.kafka.cluster import look  # noqa: PLC0415 - librdkafka, 14 MB
    from edge_agent.deliver.kafka.producer import RecordProducer  # noqa: PLC0415

    library = KafkaLibrary(look, RecordProducer)
    return KafkaSink(name, context, target, encode, library, prepare=prepare)


def reach(plan: SinkPlan[KafkaOptions], _node: str) -> Iterator[SinkProblem]:
    """Yield what keeps this machine from writing to the topic of a `kafka:` plan."""
    target = kafka_target(plan)
    for key, error in _obstacles(target):
        yield SinkProblem.of(key, getattr(plan.options, key, plan.url[0]), error)
    yield from reach_registry(plan.options, lambda _: target.topic)


def reach_event_hubs(plan: SinkPlan[EventHubsOptions], _node: str) -> Iterator[SinkProblem]:
    """Yield what keeps this machine from writing to the event hub of an `eventhubs:` plan."""
    for found, error in _obstacles(event_hubs_target(plan)):
        key = HUB_KEYS.get(found, "url")
        yield SinkProblem.of(key, getattr(plan.options, key, plan.url[0]), error)


def _obstacles(target: KafkaTarget) -> Iterator[tuple[str, AgentError]]:
    """Yield keys, and what is wrong with them; raise MissingPackage."""
    require_library()
    try:
        from edge_agent.deliver.kafka.cluster import obstacles  # noqa: PLC0415

        for found in obstacles(target):
            yield found.key or "url", found
    except AgentError as error:
        yield "url", error


def missing(plan: SinkPlan[KafkaOptions]) -> Iterator[MissingPackage]:
    """Yield the packages of a `kafka:` plan that are not installed."""
    avro = (FASTAVRO,) if plan.options.format == "avro" else ()
    return needs(CONFLUENT_KAFKA, *avro)(plan)


KAFKA = SinkType(KafkaOptions, check, build, reach=reach, missing=missing)
EVENT_HUBS = SinkType(
    EventHubsOptions,
    check_event_hubs,
    build_event_hubs,
    reach=reach_event_hubs,
    missing=needs(CONFLUENT_KAFKA),
)
