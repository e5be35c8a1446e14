"""A Raspberry Pi's config.txt and cmdline.txt: which lines take effect, how to add one."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

from edge_agent.machine import Machine

BOOKWORM = "/boot/firmware"  # /boot in older releases
RASPI_CONFIG = "/usr/bin/raspi-config"
OFF = {"off", "false", "no", "0"}


class Boot(NamedTuple):
    """`lines` take effect on every model: those above the first section, and under [all]."""

    directory: str
    lines: tuple[str, ...]
    cmdline: str
    raspi_config: bool

    @property
    def config(self) -> str:
        """The path of config.txt."""
        return f"{self.directory}/config.txt"

    @property
    def parameters(self) -> dict[str, str]:
        """The `dtparam`s by name; the last one of a name takes effect."""
        pairs = (part.partition("=") for part in self._values("dtparam"))
        return {name.strip(): value.strip() or "on" for name, _, value in pairs}

    def parameter_on(self, *names: str) -> bool:
        """Return whether a `dtparam` is on, under one of its names."""
        found = self.parameters
        return any(name in found and found[name].lower() not in OFF for name in names)

    def overlay(self, name: str) -> bool:
        """Return whether a `dtoverlay` is loaded."""
        loaded = (value.partition(",")[0].strip() for value in self._right_sides("dtoverlay"))
        return name in loaded

    def add(self, line: str, *, command: str = "") -> str:
        """Return how to add a line to config.txt, or which command of raspi-config does so."""
        text = f"add `{line}` under [all] in {self.config}, then `sudo reboot`"
        if command and self.raspi_config:
            text += f"; or `sudo raspi-config nonint {command} && sudo reboot`"
        return text

    def _values(self, key: str) -> Iterator[str]:
        for value in self._right_sides(key):
            yield from value.split(",")

    def _right_sides(self, key: str) -> Iterator[str]:
        for line in self.lines:
            name, equals, value = line.partition("=")
            if equals and name.strip() == key:
                yield value


def read_boot(machine: Machine) -> Boot:
    """Read the files that the firmware reads."""
    directory = _directory(machine)
    return Boot(
        directory,
        tuple(_in_effect(machine.read(f"{directory}/config.txt"))),
        machine.read(f"{directory}/cmdline.txt"),
        machine.path(RASPI_CONFIG).exists(),
    )


def _directory(machine: Machine) -> str:
    """Return the folder of the firmware's files; since Bookworm, /boot has only a note."""
    if machine.path(BOOKWORM).is_dir():
        return BOOKWORM
    return str(PurePosixPath(BOOKWORM).parent)


def _in_effect(text: str) -> Iterator[str]:
    counts = True
    for line in text.splitlines():
        bare = line.split("#")[0].strip()
        if bare.startswith("[") and bare.endswith("]"):
            counts = bare.lower() == "[all]"
        elif bare and counts:
            yield bare
