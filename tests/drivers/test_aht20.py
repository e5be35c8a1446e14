import adafruit_ahtx0
import pytest

from drivers.aht20 import AHT20, humidity, temperature
from drivers.base.driver import Identity, run
from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from edge_agent.testing import I2CContract
from simulators import aht10, aht20, faults

SECONDS = 0.080


class TestContract(I2CContract):
    driver = AHT20
    model = aht20.AHT20


def test_adafruits_driver_reads_what_we_read_and_what_is(agree_with_adafruit):
    agree_with_adafruit(adafruit_ahtx0.AHTx0, AHT20, aht20.AHT20)


@pytest.fixture
def bench(bench_of):
    bench = bench_of(AHT20, aht20.AHT20)
    bench.setup()
    return bench


# The second is a frame of a real chip: 1C 3B 5E 86 88 B2 D2
@pytest.mark.parametrize("code, percent", [(0, 0), (0x3B5E8, 23.191071), (0x80000, 50)])
def test_a_code_is_a_humidity(code, percent):
    assert humidity(code) == pytest.approx(percent, abs=1e-6)


@pytest.mark.parametrize("code, celsius", [(0, -50), (0x688B2, 31.674576), (0x80000, 50)])
def test_a_code_is_a_temperature(code, celsius):
    assert temperature(code) == pytest.approx(celsius, abs=1e-6)


@pytest.mark.parametrize(
    "data, crc", [("1c 3b 5e 86 88 b2", 0xD2), ("be ef", 0x92), ("00 00", 0x81)]
)
def test_the_model_has_the_checksum_of_a_real_frame(data, crc):
    assert aht20.crc(bytes.fromhex(data)) == crc


def test_it_is_assumed_since_it_has_no_identification(bench):
    assert bench.device.identify() == Identity("AHT20", certain=False)


@pytest.mark.parametrize("ones", [False, True])
def test_a_dead_status_is_no_chip(bench, ones):
    bench.strike(faults.ConstantFrame, ones=ones)
    assert bench.device.identify() is None


def test_setup_gives_a_chip_its_start_up_time_and_resets_it(bench):
    assert bench.waits[:2] == [0.040, 0.020]
    assert bench.bus.messages[0].written == b"\xba"


def test_a_chip_that_is_calibrated_is_not_initialised(bench):
    assert b"\xbe\x08\x00" not in [message.written for message in bench.bus.messages]


def test_a_chip_that_is_not_calibrated_is_initialised(bench_of, monkeypatch):
    monkeypatch.setattr(aht20.AHT20, "factory_status", 0x10)
    bench = bench_of(AHT20, aht20.AHT20)
    assert bench.read()["temperature"] == pytest.approx(21, abs=0.001)
    assert b"\xbe\x08\x00" in [message.written for message in bench.bus.messages]


def test_a_chip_that_cannot_be_calibrated_is_another(bench, monkeypatch):
    monkeypatch.setattr(aht20.AHT20, "factory_status", 0x10)
    monkeypatch.setattr(aht20, "STATUS_CALIBRATED", 0x10)
    with pytest.raises(WrongChip, match="no AHT20: not calibrated after its start, status 10"):
        bench.setup()


def test_an_aht10_is_refused(bench):
    bench.replace(aht10.AHT10(bench.clock))
    with pytest.raises(ConnectionError):  # it does not know how this chip is initialised
        bench.setup()


def test_a_measurement_that_did_not_begin_is_not_an_old_result(bench):
    bench.measure()
    bench.model._measure = lambda: None
    with pytest.raises(NotReady, match="no measurement began"):
        bench.measure()


@pytest.mark.parametrize("slowness, polls", [(1, 0), (1.2, 1), (2, 7)])
def test_a_chip_that_is_a_little_slow_is_waited_for(bench, slowness, polls):
    bench.waits.clear()
    bench.model.slowness = slowness
    bench.model.set("humidity", 77.0)
    assert bench.measure()["humidity"] == pytest.approx(77, abs=0.001)
    assert bench.waits[0] == SECONDS
    assert len(bench.waits) == pytest.approx(1 + polls, abs=1)


@pytest.mark.parametrize("codes", [bytes(5), bytes.fromhex("8000080000")])
def test_a_brown_out_while_it_measures_is_noticed(bench, codes):
    steps = bench.device.measure()
    next(steps)
    bench.model.power_on()
    bench.model._next = codes
    bench.sleep(SECONDS)
    with pytest.raises(LostConfiguration, match="no calibrated measurement"):
        run(steps, bench.sleep)


def test_a_humidity_without_a_result_beside_a_good_temperature_is_absent(bench):
    bench.model.set("humidity", 0)
    bench.model.set("temperature", 21.4)
    port = bench.device._port
    port.write(b"\xac\x33\x00")
    bench.sleep(SECONDS)
    assert port.read(6).hex(" ") == "18 00 00 05 b6 46"  # as real chips answer at times
    with pytest.raises(OutOfRange, match="humidity is 0"):
        bench.value("humidity")


def test_a_result_without_calibration_is_refused(bench):
    bench.model._status = 0x10
    with pytest.raises(LostConfiguration):
        bench.measure()


def test_a_damaged_frame_names_itself(bench, bench_of, flipped_bit):
    clean = bench_of(AHT20, aht20.AHT20)
    clean.setup()
    (*_, last) = clean.moments(clean.measure, reads_only=True)
    bench.strike(flipped_bit, at=last, bit=30)
    with pytest.raises(BadChecksum, match=r"checksum wrong in ([0-9a-f]{2} ?){7}"):
        bench.measure()


def test_a_line_that_is_held_differs_from_a_busy_chip(bench):
    bench.strike(faults.ConstantFrame, ones=True)
    with pytest.raises(DeadFrame, match="answers ff only"):
        bench.measure()


@pytest.mark.parametrize("celsius", [-41, 86])
def test_a_temperature_beyond_the_manual_is_refused(bench, celsius):
    bench.model.set("temperature", celsius)
    with pytest.raises(OutOfRange, match="-40 to 85 °C"):
        bench.value("temperature")


def test_the_model_shows_its_old_result_while_it_measures(bench):
    bench.measure()
    port = bench.device._port
    old = port.read(6)
    bench.model.set("humidity", 90)
    port.write(b"\xac\x33\x00")
    assert port.read(6) == bytes([old[0] | 0x80]) + old[1:]
    bench.sleep(SECONDS)
    assert port.read(6)[1:3] != old[1:3]


def test_the_model_acknowledges_nothing_until_it_has_started(bench):
    bench.model.power_on()
    with pytest.raises(ConnectionError):
        bench.device._port.read(1)
    bench.sleep(0.041)
    assert bench.device._port.read(6) == bytes([0x18, 0, 0, 0, 0, 0])
