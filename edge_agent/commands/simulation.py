"""Simulated hardware, made from a blueprint."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from edge_agent.acquire.catalog import Catalog
from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.devices import ResolvedDevice, ResolvedOutput
from edge_agent.errors import ConfigError
from simulators.clock import RealClock
from simulators.execution import InstructionExecutor
from simulators.hardware import SimulatedHardware
from simulators.model import Model
from simulators.scenario import Scenario, ScenarioError, load


def simulated_hardware(
    blueprint: Blueprint, config: Path, scenario: Path | None = None
) -> SimulatedHardware:
    """Return hardware with every device and output of the blueprint; raise ConfigError."""
    hardware = SimulatedHardware(RealClock(), scenario_of(config, blueprint, scenario))
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


def scenario_of(config: Path, blueprint: Blueprint, given: Path | None = None) -> Scenario:
    """Return the scenario that is given, or lies beside a configuration; raise ConfigError."""
    catalog = Catalog("edge_agent.simulators")
    models = {one.name: _model(catalog, one) for one in blueprint.placed}
    path = given or config.with_suffix(".scenario.toml")
    if given is None and not path.exists():
        return Scenario()
    try:
        return load(path, models)
    except ScenarioError as error:
        raise ConfigError(error.problems) from error


def _model(catalog: Catalog[type], placed: ResolvedDevice | ResolvedOutput) -> type[Model]:
    model: type[Model] = catalog.load(placed.settings.driver)
    return model.configured(placed.options)
