"""`edge-agent read`: one measurement of one device, without the agent."""

import json
import time
from contextlib import suppress
from pathlib import Path

import click

from drivers.base.driver import Driver, read_parted
from drivers.base.errors import DriverError
from drivers.base.members import Compensated
from edge_agent.acquire.hardware import Hardware, RealHardware
from edge_agent.blueprint import Blueprint, resolve
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.clock import SystemClock
from edge_agent.commands.config_choice import simulation_argument
from edge_agent.commands.options import json_option, set_option, simulate_option
from edge_agent.errors import ConfigError, HardwareError
from edge_agent.evaluate.refine.refine import refine
from edge_agent.events import Reading
from edge_agent.problems import unknown
from edge_agent.terminal.display import as_json as reading_as_json
from edge_agent.terminal.display import quantity


@click.command()
@click.argument("device")
@simulation_argument
@set_option
@simulate_option
@json_option
def read(
    device: str, config: Path, overrides: tuple[str, ...], simulate: bool, as_json: bool
) -> int:
    """Measure DEVICE of the configuration once, calibrated and checked as in the agent.

    Stop the agent first: two programs that read the same chip disturb each other.
    """
    blueprint = resolve(config, overrides)
    resolved = find(device, blueprint, config)
    reading = _measure(resolved, blueprint, hardware_of(blueprint, config, simulate=simulate))
    if as_json:
        click.echo(json.dumps(reading_as_json(reading), ensure_ascii=False))
    else:
        _print(reading, resolved)
    return 0 if reading.values else HardwareError.exit_code


def find(name: str, blueprint: Blueprint, config: Path) -> ResolvedDevice:
    """Return the device of this name; raise ConfigError if there is none."""
    for device in blueprint.devices:
        if device.name == name:
            return device
    names = [device.name for device in blueprint.devices]
    raise ConfigError((f"{config}: device {name!r}: {unknown(name, names)}",))


def hardware_of(blueprint: Blueprint, config: Path, *, simulate: bool) -> Hardware:
    """Return this machine's hardware, or what simulates it."""
    if not simulate:
        return RealHardware()

    from edge_agent.commands.simulation import simulated_hardware  # noqa: PLC0415

    return simulated_hardware(blueprint, config)


def connected(resolved: ResolvedDevice, blueprint: Blueprint, hardware: Hardware) -> Driver:
    """Return the driver of a device; what it computes with is measured first."""
    driver = resolved.build(hardware)
    devices = {one.name: one for one in blueprint.devices}
    for source in resolved.sources:
        other = devices[source.device].build(hardware)
        with suppress(DriverError):  # then it computes without
            value = read_parted(other, time.sleep).values.get(source.channel)
            if isinstance(driver, Compensated):
                driver.compensate(source.option, value)
    return driver


def _measure(resolved: ResolvedDevice, blueprint: Blueprint, hardware: Hardware) -> Reading:
    try:
        parted = read_parted(connected(resolved, blueprint, hardware), time.sleep)
    except DriverError as error:
        raise HardwareError(f"{error.where}: {error.what}", error.remedy) from error
    finally:
        hardware.close()
    now, refused = SystemClock().now(), parted.qualities
    reading = Reading(resolved.name, now, parted.values, detail=parted.reasons, refused=refused)
    return refine(resolved.plan, reading, {})[0]


def _print(reading: Reading, resolved: ResolvedDevice) -> None:
    for channel in resolved.channels:
        if channel.name in reading.values:
            click.echo(f"{channel.name:<22} {quantity(reading.values[channel.name], channel)}")
        else:
            click.echo(f"{channel.name:<22} {reading.detail or reading.quality}", err=True)
