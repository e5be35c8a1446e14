"""What is claimed of the oversampling per quantity that Bosch's sensors have."""

import pytest

from edge_agent.acquire.options import convert_options, options


class OversamplingClaims:
    """Claims about `driver` and `model`.

    `own` are the samples of each quantity; then `registers` are held, and `seconds` are waited for.
    """

    def test_the_samples_of_a_quantity_are_in_its_register_and_in_the_longest_time(self, bench_of):
        bench = bench_of(self.driver, self.model, **self.own)
        values = bench.read()
        assert bench.waits[-1] == pytest.approx(self.seconds)
        assert {one: held(bench, one) for one in self.registers} == self.registers
        assert values["temperature"] == pytest.approx(21, abs=0.005)
        assert values["atmospheric_pressure"] == pytest.approx(1013, abs=0.03)

    def test_a_quantity_without_samples_of_its_own_has_those_of_all(self, bench_of):
        for name in self.own:
            others = {other: 8 for other in self.own if other != name}
            mixed = bench_of(self.driver, self.model, oversampling=2, **others)
            named = bench_of(self.driver, self.model, **{**others, name: 2})
            for bench in (mixed, named):
                bench.read()
            assert mixed.waits[-1] == pytest.approx(named.waits[-1])
            for register in self.registers:
                assert held(mixed, register) == held(named, register)

    @pytest.mark.parametrize("samples", [0, 3, 256, "16x", True])
    def test_other_samples_are_refused_with_those_that_are_possible(self, samples):
        for name in self.own:
            _, (line,) = convert_options(self.driver, {name: samples})
            assert line.startswith(f"{name} = ")
            assert ": wanted: one of 1, 2, 4, 8, 16" in line

    def test_the_default_is_described_as_the_option_for_all(self):
        described = {one.name: (one.default, one.common) for one in options(self.driver)}
        assert {name: described[name] for name in self.own} == dict.fromkeys(
            self.own, (None, "oversampling")
        )


def held(bench, register):
    return bench.device._port.write_read(bytes([register]), 1)[0]
