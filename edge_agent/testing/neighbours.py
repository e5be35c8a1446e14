"""Claims about every other chip that is installed: any of them may be what is at the address."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeAlias

from drivers.base.blindness import Blindness
from edge_agent.testing.bench import Bench, absent_or
from edge_agent.testing.pairs import Pair, i2c_sensors
from simulators.model import I2CModel

Mistake: TypeAlias = Callable[
    [Bench], Any
]  # what a driver makes of a stranger; None if it is right


class NeighbourClaims:
    """Claims that are made of each other chip in turn; a failure names those that break one.

    `blind` may name such a chip in brackets behind the claim: it must break it.
    """

    model: type[I2CModel]
    blind: ClassVar[Mapping[str, Blindness | str]]
    fresh: Callable[[], Bench]

    def test_another_chip_at_the_address_gives_no_wrong_value(self) -> None:
        claim = "test_another_chip_at_the_address_gives_no_wrong_value"
        mistaken = self.mistaken(misread)
        assert mistaken.keys() == self.named(claim), mistaken

    def test_a_driver_is_not_certain_of_another_chip(self) -> None:
        claim = "test_a_driver_is_not_certain_of_another_chip"
        mistaken = self.mistaken(misidentified)
        assert mistaken.keys() == self.named(claim), mistaken

    def mistaken(self, mistake: Mistake) -> dict[str, Any]:
        """Put each other chip at the address; return what is wrong then, by its name."""
        strangers = [each for each in i2c_sensors() if each.model is not self.model]
        found = {each.name: mistake(self._met_by(each)) for each in strangers}
        return {name: wrong for name, wrong in found.items() if wrong is not None}

    def _met_by(self, stranger: Pair) -> Bench:
        bench = self.fresh()
        bench.replace(stranger.model(bench.clock))
        return bench

    def named(self, claim: str) -> set[str]:
        """Return the chips that `blind` names as breaking a claim."""
        return {name[len(claim) + 1 : -1] for name in self.blind if name.startswith(f"{claim}[")}


def misread(bench: Bench) -> dict[str, float] | None:
    """Return values that are not the stranger's; a sibling may be read, and then rightly."""
    values = absent_or(bench.read)
    bench.model = bench.bus.chip(bench.address)
    if values is None or (values.keys() <= bench.model.truth().keys() and not bench.wrong(values)):
        return None
    return values


def misidentified(bench: Bench) -> Any:  # noqa: ANN401 - an Identity
    """Return as what a driver identifies the stranger, if it is certain of it."""
    identity = absent_or(bench.device.identify)
    return identity if identity is not None and identity.certain else None
