import math

import adafruit_lsm6ds
import adafruit_lsm6ds.lsm6ds33
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, OutOfRange, WrongChip
from drivers.lsm6ds3 import LSM6DS3
from edge_agent.testing import I2CContract
from edge_agent.testing.families import SamplesByItself
from simulators import lsm6ds3

G = 9.80665
MOVED = ("acceleration_x", "acceleration_y", "acceleration_z")
TURNED = ("angular_velocity_x", "angular_velocity_y", "angular_velocity_z")
SURROUNDINGS = dict(zip(MOVED, (0.5 * G, -0.25 * G, G), strict=True))
SURROUNDINGS |= dict(zip(TURNED, (100.0, -50.0, 7.0), strict=True))
SURROUNDINGS |= {"temperature": 31.5}


class TestContract(SamplesByItself, I2CContract):
    driver = LSM6DS3
    model = lsm6ds3.LSM6DS3


class Successor(lsm6ds3.LSM6DS3):
    """An LSM6DS3TR-C: a finer thermometer, and a user's offsets; all axes are always on."""

    chip_id = 0x6A
    per_degree = 256
    enables = (0xE0, 0x00)
    has_offsets = True


class TestContractOfTheSuccessor(TestContract):
    model = Successor
    blind = {"test_a_driver_is_not_certain_of_another_chip[lsm6ds3]": "this driver reads both"}


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_lsm6ds, "sleep", clock.sleep)
        chip = adafruit_lsm6ds.lsm6ds33.LSM6DS33(busio)  # its twin
        chip.accelerometer_range = adafruit_lsm6ds.AccelRange.RANGE_2G
        clock.sleep(0.1)
        return lambda: {
            **dict(zip(MOVED, chip.acceleration, strict=True)),
            **dict(zip(TURNED, map(math.degrees, chip.gyro), strict=True)),
        }

    agree(adafruit, LSM6DS3, lsm6ds3.LSM6DS3)


@pytest.fixture
def board(bench_of):
    """A function: a bench with these options, exposed to something else on each channel."""

    def board(model=lsm6ds3.LSM6DS3, **options):
        bench = bench_of(LSM6DS3, model, **options)
        for channel, value in SURROUNDINGS.items():
            bench.model.set(channel, value)
        return bench

    return board


@pytest.mark.parametrize(
    "chip_id, name", [(0x69, "LSM6DS3"), (0x6A, "LSM6DS3TR-C"), (0x6C, "LSM6DSO")]
)
def test_a_chip_is_named_and_read_with_its_own_thermometer(board, monkeypatch, chip_id, name):
    kind = lsm6ds3.LSM6DS3 if chip_id == 0x69 else Successor
    monkeypatch.setattr(kind, "chip_id", chip_id)
    bench = board(kind)
    assert bench.device.identify() == Identity(name, certain=True)
    assert bench.read()["temperature"] == 31.5


@pytest.mark.parametrize(
    "option, value, names, step",
    [
        ("acceleration_full_scale", "2g", MOVED, 0.000061 * G),
        ("acceleration_full_scale", "4g", MOVED, 0.000122 * G),
        ("acceleration_full_scale", "8g", MOVED, 0.000244 * G),
        ("acceleration_full_scale", "16g", MOVED, 0.000488 * G),
        ("gyroscope_full_scale", 125, TURNED, 0.004375),
        ("gyroscope_full_scale", 250, TURNED, 0.00875),
        ("gyroscope_full_scale", 500, TURNED, 0.0175),
        ("gyroscope_full_scale", 1000, TURNED, 0.035),
        ("gyroscope_full_scale", 2000, TURNED, 0.07),
    ],
)
def test_a_full_scale_is_measured_to_its_ends_and_not_beyond(board, option, value, names, step):
    bench = board(**{option: value})
    bench.setup()
    channel = next(each for each in bench.device.channels if each.name == names[0])
    assert channel.resolution == pytest.approx(step)
    for share in (-1, -0.37, 0, 0.6, 1):
        bench.model.set(names[0], channel.high * share)
        assert bench.measure()[names[0]] == pytest.approx(channel.high * share, abs=step)
    bench.model.set(names[0], channel.high * 1.01)
    with pytest.raises(OutOfRange, match=f"use a larger `{option}`"):
        bench.value(names[0])


def test_another_chip_is_refused(board):
    bench = board()
    bench.model.chip_id = 0x33
    bench.model.power_on()
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no LSM6DS3: register 0x0f is 0x33"):
        bench.setup()


@pytest.mark.parametrize("number", [0x10, 0x11, 0x13, 0x14, 0x17, 0x0B], ids=hex)
def test_a_setting_that_another_program_changes_is_noticed_and_undone(board, number):
    bench = board()
    bench.read()
    bench.device._port.write(bytes([number, 0x48]))
    with pytest.raises((LostConfiguration, NotReady)):
        bench.measure()
    assert bench.read() == pytest.approx(SURROUNDINGS, abs=0.01)


def test_a_users_offset_is_undone(board):
    bench = board(Successor)
    bench.read()
    bench.device._port.write(b"\x73\x40")
    with pytest.raises(LostConfiguration):
        bench.measure()
    assert bench.read() == pytest.approx(SURROUNDINGS, abs=0.01)


def test_a_chip_that_does_not_come_out_of_reset_is_refused(board, monkeypatch):
    bench = board()
    bench.read()
    monkeypatch.setattr(lsm6ds3, "RESET", 0)
    with pytest.raises(NotReady, match="does not come out of reset"):
        bench.setup()
