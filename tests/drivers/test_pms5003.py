import pytest

from drivers.base.driver import parted, run
from drivers.base.errors import BadChecksum, LostConfiguration, NotReady, WrongChip
from drivers.base.serial import SerialPort
from drivers.pms5003 import COUNTS, PMS5003, particles
from edge_agent.testing import SensorContract
from simulators import pms5003
from simulators.serial import SimulatedLine

AIR = {"pm1": 12, "pm25": 34, "pm10": 56}


class TestContract(SensorContract):
    driver = PMS5003
    model = pms5003.PMS5003
    place = {"id": "/dev/ttyAMA0"}
    patience = PMS5003.deadline


class TestContractOfOneThatSleeps(TestContract):
    options = {"sleep": True}


class TestContractOfAllChannels(TestContract):
    options = {"counts": True, "standard": True}


@pytest.fixture
def model(clock):
    model = pms5003.PMS5003(clock)
    for channel, value in AIR.items():
        model.set(channel, value)
    return model


@pytest.fixture
def dust(model):
    return PMS5003(SerialPort(SimulatedLine(model, [])))


def framed(*words, data=b""):
    body = b"".join(word.to_bytes(2, "big") for word in words) + data
    frame = b"BM" + (len(body) + 2).to_bytes(2, "big") + body
    return frame + sum(frame).to_bytes(2, "big")


def asleep(model):
    model.receive(bytes.fromhex("42 4d e4 00 00 01 73"))


# Appendix I: data 1 to 3 are with CF=1, 4 to 6 under atmospheric environment, 7 to 12 in 0.1 L
def test_every_word_of_a_frame_is_a_channel():
    frame = framed(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x9700)
    assert particles(frame, "here") == {
        "pm1_standard": 1,
        "pm25_standard": 2,
        "pm10_standard": 3,
        "pm1": 4,
        "pm25": 5,
        "pm10": 6,
        "over_0_3um": 70,
        "over_0_5um": 80,
        "over_1um": 90,
        "over_2_5um": 100,
        "over_5um": 110,
        "over_10um": 120,
    }


@pytest.mark.parametrize(
    "options, names",
    [
        ({}, {*AIR}),
        ({"standard": True}, {*AIR, "pm1_standard", "pm25_standard", "pm10_standard"}),
        ({"counts": True}, {*AIR, *(each.name for each in COUNTS)}),
    ],
)
def test_only_the_channels_that_are_asked_for_are_measured(model, clock, options, names):
    dust = PMS5003(SerialPort(SimulatedLine(model, [])), **options)
    run(dust.setup(), clock.sleep)
    assert set(run(dust.measure(), clock.sleep)) == names


def test_the_standard_concentrations_are_the_sensors_own(model, clock):
    dust = PMS5003(SerialPort(SimulatedLine(model, [])), standard=True)
    model.set("pm25_standard", 51)
    run(dust.setup(), clock.sleep)
    values = run(dust.measure(), clock.sleep)
    assert (values["pm25"], values["pm25_standard"]) == (34, 51)


def test_more_particles_than_it_can_count_have_no_value(model, clock):
    dust = PMS5003(SerialPort(SimulatedLine(model, [])), counts=True)
    model.set("over_1um", 655_350)
    run(dust.setup(), clock.sleep)
    values, refused = parted(run(dust.measure(), clock.sleep))
    assert "over_0_5um" in values
    assert refused.keys() == {"over_1um"}


def test_after_the_warm_up_the_air_is_measured(dust, clock):
    run(dust.setup(), clock.sleep)
    assert run(dust.measure(), clock.sleep) == AIR


def test_a_sensor_put_to_sleep_is_woken_and_warmed_up(dust, model, clock):
    clock.sleep(100)
    asleep(model)
    run(dust.setup(), clock.sleep)
    assert run(dust.measure(), clock.sleep) == AIR


def test_a_sensor_that_shall_sleep_blows_for_half_a_minute_before_each_measurement(model, clock):
    dust = PMS5003(SerialPort(SimulatedLine(model, [])), sleep=True)
    run(dust.setup(), clock.sleep)
    for each in (10, 400, 0):
        model.set("pm25", each)
        assert run(dust.measure(), clock.sleep)["pm25"] == each
        assert model._asleep
        clock.sleep(300)
    assert clock.monotonic() - model._woke_at > 300
    begun = clock.monotonic()
    run(dust.measure(), clock.sleep)
    assert begun <= model._woke_at <= clock.monotonic() - 30


def test_a_sensor_that_is_not_told_to_stays_awake(dust, model, clock):
    run(dust.setup(), clock.sleep)
    run(dust.measure(), clock.sleep)
    assert not model._asleep


def test_the_model_shows_no_dust_while_its_fan_starts(model, clock):
    clock.sleep(29)
    assert not any(particles(model.frame(), "here").values())


def test_the_model_sends_unasked_until_it_is_made_passive(model, clock):
    clock.sleep(3)
    assert len(model.send()) == 32
    model.receive(bytes.fromhex("42 4d e1 00 00 01 70"))
    clock.sleep(3)
    assert model.send() == bytes.fromhex("42 4d 00 04 e1 00 01 74")
    clock.sleep(3)
    assert model.send() == b""


def test_the_model_ignores_a_command_whose_sum_is_wrong(model, clock):
    model.receive(bytes.fromhex("42 4d e1 00 00 01 71"))
    clock.sleep(3)
    assert len(model.send()) == 32


@pytest.mark.parametrize("seconds", [0, 1, 1.9, 2.4, 10, 60])
def test_a_brown_out_shows_as_unasked_frames(dust, model, clock, seconds):
    run(dust.setup(), clock.sleep)
    clock.sleep(60)
    model.power_on()
    clock.sleep(seconds)
    with pytest.raises((LostConfiguration, NotReady)):
        run(dust.measure(), clock.sleep)


def test_a_room_without_dust_is_measured_while_particles_too_small_to_weigh_are_counted(
    dust, model, clock
):
    for channel in AIR:
        model.set(channel, 0)
    run(dust.setup(), clock.sleep)
    assert run(dust.measure(), clock.sleep) == dict.fromkeys(AIR, 0)


@pytest.mark.parametrize("when", ["before the setup", "after it", "later"])
def test_a_dead_laser_counts_no_particle_and_gives_no_value(dust, model, clock, when):
    if when == "before the setup":
        model.wear_out()
    run(dust.setup(), clock.sleep)
    if when == "later":
        run(dust.measure(), clock.sleep)
    model.wear_out()
    for _ in range(3):
        with pytest.raises(NotReady, match=r"counts no particle of any size \(its laser may be d"):
            run(dust.measure(), clock.sleep)


def test_a_frame_that_repeats_itself_gives_no_old_value(dust, model, clock, monkeypatch):
    run(dust.setup(), clock.sleep)
    run(dust.measure(), clock.sleep)
    last = model.frame()
    monkeypatch.setattr(model, "frame", lambda: last)
    model.set("pm25", 400)
    run(dust.measure(), clock.sleep)  # the last that it counted
    for _ in range(3):
        with pytest.raises(NotReady, match="repeats one frame"):
            run(dust.measure(), clock.sleep)


def test_a_frame_that_comes_twice_is_asked_for_again(dust, model, clock, monkeypatch):
    run(dust.setup(), clock.sleep)
    make, made = model.frame, []

    def frame():
        made.append(make() if len(made) % 3 == 0 else made[-1])
        return made[-1]

    monkeypatch.setattr(model, "frame", frame)
    assert [run(dust.measure(), clock.sleep) for _ in range(3)] == [AIR] * 3
    assert len(made) == 7


def test_a_sensor_asleep_gives_no_value(dust, model, clock):
    run(dust.setup(), clock.sleep)
    asleep(model)
    clock.sleep(1)
    dust._port.read()
    with pytest.raises(NotReady, match=r"no answer .*TX and RX are crossed"):
        run(dust.measure(), clock.sleep)


def test_more_dust_than_it_can_measure_has_no_value(dust, model, clock):
    model.set("pm10", 1002)
    run(dust.setup(), clock.sleep)
    values, refused = parted(run(dust.measure(), clock.sleep))
    assert values.keys() == {"pm1", "pm25"}
    assert "pm10 is 1002" in str(refused["pm10"])


def test_every_flipped_bit_of_a_frame_is_noticed(model):
    frame = model.frame()
    for bit in range(8 * len(frame)):
        damaged = int.from_bytes(frame, "big") ^ 1 << bit
        with pytest.raises(BadChecksum):
            particles(damaged.to_bytes(len(frame), "big"), "here")


@pytest.mark.parametrize("frame", [b"\x00" * 32, b"\xff" * 32, b"BM\x00", b"B"])
def test_a_dead_or_torn_frame_has_no_value(frame):
    with pytest.raises(BadChecksum):
        particles(frame, "here")


def test_two_frames_at_once_have_no_value(model):
    with pytest.raises(BadChecksum):
        particles(2 * model.frame(), "here")


@pytest.mark.parametrize("words", [9, 17])  # PMS3003, PMS5003T
def test_a_relative_with_a_frame_of_another_length_is_refused(words):
    with pytest.raises(WrongChip, match="a relative of the PMS5003"):
        particles(framed(*range(words)), "here")


def test_a_reported_error_has_no_value():
    with pytest.raises(NotReady, match=r"error 0x02 .*fan"):
        particles(framed(*range(12), 0x9702), "here")
