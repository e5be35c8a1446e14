"""Simulated hardware and the embedded broker, made from a blueprint."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from edge_agent.acquire.catalog import Catalog
from edge_agent.blueprint import Blueprint
from edge_agent.deliver.mqtt.address import Address
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

    address = Address(LOOPBACK, blueprint.broker.addresses[0].port, tls=False)
    broker = EmbeddedBroker(*address[:2])
    broker.start()
    try:
        yield blueprint._replace(
            broker=blueprint.broker._replace(
                addresses=(address,), tls=None, username="", versions=(MQTT_3_1_1,)
            )
        )
    finally:
        broker.stop()
