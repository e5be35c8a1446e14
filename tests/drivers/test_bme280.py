import random
from functools import partial

import bme280 as rpi_bme280
import pytest
from adafruit_bme280 import basic as adafruit_bme280
from hypothesis import example, given
from hypothesis import strategies as st

from drivers import bmp280
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
from drivers.bme280 import BME280, HumidityTrim, humidity, unpack_humidity_trim
from edge_agent.testing import Bench, I2CContract
from simulators import bme280 as simulated
from simulators import bmp280 as simulated_bmp280
from simulators import faults
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from tests.drivers.filters import FilterClaims
from tests.drivers.oversampling import OversamplingClaims


class TestContract(I2CContract):
    driver = BME280
    model = simulated.BME280


class TestContractOfOversamplingPerQuantity(I2CContract):
    driver = BME280
    model = simulated.BME280
    options = {
        "temperature_oversampling": 2,
        "pressure_oversampling": 16,
        "humidity_oversampling": 4,
    }


def richard_hull(busio, clock, monkeypatch):
    monkeypatch.setattr(rpi_bme280, "time", clock)
    trim = rpi_bme280.load_calibration_params(busio.bus, 0x76)

    def measure():
        sample = rpi_bme280.sample(busio.bus, 0x76, trim)
        return {
            "temperature": sample.temperature,
            "atmospheric_pressure": sample.pressure,
            "humidity": sample.humidity,
        }

    return measure


def adafruit(busio, clock, monkeypatch):
    monkeypatch.setattr(adafruit_bme280, "sleep", clock.sleep)
    chip = adafruit_bme280.Adafruit_BME280_I2C(busio, 0x76)
    return lambda: {
        "temperature": chip.temperature,
        "atmospheric_pressure": chip.pressure,
        "humidity": chip.humidity,
    }


both = pytest.mark.parametrize("witness", [richard_hull, adafruit])
old = pytest.mark.filterwarnings("ignore:datetime.*utcnow:DeprecationWarning")  # RPi.bme280


@old
@both
def test_an_independent_driver_reads_what_we_read_and_what_is(agree, witness, monkeypatch):
    agree(partial(witness, monkeypatch=monkeypatch), BME280, simulated.BME280)


@old
@both
@pytest.mark.parametrize("seed", range(50))
def test_independent_drivers_read_the_same_humidity_from_any_trim(
    witness, seed, busio_of, monkeypatch
):
    clock = VirtualClock()
    bus, model = SimulatedBus(clock), simulated.BME280(clock)
    chance = random.Random(seed)
    # H3 is 0: Adafruit's formula has it in twice, as Bosch's API
    model.humidity_trim = [
        chance.randint(0, 100),
        chance.randint(330, 400),
        0,
        chance.randint(-300, 300),
        chance.randint(-60, 60),
        chance.randint(0, 40),
    ]
    bus.attach(0x76, model)
    model.power_on()
    clock.sleep(0.002)
    model.set("humidity", chance.uniform(35, 65))
    theirs = witness(busio_of(bus), clock, monkeypatch)()
    mine = read(BME280(I2CPort(bus, 0x76)), clock.sleep)
    assert mine["humidity"] == pytest.approx(theirs["humidity"], abs=0.01)


WHERE = "bench:0x76"


@pytest.fixture
def model(bus, clock):
    model = simulated.BME280(clock)
    bus.attach(0x77, model)
    return model


@pytest.fixture
def bench(bench_of):
    return bench_of(BME280, simulated.BME280)


def int32_humidity(trim, code, fine):
    """Datasheet §8.2: % in 1/1024, in whole numbers."""
    x = fine - 76800
    offset = ((code << 14) - (trim.h4 << 20) - trim.h5 * x + 16384) >> 15
    warm = ((x * trim.h6 >> 10) * ((x * trim.h3 >> 11) + 32768) >> 10) + 2097152
    line = offset * (warm * trim.h2 + 8192 >> 14)
    bent = line - (((line >> 15) * (line >> 15) >> 7) * trim.h1 >> 4)
    return (min(max(bent, 0), 419430400) >> 12) / 1024


trims = st.builds(
    HumidityTrim,
    h1=st.integers(0, 100),
    h2=st.integers(300, 420),
    h3=st.integers(0, 4),
    h4=st.integers(-150, 500),
    h5=st.integers(-100, 100),
    h6=st.integers(0, 40),
)


@given(trim=trims, code=st.integers(0, 0xFFFF), fine=st.integers(-40 * 5120, 85 * 5120))
def test_humidity_agrees_with_the_integer_formula_of_the_datasheet(trim, code, fine):
    percent = min(max(humidity(trim, code, fine), 0), 100)
    assert percent == pytest.approx(int32_humidity(trim, code, fine), abs=0.01)


# h4 is E4 and the low half of E5, h5 is E6 and the high half; the datasheet's table 16
@pytest.mark.parametrize(
    "registers, trim",
    [
        ("6a 01 00 14 24 03 1e", (75, 362, 0, 324, 50, 30)),
        ("96 fe ff ff ff ff ff", (75, -362, 255, -1, -1, -1)),
        ("00 80 80 80 0f f0 80", (75, -32768, 128, -2033, -256, -128)),
        ("ff 7f 7f 7f f0 7f 7f", (75, 32767, 127, 2032, 2047, 127)),
    ],
)
def test_the_halves_of_a_shared_register_are_put_together(registers, trim):
    assert unpack_humidity_trim(75, bytes.fromhex(registers)) == trim


@pytest.mark.parametrize("oversampling", [1, 2, 4, 8, 16])
@pytest.mark.parametrize("celsius", [-39.9, 0, 21.43, 84.9])
@pytest.mark.parametrize("percent", [0.5, 33.33, 50, 99.5])
def test_what_the_air_is_comes_out(bus, model, clock, oversampling, celsius, percent):
    model.set("temperature", celsius)
    model.set("humidity", percent)
    values = read(BME280(I2CPort(bus, 0x77), oversampling=oversampling), clock.sleep)
    assert values["temperature"] == pytest.approx(celsius, abs=0.005 / oversampling)
    assert values["atmospheric_pressure"] == pytest.approx(1013, abs=0.027)
    assert values["humidity"] == pytest.approx(percent, abs=0.01)


@given(trim=trims, celsius=st.floats(-39.9, 84.9), percent=st.floats(1, 99))
def test_every_plausible_trim_gives_the_same_humidity(trim, celsius, percent):
    clock = VirtualClock()
    bus, model = SimulatedBus(clock), simulated.BME280(clock)
    bus.attach(0x77, model)
    model.humidity_trim = list(trim)
    model.set("temperature", celsius)
    model.set("humidity", percent)
    try:
        values = read(BME280(I2CPort(bus, 0x77)), clock.sleep)
    except LostConfiguration:
        return  # the one code in 65536 that means "skipped"
    reachable = [humidity(trim, code, celsius * 5120) for code in (0, 0xFFFF)]
    expected = min(max(percent, reachable[0]), reachable[1])
    assert values["humidity"] == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("oversampling, seconds", [(1, 0.0093), (2, 0.0162), (16, 0.1128)])
def test_the_longest_time_of_the_datasheet_is_waited_for(bus, model, oversampling, seconds):
    steps = BME280(I2CPort(bus, 0x77), oversampling=oversampling).measure()
    assert next(steps) == pytest.approx(seconds)


def test_identifying_reads_only(bench):
    bench.model._store = pytest.fail  # a write to a register
    assert bench.device.identify() == Identity("BME280", certain=True)


def test_identifying_knows_a_relative(bus, clock):
    bus.attach(0x76, simulated_bmp280.BMP280(clock))
    assert BME280(I2CPort(bus, 0x76)).identify() is None


@pytest.mark.parametrize(
    "chip_id, what",
    [
        (0x58, r'this is a BMP280: it has no humidity \(set driver = "bmp280"\)'),
        (0x57, r'this is a BMP280: it has no humidity \(set driver = "bmp280"\)'),
        (0x61, "this is a BME680 "),
        (0x42, "this is no BME280: its chip id is 0x42"),
    ],
)
def test_another_chip_is_named(bench, chip_id, what):
    bench.model.chip_id = chip_id
    bench.model.power_on()
    with pytest.raises(WrongChip, match=f"{WHERE}: {what}"):
        bench.setup()


@pytest.mark.parametrize("trim", [(75, 0, 0, 0, 0, 0), (75, -1, 255, -1, -1, -1)])
def test_a_humidity_trim_of_one_byte_only_is_refused(bench, trim):
    bench.model.humidity_trim = trim
    with pytest.raises(DeadFrame, match="only"):
        bench.setup()


@pytest.mark.parametrize("count", [7, 26])
def test_a_trim_that_was_damaged_on_its_way_is_refused(bench, count, damaged):
    bench.model.read = damaged(bench.model.read, count=count)
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        bench.setup()


def test_a_frame_that_was_damaged_on_its_way_has_no_value(ready, damaged):
    ready.model.read = damaged(ready.model.read, count=13)
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        ready.measure()


@pytest.mark.parametrize("ones", [True, False])
def test_a_line_that_dies_has_no_value(ready, ones):
    ready.strike(faults.ConstantFrame, ones=ones)
    with pytest.raises(DeadFrame):
        ready.measure()


def test_a_chip_that_does_not_finish_has_no_value(ready):
    ready.model.slowness = 1000
    with pytest.raises(NotReady, match="still measuring"):
        ready.measure()


def test_a_brown_out_between_two_measurements_is_noticed(ready):
    ready.measure()
    ready.model.power_on()
    with pytest.raises(LostConfiguration):
        ready.measure()
    assert ready.read()["humidity"] == pytest.approx(45, abs=0.01)


def test_a_brown_out_between_the_two_writes_is_noticed(ready):
    take = ready.model.write

    def dip(data):
        if data[0] == 0xF4:
            ready.model.power_on()
            ready.model._registers[0xF5] = bmp280.MARK  # even if the mark came back
        take(data)

    ready.model.write = dip
    with pytest.raises(LostConfiguration, match="humidity's conversion was skipped"):
        ready.measure()


def test_the_code_of_a_skipped_humidity_is_no_value():
    with pytest.raises(LostConfiguration, match="humidity's conversion was skipped"):
        answered(FINISHED + bytes.fromhex("65 5a c0 7e ed 00 80 00"))


def test_a_humidity_of_another_setting_is_no_value():
    with pytest.raises(LostConfiguration, match="humidity's conversion was skipped"):
        answered(bytes.fromhex("02 00 24 20 00 65 5a c0 7e ed 00 70 00"))


def test_a_chip_that_stays_in_reset_is_reported(bench, monkeypatch):
    monkeypatch.setattr(simulated_bmp280, "STARTUP_SECONDS", 10)
    with pytest.raises(NotReady, match="does not come out of reset"):
        bench.setup()


def test_air_that_the_chip_cannot_measure_is_refused(ready):
    ready.model.set("temperature", 85.1)
    with pytest.raises(OutOfRange, match="temperature"):
        ready.value("temperature")


@pytest.mark.parametrize("code, percent", [(0x4E80, 0), (0x9C00, 100)])
def test_an_overshoot_of_a_few_percent_is_cropped(code, percent):
    data = bytes.fromhex("65 5a c0 7e ed 00") + code.to_bytes(2)
    assert answered(FINISHED + data)["humidity"] == percent


@pytest.mark.parametrize("code", ["00 00", "40 00", "c0 00", "ff ff"])
def test_the_codes_of_a_broken_humidity_element_are_no_humidity(code):
    with pytest.raises(OutOfRange, match=r"humidity is .*, the chip measures 0 to 100 %"):
        answering(FINISHED + bytes.fromhex("65 5a c0 7e ed 00" + code)).value("humidity")


def answered(frame):
    return answering(frame).measure()


def answering(frame):
    """A chip of the model's trim that was set up, and then answers with one frame for ever."""
    bench = Bench(BME280, simulated.BME280)
    bench.setup()
    bench.model.read = lambda _count: frame
    return bench


FINISHED = bytes.fromhex("01 00 24 20 00")
frames = st.binary(min_size=13, max_size=13) | st.binary(min_size=8, max_size=8).map(
    lambda data: FINISHED + data
)


@given(frame=frames)
@example(frame=FINISHED + bytes(8))
@example(frame=FINISHED + b"\xff" * 8)
@example(frame=FINISHED + bytes.fromhex("65 5a c0 7e ed 00 ff ff"))
def test_whatever_the_chip_answers_is_in_range_or_an_error(frame):
    try:
        values = answered(frame)
    except DriverError:
        return
    assert -40 <= values["temperature"] <= 85
    assert 300 <= values.get("atmospheric_pressure", 300) <= 1100
    assert 0 <= values.get("humidity", 0) <= 100


# The model by itself


def test_the_models_humidity_setting_counts_from_the_next_ctrl_meas_on(bus, model, clock):
    bus.write_byte_data(0x77, 0xF4, 0x25)
    bus.write_byte_data(0x77, 0xF2, 0x01)
    clock.sleep(1)
    assert bus.read_i2c_block_data(0x77, 0xFD, 2) == [0x80, 0]
    bus.write_byte_data(0x77, 0xF4, 0x25)
    clock.sleep(1)
    assert bus.read_i2c_block_data(0x77, 0xFD, 2) != [0x80, 0]


def test_a_brown_out_of_the_model_leaves_skipped_codes(bus, model, clock):
    bus.write_i2c_block_data(0x77, 0xF2, [0x01, 0xF4, 0x25])
    clock.sleep(1)
    model.power_on()
    assert bus.read_i2c_block_data(0x77, 0xF7, 8) == [0x80, 0, 0, 0x80, 0, 0, 0x80, 0]


@pytest.mark.parametrize("setting, standby", [(0, 0.0005), (5, 1), (6, 0.01), (7, 0.02)])
def test_the_model_in_normal_mode_measures_after_each_standby_time(clock, setting, standby):
    model = simulated.BME280(clock)
    model.write(bytes([0xF5, setting << 5, 0xF2, 1, 0xF4, 0x27]))
    status = []
    for seconds in (0.0079, 0.0002, standby):  # one sample of each: 8 ms
        clock.sleep(seconds)
        model.write(b"\xf3")
        status.append(model.read(1)[0] >> 3)
    assert status == [1, 0, 1]


def test_the_models_humidity_follows_the_air_in_normal_mode(bus, model, clock):
    bus.write_i2c_block_data(0x77, 0xF2, [0x01, 0xF4, 0x27])
    for percent in (20, 80):
        model.set("humidity", percent)
        clock.sleep(1)
        code = int.from_bytes(bytes(bus.read_i2c_block_data(0x77, 0xFD, 2)))
        assert simulated.percent_of(list(simulated.TRIM), code, 21 * 5120) == pytest.approx(
            percent, abs=0.05
        )


class TestFilter(FilterClaims):
    driver = BME280
    model = simulated.BME280
    weights = (1, 2, 8)
    register = 0xF5


class TestOversampling(OversamplingClaims):
    driver = BME280
    model = simulated.BME280
    own = {
        "temperature_oversampling": 2,
        "pressure_oversampling": 16,
        "humidity_oversampling": 4,
    }
    registers = {0xF2: 3, 0xF4: 2 << 5 | 5 << 2}
    seconds = 0.053
