"""Claims that hold for some chips and not for others; a contract names those that are its chip's.

Beyond those of `I2CContract`, most say which error is raised, and its text.
"""

from typing import Any, ClassVar

import pytest

from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    DriverError,
    LostConfiguration,
    NotReady,
    OutOfRange,
)
from edge_agent.testing.bench import Bench, absent_or
from simulators.faults import ConstantFrame, CorruptBits

EVER_SLOWER = 500


class FramesWithChecksums:
    """A chip that sends a checksum with every result."""

    def test_a_damaged_frame_shows_its_bytes(self, bench: Bench) -> None:
        bench.setup()
        bench.strike(CorruptBits)
        with pytest.raises(BadChecksum, match=r"checksum wrong in [0-9a-f]{2}( [0-9a-f]{2})+"):
            bench.measure()


class LateResults:
    """A chip whose conversion may end too late; `late` is what the error says then."""

    slowness: ClassVar[float] = 3.0  # times the typical time: beyond the datasheet's longest
    late: ClassVar[str] = "longest time"

    def test_a_late_result_is_not_taken_for_a_chip_that_is_not_there(self, bench: Bench) -> None:
        bench.setup()
        bench.model.slowness = self.slowness
        with pytest.raises(NotReady, match=self.late):
            bench.measure()

    def test_a_result_that_comes_while_it_is_read_is_not_taken_for_the_one_before(
        self, bench: Bench
    ) -> None:
        for n in range(EVER_SLOWER):
            bench.clock.advance(1)  # the last conversion has ended
            bench.model.slowness = 1.0
            bench.setup()
            bench.model.slowness = 1 + (self.slowness - 1) * n / EVER_SLOWER
            values = absent_or(bench.expose(0.2 + 0.6 * (n % 2)).measure)
            assert values is None or not bench.wrong(values)


class NoticesBrownOuts:
    """A chip that shows after a conversion whether it has kept its configuration meanwhile."""

    brown_out: ClassVar[tuple[type[DriverError], ...]] = (LostConfiguration,)

    def test_a_brown_out_during_a_conversion_is_noticed_at_its_end(self, bench: Bench) -> None:
        bench.setup()
        steps = bench.device.measure()
        bench.sleep(next(steps))
        bench.model.power_on()
        with pytest.raises(self.brown_out):
            next(steps)


class RefusesTemperatures:
    """A chip whose codes reach beyond the temperatures that its datasheet lets it measure."""

    def test_a_temperature_beyond_the_datasheet_is_refused(self, bench: Bench) -> None:
        channel = next(each for each in bench.device.channels if each.name == "temperature")
        bench.setup()
        for celsius in (channel.low - 1, channel.high + 1):
            bench.model.set("temperature", celsius)
            bench.settled()
            with pytest.raises(OutOfRange, match=f"{channel.low:g} to {channel.high:g} °C"):
                bench.value("temperature")


class SamplesByItself:
    """A motion sensor: it shows each sample until the next, and says whether it has been read."""

    def test_a_sample_from_before_the_measurement_is_not_taken(self, bench: Bench) -> None:
        bench.read()
        bench.sleep(1)
        bench.model.slowness = 3
        with pytest.raises(NotReady, match="no new sample in its time"):
            bench.measure()

    @pytest.mark.parametrize(
        ("ones", "words"), [(True, "answers ff only"), (False, "answers 00 only")]
    )
    def test_a_silent_line_is_called_so(self, bench: Bench, ones: bool, words: str) -> None:
        bench.setup()
        bench.strike(ConstantFrame, ones=ones)
        for step in (bench.setup, bench.measure):
            with pytest.raises(DeadFrame, match=words):
                step()

    def test_weightlessness_is_no_silent_line(self, bench: Bench) -> None:
        bench.setup()
        axes = [each.name for each in bench.device.channels if each.quantity == "acceleration"]
        for axis in axes:
            bench.model.set(axis, 0)
        values = bench.measure()
        assert [values[axis] for axis in axes] == [0.0, 0.0, 0.0]


class ChoosesInputs:
    """An expander: the option `inputs` names the pins that become channels."""

    driver: Any
    model: Any

    def test_only_the_named_pins_are_channels(self) -> None:
        first, *_, last = (channel.name for channel in self.driver.channels)
        bench = Bench(self.driver, self.model, inputs=(last, first))
        bench.model.set(last, 1)
        assert bench.read() == {last: 1.0, first: 0.0}
