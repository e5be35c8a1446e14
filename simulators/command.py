"""A program that prints a JSON object with the channels that the configuration declares."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from simulators.clock import SimulatedClock
from simulators.linux import LinuxModel
from simulators.model import Model, Range


class Command(LinuxModel):
    """Prints every input once; a subclass per device has the inputs."""

    inputs: ClassVar[Mapping[str, Range]] = {}
    quiet: ClassVar[Mapping[str, float]] = {}

    def __init__(
        self, clock: SimulatedClock, number: int = 0, *, program: tuple[str, ...] = ("/bin/true",)
    ) -> None:
        super().__init__(clock, number)
        self._program = program

    @classmethod
    def configured(cls, options: Mapping[str, Any]) -> type[Model]:
        """Return the model that has the channels of the option `values`."""
        spans = {one.name: Range(one.low, one.high, one.resolution) for one in options["values"]}
        quiet = {name: (span.low + span.high) / 2 for name, span in spans.items()}
        return type(cls.__name__, (cls,), {"inputs": spans, "quiet": quiet})

    def files(self) -> Mapping[str, Callable[[], str]]:
        """Return none."""
        return {}

    def programs(self) -> Mapping[tuple[str, ...], Callable[[], str]]:
        """Return what the program prints."""
        return {self._program: lambda: json.dumps(dict(self.values))}
