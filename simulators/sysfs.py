"""The kernel's 1-Wire directory, simulated: files that convert when they are read.

A directory here has what a driver uses of `pathlib.Path`, and raises what the kernel lets it raise.
"""

import errno
import os
from pathlib import PurePosixPath
from typing import Protocol

W1_DEVICES = PurePosixPath("/sys/bus/w1/devices")


class W1Model(Protocol):
    """A device on the 1-Wire bus, as the kernel's driver for it shows it."""

    id: str

    def files(self) -> tuple[str, ...]:
        """Name the attributes; none once the kernel has noticed that the device is gone."""
        ...

    def read(self, name: str) -> str:
        """Return what one of them says now."""
        ...


class SimulatedFile:
    """One attribute."""

    def __init__(self, path: PurePosixPath, model: W1Model | None) -> None:
        self._path = path
        self._model = model

    def __str__(self) -> str:
        return str(self._path)

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:  # noqa: ARG002
        """Return the text; raise FileNotFoundError where there is no device."""
        if self._model is None or self._path.name not in self._model.files():
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._path))
        return self._model.read(self._path.name)


class SimulatedDirectory:
    """The directory of one device, there or not."""

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

    def attach(self, model: W1Model) -> None:
        """Connect a device."""
        if model.id in self._models:
            raise ValueError(f"{model.id} is connected already")
        self._models[model.id] = model

    def directory(self, id: str) -> SimulatedDirectory:  # noqa: A002 - the kernel's word
        """Return the directory of a device; reading it fails where there is no such device."""
        return SimulatedDirectory(W1_DEVICES / id, self._models.get(id))

    def ids(self) -> tuple[str, ...]:
        """List what the kernel shows."""
        return tuple(sorted(id for id, model in self._models.items() if model.files()))  # noqa: A001
