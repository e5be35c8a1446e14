"""The broker that `simulate` runs on loopback, so that simulated events reach no other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import msgspec

from edge_agent.blueprint import Blueprint
from edge_agent.deliver.mqtt.address import parse_url
from edge_agent.deliver.mqtt.mosquitto import Mosquitto, installed_mosquitto

LOOPBACK = "127.0.0.1"


class DemoBroker(Protocol):
    """A broker that this process runs."""

    name: str  # as the demonstration shows it
    versions: tuple[int, ...]  # of MQTT; empty: all

    def start(self) -> None:
        """Return once clients can connect; raise SimulationError if that cannot be."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


class DemoDelivery(NamedTuple):
    """Where a simulation delivers: `about` says it, `directed` sends a blueprint's events there."""

    about: str
    directed: Callable[[Blueprint], Blueprint]


@contextmanager
def delivery(blueprint: Blueprint, *, own_broker: bool) -> Iterator[DemoDelivery]:
    """Run a broker for a block at the port that `[mqtt]` names, unless it is not wanted."""
    port = broker_port(blueprint)
    if not own_broker:
        yield DemoDelivery("the broker of the configuration", lambda one: one)
        return
    broker = demo_broker(port)
    broker.start()
    try:
        yield DemoDelivery(f"{broker.name}, {LOOPBACK}:{port}", lambda one: _directed(one, broker))
    finally:
        broker.stop()


def demo_broker(port: int) -> DemoBroker:
    """Return an installed mosquitto, or else the embedded broker."""
    if program := installed_mosquitto():
        return Mosquitto(program, LOOPBACK, port)
    from edge_agent.deliver.mqtt.broker import EmbeddedBroker  # noqa: PLC0415

    return EmbeddedBroker(LOOPBACK, port)


def broker_port(blueprint: Blueprint) -> int:
    """Return the port of the broker that `[mqtt]` names."""
    return parse_url(blueprint.sinks[0].plan.url[0]).port


def _directed(blueprint: Blueprint, broker: DemoBroker) -> Blueprint:
    """Return a blueprint that delivers to this broker, and to no `[[sink]]`."""
    home, *others = blueprint.sinks
    options = msgspec.structs.replace(home.plan.options, username="", profile="")
    if broker.versions:
        options = msgspec.structs.replace(options, versions=broker.versions)
    url = f"mqtt://{LOOPBACK}:{broker_port(blueprint)}"
    plan = home.plan._replace(url=(url,), options=options)
    further = {sink.name for sink in blueprint.config.sink}
    kept = (one for one in others if one.plan.name not in further)
    return blueprint._replace(sinks=(home._replace(plan=plan), *kept))
