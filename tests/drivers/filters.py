"""What is claimed of the filter that Bosch's sensors have."""

import pytest

from drivers.base.errors import LostConfiguration


class FilterClaims:
    """Claims about `driver` and `model`: `weights` to try, and the `register` of the filter."""

    def test_a_gust_is_spread_over_several_measurements_and_a_reset_forgets_it(self, bench_of):
        for weight in self.weights:
            bench = bench_of(self.driver, self.model, filter=weight)
            bench.model.set("atmospheric_pressure", 1000)
            assert bench.read()["atmospheric_pressure"] == pytest.approx(1000, abs=0.1)
            bench.model.set("atmospheric_pressure", 1020)
            for n in (1, 2, 3):
                expected = 1020 - 20 * (1 - 1 / weight) ** n
                assert bench.measure()["atmospheric_pressure"] == pytest.approx(expected, abs=0.1)
            assert bench.read()["atmospheric_pressure"] == pytest.approx(1020, abs=0.1)

    def test_a_filter_that_another_program_switches_on_is_noticed(self, bench_of):
        bench = bench_of(self.driver, self.model)
        bench.read()
        held = bench.device._port.write_read(bytes([self.register]), 1)[0]
        bench.device._port.write(bytes([self.register, held | 0x08]))
        with pytest.raises(LostConfiguration):
            bench.measure()
