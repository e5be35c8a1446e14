"""`edge-agent calibrate`: tell a chip what its surroundings have now, without the agent."""

from pathlib import Path

import click

from drivers.base.driver import run
from drivers.base.errors import DriverError
from drivers.base.members import Calibrating
from edge_agent.blueprint import resolve
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.commands.config_choice import simulation_argument
from edge_agent.commands.options import set_option, simulate_option
from edge_agent.commands.read import connected, find, hardware_of
from edge_agent.errors import ConfigError, HardwareError


@click.command()
@click.argument("device")
@click.argument("value", type=float)
@simulation_argument
@set_option
@simulate_option
def calibrate(
    device: str, value: float, config: Path, overrides: tuple[str, ...], simulate: bool
) -> int:
    """Calibrate DEVICE to VALUE, such as 420 for the ppm of fresh air.

    Leave the sensor in air of which you know the value: it is measured for some minutes first.
    Stop the agent before: two programs that use the same chip disturb each other.
    """
    blueprint = resolve(config, overrides)
    resolved = find(device, blueprint, config)
    hardware = hardware_of(blueprint, config, simulate=simulate)
    try:
        correction = _calibrated(resolved, connected(resolved, blueprint, hardware), value)
    except DriverError as error:
        raise HardwareError(f"{error.where}: {error.what}", error.remedy) from error
    finally:
        hardware.close()
    click.echo(f"{device}: corrected by {correction:+g}")
    return 0


def _calibrated(resolved: ResolvedDevice, driver: object, value: float) -> float:
    if not isinstance(driver, Calibrating):
        what = f"driver = {resolved.settings.driver!r} has no such command; only CO2 sensors have"
        raise ConfigError((f"device {resolved.name!r}: {what}",))
    low, high = driver.calibrates
    if not low <= value <= high:
        wanted = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        raise ConfigError((f"{value:g}: wanted {wanted}",))
    return run(driver.calibrate(value))
