"""Simulated hardware and the embedded broker, made from a blueprint."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec

from edge_agent.acquire.catalog import Catalog
from edge_agent.blueprint import Blueprint
from edge_agent.deliver.mqtt.address import parse_url
from edge_agent.errors import ConfigError
from simulators.clock import RealClock
from simulators.execution import InstructionExecutor
from simulators.hardware import SimulatedHardware
from simulators.scenario import Scenario, ScenarioError, load

LOOPBACK = "127.0.0.1"
MQTT_3_1_1 = 4  # all that the embedded broker speaks


def simulated_hardware(
    blueprint: Blueprint, config: Path, scenario: Path | None = None
) -> SimulatedHardware:
    """Return hardware with every device and output of the blueprint; raise ConfigError."""
    catalog = Catalog("edge_agent.simulators")
    models = {one.name: catalog.load(one.settings.driver) for one in blueprint.placed}
    hardware = SimulatedHardware(RealClock(), _scenario(config, scenario, models))
    attach(hardware, blueprint)
    return hardware


def attach(hardware: SimulatedHardware, blueprint: Blueprint) -> None:
    """Connect the devices and outputs that are not connected yet; raise ConfigError."""
    catalog = Catalog("edge_agent.simulators")
    for one in blueprint.placed:
        place = one.place
        if one.name in hardware.models:
            continue
        try:
            hardware.attach(
                one.name,
                catalog.load(one.settings.driver),
                bus=place.bus,
                address=place.address,
                pin=place.pin,
                id=place.id,
                options=one.options,
            )
        except ValueError as error:  # after a reload, another chip has the address
            what = f"{one.name}: {error}; restart the simulation"
            raise ConfigError((what,)) from None


def executor(hardware: SimulatedHardware) -> Callable[[str], str]:
    """Return a function that carries out a line of the live control, in the hardware's thread."""
    instructions = InstructionExecutor(hardware)
    return lambda line: hardware.thread.call(partial(instructions.execute, line))


def _scenario(config: Path, given: Path | None, models: dict[str, type]) -> Scenario:
    path = given or config.with_suffix(".scenario.toml")
    if given is None and not path.exists():
        return Scenario()
    try:
        return load(path, models)
    except ScenarioError as error:
        raise ConfigError(error.problems) from error


@contextmanager
def embedded_broker(blueprint: Blueprint, *, wanted: bool) -> Iterator[Blueprint]:
    """Run a broker on loopback at the configured port; yield a blueprint that uses it.

    Simulated events reach the configured broker only on request.
    """
    if not wanted:
        yield blueprint
        return
    from edge_agent.deliver.mqtt.broker import EmbeddedBroker  # noqa: PLC0415

    broker = EmbeddedBroker(LOOPBACK, broker_port(blueprint))
    broker.start()
    try:
        yield on_embedded_broker(blueprint)
    finally:
        broker.stop()


def broker_port(blueprint: Blueprint) -> int:
    """Return the port of the broker that `[mqtt]` names."""
    return parse_url(blueprint.sinks[0].plan.url[0]).port


def on_embedded_broker(blueprint: Blueprint) -> Blueprint:
    """Return a blueprint that delivers to the embedded broker, and to no `[[sink]]`."""
    home, *others = blueprint.sinks
    options = msgspec.structs.replace(
        home.plan.options, username="", profile="", versions=(MQTT_3_1_1,)
    )
    url = f"mqtt://{LOOPBACK}:{broker_port(blueprint)}"
    plan = home.plan._replace(url=(url,), options=options)
    further = {sink.name for sink in blueprint.config.sink}
    kept = (one for one in others if one.plan.name not in further)
    return blueprint._replace(sinks=(home._replace(plan=plan), *kept))
