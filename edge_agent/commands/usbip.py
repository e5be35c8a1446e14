"""`edge-agent usbip`: simulated chips as real buses, for any program."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING

import click

from edge_agent.commands.config_choice import config_argument
from edge_agent.errors import ConfigError, HardwareError, SimulationError
from edge_agent.terminal.log_lines import log_to_stderr

if TYPE_CHECKING:
    from simulators.hardware import SimulatedHardware
    from simulators.usb import UsbDevice
    from simulators.usbip import Server
    from simulators.vhci import Vhci

OFFERED = {"i2c", "w1"}
ADDRESS = "127.0.0.1:3240"
RECOGNITION_SECONDS = 5.0  # seconds for the kernel to recognise an adapter
POLL_SECONDS = 0.1
HIGHEST_PORT = 0xFFFF
W1_DEVICES = "/sys/bus/w1/devices"
NO_CONTROLLER = "this kernel has no virtual USB controller"
LOAD = "`sudo modprobe vhci-hcd`; on Ubuntu it is in the package linux-modules-extra-$(uname -r)"


@click.command()
@config_argument
@click.option(
    "--scenario",
    type=click.Path(path_type=Path),
    help="Signals and faults; default: CONFIG's name with .scenario.toml, if it exists.",
)
@click.option(
    "--listen",
    default=ADDRESS,
    metavar="HOST:PORT",
    show_default=True,
    help="Address for USB/IP clients. There is no password, so keep it local.",
)
@click.option(
    "--attach", is_flag=True, help="Also attach the adapters to this machine's kernel; needs root."
)
def usbip(config: Path, scenario: Path | None, listen: str, attach: bool) -> None:
    """Offer the simulated chips of CONFIG as USB adapters, over USB/IP, until Ctrl-C.

    Each I2C bus is an i2c-tiny-usb adapter, and all 1-Wire thermometers are on one DS2490. A kernel
    that attaches them has real buses, for its own drivers and for any program.
    """
    from edge_agent.blueprint import resolve  # noqa: PLC0415
    from edge_agent.commands.simulation import simulated_hardware  # noqa: PLC0415

    address = _address(listen)
    blueprint = resolve(config)
    devices = adapters(simulated_hardware(blueprint, config, scenario))
    if not devices:
        what = f"{config}: no chip on I2C and no 1-Wire thermometer: there is nothing to offer"
        raise ConfigError((what,))
    for one in blueprint.placed:
        if one.place.kind not in OFFERED:
            click.echo(f"not offered: {one.name}, which is neither on I2C nor on 1-Wire")
    log_to_stderr()
    stop = _stopped_by_signals()
    with _serving(devices, address) as server, _attached(server, wanted=attach):
        stop.get()


def adapters(hardware: "SimulatedHardware") -> "list[UsbDevice]":
    """Return an adapter for each I2C bus, and one for the 1-Wire thermometers if there are any."""
    from simulators.clock import RealClock  # noqa: PLC0415
    from simulators.ds2490 import DS2490  # noqa: PLC0415
    from simulators.i2c_tiny_usb import I2cTinyUsb  # noqa: PLC0415
    from simulators.onewire import FAMILIES, Thermometer, Wire  # noqa: PLC0415

    devices: list[UsbDevice] = [
        I2cTinyUsb(f"simulated I2C bus {number}", hardware.i2c(number))
        for number in hardware.buses()
    ]
    chips = [
        Thermometer(id_, hardware.w1(id_) / "w1_slave", RealClock())
        for id_ in hardware.ids()
        if id_[:2] in FAMILIES
    ]
    return [*devices, DS2490("simulated 1-Wire", Wire(chips))] if chips else devices


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise click.BadParameter(f"{listen!r} is not HOST:PORT, such as {ADDRESS}")
    return host, int(port)


@contextmanager
def _serving(devices: "list[UsbDevice]", address: tuple[str, int]) -> "Iterator[Server]":
    from simulators.usbip import Server  # noqa: PLC0415

    try:
        server = Server(devices, *address)
    except OSError as error:
        raise SimulationError(
            "cannot listen on {}:{}: {}".format(*address, error.strerror),
            f"another usbipd? Choose another port: --listen 127.0.0.1:{address[1] + 1}",
        ) from error
    click.echo("offered on {}:{}".format(*server.address))
    server.start()
    try:
        yield server
    finally:
        server.close()


@contextmanager
def _attached(server: "Server", *, wanted: bool) -> Iterator[None]:
    from simulators.vhci import Vhci  # noqa: PLC0415

    ports: list[int] = []
    controller = Vhci()
    try:
        for export in server.exports:
            place = ""
            if wanted:
                ports.append(_attach(controller, server.address, export.bus_id))
                place = f": {_where(controller, ports[-1], export.device)}"
            click.echo(f"{export.bus_id}  {export.device.name}{place}")
        yield
    finally:
        for port in ports:
            with suppress(OSError):  # it is already detached
                controller.detach(port)


def _attach(controller: "Vhci", address: tuple[str, int], bus_id: str) -> int:
    from simulators.vhci import ImportRefused, NoPort  # noqa: PLC0415

    try:
        return controller.attach(address, bus_id)
    except NoPort:
        what = "every port of the virtual USB controller is in use"
        raise HardwareError(what, "`usbip port` shows them; `sudo usbip detach -p 0`") from None
    except ImportRefused as error:
        raise HardwareError(
            f"another client was faster: {error}", "run the command again"
        ) from None
    except FileNotFoundError as error:
        raise HardwareError(NO_CONTROLLER, LOAD) from error
    except PermissionError as error:
        raise HardwareError("only root may attach a device", "run it with sudo") from error


def _where(controller: "Vhci", port: int, device: "UsbDevice") -> str:
    """Return the place at which a device appears, or why it does not."""
    from simulators.ds2490 import DS2490  # noqa: PLC0415

    if isinstance(device, DS2490):
        return f"{W1_DEVICES}, after a search of some seconds"
    deadline = time.monotonic() + RECOGNITION_SECONDS
    while (number := controller.i2c(port)) is None:
        if time.monotonic() > deadline:
            return "the kernel made no bus from it; `sudo modprobe i2c-tiny-usb`"
        time.sleep(POLL_SECONDS)
    path = Path(f"/dev/i2c-{number}")
    return str(path) if path.exists() else f"i2c-{number}; for {path}: `sudo modprobe i2c-dev`"


def _stopped_by_signals() -> "SimpleQueue[int]":
    """Return the queue that gets the signal that ends the program; a second signal kills it."""
    caught: SimpleQueue[int] = SimpleQueue()

    def stop(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        caught.put(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return caught
