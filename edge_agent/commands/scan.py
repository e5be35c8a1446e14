"""`edge-agent scan`: the chips that are connected."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from drivers.base.driver import DriverClass
from drivers.base.errors import DriverError
from drivers.base.linux import LinuxPort
from edge_agent.acquire.catalog import Catalog
from edge_agent.acquire.hardware import Hardware, RealHardware
from edge_agent.acquire.scan import Found, thermometers
from edge_agent.acquire.scan import scan as scan_bus
from edge_agent.commands.config_choice import simulation_argument
from edge_agent.commands.options import json_option, simulate_option
from edge_agent.errors import HardwareError
from edge_agent.terminal.wrapping import say

SILENT = "no chip answers: check wiring and power"
NO_BUS = (
    "this machine has no I2C bus and no 1-Wire device: enable them with `sudo raspi-config`"
    " → Interface Options, then reboot"
)


@click.command()
@click.option("--bus", "buses", multiple=True, type=int, help="I2C bus number; default: all.")
@simulation_argument
@simulate_option
@json_option
def scan(buses: tuple[int, ...], config: Path, simulate: bool, as_json: bool) -> None:
    """List the chips on the I2C buses, 1-Wire devices and DHT sensors, by reading only.

    Stop the agent first: two programs that read the same chip disturb each other.
    """
    hardware = hardware_of(config if simulate else None)
    try:
        drivers = _drivers()
        found = list(_show_i2c(hardware, drivers, buses or hardware.buses(), quiet=as_json))
        chips = dict(thermometers(hardware, drivers))
        kernel = _of_kernel(hardware)
    except DriverError as error:
        raise HardwareError(f"{error.where}: {error.what}", error.remedy) from error
    if as_json:
        shown = [_as_dict(one) for one in found]
        click.echo(
            json.dumps({"i2c": shown, "w1": list(chips), "w1_chips": chips, "linux": kernel})
        )
        return
    for id_, chip in chips.items():
        click.echo(f"w1     {id_}  {chip}".rstrip())
    for device, driver in kernel.items():
        click.echo(f'linux  {device}  read by the kernel (driver = "{driver}", possible)')
    if not found and not chips and not kernel:
        click.echo(SILENT if buses or hardware.buses() else NO_BUS)


def _of_kernel(hardware: Hardware) -> dict[str, str]:
    """Return the sensors that the kernel reads and that have a driver of their own, and that."""
    from edge_agent.survey.survey import kernel_devices  # noqa: PLC0415

    found = kernel_devices(LinuxPort(hardware.kernel(), "scan"))
    return {one.device: one.driver for one in found if not one.measure}


def hardware_of(config: Path | None) -> Hardware:
    """Return this machine's hardware, or the simulated hardware of a configuration."""
    if config is None:
        return RealHardware()
    from edge_agent.blueprint import resolve  # noqa: PLC0415
    from edge_agent.commands.simulation import simulated_hardware  # noqa: PLC0415

    return simulated_hardware(resolve(config), config)


def _drivers() -> Mapping[str, DriverClass]:
    drivers, problems = Catalog("edge_agent.drivers").load_all()
    for problem in problems:
        say(problem)
    return drivers


def _show_i2c(
    hardware: Hardware,
    drivers: Mapping[str, DriverClass],
    buses: tuple[int, ...],
    *,
    quiet: bool,
) -> Iterator[Found]:
    for number in buses:
        for found in scan_bus(hardware, number, drivers):
            if not quiet:
                click.echo(_text(found))
            yield found


def _text(found: Found) -> str:
    place = f"i2c-{found.bus}  0x{found.address:02x}  "
    if found.kernel:
        use = f"; use {found.instead}" if found.instead else ""
        return f"{place}owned by the kernel's driver {found.kernel}{use}"
    if not found.claims:
        return f"{place}unknown chip: no driver uses this address"
    claims = [
        f'{claim.chip} (driver = "{claim.driver}", '
        + ("identified)" if claim.certain else "possible)")
        for claim in found.claims
    ]
    return place + " or ".join(claims)


def _as_dict(found: Found) -> dict[str, Any]:
    claims = [claim._asdict() for claim in found.claims]
    return {**found._asdict(), "address": f"0x{found.address:02x}", "claims": claims}
