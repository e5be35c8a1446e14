import pytest
import senseair_s8 as witness

from drivers.base.driver import read, run
from drivers.base.errors import BadChecksum, LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.base.modbus_rtu import sealed
from drivers.base.serial import SerialPort
from drivers.senseair_s8 import SenseairS8, request, unpacked
from edge_agent.testing import SensorContract
from simulators import senseair_s8
from simulators.serial import SimulatedLine

EXAMPLE = bytes.fromhex("fe 04 08 00 00 00 00 00 00 01 90 16 e6")


class TestContract(SensorContract):
    driver = SenseairS8
    model = senseair_s8.SenseairS8
    place = {"id": "/dev/ttyAMA0"}
    patience = SenseairS8.deadline


class TestContractWithoutSelfCalibration(TestContract):
    options = {"self_calibration_period": 0}


@pytest.fixture
def model(clock):
    return senseair_s8.SenseairS8(clock)


def wired(model, **options):
    return SenseairS8(SerialPort(SimulatedLine(model, [])), **options)


@pytest.mark.parametrize("seed", range(20))
def test_another_authors_driver_reads_what_we_read_and_what_is(serial_witness, monkeypatch, seed):
    model, truth, clock = serial_witness(senseair_s8.SenseairS8, seed)
    monkeypatch.setattr(witness.senseair_s8, "time", clock)
    clock.sleep(5)
    assert witness.SenseairS8().co2() == pytest.approx(truth["carbon_dioxide"], abs=0.51)
    assert read(wired(model), clock.sleep) == pytest.approx(truth, abs=0.51)


# Modbus on Senseair S8, appendix: CO2 read sequence, ABC parameter
def test_the_examples_of_the_description():
    assert request(4, 0, 4) == bytes.fromhex("fe 04 00 00 00 04 e5 c6")
    assert request(3, 0x1F, 1) == bytes.fromhex("fe 03 00 1f 00 01 a1 c3")
    assert request(6, 1, 0x7C06) == bytes.fromhex("fe 06 00 01 7c 06 6c c7")
    assert unpacked(EXAMPLE, 4, 10, "here")[-2:] == b"\x01\x90"
    assert sealed(bytes.fromhex("fe 03 02 00 b4"))[-2:] == b"\xac\x27"


@pytest.mark.parametrize("bit", [0, 1, 2, 3, 4, 6])
def test_an_error_that_it_reports_leaves_no_value(model, clock, bit):
    sensor = wired(model)
    run(sensor.setup(), clock.sleep)
    model.status = 1 << bit
    with pytest.raises(NotReady, match="it reports "):
        run(sensor.measure(), clock.sleep)


@pytest.mark.parametrize("ppm", [-100, 12_000])
def test_a_concentration_beyond_its_range_has_no_value(model, clock, ppm):
    model.set("carbon_dioxide", ppm)
    with pytest.raises(OutOfRange, match="beyond its range"):
        read(wired(model), clock.sleep)


def test_before_its_first_result_it_has_no_value(model, clock):
    sensor = wired(model)
    run(sensor.setup(), clock.sleep)
    model.power_on()
    with pytest.raises(NotReady, match="before its first result"):
        run(sensor.measure(), clock.sleep)


def test_a_period_is_written_once_and_read_back(model, clock):
    for _ in range(2):
        read(wired(model, self_calibration_period=240), clock.sleep)
    assert (model.period, model.written) == (240, 1)


def test_without_the_option_nothing_is_written(model, clock):
    read(wired(model), clock.sleep)
    assert (model.period, model.written) == (180, 0)


class Stubborn(senseair_s8.SenseairS8):
    """A sensor that keeps its period, whatever it is asked."""

    period = property(lambda _: 180, lambda _, value: None)


def test_a_period_that_it_does_not_take_is_no_setup(clock):
    sensor = wired(Stubborn(clock), self_calibration_period=0)
    with pytest.raises(LostConfiguration, match="is 180 instead of 0"):
        run(sensor.setup(), clock.sleep)


@pytest.mark.parametrize("hours", [-1, 4801])
def test_a_period_that_it_does_not_know_is_refused(model, hours):
    with pytest.raises(ValueError, match="self_calibration_period"):
        wired(model, self_calibration_period=hours)


def test_a_calibration_measures_for_five_minutes_and_takes_the_air_for_400_ppm(model, clock):
    sensor = wired(model)
    model.set("carbon_dioxide", 480)
    assert run(sensor.calibrate(400), clock.sleep) == -80
    assert clock.monotonic() > 300
    model.set("carbon_dioxide", 700)
    assert read(sensor, clock.sleep) == {"carbon_dioxide": 620}


def test_a_calibration_that_it_does_not_take_has_failed(model, clock, monkeypatch):
    monkeypatch.setattr(senseair_s8, "CALIBRATE", 0)
    with pytest.raises(NotReady, match="has not calibrated itself"):
        run(wired(model).calibrate(400), clock.sleep)


def test_every_flipped_bit_of_an_answer_is_noticed():
    for bit in range(8 * len(EXAMPLE)):
        damaged = int.from_bytes(EXAMPLE) ^ 1 << bit
        with pytest.raises(BadChecksum):
            unpacked(damaged.to_bytes(len(EXAMPLE)), 4, 10, "here")


@pytest.mark.parametrize("code, size", [(3, 10), (4, 4)])
def test_the_answer_to_another_question_is_refused(code, size):
    with pytest.raises(WrongChip, match="no Senseair S8"):
        unpacked(EXAMPLE, code, size, "here")
