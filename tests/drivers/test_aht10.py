import adafruit_ahtx0
import pytest

from drivers.aht10 import AHT10
from drivers.base.driver import Identity, run
from drivers.base.errors import BadChecksum, LostConfiguration, NotReady, WrongChip
from edge_agent.testing import I2CContract
from simulators import aht10, aht20


class TestContract(I2CContract):
    driver = AHT10
    model = aht10.AHT10


def test_adafruits_driver_reads_what_we_read_and_what_is(agree_with_adafruit):
    agree_with_adafruit(adafruit_ahtx0.AHTx0, AHT10, aht10.AHT10)


@pytest.fixture
def bench(bench_of):
    bench = bench_of(AHT10, aht10.AHT10)
    bench.setup()
    return bench


def test_it_is_assumed_since_it_has_no_identification(bench):
    assert bench.device.identify() == Identity("AHT10", certain=False)


def test_setup_resets_the_chip_and_initialises_it(bench):
    written = [message.written for message in bench.bus.messages if message.written is not None]
    assert written == [b"\xba", b"\xe1\x08\x00"]


def test_a_chip_that_stays_uncalibrated_is_refused(bench, monkeypatch):
    monkeypatch.setattr(aht20, "STATUS_CALIBRATED", 0x10)
    with pytest.raises(WrongChip, match="no AHT10: not calibrated after its start, status 10"):
        bench.setup()


def test_two_reads_of_a_result_that_differ_are_refused(bench, bench_of, flipped_bit):
    clean = bench_of(AHT10, aht10.AHT10)
    clean.setup()
    *_, last = clean.moments(clean.measure, reads_only=True)
    bench.strike(flipped_bit, at=last, bit=30)
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        bench.measure()


def test_a_measurement_that_did_not_begin_is_not_an_old_result(bench):
    bench.measure()
    bench.model._measure = lambda: None
    with pytest.raises(NotReady, match="no measurement began"):
        bench.measure()


def test_a_brown_out_while_it_measures_shows_as_lost_calibration(bench):
    steps = bench.device.measure()
    bench.sleep(next(steps) / 4)
    bench.model.power_on()
    bench.model._next = bytes.fromhex("1234567890")
    bench.sleep(0.060)
    with pytest.raises(LostConfiguration, match="no calibrated measurement: 10 12 34"):
        run(steps, bench.sleep)


def test_the_model_starts_uncalibrated_and_has_no_checksum(bench):
    bench.model.power_on()
    bench.sleep(0.041)
    assert bench.device._port.read(7) == bytes([0x10, 0, 0, 0, 0, 0, 0xFF])
