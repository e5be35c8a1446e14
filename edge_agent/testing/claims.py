"""What is claimed of every sensor, on any kind of bus."""

from collections.abc import Mapping
from typing import ClassVar

import pytest

from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import Driver
from drivers.base.members import Blind
from edge_agent.testing.bench import Side, absent_or, far_beyond
from edge_agent.testing.driver_bench import DriverBench


def independent(channel: Channel, other: Channel) -> bool:
    """Return whether a channel has a value although the other has none."""
    return channel.name != other.name and other.name not in channel.needs


def beyond(channel: Channel, share: float) -> list[float]:
    """Return values a share of a channel's range beyond it; nothing is darker than dark."""
    away = share * (channel.high - channel.low)
    below = [channel.low - away] if abs(channel.low) > channel.resolution else []
    return [channel.high + away, *below]


class Claims:
    """Claims about repeated measurements; `patience`: seconds that they may wait in all.

    `blind` names the claims that fail: by a `Blindness` of the driver, which its page shows, or in
    words if the claim has no meaning for the device.
    """

    driver: type[Driver]
    patience: ClassVar[float] = 5.0
    blind: ClassVar[Mapping[str, Blindness | str]] = {}

    def test_what_it_cannot_notice_is_on_its_page(self) -> None:
        on_page = self.driver.blind if isinstance(self.driver, Blind) else ()
        assert {one for one in self.blind.values() if isinstance(one, Blindness)} <= set(on_page)

    def test_a_measurement_is_of_its_own_moment(self, bench: DriverBench) -> None:
        bench.setup()
        for share in (0.2, 0.8, 0.5):
            bench.expose(share)
            assert not bench.wrong(bench.measure())

    def test_setting_up_twice_is_harmless(self, bench: DriverBench) -> None:
        bench.setup()
        assert not bench.wrong(bench.read())

    def test_a_measurement_broken_off_is_forgotten_by_setup(self, bench: DriverBench) -> None:
        bench.setup()
        steps = bench.device.measure()
        bench.sleep(next(steps, 0.0))
        steps.close()
        bench.expose(0.6)
        assert not bench.wrong(bench.read())

    def test_a_channel_beyond_its_range_takes_no_other_along(self, bench: DriverBench) -> None:
        bench.setup()
        for channel in bench.felt():
            others = {each.name for each in bench.device.channels if independent(each, channel)}
            for value in beyond(channel, 0.02) if others else ():
                bench.set(channel.name, value)
                values = bench.measure()
                assert others <= values.keys()
                assert not bench.wrong({name: values[name] for name in others})
            bench.expose()

    @pytest.mark.parametrize("side", ["below", "above"])
    def test_a_value_far_beyond_its_range_is_absent_not_the_end_of_the_range(
        self, bench: DriverBench, side: Side
    ) -> None:
        bench.setup()
        for channel in bench.felt():
            value = far_beyond(channel, side)
            if value is None:
                continue
            bench.set(channel.name, value)
            shown = absent_or(bench.measure)
            assert shown is None or channel.name not in shown
            bench.expose()

    def test_a_dead_element_gives_no_wrong_value(self, bench: DriverBench) -> None:
        bench.read()
        bench.model.wear_out()
        for share in (0.2, 0.6):
            bench.expose(share)
            for call in (bench.measure, bench.read):
                values = absent_or(call)
                assert values is None or not bench.wrong(values)

    def test_waits_are_short(self, bench: DriverBench) -> None:
        bench.read()
        assert min(bench.waits, default=0) >= 0
        assert sum(bench.waits) < self.patience
