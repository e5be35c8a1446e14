import adafruit_tmp117
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import WrongChip
from drivers.tmp117 import TMP117, temperature
from edge_agent.testing import I2CContract
from edge_agent.testing.families import LateResults, NoticesBrownOuts, RefusesTemperatures
from simulators import tmp117


class TestContract(LateResults, NoticesBrownOuts, RefusesTemperatures, I2CContract):
    driver = TMP117
    model = tmp117.TMP117


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_tmp117, "time", clock)
        chip = adafruit_tmp117.TMP117(busio)
        return lambda: {"temperature": chip.take_single_measurement()}

    agree(adafruit, TMP117, tmp117.TMP117)


@pytest.fixture
def bench(bench_of):
    return bench_of(TMP117, tmp117.TMP117)


# Table 7-1
@pytest.mark.parametrize(
    "raw, celsius",
    [
        (0x8000, -256),
        (0xF380, -25),
        (0xFFF0, -0.125),
        (0xFFFF, -0.0078125),
        (0x0000, 0),
        (0x0001, 0.0078125),
        (0x0080, 1),
        (0x0C80, 25),
        (0x3200, 100),
        (0x7FFF, 255.9921875),
    ],
)
def test_codes_are_temperatures(raw, celsius):
    assert temperature(raw) == celsius


def test_the_chip_is_certain_by_its_id_whatever_its_revision(bench):
    bench.model.chip_id = 0x3117
    assert bench.device.identify() == Identity("TMP117", certain=True)


def test_another_id_is_another_chip(bench):
    bench.model.chip_id = 0x0116
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its id is 0116"):
        bench.setup()


def test_nothing_is_written_but_the_configuration(bench):
    bench.read()
    written = [m.written for m in bench.bus.messages if m.written and len(m.written) > 1]
    assert {data[0] for data in written} == {1}


def test_the_model_says_minus_256_degrees_until_its_first_conversion_is_over(bench):
    port = bench.device._port
    assert port.write_read(b"\x00", 2) == b"\x80\x00"
    bench.sleep(0.2)
    assert temperature(int.from_bytes(port.write_read(b"\x00", 2))) == 21


def test_the_models_flag_goes_when_it_is_read(bench):
    port = bench.device._port
    bench.sleep(0.2)
    assert [port.write_read(b"\x01", 2) for _ in range(2)] == [b"\x22\x20", b"\x02\x20"]
