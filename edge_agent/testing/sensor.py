"""What is true of every sensor, however it is connected: SPI, serial, 1-Wire, kernel files."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import pytest

from drivers.base.channel import Channel
from drivers.base.driver import Driver
from drivers.base.errors import DriverError
from edge_agent.acquire.hardware import Place
from edge_agent.acquire.ports import port
from edge_agent.testing.bench import absent_or, at, off
from edge_agent.testing.claims import Claims
from edge_agent.testing.driver_bench import DriverBench
from simulators.fault_kinds import faults_of
from simulators.hardware import SimulatedHardware
from simulators.model import Model
from simulators.scenario import PlannedFault, Scenario

NAME = "device"
POINTS = 201
SPELL_SECONDS = 600.0


class SensorBench(DriverBench):
    """A driver and a model on simulated hardware, with a clock that moves as they wait."""

    def __init__(self, contract: "SensorContract", faults: Sequence[PlannedFault] = ()) -> None:
        kind = type(contract)
        super().__init__()
        self.hardware = SimulatedHardware(self.clock, Scenario(faults=tuple(faults)))
        place = Place(kind.driver.bus, **{"bus": 0, **contract.place})
        self.model = self.hardware.attach(
            NAME,
            kind.model,
            **{key: value for key, value in contract.place.items() if key != "bus"},
            options=contract.options,
        )
        self.device = kind.driver(port(self.hardware, place, NAME), **contract.options)
        self._settle = contract.settle

    def set(self, channel: str, value: float) -> None:
        """Expose the device to a value, and let it notice."""
        self.hardware.expose(NAME, channel, value)
        self.hardware.step()
        self.clock.sleep(self._settle)

    def expose(self, share: float = 0.37) -> "SensorBench":
        """Set the surroundings to this share of every range, to the step."""
        for channel, span in self.model.inputs.items():
            self.set(channel, at(span, share))
        return self

    def felt(self) -> list[Channel]:
        """Return the channels that are inputs of the model: the others follow from them."""
        return [each for each in self.device.channels if each.name in self.model.inputs]

    def wrong(self, values: Mapping[str, float]) -> dict[str, tuple[float, float]]:
        """Return value and truth of the channels that are off by more than one step."""
        return off(self.device.channels, values, self.hardware.truth(NAME))


class SensorContract(Claims):
    """Claims about `driver` and `model`; a subclass is one sensor's test.

    `place`: what of `bus`, `address` (an SPI chip select), `pin` and `id` (a 1-Wire id, the path of
    a serial line) connects it; `options` are the driver's; `settle`: seconds until a change reaches
    a device that samples by itself; `patience`: seconds that setup and measurement may wait in all;
    `blind`: what this device's protocol cannot detect, by test: each must fail.
    """

    driver: type[Driver]
    model: type[Model]
    place: ClassVar[Mapping[str, Any]] = {}
    options: ClassVar[Mapping[str, Any]] = {}
    settle: ClassVar[float] = 0.0

    def fresh(self, *faults: PlannedFault) -> SensorBench:
        """Return a bench whose surroundings are neither quiet nor at an end of a range."""
        return SensorBench(self, faults).expose()

    @pytest.fixture
    def bench(self) -> SensorBench:
        """Return a bench of this sensor."""
        return self.fresh()

    def test_a_model_feels_what_its_driver_measures(self, bench: SensorBench) -> None:
        truth = bench.hardware.truth(NAME)
        assert {channel.name for channel in bench.device.channels} <= truth.keys()
        assert set(self.model.quiet) == set(self.model.inputs)

    def test_every_value_of_the_range_comes_out_within_one_step(self, bench: SensorBench) -> None:
        bench.setup()
        for channel in bench.felt():
            span = self.model.inputs[channel.name]
            for n in range(POINTS):
                bench.set(channel.name, at(span, n / (POINTS - 1)))
                assert not bench.wrong(bench.measure())
            bench.expose()

    def test_a_fault_of_any_kind_gives_no_wrong_value(self) -> None:
        for kind in faults_of(self.model):
            bench = self.fresh(spell(kind, at=0))
            for share in (0.37, 0.6):
                bench.expose(share)
                self.right_or_absent(bench, bench.read)

    def test_a_fault_after_the_setup_gives_no_wrong_value(self) -> None:
        for kind in faults_of(self.model):
            bench = self.fresh(spell(kind, at=SPELL_SECONDS))
            assert not bench.wrong(bench.read())
            bench.clock.sleep(SPELL_SECONDS - bench.clock.monotonic())
            for share in (0.37, 0.6):
                bench.expose(share)
                self.right_or_absent(bench, bench.measure)

    def test_a_fault_is_no_harm_once_it_is_over(self) -> None:
        for kind in faults_of(self.model):
            bench = self.fresh(spell(kind, at=0))
            absent_or(bench.read)
            bench.clock.sleep(2 * SPELL_SECONDS)
            bench.expose(0.6)
            self.right_or_absent(bench, bench.measure)
            assert not bench.wrong(bench.read())

    def right_or_absent(self, bench: SensorBench, call: Callable[[], dict[str, float]]) -> None:
        """Fail for a value that is neither; an attempt must end, too."""
        bench.waits.clear()
        values = absent_or(call)
        assert values is None or not bench.wrong(values)
        assert sum(bench.waits) < self.patience

    def test_without_the_device_there_is_no_value(self) -> None:
        gone = {"unplug", "gone", "dead_frame"} & set(faults_of(self.model))
        for kind in gone:
            bench = self.fresh(spell(kind, at=0))
            with pytest.raises(DriverError):
                bench.read()


def spell(kind: str, at: float) -> PlannedFault:
    """Return a fault of the device, for ten minutes if it has a duration."""
    lasts = {} if kind == "brown_out" else {"lasts": SPELL_SECONDS}
    return PlannedFault(kind, {"at": at, **lasts}, device=NAME)
