import adafruit_max1704x
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, OutOfRange, WrongChip
from drivers.max17048 import MAX17048
from edge_agent.testing import I2CContract
from simulators import max17048

NO_NEWS, _ = MAX17048.blind


class TestContract(I2CContract):
    driver = MAX17048
    model = max17048.MAX17048
    settle = 0.6
    blind = {
        "test_a_chip_that_never_finishes_gives_no_value_in_bounded_time": NO_NEWS,
        "test_a_chip_that_stops_converting_gives_no_old_value": NO_NEWS,
    }


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_max1704x, "time", clock)
        chip = adafruit_max1704x.MAX17048(busio)  # it resets the chip
        clock.sleep(1)
        return lambda: {"voltage": chip.cell_voltage, "battery": chip.cell_percent}

    agree(adafruit, MAX17048, max17048.MAX17048, settle=1)


@pytest.fixture
def bench(bench_of):
    return bench_of(MAX17048, max17048.MAX17048, settle=0.6)


# Table 2: 78.125 µV and 1/256 % per bit
@pytest.mark.parametrize("register, value, word", [(2, 3.6, b"\xb4\x00"), (4, 50.5, b"\x32\x80")])
def test_the_models_words_are_the_datasheets(bench, register, value, word):
    bench.model.set("voltage" if register == 2 else "battery", value)
    bench.settled()
    assert bench.device._port.write_read(bytes([register]), 2) == word


def test_the_chip_is_certain_by_its_version(bench):
    assert bench.device.identify() == Identity("MAX17048", certain=True)
    bench.model.chip_id = 0x22
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its version is 0022"):
        bench.setup()


def test_an_estimate_after_a_brown_out_is_not_trusted_before_the_next_setup(bench):
    bench.read()
    bench.model.power_on()
    bench.settled()
    with pytest.raises(LostConfiguration, match="it was reset"):
        bench.measure()
    assert not bench.wrong(bench.read())


@pytest.mark.parametrize("percent", [100.4, 109])
def test_a_cell_that_is_charged_a_little_beyond_full_is_full(bench, percent):
    bench.model.set("battery", percent)
    assert bench.settled().read()["battery"] == 100


def test_an_estimate_far_beyond_full_is_refused(bench):
    bench.model.set("battery", 120)
    bench.settled()
    bench.setup()
    with pytest.raises(OutOfRange, match="0 to 100 %"):
        bench.value("battery")


def test_the_model_acknowledges_no_reset(bench):
    with pytest.raises(ConnectionError):
        bench.device._port.write(b"\xfe\x54\x00")
    assert bench.device._port.write_read(b"\x1a", 2) == b"\x01\x00"
