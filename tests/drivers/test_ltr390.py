import adafruit_ltr390
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.ltr390 import ATTEMPTS, LTR390, MODES, measured
from edge_agent.testing import I2CContract
from simulators import faults, ltr390


class TestContract(I2CContract):
    driver = LTR390
    model = ltr390.LTR390


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_ltr390, "sleep", clock.sleep)
        chip = adafruit_ltr390.LTR390(busio)
        chip.resolution = adafruit_ltr390.Resolution.RESOLUTION_20BIT

        def measure(mode, gain, name):
            chip.gain = gain
            chip._mode_cache = None
            chip._mode = mode
            clock.sleep(0.45)  # it takes the flag of the other mode's data for its own
            return getattr(chip, name)

        return lambda: {
            "illuminance": measure(adafruit_ltr390.ALS, adafruit_ltr390.Gain.GAIN_1X, "lux"),
            "uv_index": measure(adafruit_ltr390.UV, adafruit_ltr390.Gain.GAIN_18X, "uvi"),
        }

    agree(adafruit, LTR390, ltr390.LTR390)


@pytest.fixture
def bench(bench_of):
    return ready(bench_of(LTR390, ltr390.LTR390))


def ready(bench):
    expose(bench, 1000.0, 3.0)
    bench.setup()
    return bench


def expose(bench, lux, index):
    bench.model.set("illuminance", lux)
    bench.model.set("uv_index", index)


def near(lux, index):
    return {
        "illuminance": pytest.approx(lux, abs=0.15),
        "uv_index": pytest.approx(index, abs=1 / 2300),
    }


@pytest.mark.parametrize(
    "name, count, expected",
    [
        ("illuminance", 0, 0),
        ("illuminance", 1, 0.15),
        ("illuminance", 4000, 600),
        ("uv_index", 2300, 1),
        ("uv_index", 25300, 11),
    ],
)
def test_a_count_is_an_illuminance_or_a_uv_index(name, count, expected):
    assert measured(count, MODES[name]) == pytest.approx(expected)


def test_both_are_measured_each_from_its_own_data(bench):
    for lux, index in ((1000, 3), (120_000, 0), (0, 12.5), (0, 0), (87.3, 0.01)):
        expose(bench, lux, index)
        assert bench.measure() == near(lux, index)


def test_each_photodiode_has_its_own_gain_and_mode(bench):
    begin = len(bench.bus.messages)
    bench.measure()
    written = [m.written for m in bench.bus.messages[begin:]]
    assert [w for w in written if w and len(w) > 1] == [
        b"\x00\x00",
        b"\x05\x00",
        b"\x00\x02",
        b"\x00\x00",
        b"\x05\x04",
        b"\x00\x0a",
    ]


def test_a_soft_reset_is_never_sent(bench):
    bench.read()
    controls = [m.written for m in bench.bus.messages if m.written and m.written[0] == 0]
    assert not any(len(w) > 1 and w[1] & 0x10 for w in controls)


@pytest.mark.parametrize("name, value", [("illuminance", 157_290), ("uv_index", 460)])
def test_light_that_saturates_the_chip_is_refused(bench, name, value):
    bench.model.set(name, value)
    with pytest.raises(OutOfRange, match=f"{name} is beyond .* \\(shade the sensor\\)"):
        bench.value(name)


def test_the_chip_is_certain_by_its_id(bench):
    assert bench.device.identify() == Identity("LTR390", certain=True)


@pytest.mark.parametrize("part_id", [0xB1, 0xC2, 0xB3])
def test_its_relatives_are_refused(bench, part_id):
    bench.model._registers[6] = part_id
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match=f"no LTR390: its part id is 0x{part_id:02x}"):
        bench.setup()


def test_setup_ends_any_mode(bench):
    for setting in (b"\x04\x45", b"\x05\x03", b"\x00\x0a"):
        bench.device._port.write(setting)
    bench.sleep(0.3)
    assert bench.read() == near(1000, 3)


def test_another_programs_resolution_is_noticed(bench):
    bench.device._port.write(b"\x04\x22")
    with pytest.raises(LostConfiguration, match="configured 00 00 00 b2, holds 00 22 00 b2"):
        bench.measure()


def test_a_slow_oscillator_is_waited_for_but_not_for_ever(bench):
    bench.model.slowness = 1.4
    expose(bench, 500, 5)
    assert bench.measure() == near(500, 5)
    bench.model.slowness = 1.8
    with pytest.raises(NotReady, match="no new data"):
        bench.measure()


def test_unread_data_are_not_taken_for_new_ones(bench):
    bench.measure()
    bench.sleep(1)  # the last mode went on
    bench.model.slowness = 1000
    with pytest.raises(NotReady):
        bench.measure()
    assert [m.written for m in bench.bus.messages if m.written][-ATTEMPTS - 1] == b"\x00\x02"


def test_a_chip_that_clears_its_flag_with_the_status_is_read_as_well(bench, monkeypatch):
    answer = bench.model.read

    def read(count):
        fresh = bench.model._registers[7] & 0x08
        data = answer(count)
        if bench.model._pointer == 7:
            bench.model._registers[7] &= ~0x08
        elif bench.model._pointer in {0x0D, 0x10}:
            bench.model._registers[7] |= fresh
        return data

    monkeypatch.setattr(bench.model, "read", read)
    assert bench.measure() == near(1000, 3)
    expose(bench, 200, 1)
    assert bench.measure() == near(200, 1)
    bench.sleep(1)
    bench.model.slowness = 1000
    with pytest.raises(NotReady):
        bench.measure()
    assert [m.written for m in bench.bus.messages if m.written][-ATTEMPTS - 1] == b"\x00\x02"


@pytest.mark.parametrize("seconds", [0, 0.2, 0.5])
def test_a_power_failure_is_noticed(bench, seconds):
    bench.strike(faults.BrownOut, at=bench.clock.monotonic() + seconds)
    with pytest.raises(LostConfiguration):
        bench.measure()


def test_a_power_failure_shows_in_the_status_even_if_the_settings_are_as_wanted(bench):
    bench.model._registers[7] |= 0x20
    with pytest.raises(LostConfiguration, match="power failed"):
        bench.measure()


@pytest.mark.parametrize("ones, word", [(True, "ff"), (False, "00")])
def test_a_silent_line_is_called_so(bench, ones, word):
    bench.strike(faults.ConstantFrame, ones=ones)
    with pytest.raises(DeadFrame, match=f"answers {word} instead of its part id"):
        bench.measure()


def test_two_reads_of_a_result_that_differ_are_refused(bench, bench_of, flipped_bit):
    clean = ready(bench_of(LTR390, ltr390.LTR390))
    *_, second, _, _, _, _, _ = clean.moments(clean.measure, reads_only=True)
    bench.strike(flipped_bit, at=second, bit=9)
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        bench.measure()


def register(bench, number, count=1):
    return bench.device._port.write_read(bytes([number]), count)


def test_the_model_has_the_datasheets_power_on_values(bench):
    bench.model.power_on()
    assert register(bench, 0) == b"\x00"
    assert register(bench, 4, 4) == b"\x22\x01\xb2\x20"
    assert register(bench, 7) == b"\x00"
    assert register(bench, 0x19, 2) == b"\x10\x00"
    assert register(bench, 0x21, 6) == b"\xff\xff\x0f\x00\x00\x00"


@pytest.mark.parametrize(
    "rate, milliseconds, bits",
    [(0x00, 400, 20), (0x10, 200, 19), (0x20, 100, 18), (0x30, 50, 17), (0x40, 25, 16)],
)
def test_the_model_takes_longer_for_more_bits(bench, rate, milliseconds, bits):
    port = bench.device._port
    port.write(bytes([4, rate]))
    port.write(b"\x00\x02")
    bench.sleep(0.005 + milliseconds / 1000 - 0.002)
    assert register(bench, 7) == b"\x00"
    bench.sleep(0.002)
    assert register(bench, 7) == b"\x08"
    count = int.from_bytes(register(bench, 0x0D, 3), "little")
    assert count == pytest.approx(1000 / 0.6 * milliseconds / 100, abs=1)
    assert count < 1 << bits


def test_the_models_flag_stays_until_its_data_are_read(bench):
    bench.device._port.write(b"\x00\x02")
    bench.sleep(0.41)
    assert [register(bench, 7) for _ in range(2)] == [b"\x08", b"\x08"]
    register(bench, 0x0D, 3)
    assert register(bench, 7) == b"\x00"


def test_the_model_gives_no_data_that_a_standby_came_before(bench):
    port = bench.device._port
    port.write(b"\x00\x02")
    bench.sleep(0.2)
    port.write(b"\x00\x00")
    bench.sleep(0.3)
    assert register(bench, 7) == b"\x00"
    assert register(bench, 0x0D, 3) == bytes(3)


def test_the_model_forgets_everything_at_a_reset(bench):
    bench.device._port.write(b"\x00\x10")
    assert register(bench, 4, 2) == b"\x22\x01"


def test_no_write_changes_the_models_id_and_data(bench):
    bench.device._port.write(bytes([6, *[0x77] * 12]))
    assert register(bench, 6, 12) == b"\xb2" + bytes(11)
