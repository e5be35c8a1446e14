import pytest

from drivers.base.driver import read, run
from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.base.serial import SerialPort
from drivers.mhz19 import MHZ19, concentration
from edge_agent.testing import SensorContract
from simulators import mhz19
from simulators.serial import SimulatedLine

EXAMPLE = bytes.fromhex("ff 86 02 20 00 00 00 00 58")


class TestContract(SensorContract):
    driver = MHZ19
    model = mhz19.MHZ19
    place = {"id": "/dev/ttyAMA0"}
    patience = MHZ19.deadline
    blind = {"test_a_dead_element_gives_no_wrong_value": MHZ19.blind[1]}


class TestContractWithoutSelfCalibration(TestContract):
    options = {"self_calibration": False}


class TestContractOfTheWideRange(TestContract):
    options = {"range": 10000}


@pytest.fixture
def model(clock):
    model = mhz19.MHZ19(clock)
    model.set("carbon_dioxide", 812)
    return model


def wired(model, **options):
    return MHZ19(SerialPort(SimulatedLine(model, [])), **options)


# User manual MH-Z19B V1.0, "0x86 - read CO2 concentration"
def test_the_example_of_the_manual_is_544_ppm():
    assert concentration(EXAMPLE, "here") == 544


def test_the_first_setup_waits_until_the_sensor_has_warmed_up(model, clock):
    assert read(wired(model), clock.sleep) == {"carbon_dioxide": 812}
    assert clock.monotonic() >= 180


def test_the_model_says_a_fixed_value_while_it_starts(model, clock):
    clock.sleep(179)
    assert concentration(model.frame(), "here") == 410


def test_a_sensor_that_stayed_awake_is_not_warmed_up_again(model, clock):
    sensor = wired(model)
    run(sensor.setup(), clock.sleep)
    before = clock.monotonic()
    assert read(sensor, clock.sleep) == {"carbon_dioxide": 812}
    assert clock.monotonic() - before < 1


def test_a_sensor_that_was_silent_has_no_value_until_it_has_warmed_up_again(model, clock):
    sensor = wired(model)
    run(sensor.setup(), clock.sleep)
    model.slowness = 1000
    with pytest.raises(NotReady, match=r"no answer .*TX and RX are crossed"):
        run(sensor.measure(), clock.sleep)
    model.slowness = 1
    model.power_on()
    with pytest.raises(LostConfiguration, match="must warm up"):
        run(sensor.measure(), clock.sleep)
    assert read(sensor, clock.sleep) == {"carbon_dioxide": 812}


@pytest.mark.parametrize(
    "starting, air", [(400, 465), (400, 812), (410, 600), (410, 1500), (500, 420), (500, 812)]
)
def test_a_start_between_two_measurements_gives_no_value_until_it_is_warm(
    model, clock, monkeypatch, starting, air
):
    monkeypatch.setattr(mhz19.MHZ19, "starting", starting)
    sensor = wired(model)
    model.set("carbon_dioxide", air)
    read(sensor, clock.sleep)
    model.power_on()
    for _ in range(2):
        clock.sleep(60)
        with pytest.raises((LostConfiguration, OutOfRange)):
            run(sensor.measure(), clock.sleep)
    clock.sleep(60)
    assert read(sensor, clock.sleep) == {"carbon_dioxide": air}


@pytest.mark.parametrize("starting", [410, 500])
def test_a_start_while_it_warms_up_is_noticed(model, clock, monkeypatch, starting):
    monkeypatch.setattr(mhz19.MHZ19, "starting", starting)
    sensor = wired(model)
    steps = sensor.setup()
    for wait in steps:
        clock.sleep(wait)
        if wait > 100:
            model.power_on()
            break
    with pytest.raises(LostConfiguration, match=f"still {starting} ppm"):
        run(steps, clock.sleep)
    assert read(sensor, clock.sleep) == {"carbon_dioxide": 812}


@pytest.mark.parametrize("ppm", [410, 500])
def test_air_of_a_starting_value_is_measured_once_it_has_changed(model, clock, ppm):
    sensor = wired(model)
    model.set("carbon_dioxide", ppm)
    for _ in range(2):
        with pytest.raises(LostConfiguration, match="still"):
            run(sensor.setup(), clock.sleep)
    model.set("carbon_dioxide", ppm + 1)
    run(sensor.setup(), clock.sleep)
    for around in (ppm, ppm + 30, ppm):
        model.set("carbon_dioxide", around)
        assert run(sensor.measure(), clock.sleep) == {"carbon_dioxide": around}


def test_no_command_but_the_reading_one_is_ever_sent(model, clock):
    read(wired(model), clock.sleep)
    assert model.commands == []


@pytest.mark.parametrize("sold, ppm", [(2000, 2500), (5000, 7000), (10000, 12000), (5000, 300)])
def test_an_end_of_the_range_stands_for_all_beyond_and_has_no_value(clock, sold, ppm):
    model = mhz19.MHZ19(clock, range=sold)
    model.set("carbon_dioxide", ppm)
    with pytest.raises(OutOfRange, match="carbon_dioxide"):
        read(wired(model, range=sold), clock.sleep)


def test_the_wide_range_goes_beyond_5000_ppm(clock):
    model = mhz19.MHZ19(clock, range=10000)
    model.set("carbon_dioxide", 9000)
    assert read(wired(model, range=10000), clock.sleep) == {"carbon_dioxide": 9000}


def test_every_flipped_bit_of_an_answer_is_noticed():
    for bit in range(8 * len(EXAMPLE)):
        damaged = int.from_bytes(EXAMPLE, "big") ^ 1 << bit
        with pytest.raises((BadChecksum, WrongChip)):
            concentration(damaged.to_bytes(len(EXAMPLE), "big"), "here")


@pytest.mark.parametrize("frame", [bytes(9), b"\xff" * 9])
def test_a_dead_line_has_no_value(frame):
    with pytest.raises(DeadFrame):
        concentration(frame, "here")


@pytest.mark.parametrize("frame", [EXAMPLE[:8], 2 * EXAMPLE, b"\xff"])
def test_anything_but_one_whole_answer_has_no_value(frame):
    with pytest.raises(BadChecksum):
        concentration(frame, "here")


def test_the_answer_to_another_command_is_refused():
    with pytest.raises(WrongChip, match="answers ff 99, an MH-Z19 ff 86"):
        concentration(bytes.fromhex("ff 99 01 00 00 00 00 00 66"), "here")


class Reticent(mhz19.MHZ19):
    """A sensor that does not answer what is set, which no manual has."""

    says_settings = False


class TestContractOfAReticentSensor(TestContract):
    model = Reticent
    options = {"range": 5000, "self_calibration": False}


@pytest.mark.parametrize("kind", [mhz19.MHZ19, Reticent])
@pytest.mark.parametrize(
    "ppm, frame",
    [(2000, "ff0199000000" + "07d08f"), (5000, "ff0199000000" + "1388cb"),
     (10000, "ff0199000000" + "27102f")],
)  # fmt: skip
def test_a_range_is_set_and_read_back(clock, kind, ppm, frame):
    model = kind(clock, range=2000)
    model.set("carbon_dioxide", 1500)
    assert read(wired(model, range=ppm), clock.sleep) == {"carbon_dioxide": 1500}
    assert (model.range, [one.hex() for one in model.commands]) == (ppm, [frame])


class Stubborn(mhz19.MHZ19):
    """A sensor that keeps its range, whatever it is asked."""

    range = property(lambda _: 2000, lambda _, value: None)


def test_a_range_that_the_sensor_does_not_take_is_no_setup(clock):
    sensor = wired(Stubborn(clock), range=5000)
    with pytest.raises(LostConfiguration, match="range is 2000 instead of 5000"):
        run(sensor.setup(), clock.sleep)


def test_without_the_option_the_end_of_its_own_range_has_no_value(clock):
    model = mhz19.MHZ19(clock, range=2000)
    sensor = wired(model)
    model.set("carbon_dioxide", 1500)
    assert read(sensor, clock.sleep) == {"carbon_dioxide": 1500}
    model.set("carbon_dioxide", 2500)
    with pytest.raises(OutOfRange, match="the chip measures 401 to 1999 ppm"):
        run(sensor.measure(), clock.sleep)


@pytest.mark.parametrize("options", [{}, {"range": 5000}, {"self_calibration": False}])
def test_a_setting_that_another_program_changes_later_gives_no_value(model, clock, options):
    sensor = wired(model, **options)
    read(sensor, clock.sleep)
    model.set("carbon_dioxide", 3000)
    model.range, model.self_calibrating = 2000, True
    with pytest.raises(LostConfiguration, match="another program"):
        run(sensor.measure(), clock.sleep)


# User manual MH-Z19B V1.0, "0x87 - zero point calibration"
def test_a_calibration_measures_for_20_minutes_then_sets_the_zero_point(model, clock):
    sensor = wired(model)
    model.set("carbon_dioxide", 480)
    before = clock.monotonic()
    assert run(sensor.calibrate(400), clock.sleep) == -80
    assert clock.monotonic() - before > 1200
    assert [one.hex() for one in model.commands] == ["ff018700000000" + "0078"]
    model.set("carbon_dioxide", 700)
    assert read(sensor, clock.sleep) == {"carbon_dioxide": 620}


def test_a_value_of_a_start_after_a_calibration_is_none_of_a_start(model, clock):
    sensor = wired(model)
    run(sensor.calibrate(400), clock.sleep)
    model.set("carbon_dioxide", 822)
    assert read(sensor, clock.sleep) == {"carbon_dioxide": 410}


def test_a_calibration_that_it_does_not_take_has_failed(model, clock, monkeypatch):
    monkeypatch.setattr(mhz19, "ZERO", 0x88)
    with pytest.raises(NotReady, match="says 812 ppm, 60 s after its zero point was set"):
        run(wired(model).calibrate(400), clock.sleep)


# User manual MH-Z19B V1.0, "0x79 - self-calibration function on/off"
@pytest.mark.parametrize(
    "options, commands",
    [
        ({}, []),
        ({"self_calibration": True}, ["ff0179a000000000e6"]),
        ({"self_calibration": False}, ["ff01790000000000" + "86"]),
    ],
)
def test_its_self_calibration_is_switched_only_if_the_option_says_so(
    model, clock, options, commands
):
    assert read(wired(model, **options), clock.sleep) == {"carbon_dioxide": 812}
    assert [command.hex() for command in model.commands] == commands
