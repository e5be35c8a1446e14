"""What a plan means to MQTT: where the brokers are, and who the agent is there."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from edge_agent.deliver.credentials import TlsFiles
from edge_agent.deliver.mqtt.address import Address, Broker, parse_url
from edge_agent.deliver.mqtt.options import MqttOptions
from edge_agent.deliver.mqtt.profiles.table import PROFILES
from edge_agent.deliver.sink import SinkPlan


def broker(plan: SinkPlan[MqttOptions], node: str) -> Broker:
    """Return what it takes to connect; the plan's URLs are right, `check` has seen them."""
    options, profile = plan.options, PROFILES[plan.options.profile]
    default = f"edge-{node}" if plan.live else f"edge-{node}-{plan.name}"
    client_id = options.client_id or default
    return Broker(
        addresses(plan.url),
        client_id if not plan.aside or profile.one_client_id else f"{client_id}-{plan.aside}",
        username=options.username,
        password_file=options.password_file,
        password_env=options.password_env,
        tls=TlsFiles(options.ca, options.certificate, options.key),
        keep_alive=options.keep_alive,
        reconnect=options.reconnect,
        versions=options.versions,
    )


def addresses(urls: Sequence[str]) -> tuple[Address, ...]:
    """Return where the URLs lead."""
    return tuple(parse_url(url) for url in urls)


def shown_at(plans: Iterable[SinkPlan[Any]], template: str) -> set[Address]:
    """Return at which brokers some of the plans have topics that begin like this."""
    return {
        address
        for plan in plans
        if isinstance(plan.options, MqttOptions) and plan.options.topic == template
        for address in addresses(plan.url)
    }


def claims(plan: SinkPlan[MqttOptions], node: str) -> Iterator[str]:
    """Yield the client ids: a broker keeps one connection for each, and closes the other."""
    client_id = broker(plan, node).client_id
    yield from (f"the client id {client_id!r} at {address}" for address in addresses(plan.url))
