"""The sources of the schemes `kafka` and `eventhubs`: URL and login checked, nothing connected."""

from typing import get_args

import msgspec

from consumers.avro import AvroDecoder
from consumers.source import SourcePlan
from consumers.sources.kafka.record import RecordDecoder
from consumers.sources.kafka.source import KafkaSource
from consumers.sources.query import split_query
from consumers.sources.refusal import refuse
from edge_agent.deliver.encoding.address import registry_address
from edge_agent.deliver.encoding.registry import Registry
from edge_agent.deliver.encoding.registry_http import RegistryRequests
from edge_agent.deliver.kafka.check import check, check_event_hubs
from edge_agent.deliver.kafka.library import require_library
from edge_agent.deliver.kafka.options import EventHubsOptions, KafkaOptions, Mechanism
from edge_agent.deliver.kafka.target import KafkaTarget, event_hubs_target, kafka_target
from edge_agent.deliver.sink import SinkPlan
from edge_agent.deliver.web.patience import Patience
from edge_agent.errors import AgentError


class KafkaQuery(msgspec.Struct, frozen=True):
    """What the URL of a topic may say behind a question mark; the words are those of the sink."""

    tls: bool = False
    mechanism: Mechanism = get_args(Mechanism)[-1]
    registry: str = ""
    registry_username: str = ""
    registry_password_file: str = ""
    registry_password_env: str = ""
    registry_ca: str = ""


class EventHubsQuery(msgspec.Struct, frozen=True):
    """The URL of an event hub has no options."""


def kafka_source(plan: SourcePlan) -> KafkaSource:
    """Return the source of a plan; raise AgentError for a wrong URL, login or missing package.

    A file of TLS implies TLS.
    """
    url, query = split_query(plan.url, KafkaQuery)
    given = msgspec.structs.asdict(query)
    given["tls"] = query.tls or bool(plan.ca or plan.certificate)
    options = KafkaOptions(
        **given,
        format="avro" if query.registry else "json",
        username=plan.username,
        password_file=plan.password_file,
        password_env=plan.password_env,
        ca=plan.ca,
        certificate=plan.certificate,
        key=plan.key,
    )
    as_sink = SinkPlan("source", (url,), options)
    refuse(check(as_sink), KafkaOptions)
    return _source(plan, kafka_target(as_sink), _registry(options))


def event_hubs_source(plan: SourcePlan) -> KafkaSource:
    """Return the source of a plan, whose password is the connection string; raise AgentError."""
    url, _ = split_query(plan.url, EventHubsQuery)
    options = EventHubsOptions(
        connection_string_file=plan.password_file,
        connection_string_env=plan.password_env,
        ca=plan.ca,
    )
    as_sink = SinkPlan("source", (url,), options)
    refuse(check_event_hubs(as_sink), EventHubsOptions)
    return _source(plan, event_hubs_target(as_sink), None)


def _source(plan: SourcePlan, target: KafkaTarget, registry: Registry | None) -> KafkaSource:
    if plan.member and not plan.group:
        raise AgentError("a member needs a group", "name the group as well")
    require_library()
    from consumers.sources.kafka.membership import GroupMembership  # noqa: PLC0415
    from consumers.sources.kafka.reader import TopicReader  # noqa: PLC0415 - librdkafka, 14 MB

    reader = TopicReader(target, GroupMembership(plan.group, plan.member, plan.start))
    return KafkaSource(reader, RecordDecoder(AvroDecoder(registry)), plan.nodes)


def _registry(options: KafkaOptions) -> Registry | None:
    if not options.registry:
        return None
    patience = Patience(lambda: None, lambda: False)
    address = registry_address(options.registry)
    return Registry(RegistryRequests(address, options.registry_login, patience))
