import adafruit_lis3dh
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, OutOfRange, WrongChip
from drivers.lis3dh import LIS3DH, acceleration, settings
from edge_agent.testing import I2CContract
from edge_agent.testing.families import SamplesByItself
from simulators import lis3dh

G = 9.80665
AXES = ("acceleration_x", "acceleration_y", "acceleration_z")
MG = {"2g": 1, "4g": 2, "8g": 4, "16g": 12}


class TestContract(SamplesByItself, I2CContract):
    driver = LIS3DH
    model = lis3dh.LIS3DH


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_lis3dh, "time", clock)
        chip = adafruit_lis3dh.LIS3DH_I2C(busio, address=0x18)
        clock.sleep(0.1)
        # It divides by 16380 where the datasheet has 1 mg in each 16: 16000; and rounds 1 g
        correction = 16380 / 16000 * G / 9.806
        return lambda: {
            axis: value * correction for axis, value in zip(AXES, chip.acceleration, strict=True)
        }

    agree(adafruit, LIS3DH, lis3dh.LIS3DH)


@pytest.fixture
def board(bench_of):
    """A function: a bench with these options, exposed to something else on each axis."""

    def board(**options):
        bench = bench_of(LIS3DH, lis3dh.LIS3DH, **options)
        expose(bench, 0.5 * G, -0.25 * G, G)
        bench.setup()
        return bench

    return board


@pytest.fixture
def bench(board):
    return board()


def expose(bench, *values):
    for axis, value in zip(AXES, values, strict=True):
        bench.model.set(axis, value)


def port(bench):
    return bench.device._port


def register(bench, number, count=1):
    return port(bench).write_read(bytes([number]), count).hex()


def exposed(resolution=0.001 * G):
    values = zip(AXES, (0.5 * G, -0.25 * G, G), strict=True)
    return {axis: pytest.approx(value, abs=resolution) for axis, value in values}


# AN3308 §3.2.3, but for its 1 g, which has 1024 digits of 1 mg
@pytest.mark.parametrize(
    "word, mg",
    [(0x0000, 0), (0x15E0, 350), (0x15EF, 350), (0xEA20 - 0x10000, -350), (0x4000, 1024)],
)
def test_a_word_has_12_bits_of_1_mg_each(word, mg):
    assert acceleration(word, 0.001 * G) == pytest.approx(mg / 1000 * G)


@pytest.mark.parametrize(
    "full_scale, fourth", [("2g", 0x88), ("4g", 0x98), ("8g", 0xA8), ("16g", 0xB8)]
)
def test_the_settings_are_25_hz_12_bits_and_the_full_scale(full_scale, fourth):
    assert settings(full_scale) == bytes([0x37, 0, 0, fourth, 0, 0])


def test_the_axes_are_not_mistaken_for_each_other(bench):
    assert bench.measure() == exposed()


@pytest.mark.parametrize("full_scale", list(MG))
def test_a_full_scale_is_measured_to_both_its_ends_and_not_beyond(board, full_scale):
    bench = board(full_scale=full_scale)
    (channel, *_) = bench.device.channels
    assert channel.resolution == pytest.approx(MG[full_scale] / 1000 * G)
    assert channel.high == -channel.low == float(full_scale[:-1]) * G
    assert bench.measure() == exposed(channel.resolution)
    for n in range(-50, 51):
        expose(bench, channel.high * n / 50, 0, 0)
        assert bench.measure()["acceleration_x"] == pytest.approx(
            channel.high * n / 50, abs=channel.resolution
        )
    for beyond in (-1.5, -1.01, 1.01, 1.5):
        expose(bench, 0, channel.high * beyond, 0)
        with pytest.raises(OutOfRange, match=r"acceleration_y is .*use a larger `full_scale`"):
            bench.value("acceleration_y")


def test_the_class_has_the_widest_range_and_the_coarsest_step_of_any_instance(board):
    for full_scale in MG:
        own_channels = board(full_scale=full_scale).device.channels
        for own, each in zip(own_channels, LIS3DH.channels, strict=True):
            assert (own.name, own.unit, own.quantity) == (each.name, "m/s²", "acceleration")
            assert each.low <= own.low < own.high <= each.high
            assert own.resolution <= each.resolution


def test_its_own_id_is_certain_and_another_is_none(bench):
    assert bench.device.identify() == Identity("LIS3DH", certain=True)
    bench.model.chip_id = 0x44  # an LIS2DW12
    bench.model.power_on()
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no LIS3DH: register 0x0f is 0x44"):
        bench.setup()


@pytest.mark.parametrize(
    "left",
    [{0x20: 0x7F}, {0x23: 0x40}, {0x24: 0x40, 0x2E: 0x80}, {0x3E: 0x01}, {0x21: 0x88}, {0x20: 0}],
    ids=["low power", "big-endian", "FIFO", "idling", "filter", "power-down"],
)
def test_setup_ends_what_another_program_left(bench, left):
    for number, value in left.items():
        port(bench).write(bytes([number, value]))
    assert bench.read() == exposed()


@pytest.mark.parametrize("number", [0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x2E, 0x3E])
def test_settings_that_are_not_kept_are_refused_at_once(bench, monkeypatch, number):
    port(bench).write(bytes([number, 0x04]))
    monkeypatch.setattr(lis3dh, "WRITABLE", lis3dh.WRITABLE - {number})
    with pytest.raises(LostConfiguration, match=r"holds .*04|does not keep its ACT_THS at 0"):
        bench.setup()


@pytest.mark.parametrize("number", [0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x2E])
def test_settings_that_another_program_changes_are_noticed(bench, number):
    port(bench).write(bytes([number, 0x57]))
    with pytest.raises(LostConfiguration, match=r"holds .*57"):
        bench.measure()


def test_a_brown_out_is_noticed_by_the_configuration(bench):
    bench.model.power_on()
    with pytest.raises(LostConfiguration, match="holds 07 00 00 00 00 00 00"):
        bench.measure()


def test_the_slowest_chip_is_waited_for_when_it_turns_on_and_afterwards(bench):
    bench.model.power_on()
    bench.model.slowness = 1.2
    bench.waits.clear()
    assert bench.read() == exposed()
    assert bench.waits == pytest.approx([0.35, 0.05])


def test_the_model_has_the_datasheets_power_on_values(bench):
    bench.model.power_on()
    assert register(bench, 0x0F) == "33"
    assert register(bench, 0x1E) == "10"
    assert register(bench, 0xA0, 16) == "07" + "00" * 15
    assert register(bench, 0xB0, 16) == "00" * 16


def test_the_model_continues_with_the_next_register_only_on_request(bench):
    assert register(bench, 0x20, 4) == "37" * 4
    assert register(bench, 0xA0, 4) == "37000088"
    port(bench).write(b"\x32\x01\x02")
    assert register(bench, 0xB2, 2) == "0200"
    port(bench).write(b"\xb2\x01\x02")
    assert register(bench, 0xB2, 2) == "0102"


def test_the_model_takes_no_sample_while_it_is_powered_down(bench):
    bench.model.power_on()
    bench.sleep(1)
    assert register(bench, 0xA7, 7) == "00" * 7


def test_the_model_announces_a_new_sample_until_it_is_read_and_one_that_was_lost(bench):
    register(bench, 0xA8, 6)
    seen = []
    for seconds, axes in ((0.041, 2), (0, 6), (0.041, 6), (0.041, 0), (0.041, 0)):
        bench.sleep(seconds)
        seen.append(register(bench, 0x27))
        if axes:
            register(bench, 0xA8, axes)
    assert seen == ["0f", "06", "0f", "0f", "ff"]


def test_the_models_first_samples_are_not_yet_right(bench):
    bench.model.power_on()
    port(bench).write(b"\xa0\x37\x00\x00\x88")
    seen = []
    for _ in range(8):
        bench.sleep(0.041)
        seen.append(int(register(bench, 0x2D), 16))
    assert sorted(seen) == seen
    assert seen[0] < seen[-3] < seen[-2] == seen[-1] == 1000 >> 4


@pytest.mark.parametrize(
    "first, fourth, word",
    [(0x37, 0x08, 999), (0x37, 0x00, 996), (0x3F, 0x00, 992), (0x37, 0x18, 500), (0x37, 0x38, 83)],
)
def test_the_models_words_follow_mode_and_full_scale(bench, first, fourth, word):
    expose(bench, 0.999 * G, 0, 0)
    port(bench).write(bytes([0xA0, first, 0, 0, fourth]))
    bench.sleep(1)
    assert int.from_bytes(bytes.fromhex(register(bench, 0xA8, 2)), "little") == word << 4


def test_the_model_swaps_the_bytes_if_configured_so(bench):
    port(bench).write(b"\x23\xc8")
    bench.sleep(1)
    assert register(bench, 0xAC, 2) == "3e80"


def test_the_model_measures_the_axes_that_are_enabled(bench):
    bench.model.power_on()
    port(bench).write(b"\x20\x35")
    bench.sleep(1)
    assert [int(register(bench, n), 16) != 0 for n in (0x29, 0x2B, 0x2D)] == [True, False, True]


@pytest.mark.parametrize("rate, hertz", [(1, 1), (2, 10), (3, 25), (7, 400), (9, 1344)])
def test_the_models_rate_is_the_datasheets(bench, rate, hertz):
    port(bench).write(bytes([0x20, rate << 4 | 7]))
    assert bench.model.period() == 1 / hertz
    port(bench).write(b"\x3e\x01")
    assert bench.model.period() == 1 / min(hertz, 10)
