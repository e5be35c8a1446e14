"""Claims about a chip on a real bus: `pytest --i2c 1:0x44 tests/drivers/test_sht4x.py`."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest

from drivers.base.driver import Driver
from drivers.base.i2c import I2CBus, I2CPort, open_bus
from edge_agent.testing.driver_bench import DriverBench
from edge_agent.testing.recording import RecordedBus, Recording

ROUNDS = 10
real_bus = pytest.mark.real_bus


class ChipAddress(NamedTuple):
    """A chip on a bus of this machine."""

    bus: int
    address: int

    @classmethod
    def of(cls, text: str) -> "ChipAddress":
        """Return what `1:0x44` says; raise ValueError for anything else."""
        bus, _, address = text.partition(":")
        return cls(int(bus), int(address, 0))


class RealBench(DriverBench):
    """A driver and its chip on a real bus, where nothing else tells what is true."""

    def __init__(
        self,
        driver: type[Driver],
        bus: I2CBus,
        address: int,
        options: Mapping[str, Any],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self.bus = RecordedBus(bus)
        self._pause = pause
        self.device = driver(I2CPort(self.bus, address), **options)

    def sleep(self, seconds: float) -> None:
        """Wait, and record that the driver waited."""
        self.waits.append(seconds)
        self._pause(seconds)


class RealBusClaims:
    """Claims that need no model; they are made only if `--i2c` says where the chip is."""

    driver: type[Driver]
    options: ClassVar[Mapping[str, Any]]
    patience: ClassVar[float]

    @pytest.fixture
    def chip(self, request: pytest.FixtureRequest) -> RealBench:
        """Return a bench of the chip that `--i2c` names."""
        bus, address = request.config.getoption("--i2c")
        return RealBench(type(self).driver, open_bus(bus), address, self.options)

    @real_bus
    def test_a_real_chip_is_recognised(self, chip: RealBench) -> None:
        assert chip.device.identify() is not None

    @real_bus
    def test_a_real_chip_gives_every_channel_a_value_again_and_again(self, chip: RealBench) -> None:
        chip.setup()
        for _ in range(ROUNDS):
            values = chip.measure()
            assert chip.refused == {}
            assert values.keys() == {channel.name for channel in chip.device.channels}

    @real_bus
    def test_a_real_chip_is_set_up_twice_and_in_the_middle_of_a_measurement(
        self, chip: RealBench
    ) -> None:
        chip.read()
        steps = chip.device.measure()
        chip.sleep(next(steps, 0.0))
        steps.close()
        assert chip.read()

    @real_bus
    def test_a_real_chip_answers_in_time(self, chip: RealBench) -> None:
        chip.read()
        assert sum(chip.waits) < self.patience

    @real_bus
    def test_a_real_chips_transactions_give_the_same_values_again(
        self, chip: RealBench, request: pytest.FixtureRequest
    ) -> None:
        values = chip.read()
        address = request.config.getoption("--i2c").address
        recording = Recording(address, self.options, values, tuple(chip.bus.transactions))
        assert recording.replayed(type(self).driver) == values
        if path := request.config.getoption("--record"):
            recording.save(Path(path))
