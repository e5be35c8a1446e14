import math

import adafruit_bmp280
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.base.driver import Identity, read
from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    DriverError,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.base.i2c import I2CPort
from drivers.bmp280 import (
    BMP280,
    Trim,
    convert,
    fine_temperature,
    pressure,
    refuse_unfinished,
)
from edge_agent.testing import Bench, I2CContract
from simulators import bme280 as simulated_bme280
from simulators import bmp280 as simulated
from simulators import faults
from tests.drivers.filters import FilterClaims
from tests.drivers.oversampling import OversamplingClaims


class TestContract(I2CContract):
    driver = BMP280
    model = simulated.BMP280


class TestContractOfOversamplingPerQuantity(I2CContract):
    driver = BMP280
    model = simulated.BMP280
    options = {"temperature_oversampling": 2, "pressure_oversampling": 16}


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_bmp280, "sleep", clock.sleep)
        chip = adafruit_bmp280.Adafruit_BMP280_I2C(busio, 0x76)
        return lambda: {"temperature": chip.temperature, "atmospheric_pressure": chip.pressure}

    agree(adafruit, BMP280, simulated.BMP280)


WHERE = "bench:0x76"
# BMP280 datasheet §3.12
EXAMPLE = Trim(27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)


@pytest.fixture
def model(bus, clock):
    model = simulated.BMP280(clock)
    bus.attach(0x76, model)
    return model


@pytest.fixture
def bench(bench_of):
    return bench_of(BMP280, simulated.BMP280)


def test_the_example_of_the_datasheet_comes_out():
    fine = fine_temperature(EXAMPLE, 519888)
    assert fine == pytest.approx(128422.3, abs=0.05)
    assert fine / 5120 == pytest.approx(25.08, abs=0.005)
    assert pressure(EXAMPLE, 415148, fine) == pytest.approx(100653.27, abs=0.01)


@pytest.mark.parametrize("oversampling, step", [(1, 2.7), (2, 1.4), (4, 0.7), (8, 0.35), (16, 0.2)])
@pytest.mark.parametrize("celsius", [-39.9, -0.03, 0, 21.43, 84.9])
@pytest.mark.parametrize("hectopascal", [300.5, 850, 1013.25, 1099.5])
def test_what_the_air_is_comes_out(bus, model, clock, oversampling, step, celsius, hectopascal):
    model.set("temperature", celsius)
    model.set("atmospheric_pressure", hectopascal)
    barometer = BMP280(I2CPort(bus, 0x76), oversampling=oversampling)
    values = read(barometer, clock.sleep)
    assert values["temperature"] == pytest.approx(celsius, abs=0.005 / oversampling)
    assert values["atmospheric_pressure"] == pytest.approx(hectopascal, abs=step / 100)


@pytest.mark.parametrize("oversampling, seconds", [(1, 0.006425), (2, 0.011025), (16, 0.075425)])
def test_the_longest_time_of_the_datasheet_is_waited_for(bus, model, oversampling, seconds):
    steps = BMP280(I2CPort(bus, 0x76), oversampling=oversampling).measure()
    assert next(steps) == pytest.approx(seconds)


def test_identifying_reads_only(bench):
    bench.model._store = pytest.fail  # a write to a register
    assert bench.device.identify() == Identity("BMP280", certain=True)


def test_identifying_knows_a_relative(bus, clock):
    bus.attach(0x77, simulated_bme280.BME280(clock))
    assert BMP280(I2CPort(bus, 0x77)).identify() is None


@pytest.mark.parametrize("chip_id", [0x56, 0x57, 0x58])
def test_samples_are_welcome(bench, chip_id):
    bench.model.chip_id = chip_id
    bench.model.power_on()
    assert bench.read()["temperature"] == pytest.approx(21, abs=0.01)


@pytest.mark.parametrize(
    "chip_id, what",
    [
        (0x60, r'this is a BME280: it has humidity, too \(set driver = "bme280"\)'),
        (0x61, "this is a BME680 "),
        (0x55, "this is a BMP180 "),
        (0x42, "this is no BMP280: its chip id is 0x42"),
    ],
)
def test_another_chip_is_named(bench, chip_id, what):
    bench.model.chip_id = chip_id
    bench.model.power_on()
    with pytest.raises(WrongChip, match=f"{WHERE}: {what}"):
        bench.setup()


@pytest.mark.parametrize("ones, byte", [(True, "ff"), (False, "00")])
def test_a_dead_line_is_no_chip(bench, ones, byte):
    bench.strike(faults.ConstantFrame, ones=ones)
    with pytest.raises(DeadFrame, match=f"answers {byte} only"):
        bench.setup()


@pytest.mark.parametrize("ones", [True, False])
def test_a_line_that_dies_later_has_no_value(ready, ones):
    ready.strike(faults.ConstantFrame, ones=ones)
    with pytest.raises(DeadFrame):
        ready.measure()


@pytest.mark.parametrize("trim", [[0] * 12, [0xFFFF, -1, -1, 0xFFFF, *[-1] * 8]])
def test_a_trim_of_one_byte_only_is_refused(bench, trim):
    bench.model.trim = trim
    with pytest.raises(DeadFrame, match="only"):
        bench.setup()


def test_a_trim_that_divides_by_zero_is_refused(bench):
    bench.model.trim[3] = 0
    with pytest.raises(DeadFrame, match="dig_P1 is 0"):
        bench.setup()


def test_a_trim_that_was_damaged_on_its_way_is_refused(bench, damaged):
    bench.model.read = damaged(bench.model.read, count=24)
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        bench.setup()


def test_a_frame_that_was_damaged_on_its_way_has_no_value(ready, damaged):
    ready.model.read = damaged(ready.model.read, count=10)
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        ready.measure()


@pytest.mark.parametrize("masks", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])  # one of the reads
@pytest.mark.parametrize("bit", range(80))
def test_a_flipped_bit_in_one_of_the_reads_is_noticed(ready, masks, bit):
    model, pending = ready.model, [mask << bit for mask in masks]
    healthy = model.read
    model.read = lambda count: (int.from_bytes(healthy(count)) ^ pending.pop(0)).to_bytes(count)
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        ready.measure()


def test_a_chip_that_does_not_finish_has_no_value(ready):
    ready.model.slowness = 1000
    with pytest.raises(NotReady, match="still measuring"):
        ready.measure()


def test_a_chip_that_does_not_finish_recovers_by_a_reset(ready):
    ready.model.slowness = 1000
    with pytest.raises(NotReady):
        ready.measure()
    ready.model.slowness = 1
    assert ready.read()["temperature"] == pytest.approx(21, abs=0.01)


def test_a_chip_that_stays_in_reset_is_reported(bench, monkeypatch):
    monkeypatch.setattr(simulated, "STARTUP_SECONDS", 10)
    with pytest.raises(NotReady, match="does not come out of reset"):
        bench.setup()


def test_a_brown_out_between_two_measurements_is_noticed(ready):
    ready.measure()
    ready.model.power_on()
    with pytest.raises(LostConfiguration, match=r"configured 24 20, holds 24 00 .*supply"):
        ready.measure()
    assert ready.read()["temperature"] == pytest.approx(21, abs=0.01)


def test_a_brown_out_during_a_conversion_is_noticed(ready):
    steps = ready.device.measure()
    ready.clock.sleep(next(steps) / 2)
    ready.model.power_on()
    ready.clock.sleep(1)
    with pytest.raises(LostConfiguration, match="holds 00 00"):
        next(steps)


# status, ctrl_meas and config: the trim is being copied; other settings; another program's mode
@pytest.mark.parametrize("held", ["01 24 20", "00 00 20", "00 27 20", "00 48 20", "00 24 00"])
def test_other_settings_than_ours_are_noticed(held):
    with pytest.raises(LostConfiguration, match="configured 24 20, holds"):
        refuse_unfinished(bytes.fromhex(held), 0x24, 0x20, "here")


@pytest.mark.parametrize("data", ["80 00 00 7f 00 00", "65 5a c0 80 00 00", "80 00 00 80 00 00"])
def test_the_codes_of_a_skipped_conversion_are_no_values(data):
    with pytest.raises(LostConfiguration, match="skipped"):
        convert(EXAMPLE, bytes(4) + bytes.fromhex(data), "here")


@pytest.mark.parametrize(
    "channel, value",
    [
        ("temperature", -40.1),
        ("temperature", 85.1),
        ("atmospheric_pressure", 299.9),
        ("atmospheric_pressure", 1100.1),
    ],
)
def test_air_that_the_chip_cannot_measure_is_refused(ready, channel, value):
    ready.model.set(channel, value)
    with pytest.raises(OutOfRange, match=channel):
        ready.value(channel)


def answered(frame):
    """A chip of the example's trim that was set up, and then answers with one frame for ever."""
    bench = Bench(BMP280, simulated.BMP280)
    bench.setup()
    bench.model.read = lambda _count: frame
    return bench.measure()


FINISHED = bytes.fromhex("00 24 20 00")
frames = st.binary(min_size=10, max_size=10) | st.binary(min_size=6, max_size=6).map(
    lambda data: FINISHED + data
)


@given(frame=frames)
@example(frame=FINISHED + bytes(6))
@example(frame=FINISHED + b"\xff" * 6)
def test_whatever_the_chip_answers_is_in_range_or_an_error(frame):
    try:
        values = answered(frame)
    except DriverError:
        return
    assert -40 <= values["temperature"] <= 85
    assert 300 <= values.get("atmospheric_pressure", 300) <= 1100


codes = st.integers(0, 0xFFFFF)
shorts = st.integers(-0x8000, 0x7FFF)
words = st.integers(0, 0xFFFF)


@given(
    trim=st.builds(Trim, words, shorts, shorts, words.filter(bool), *[shorts] * 8),
    temperature_code=codes,
    pressure_code=codes,
)
def test_whatever_the_trim_the_formulas_give_finite_numbers(trim, temperature_code, pressure_code):
    fine = fine_temperature(trim, temperature_code)
    assert math.isfinite(fine)
    assert math.isfinite(pressure(trim, pressure_code, fine))


@given(
    trim=st.builds(Trim, words, shorts, shorts, st.integers(0x4000, 0xFFFF), *[shorts] * 8),
    code=codes,
    fine=st.floats(-40 * 5120, 85 * 5120),
)
def test_the_models_writing_of_the_formula_gives_the_same_pressure(trim, code, fine):
    expected = simulated.pascal_of(list(trim), code, fine)
    assert pressure(trim, code, fine) == pytest.approx(expected, rel=1e-9, abs=1e-3)


def test_a_divisor_of_zero_is_no_pressure():
    # 1 + p2 · var1 / 2³⁴ is 0 if var1 is 2²⁰
    trim = Trim(0, 0, 0, 1, -0x4000, 0, 0, 0, 0, 0, 0, 0)
    assert pressure(trim, 415148, 2 * (64000 + 2**20)) == 0


# The model by itself


def test_the_model_powers_on_with_skipped_codes(bus, model, clock):
    assert bus.read_i2c_block_data(0x76, 0xF7, 6) == [0x80, 0, 0, 0x80, 0, 0]
    assert bus.read_byte_data(0x76, 0xF3) == 0x01
    clock.sleep(0.002)
    assert bus.read_byte_data(0x76, 0xF3) == 0x00


def test_the_model_gives_the_codes_of_the_datasheets_example(bus, model, clock):
    model.set("temperature", 128422.3 / 5120)
    model.set("atmospheric_pressure", 1006.5327)
    bus.write_byte_data(0x76, 0xF4, 0xB5)
    clock.sleep(1)
    data = bytes(bus.read_i2c_block_data(0x76, 0xF7, 6))
    assert int.from_bytes(data[3:]) >> 4 == pytest.approx(519888, abs=1)
    assert int.from_bytes(data[:3]) >> 4 == pytest.approx(415148, abs=1)


def test_the_model_keeps_the_old_codes_while_it_measures(bus, model, clock):
    bus.write_byte_data(0x76, 0xF4, 0x25)
    assert bus.read_byte_data(0x76, 0xF3) & 0x08
    assert bus.read_i2c_block_data(0x76, 0xF7, 3) == [0x80, 0, 0]
    clock.sleep(0.0064)
    assert not bus.read_byte_data(0x76, 0xF3) & 0x08
    assert bus.read_i2c_block_data(0x76, 0xF7, 3) != [0x80, 0, 0]
    assert bus.read_byte_data(0x76, 0xF4) == 0x24


@pytest.mark.parametrize("setting, bits", [(1, 16), (2, 17), (3, 18), (4, 19), (5, 20), (7, 20)])
def test_the_model_gives_as_many_bits_as_it_takes_samples(bus, model, clock, setting, bits):
    seen = 0
    for celsius in range(-40, 85):
        model.set("temperature", celsius)
        bus.write_byte_data(0x76, 0xF4, setting << 5 | setting << 2 | 1)
        clock.sleep(1)
        data = bytes(bus.read_i2c_block_data(0x76, 0xF7, 6))
        seen |= int.from_bytes(data[:3]) | int.from_bytes(data[3:])
    assert seen & 0xFF == 0xFF & -1 << 24 - bits


def test_the_model_skips_what_is_not_sampled(bus, model, clock):
    bus.write_byte_data(0x76, 0xF4, 0x21)
    clock.sleep(1)
    assert bus.read_i2c_block_data(0x76, 0xF7, 3) == [0x80, 0, 0]
    assert bus.read_i2c_block_data(0x76, 0xFA, 3) != [0x80, 0, 0]


NORMAL = 0x27  # one sample of each: 5.5 ms


def celsius_of(bus, address=0x76):
    trim, data = list(simulated.TRIM), bytes(bus.read_i2c_block_data(address, 0xFA, 3))
    return simulated.fine_of(trim, int.from_bytes(data) >> 4) / 5120


def measures(bus, address=0x76):
    return bool(bus.read_byte_data(address, 0xF3) & 0x08)


def test_the_model_in_normal_mode_measures_continuously(bus, model, clock):
    bus.write_byte_data(0x76, 0xF4, NORMAL)
    for celsius in (-20, 3.5, 60):
        model.set("temperature", celsius)
        clock.sleep(1)
        assert celsius_of(bus) == pytest.approx(celsius, abs=0.005)
        assert bus.read_byte_data(0x76, 0xF4) == NORMAL


@pytest.mark.parametrize(
    "setting, standby",
    [(0, 0.0005), (1, 0.0625), (2, 0.125), (3, 0.25), (4, 0.5), (5, 1), (6, 2), (7, 4)],
)
def test_the_model_rests_for_the_standby_time(clock, setting, standby):
    model = simulated.BMP280(clock)
    model.write(bytes([0xF5, setting << 5, 0xF4, NORMAL]))
    status = []
    for seconds in (0.0054, 0.0002, standby):
        clock.sleep(seconds)
        model.write(b"\xf3")
        status.append(model.read(1)[0] >> 3)
    assert status == [1, 0, 1]


def test_the_model_shows_the_last_result_until_the_next_is_complete(bus, model, clock):
    model.slowness = 10  # 55 ms
    bus.write_i2c_block_data(0x76, 0xF5, [5 << 5, 0xF4, NORMAL])  # 1 s of standby
    clock.sleep(0.06)
    model.set("temperature", 50)
    clock.sleep(0.9)
    assert celsius_of(bus) == pytest.approx(21, abs=0.005)
    clock.sleep(0.12)
    assert measures(bus)
    assert celsius_of(bus) == pytest.approx(21, abs=0.005)
    clock.sleep(0.05)
    assert celsius_of(bus) == pytest.approx(50, abs=0.005)


def test_the_model_has_a_complete_result_while_it_measures_again(bus, model, clock):
    bus.write_i2c_block_data(0x76, 0xF5, [5 << 5, 0xF4, NORMAL])
    model.set("temperature", -20)
    clock.sleep(60 * 1.0055 + 0.001)
    assert measures(bus)
    assert celsius_of(bus) == pytest.approx(-20, abs=0.005)


def test_the_model_put_to_sleep_completes_its_measurement_and_begins_no_other(bus, model, clock):
    bus.write_byte_data(0x76, 0xF4, NORMAL)
    bus.write_byte_data(0x76, 0xF4, NORMAL & ~3)
    clock.sleep(1)
    model.set("temperature", 50)
    clock.sleep(1)
    assert celsius_of(bus) == pytest.approx(21, abs=0.005)


def test_a_brown_out_ends_the_models_normal_mode(bus, model, clock):
    bus.write_byte_data(0x76, 0xF4, NORMAL)
    model.power_on()
    clock.sleep(1)
    assert bus.read_i2c_block_data(0x76, 0xF7, 6) == [0x80, 0, 0, 0x80, 0, 0]


class TestFilter(FilterClaims):
    driver = BMP280
    model = simulated.BMP280
    weights = (1, 4, 16)
    register = 0xF5


class TestOversampling(OversamplingClaims):
    driver = BMP280
    model = simulated.BMP280
    own = {
        "temperature_oversampling": 2,
        "pressure_oversampling": 16,
    }
    registers = {0xF4: 2 << 5 | 5 << 2}
    seconds = 0.043225
