"""The kernel's 1-Wire directory, simulated: files that convert when they are read.

A directory here has what a driver uses of `pathlib.Path`, and raises the same errors.
"""

import errno
import os
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Protocol

W1_DEVICES = PurePosixPath("/sys/bus/w1/devices")


class W1Model(Protocol):
    """A device on the 1-Wire bus, as the kernel's driver for it shows it."""

    id: str

    def files(self) -> tuple[str, ...]:
        """Return the attributes; none once the kernel has noticed that the device is gone."""
        ...

    def read(self, name: str) -> str:
        """Return the text of an attribute now."""
        ...

    def convert(self) -> None:
        """Convert; the next read returns the result."""
        ...

    def converted(self) -> bool:
        """Return whether a value waits to be read."""
        ...


class SimulatedFile:
    """One attribute."""

    def __init__(self, path: PurePosixPath, model: W1Model | None) -> None:
        self._path = path
        self._model = model

    def __str__(self) -> str:
        return str(self._path)

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:  # noqa: ARG002
        """Return the text; raise FileNotFoundError if there is no device."""
        if self._model is None or self._path.name not in self._model.files():
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._path))
        return self._model.read(self._path.name)


class SimulatedBulk:
    """The master's `therm_bulk_read`, of all devices on the bus."""

    def __init__(self, models: Mapping[str, W1Model]) -> None:
        self._models = models

    def __str__(self) -> str:
        return str(W1_DEVICES / "w1_bus_master1/therm_bulk_read")

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:  # noqa: ARG002
        """Return 1 if a value waits, otherwise 0."""
        return f"{int(any(model.converted() for model in self._models.values()))}\n"

    def write_text(self, data: str, encoding: str | None = None) -> int:  # noqa: ARG002
        """Let all devices convert on `trigger`."""
        if data.strip() == "trigger":
            for model in self._models.values():
                model.convert()
        return len(data)


class SimulatedDirectory:
    """The directory of one device, whether it exists or not."""

    def __init__(self, path: PurePosixPath, model: W1Model | None) -> None:
        self._path = path
        self._model = model

    def __str__(self) -> str:
        return str(self._path)

    def __truediv__(self, name: str) -> SimulatedFile:
        return SimulatedFile(self._path / name, self._model)


class SimulatedW1:
    """The 1-Wire bus of one machine: its devices by id."""

    def __init__(self) -> None:
        self._models: dict[str, W1Model] = {}
        self.bulk = SimulatedBulk(self._models)

    def attach(self, model: W1Model) -> None:
        """Connect a device."""
        if model.id in self._models:
            raise ValueError(f"{model.id} is connected already")
        self._models[model.id] = model

    def convert(self, device: str) -> bool:  # noqa: ARG002 - on a real bus it matters
        """Let all convert, which takes no time here."""
        self.bulk.write_text("trigger")
        return True

    def pending(self) -> bool:
        """Return that no earlier conversion waits."""
        return False

    def directory(self, id: str) -> SimulatedDirectory:  # noqa: A002 - the kernel's word
        """Return the directory of a device; reading it fails if there is no such device."""
        return SimulatedDirectory(W1_DEVICES / id, self._models.get(id))

    def ids(self) -> tuple[str, ...]:
        """List what the kernel shows."""
        return tuple(sorted(id for id, model in self._models.items() if model.files()))  # noqa: A001
