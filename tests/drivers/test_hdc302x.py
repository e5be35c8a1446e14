import adafruit_hdc302x
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.hdc302x import HDC302x
from drivers.sht3x import SHT3x
from edge_agent.testing import I2CContract
from edge_agent.testing.families import (
    FramesWithChecksums,
    LateResults,
    NoticesBrownOuts,
    RefusesTemperatures,
)
from simulators import hdc302x, sht3x


class TestContract(
    LateResults, NoticesBrownOuts, FramesWithChecksums, RefusesTemperatures, I2CContract
):
    driver = HDC302x
    model = hdc302x.HDC302x
    brown_out = (NotReady,)


@pytest.fixture
def bench(bench_of):
    return bench_of(HDC302x, hdc302x.HDC302x)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_hdc302x, "time", clock)
        chip = adafruit_hdc302x.HDC302x(busio)
        return lambda: dict(zip(("temperature", "humidity"), chip.measurements, strict=True))

    agree(adafruit, HDC302x, hdc302x.HDC302x)


@pytest.mark.parametrize(
    "precision, command, seconds",
    [("high", b"\x24\x00", 0.0141), ("medium", b"\x24\x0b", 0.0085), ("low", b"\x24\x16", 0.0056)],
)
def test_a_precision_is_a_command_and_its_longest_time(bench_of, precision, command, seconds):
    bench = bench_of(HDC302x, hdc302x.HDC302x, precision=precision)
    bench.model.set("temperature", -12.5)
    assert bench.read()["temperature"] == pytest.approx(-12.5, abs=0.003)
    assert bench.bus.messages[-4].written == command
    assert bench.waits[-1] == seconds


def test_the_chip_is_certain_by_its_makers_id(bench):
    assert bench.device.identify() == Identity("HDC302x", certain=True)


def test_an_sht3x_is_another(bench):
    bench.replace(sht3x.SHT3x(bench.clock))
    with pytest.raises(ConnectionError):
        bench.setup()


def test_another_maker_is_another_chip(bench):
    bench.model.chip_id = 0x3001
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no HDC302x"):
        bench.setup()


def test_the_driver_of_an_sht3x_does_not_take_it_for_one(bench_of):
    bench = bench_of(SHT3x, hdc302x.HDC302x)
    assert bench.device.identify() is None
    with pytest.raises(ConnectionError):  # which comes out of a reset later
        bench.setup()


def test_its_own_heater_gives_no_value(ready):
    ready.device._port.write(b"\x30\x6d")
    with pytest.raises(NotReady, match="its heater is on"):
        ready.measure()


def test_a_supply_that_dipped_is_noticed(ready):
    ready.model.power_on()
    with pytest.raises(LostConfiguration, match="its supply dipped"):
        ready.measure()
