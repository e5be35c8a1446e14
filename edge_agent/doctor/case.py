"""The machine to examine, and everything that checks look at it with."""

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
from edge_agent.doctor.instruments.unit import Unit, look_at_unit
from edge_agent.doctor.instruments.users import Stat, User, service_user
from edge_agent.machine import Machine
from edge_agent.paths import STATE

RASPBERRY = "Raspberry Pi"


def _chips(machine: Machine) -> Iterable[tuple[int, str]]:
    from drivers.base.pins import gpio_chips  # noqa: PLC0415 - gpiozero, 3 MB, only where needed

    return gpio_chips(machine.path("/dev"))


def _load(name: str) -> Any:  # noqa: ANN401
    """Import a module; lgpio makes its pipe in a directory that goes away again."""
    with tempfile.TemporaryDirectory() as directory:
        os.environ.setdefault("LG_WD", directory)
        try:
            return importlib.import_module(name)
        finally:
            if os.environ["LG_WD"] == directory:
                del os.environ["LG_WD"]


class Probes(NamedTuple):
    """How checks look at what is neither a file's text nor a command's answer."""

    connect: Callable[[tuple[str, int], float], socket.socket] = socket.create_connection
    stat: Stat = os.stat
    free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
    chips: Callable[[Machine], Iterable[tuple[int, str]]] = _chips
    load: Callable[[str], Any] = _load
    installed: Callable[[str], bool] = lambda name: importlib.util.find_spec(name) is not None
    patience: float = 5.0  # seconds, for a broker


class Case(NamedTuple):
    """One machine, its configuration as far as it can be understood, and its service.

    `blueprint` is None without a configuration or with a broken one: then all is examined.
    """

    machine: Machine
    reading: ConfigurationFile
    user: User
    unit: Unit
    clock: Clock
    hardware: Hardware
    probes: Probes

    @property
    def file(self) -> Path:
        """The configuration file."""
        return self.reading.file

    @property
    def config(self) -> Config | None:
        """What the file says, checked or not."""
        return self.reading.config

    @property
    def blueprint(self) -> Blueprint | None:
        """The agent as configured."""
        return self.reading.blueprint

    @property
    def pi(self) -> bool:
        """Whether this is a Raspberry Pi."""
        return RASPBERRY in self.machine.read("/proc/device-tree/model")

    def placed(self, kind: BusKind) -> Iterator[ResolvedDevice | ResolvedOutput]:
        """Yield what is configured on a kind of bus."""
        for one in self.blueprint.placed if self.blueprint else ():
            if one.place.kind == kind:
                yield one

    def wants(self, kind: BusKind) -> bool:
        """Tell whether a kind of bus is to be there; without a configuration a Pi wants all."""
        if self.blueprint is None:
            return self.pi and not self.reading.closed
        return any(self.placed(kind))

    def log(self) -> Path:
        """Return where the service has its event log."""
        return self.reading.log(self.machine.path(STATE) if self.unit.installed else None)


def open_case(
    machine: Machine,
    file: Path,
    *,
    clock: Clock,
    hardware: Hardware,
    probes: Probes,
    environment: Mapping[str, str],
) -> Case:
    """Look at configuration, user and unit; raise nothing."""
    unit = look_at_unit(machine)
    reading = read_configuration(file, probes.installed, environment)
    return Case(machine, reading, service_user(machine), unit, clock, hardware, probes)
