"""What a plausible frame may hide: claims about values that look like any other."""

import pytest

from edge_agent.testing.bench import Bench, Side, absent_or, far_beyond


class PlausibleFrames:
    """Claims about what no checksum and no flag marks as wrong."""

    @pytest.mark.parametrize("side", ["below", "above"])
    def test_a_value_far_beyond_its_range_is_absent_not_the_end_of_the_range(
        self, bench: Bench, side: Side
    ) -> None:
        bench.setup()
        for channel in bench.felt():
            value = far_beyond(channel, side)
            if value is None:
                continue
            bench.model.set(channel.name, value)
            shown = absent_or(bench.settled().measure)
            assert shown is None or channel.name not in shown
            bench.expose()
