"""The machine to diagnose, and everything that checks examine it with."""

import importlib
import importlib.util
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from drivers.base.driver import BusKind
from edge_agent.acquire.hardware import Hardware
from edge_agent.blueprint import Blueprint
from edge_agent.blueprint.devices import ResolvedDevice, ResolvedOutput
from edge_agent.clock import Clock
from edge_agent.config.config import Config
from edge_agent.doctor.instruments.configuration_file import ConfigurationFile, read_configuration
from edge_agent.doctor.instruments.credentials import Credentials
from edge_agent.doctor.instruments.redaction import Redaction, redaction
from edge_agent.doctor.instruments.unit import Unit, read_unit
from edge_agent.doctor.instruments.users import Stat, User, service_user
from edge_agent.machine import Machine
from edge_agent.paths import STATE

RASPBERRY_PI = "Raspberry Pi"


def _chips(machine: Machine) -> Iterable[tuple[int, str]]:
    from drivers.base.pins import gpio_chips  # noqa: PLC0415 - gpiozero, 3 MB, only if needed

    return gpio_chips(machine.path("/dev"))


def _load(name: str) -> Any:  # noqa: ANN401
    """Import a module; lgpio creates its pipe in a temporary directory."""
    with tempfile.TemporaryDirectory() as directory:
        os.environ.setdefault("LG_WD", directory)
        try:
            return importlib.import_module(name)
        finally:
            if os.environ["LG_WD"] == directory:
                del os.environ["LG_WD"]


class Probes(NamedTuple):
    """How checks examine what is neither the text of a file nor the output of a command."""

    connect: Callable[[tuple[str, int], float], socket.socket] = socket.create_connection
    stat: Stat = os.stat
    free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
    chips: Callable[[Machine], Iterable[tuple[int, str]]] = _chips
    load: Callable[[str], Any] = _load
    installed: Callable[[str], bool] = lambda name: importlib.util.find_spec(name) is not None
    timeout: float = 5.0  # seconds, for a broker
    sink_seconds: float = 30.0  # for a sink: it may try several servers


class Case(NamedTuple):
    """One machine, its configuration as far as it can be understood, and its service.

    `blueprint` is None if the configuration is missing or invalid: then every bus is checked.
    """

    machine: Machine
    configuration: ConfigurationFile
    user: User
    unit: Unit
    clock: Clock
    hardware: Hardware
    probes: Probes
    environment: Mapping[str, str]

    @property
    def file(self) -> Path:
        """The configuration file."""
        return self.configuration.file

    @property
    def config(self) -> Config | None:
        """The settings in the file, valid or not."""
        return self.configuration.config

    @property
    def blueprint(self) -> Blueprint | None:
        """The agent as configured."""
        return self.configuration.blueprint

    @property
    def credentials(self) -> Credentials:
        """The secrets that the configuration names."""
        return Credentials(self.config, self.unit, self.machine, self.environment)

    @property
    def pi(self) -> bool:
        """Whether this machine is a Raspberry Pi."""
        return RASPBERRY_PI in self.machine.read("/proc/device-tree/model")

    def redaction(self) -> Redaction:
        """Return what removes this machine's secrets from a text."""
        return redaction(self.configuration.tables, self.credentials)

    def placed(self, kind: BusKind) -> Iterator[ResolvedDevice | ResolvedOutput]:
        """Yield the devices and outputs that are configured on a kind of bus."""
        for one in self.blueprint.placed if self.blueprint else ():
            if one.place.kind == kind:
                yield one

    def serial_lines(self) -> Iterator[ResolvedDevice | ResolvedOutput]:
        """Yield the devices on serial lines, those on Modbus among them."""
        yield from self.placed("serial")
        yield from (one for one in self.placed("modbus") if "://" not in one.place.id)

    def needs(self, kind: BusKind) -> bool:
        """Return whether a kind of bus is needed; without a configuration a Pi needs all."""
        if self.blueprint is None:
            return self.pi and not self.configuration.unreadable
        return any(self.placed(kind))

    def log(self) -> Path:
        """Return the path of the service's event log."""
        return self.configuration.log(self.machine.path(STATE) if self.unit.installed else None)


def open_case(
    machine: Machine,
    file: Path,
    *,
    clock: Clock,
    hardware: Hardware,
    probes: Probes,
    environment: Mapping[str, str],
) -> Case:
    """Read configuration, user and unit; raise nothing."""
    return Case(
        machine,
        read_configuration(file, probes.installed),
        service_user(machine),
        read_unit(machine),
        clock,
        hardware,
        probes,
        environment,
    )
