"""The kernel's files, simulated: each device adds its own."""

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from simulators.clock import SimulatedClock
from simulators.model import Model
from simulators.w1_faults import TimedFault

ERRORS = {"failing": errno.EIO, "gone": errno.ENOENT, "not_ready": errno.EAGAIN}


class LinuxModel(Model):
    """Something that the kernel measures; `number` distinguishes it from others of its kind."""

    def __init__(self, clock: SimulatedClock, number: int = 0) -> None:
        super().__init__(clock)
        self.number = number

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Return a function for the text of each file, by absolute path."""
        raise NotImplementedError

    def spaces(self) -> Mapping[str, tuple[int, int]]:
        """Return size and free bytes of the device's file systems, by path."""
        return {}

    def programs(self) -> Mapping[tuple[str, ...], Callable[[], str]]:
        """Return a function for what each program prints, by its arguments."""
        return {}


class Attached(NamedTuple):
    """A device and its faults."""

    model: LinuxModel
    faults: Sequence[TimedFault]


class SimulatedProgram:
    """A program that has ended, or never does: `drivers.base.program.Program`."""

    def __init__(self, end: tuple[int, str, str] | None) -> None:
        self._end = end

    def poll(self) -> tuple[int, str, str] | None:
        """Return exit status, output and complaint; None if it hangs."""
        return self._end

    def close(self) -> None:
        """Do nothing: there is no process."""


class SimulatedKernel:
    """All files of one machine: `drivers.base.linux.Kernel`."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` returns the seconds since the scenario began."""
        self._now = now
        self._attached: list[Attached] = []

    def attach(self, model: LinuxModel, faults: Sequence[TimedFault] = ()) -> None:
        """Add the files of a device; what `faults` gains later counts too."""
        self._attached.append(Attached(model, faults))

    def __len__(self) -> int:
        return len(self._attached)

    def read(self, path: str) -> str:
        """Return a file's text; raise OSError as the kernel does."""
        for model, faults in self._attached:
            text = model.files().get(path)
            if text is not None:
                self._fail(faults, path)
                return text()
        raise _os_error(errno.ENOENT, path)

    def names(self, path: str) -> list[str]:
        """Return what is in a directory, sorted; raise OSError if it does not exist."""
        found = {
            below.parts[0]
            for model, _ in self._attached
            for file in model.files()
            if (below := _below(file, path)) is not None
        }
        if not found:
            raise _os_error(errno.ENOENT, path)
        return sorted(found)

    def resolve(self, path: str) -> str:
        """Return the path: there are no symbolic links."""
        return path

    def space(self, path: str) -> tuple[int, int]:
        """Return size and free bytes of a file system; raise OSError if it does not exist."""
        for model, faults in self._attached:
            if path in model.spaces():
                self._fail(faults, path)
                return model.spaces()[path]
        raise _os_error(errno.ENOENT, path)

    def start(self, arguments: Sequence[str]) -> SimulatedProgram:
        """Start a program; raise OSError if it does not exist."""
        for model, faults in self._attached:
            output = model.programs().get(tuple(arguments))
            if output is not None:
                return self._started(output(), faults, arguments[0])
        raise _os_error(errno.ENOENT, arguments[0])

    def _started(self, output: str, faults: Sequence[TimedFault], path: str) -> SimulatedProgram:
        """Return a program that crashes or hangs where a file would fail or not be ready."""
        now = self._now()
        kinds = {fault.kind for fault in faults if fault.affects(now)}
        if "gone" in kinds:
            raise _os_error(errno.ENOENT, path)
        if "failing" in kinds:
            return SimulatedProgram((1, "", "simulated crash"))
        return SimulatedProgram(None if "not_ready" in kinds else (0, output, ""))

    def _fail(self, faults: Sequence[TimedFault], path: str) -> None:
        """Raise the error of the first active fault."""
        now = self._now()
        for fault in faults:
            if fault.affects(now):
                raise _os_error(ERRORS[fault.kind], path)


def _below(file: str, directory: str) -> PurePosixPath | None:
    path = PurePosixPath(file)
    return path.relative_to(directory) if path.is_relative_to(directory) else None


def _os_error(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)
