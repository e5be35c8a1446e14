"""What is claimed of a power monitor that averages its measurements, and lets them take longer."""

import pytest

from drivers.base.driver import run
from drivers.base.errors import LostConfiguration
from drivers.base.power_monitor import ADC_SECONDS


class AverageClaims:
    """Claims about `driver` and `model`: `averages` are numbers of measurements to try."""

    def test_an_average_is_waited_for_as_long_as_the_chip_takes_and_little_longer(self, bench_of):
        for average in self.averages:
            bench = bench_of(self.driver, self.model, average=average)
            bench.read()
            bench.waits.clear()
            bench.expose(0.6)
            assert not bench.wrong(bench.measure())
            assert 1 <= sum(bench.waits) / bench.model._seconds() <= 1.2


class AdcTimeClaims:
    """Claims about `driver` and `model`, which converts so many `quantities`."""

    @pytest.mark.parametrize("adc_time", ADC_SECONDS)
    @pytest.mark.parametrize("average", [1, 64])
    def test_a_conversion_takes_as_long_as_it_shall(self, bench_of, adc_time, average):
        bench = bench_of(self.driver, self.model, adc_time=adc_time, average=average)
        bench.read()
        bench.waits.clear()
        bench.expose(0.6)
        assert not bench.wrong(bench.measure())
        assert 1 <= sum(bench.waits) / bench.model._seconds() <= 1.2
        conversions = bench.model._seconds() / ADC_SECONDS[adc_time]
        assert conversions == pytest.approx(average * self.quantities)

    def test_the_longest_average_ends_before_its_deadline(self, bench_of):
        bench = bench_of(self.driver, self.model, adc_time="8.244ms", average=1024)
        bench.setup()
        bench.waits.clear()
        assert not bench.wrong(bench.measure())
        assert sum(bench.waits) < bench.device.deadline

    def test_another_programs_adc_time_is_noticed(self, bench_of):
        bench = bench_of(self.driver, self.model)
        bench.setup()
        steps = bench.device.measure()
        bench.sleep(next(steps))
        held = int.from_bytes(bench.device._port.write_read(b"\x00", 2))
        bench.device._port.write(b"\x00" + (held & ~0x01F8).to_bytes(2))
        bench.sleep(0.1)
        with pytest.raises(LostConfiguration):
            run(steps, bench.sleep)
