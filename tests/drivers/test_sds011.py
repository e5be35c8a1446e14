import pytest
import sds011 as witness

from drivers.base.driver import read, run
from drivers.base.errors import BadChecksum, LostConfiguration, NotReady, WrongChip
from drivers.base.serial import SerialPort
from drivers.sds011 import SDS011, command, particles
from edge_agent.testing import SensorContract
from simulators import sds011
from simulators.serial import SimulatedLine

EXAMPLE = bytes.fromhex("aa c0 d4 04 3a 0a a1 60 1d ab")


class TestContract(SensorContract):
    driver = SDS011
    model = sds011.SDS011
    place = {"id": "/dev/ttyAMA0"}
    patience = SDS011.deadline


class TestContractOfOneThatSleeps(TestContract):
    options = {"sleep": True}


@pytest.fixture
def model(clock):
    return sds011.SDS011(clock)


def wired(model, **options):
    return SDS011(SerialPort(SimulatedLine(model, [])), **options)


@pytest.mark.parametrize("seed", range(20))
def test_another_authors_driver_reads_what_we_read_and_what_is(serial_witness, seed):
    model, truth, clock = serial_witness(sds011.SDS011, seed)
    theirs = witness.SDS011("/dev/ttyUSB0", use_query_mode=True)
    clock.sleep(30)
    assert theirs.query() == pytest.approx((truth["pm25"], truth["pm10"]), abs=0.051)
    assert read(wired(model), clock.sleep) == pytest.approx(truth, abs=0.051)


# Control protocol V1.3, section 4
def test_the_example_of_the_protocol_is_two_values():
    assert particles(EXAMPLE, "here") == {"pm25": 123.6, "pm10": 261.8}


def test_a_command_is_that_of_the_protocol():
    asked = "aa b4 04 00 00 00 00 00 00 00 00 00 00 00 00 ff ff 02 ab"
    assert command(4) == bytes.fromhex(asked)


def test_a_new_sensor_is_made_silent_once(model, clock):
    for _ in range(2):
        read(wired(model), clock.sleep)
    assert (model.held, model.written) == ({2: 1, 8: 0}, 1)


def test_a_sensor_that_pauses_is_told_not_to(model, clock):
    model.held[8] = 5
    read(wired(model), clock.sleep)
    assert model.held[8] == 0


def test_one_that_sleeps_is_woken_and_blows_for_half_a_minute(model, clock):
    sensor = wired(model, sleep=True)
    for _ in range(3):
        begun = clock.monotonic()
        assert read(sensor, clock.sleep) == {"pm25": 12, "pm10": 21}
        assert not model.awake
        assert clock.monotonic() - begun > 30
        clock.sleep(300)


def test_one_that_is_not_told_to_stays_awake(model, clock):
    sensor = wired(model)
    run(sensor.setup(), clock.sleep)
    before = clock.monotonic()
    run(sensor.measure(), clock.sleep)
    assert model.awake
    assert clock.monotonic() - before < 3


def test_no_particle_at_all_is_no_value(model, clock):
    sensor = wired(model)
    run(sensor.setup(), clock.sleep)
    model.power_on()
    with pytest.raises(NotReady, match="no particle of any size"):
        run(sensor.measure(), clock.sleep)


@pytest.mark.parametrize(
    "code, value, words",
    [(2, 0, "speaks unasked"), (8, 3, "its period is 3 instead of 0")],
)
def test_a_setting_that_another_program_changes_gives_no_value(model, clock, code, value, words):
    sensor = wired(model)
    run(sensor.setup(), clock.sleep)
    model.held[code] = value
    with pytest.raises(LostConfiguration, match=words):
        run(sensor.measure(), clock.sleep)
    assert read(sensor, clock.sleep) == {"pm25": 12, "pm10": 21}


def test_one_put_to_sleep_by_another_program_gives_no_value(model, clock):
    sensor = wired(model)
    run(sensor.setup(), clock.sleep)
    model.receive(command(6, 1, 0))
    clock.sleep(1)
    with pytest.raises(LostConfiguration, match="speaks unasked"):
        run(sensor.measure(), clock.sleep)


def test_every_flipped_bit_is_noticed():
    for bit in range(8 * len(EXAMPLE)):
        damaged = int.from_bytes(EXAMPLE) ^ 1 << bit
        with pytest.raises((BadChecksum, WrongChip)):
            particles(damaged.to_bytes(len(EXAMPLE)), "here")


@pytest.mark.parametrize("said", [EXAMPLE[:9], EXAMPLE + b"\xaa", bytes(10), b"\xff" * 10])
def test_anything_but_whole_frames_has_no_value(said):
    with pytest.raises(BadChecksum):
        particles(said, "here")


def test_two_frames_are_not_the_answer_to_one_question():
    with pytest.raises(WrongChip):
        particles(2 * EXAMPLE, "here")
