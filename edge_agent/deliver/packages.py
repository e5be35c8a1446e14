"""Whether optional packages are installed, found without importing them."""

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from edge_agent.deliver.sink import SinkPlan
from edge_agent.errors import MissingPackage


class Package(NamedTuple):
    """A package by its top-level module, its name, and the extra that installs it."""

    module: str
    name: str
    extra: str

    @property
    def installed(self) -> bool:
        """Whether its module can be found."""
        return importlib.util.find_spec(self.module) is not None

    @property
    def missing(self) -> MissingPackage:
        """What to raise if it is not installed."""
        return MissingPackage(self.name, self.extra)


def needs(*packages: Package) -> Callable[[SinkPlan[Any]], Iterator[MissingPackage]]:
    """Return what yields an error for each package that is not installed, whatever the plan."""

    def missing(_plan: SinkPlan[Any]) -> Iterator[MissingPackage]:
        return (one.missing for one in packages if not one.installed)

    return missing
