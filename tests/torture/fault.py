"""A fault: its name, and the function that injects it into a rig and judges what became of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.torture.rig import Rig
    from tests.torture.row import Row


@dataclass(frozen=True)
class Fault:
    """`short` faults are part of `make test`; all of them of `make torture`."""

    group: str
    name: str
    run: "Callable[[Rig], Row]"
    short: bool = False

    @property
    def title(self) -> str:
        return f"{self.group}/{self.name}"
