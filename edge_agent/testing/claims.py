"""What is claimed of every sensor, on any kind of bus."""

from typing import ClassVar

from edge_agent.testing.driver_bench import DriverBench


class Claims:
    """Claims about repeated measurements; `patience`: seconds that they may wait in all."""

    patience: ClassVar[float] = 5.0

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

    def test_waits_are_short(self, bench: DriverBench) -> None:
        bench.read()
        assert min(bench.waits, default=0) >= 0
        assert sum(bench.waits) < self.patience
