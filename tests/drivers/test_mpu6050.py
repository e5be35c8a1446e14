import math

import adafruit_mpu6050
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.mpu6050 import MPU6050
from edge_agent.testing import I2CContract
from edge_agent.testing.families import SamplesByItself
from simulators import mpu6050

G = 9.80665
MOVED = ("acceleration_x", "acceleration_y", "acceleration_z")
TURNED = ("angular_velocity_x", "angular_velocity_y", "angular_velocity_z")
SURROUNDINGS = {
    "acceleration_x": 0.5 * G,
    "acceleration_y": -0.25 * G,
    "acceleration_z": G,
    "temperature": 30.0,
    "angular_velocity_x": 100.0,
    "angular_velocity_y": -50.0,
    "angular_velocity_z": 25.0,
}


class TestContract(SamplesByItself, I2CContract):
    driver = MPU6050
    model = mpu6050.MPU6050


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_mpu6050, "sleep", clock.sleep)
        chip = adafruit_mpu6050.MPU6050(busio)
        chip.gyro_range = adafruit_mpu6050.GyroRange.RANGE_250_DPS
        clock.sleep(0.05)  # it leaves waiting for the gyroscope's start to its user
        return lambda: {
            **dict(zip(MOVED, chip.acceleration, strict=True)),
            **dict(zip(TURNED, map(math.degrees, chip.gyro), strict=True)),
            "temperature": chip.temperature,
        }

    agree(adafruit, MPU6050, mpu6050.MPU6050)


@pytest.fixture
def board(bench_of):
    """A function: a bench with these options, exposed to something else on each channel."""

    def board(**options):
        bench = bench_of(MPU6050, mpu6050.MPU6050, **options)
        expose(bench, **SURROUNDINGS)
        bench.setup()
        return bench

    return board


@pytest.fixture
def bench(board):
    return board()


def expose(bench, **values):
    for channel, value in values.items():
        bench.model.set(channel, value)


def port(bench):
    return bench.device._port


def register(bench, number, count=1):
    return port(bench).write_read(bytes([number]), count).hex()


def word(bench, number):
    return int.from_bytes(bytes.fromhex(register(bench, number, 2)), signed=True)


def near_the_surroundings(bench):
    steps = {channel.name: channel.resolution for channel in bench.device.channels}
    return {name: pytest.approx(value, abs=steps[name]) for name, value in SURROUNDINGS.items()}


# Register map §4.18: 340 LSB per °C, and 0 at 36.53 °C; -521 at 35 °C in the product specification
@pytest.mark.parametrize("code, celsius", [(0, 36.53), (340, 37.53), (-521, 35.0), (-4260, 24.0)])
def test_a_word_is_a_temperature(bench, code, celsius):
    assert bench.device._temperature(code) == pytest.approx(celsius, abs=0.003)


class MPU6500(mpu6050.MPU6050):
    """The successor: awake after a reset, and with another thermometer."""

    chip_id = 0x70
    after_reset = 0x01
    per_degree = 333.87
    zero = 21.0

    def power_on(self):
        super().power_on()
        self._woken_at = self.clock.monotonic()

    def _offsets(self):
        """Return what it adds to each axis: 15 bits from 0x77, 0x7A and 0x7D on."""
        _, turn = super()._offsets()
        words = (
            int.from_bytes(self._registers[n : n + 2], signed=True) for n in (0x77, 0x7A, 0x7D)
        )
        return [(word >> 1) * G / 1024 for word in words], turn


class Clone(mpu6050.MPU6050):
    chip_id = 0x98
    per_degree = 326.8
    zero = 25.0


class TestContractOfTheSuccessor(TestContract):
    model = MPU6500
    blind = {"test_a_driver_is_not_certain_of_another_chip[mpu6050]": "this driver reads both"}


@pytest.mark.parametrize("chip_id, name", [(0x70, "MPU6500"), (0x71, "MPU9250"), (0x73, "MPU9255")])
def test_a_successor_is_named_and_read_with_its_own_formula(bench_of, monkeypatch, chip_id, name):
    monkeypatch.setattr(MPU6500, "chip_id", chip_id)
    bench = bench_of(MPU6050, MPU6500)
    expose(bench, **SURROUNDINGS)
    assert bench.device.identify() == Identity(name, certain=True)
    assert bench.read() == near_the_surroundings(bench)


@pytest.mark.parametrize("chip_id", [0x72, 0x98])
def test_a_clone_is_named_and_has_no_temperature(bench_of, monkeypatch, chip_id):
    monkeypatch.setattr(Clone, "chip_id", chip_id)
    bench = bench_of(MPU6050, Clone)
    expose(bench, **SURROUNDINGS)
    assert bench.device.identify().chip == f"a clone of the MPU6050 (0x{chip_id:02x})"
    expected = near_the_surroundings(bench)
    del expected["temperature"]
    assert bench.read() == expected
    assert "formula that is not known" in str(bench.refused["temperature"])


# Register map §4.17 and §4.19
@pytest.mark.parametrize(
    "option, value, quantity, lsb",
    [
        ("acceleration_full_scale", "2g", "acceleration", 16384 / G),
        ("acceleration_full_scale", "4g", "acceleration", 8192 / G),
        ("acceleration_full_scale", "8g", "acceleration", 4096 / G),
        ("acceleration_full_scale", "16g", "acceleration", 2048 / G),
        ("gyroscope_full_scale", 250, "angular_velocity", 131),
        ("gyroscope_full_scale", 500, "angular_velocity", 65.5),
        ("gyroscope_full_scale", 1000, "angular_velocity", 32.8),
        ("gyroscope_full_scale", 2000, "angular_velocity", 16.4),
    ],
)
def test_a_full_scale_is_measured_to_both_its_ends_and_not_beyond(
    board, option, value, quantity, lsb
):
    bench = board(**{option: value})
    assert bench.measure() == near_the_surroundings(bench)
    channels = [each for each in bench.device.channels if each.quantity == quantity]
    assert len(channels) == 3
    for channel in channels:
        assert channel.resolution == pytest.approx(1 / lsb)
        assert channel.high * lsb == pytest.approx(32766)
        for n in range(-20, 21):
            truth = channel.high * n / 20
            bench.model.set(channel.name, truth)
            assert bench.measure()[channel.name] == pytest.approx(truth, abs=channel.resolution)
        for beyond in (-1.5, -1.001, 1.001, 1.5):
            bench.model.set(channel.name, channel.high * beyond)
            with pytest.raises(OutOfRange, match=rf"{channel.name} is .*use a larger `{option}`"):
                bench.value(channel.name)
        bench.model.set(channel.name, SURROUNDINGS[channel.name])


@pytest.mark.parametrize("celsius", [-41, 86])
def test_a_temperature_beyond_the_datasheets_is_refused(bench, celsius):
    expose(bench, temperature=celsius)
    with pytest.raises(OutOfRange, match="temperature is "):
        bench.value("temperature")


def test_the_class_has_the_widest_range_and_the_coarsest_step_of_any_instance(board):
    for acceleration, rotation in (("2g", 250), ("4g", 500), ("8g", 1000), ("16g", 2000)):
        bench = board(acceleration_full_scale=acceleration, gyroscope_full_scale=rotation)
        for own, each in zip(bench.device.channels, MPU6050.channels, strict=True):
            assert (own.name, own.unit, own.quantity) == (each.name, each.unit, each.quantity)
            assert each.low <= own.low < own.high <= each.high
            assert own.resolution <= each.resolution


def test_its_own_id_is_certain_and_another_is_none(bench):
    assert bench.device.identify() == Identity("MPU6050", certain=True)
    bench.model.chip_id = 0x12  # an ICM-20602
    bench.model.power_on()
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no MPU6050: register 0x75 is 0x12"):
        bench.setup()


@pytest.mark.parametrize(
    "number", [0x19, 0x1A, 0x1B, 0x1C, 0x38, 0x6B, 0x6C], ids=lambda number: f"{number:02x}"
)
def test_settings_that_another_program_changes_are_noticed_and_reset(bench, number):
    port(bench).write(bytes([number, 0x42]))
    with pytest.raises(LostConfiguration, match=r"holds .*42"):
        bench.measure()
    assert bench.read() == near_the_surroundings(bench)


@pytest.mark.parametrize(
    "number", [0x19, 0x1A, 0x1B, 0x1C, 0x38], ids=lambda number: f"{number:02x}"
)
def test_settings_that_are_not_kept_are_refused_at_once(board, monkeypatch, number):
    bench = board(acceleration_full_scale="4g", gyroscope_full_scale=500)
    monkeypatch.setattr(mpu6050, "READ_ONLY", mpu6050.READ_ONLY | {number})
    with pytest.raises(LostConfiguration, match=r"holds .*00"):
        bench.setup()


def test_a_chip_that_stays_in_reset_is_refused(bench):
    bench.model.slowness = 3
    with pytest.raises(NotReady, match="does not come out of reset"):
        bench.setup()


def test_a_brown_out_is_noticed_by_the_configuration(bench):
    bench.model.power_on()
    with pytest.raises(LostConfiguration, match="holds 00 00 00 00 40 00"):
        bench.measure()


def test_the_slowest_chip_is_waited_for_when_it_starts_and_afterwards(bench):
    bench.model.slowness = 1.2
    bench.waits.clear()
    assert bench.read() == near_the_surroundings(bench)
    assert bench.waits == pytest.approx([0.1, 0.1, 0.1, 0.05])


def test_the_model_has_the_datasheets_power_on_values(bench):
    bench.model.power_on()
    values = {n: register(bench, n) for n in range(0x0D, 0x76)}
    assert values.pop(0x6B) == "40"
    assert values.pop(0x75) == "68"
    assert set(values.values()) == {"00"}


def test_the_model_takes_no_sample_while_it_sleeps(bench):
    bench.model.power_on()
    bench.sleep(1)
    assert register(bench, 0x3A, 15) == "00" * 15


def test_the_model_announces_a_new_sample_once_and_only_if_the_interrupt_is_enabled(bench):
    bench.sleep(0.041)
    assert [register(bench, 0x3A) for _ in range(2)] == ["01", "00"]
    port(bench).write(b"\x38\x00")
    bench.sleep(0.041)
    assert register(bench, 0x3A) == "00"


def test_the_model_shows_a_sample_until_the_next(bench):
    bench.sleep(0.041)
    before = register(bench, 0x3B, 14)
    expose(bench, acceleration_x=-G)
    assert register(bench, 0x3B, 14) == before
    bench.sleep(0.041)
    assert word(bench, 0x3B) == -16384


def test_the_models_gyroscope_takes_its_time_to_start(bench):
    bench.model.power_on()
    port(bench).write(b"\x6b\x01")
    bench.sleep(0.02)
    assert (word(bench, 0x3B), word(bench, 0x43)) == (8192, 0)
    bench.sleep(0.02)
    assert (word(bench, 0x3B), word(bench, 0x43)) == (8192, 13100)


def test_the_model_is_deaf_while_it_resets(bench):
    port(bench).write(b"\x6b\x80")
    port(bench).write(b"\x6b\x01")
    assert register(bench, 0x6B) == "c0"
    bench.sleep(0.05)
    assert register(bench, 0x6B) == "40"


@pytest.mark.parametrize(
    "divider, filtering, hertz", [(0, 0, 8000), (7, 7, 1000), (0, 1, 1000), (39, 6, 25)]
)
def test_the_models_rate_is_the_datasheets(bench, divider, filtering, hertz):
    port(bench).write(bytes([0x19, divider, filtering]))
    assert bench.model.period() == pytest.approx(1 / hertz)
