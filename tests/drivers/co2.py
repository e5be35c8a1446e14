"""Claims that hold for both of Sensirion's CO2 sensors, whose options are the same."""

import pytest

from drivers.base.driver import run
from drivers.base.errors import LostConfiguration
from edge_agent.testing import Bench


class Kept(dict):
    """A memory that nothing is written to."""

    def __setitem__(self, key, value):
        pass


class CompensatesCO2:
    """Claims about `driver` and `model`, with the `settle` of their contract.

    `offset` is 1 °C above the chip's own, and `self_calibration` the command that gets it.
    """

    def bench(self, **options):
        return Bench(self.driver, self.model, settle=self.settle, **options)

    @pytest.mark.parametrize(
        ("options", "ppm"),
        [({}, 785), ({"altitude": 2000}, 1000), ({"ambient_pressure": 795}, 1000)],
    )
    def test_an_altitude_changes_the_concentration_unless_the_chip_knows_it(self, options, ppm):
        bench = self.bench(**options)
        bench.model.pressure = 795.0  # hPa, 2000 m above the sea
        bench.model.set("carbon_dioxide", 1000)
        assert bench.read()["carbon_dioxide"] == pytest.approx(ppm, abs=2)

    def test_an_offset_takes_off_by_how_much_the_board_warms_the_chip(self):
        bench = self.bench(temperature_offset=self.offset)
        bench.model.set("temperature", 21)
        assert bench.read()["temperature"] == pytest.approx(20, abs=0.02)

    @pytest.mark.parametrize("wanted", [True, False])
    def test_the_self_calibration_is_on_or_off_as_wanted(self, wanted):
        bench = self.bench(self_calibration=wanted)
        bench.setup()
        assert bench.model._held[self.self_calibration] == wanted

    def test_a_setting_that_the_chip_does_not_keep_is_no_setup(self, monkeypatch):
        bench = self.bench(altitude=500)
        monkeypatch.setattr(bench.model, "_held", Kept(bench.model._held))
        with pytest.raises(LostConfiguration, match="altitude is 0000 instead of 01f4"):
            bench.setup()

    @pytest.mark.parametrize(
        ("options", "why"),
        [
            ({"altitude": -1}, "altitude is -1: wanted 0 to"),
            ({"altitude": 9000}, "altitude is 9000: wanted 0 to"),
            ({"ambient_pressure": 500}, "ambient_pressure is 500: wanted 700 to"),
            ({"temperature_offset": 21}, "temperature_offset is 21: wanted 0 to 20 °C"),
            ({"altitude": 1, "ambient_pressure": 1000}, "give one, they say the same"),
            (
                {"ambient_pressure": 1000, "ambient_pressure_from": "attic.pressure"},
                "give one, they say the same",
            ),
        ],
    )
    def test_an_option_that_the_chip_cannot_have_is_refused(self, options, why):
        with pytest.raises(ValueError, match=why):
            self.bench(**options)

    def shown(self, bench, pressure, measured):
        """Return the ppm of 1000 at a pressure in hPa, if another device has measured another."""
        bench.device.compensate("ambient_pressure_from", measured)
        bench.model.pressure = pressure
        for _ in range(2):  # the first one may have been computed before
            bench.settled()
            values = run(bench.device.measure(), bench.sleep)
        return values["carbon_dioxide"]

    @pytest.fixture
    def compensated(self):
        bench = self.bench(ambient_pressure_from="attic.atmospheric_pressure")
        bench.model.set("carbon_dioxide", 1000)
        bench.setup()
        return bench

    def test_a_pressure_that_another_device_measures_is_followed(self, compensated):
        for pressure in (795, 1013, 960.4):
            assert self.shown(compensated, pressure, pressure) == pytest.approx(1000, abs=5)

    def test_a_pressure_that_was_measured_before_the_setup_counts_from_the_first_value(self):
        bench = self.bench(ambient_pressure_from="attic.atmospheric_pressure")
        bench.model.set("carbon_dioxide", 1000)
        bench.model.pressure = 795
        bench.device.compensate("ambient_pressure_from", 795.2)
        assert bench.read()["carbon_dioxide"] == pytest.approx(1000, abs=2)

    def test_without_a_measured_pressure_the_last_one_counts(self, compensated):
        self.shown(compensated, 795, 795)
        assert self.shown(compensated, 795, None) == pytest.approx(1000, abs=2)

    def test_without_a_measured_pressure_the_altitude_counts_if_it_is_given(self):
        bench = self.bench(ambient_pressure_from="attic.atmospheric_pressure", altitude=2000)
        bench.model.set("carbon_dioxide", 1000)
        bench.setup()
        assert self.shown(bench, 900, 900) == pytest.approx(1000, abs=2)
        assert self.shown(bench, 795, None) == pytest.approx(1000, abs=2)

    @pytest.mark.parametrize("beyond", [699.0, 1401.0])
    def test_a_pressure_that_the_chip_does_not_take_counts_as_none(self, compensated, beyond):
        self.shown(compensated, 795, 795)
        assert self.shown(compensated, 795, beyond) == pytest.approx(1000, abs=2)

    def test_a_setting_that_is_followed_is_written_only_when_it_changes(self, compensated):
        self.shown(compensated, 795, 795)
        begin = len(compensated.bus.messages)
        self.shown(compensated, 795, 795.4)
        written = [one.written for one in compensated.bus.messages[begin:] if one.written]
        assert max(map(len, written)) == 2

    def test_a_forced_calibration_corrects_what_is_measured_from_then_on(self):
        bench = self.bench()
        bench.model.set("carbon_dioxide", 500)
        assert run(bench.device.calibrate(420), bench.sleep) == -80
        bench.model.set("carbon_dioxide", 600)
        bench.settled()
        assert bench.read()["carbon_dioxide"] == 520
