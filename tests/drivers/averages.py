"""What is claimed of a power monitor that averages its measurements."""


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
