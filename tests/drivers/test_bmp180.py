import bmp180 as todorov
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.base.driver import Identity
from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    DriverError,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.bmp180 import BMP180, Trim, pressure, temperature, unpack_trim, warmth
from edge_agent.testing import Bench, I2CContract
from simulators import bme280, bmp180, bmp280
from simulators.faults import CorruptBits

# BMP180 datasheet §3.5, figure 4
EXAMPLE = Trim(408, -72, -14383, 32741, 32757, 23153, 6190, 4, -32768, -8711, 2868)


class TestContract(I2CContract):
    driver = BMP180
    model = bmp180.BMP180


class TestContractOfTheFinestSetting(I2CContract):
    driver = BMP180
    model = bmp180.BMP180
    options = {"oversampling": 8}


def test_todorovs_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def witness(busio, clock):
        monkeypatch.setattr(todorov.bmp180, "time", clock)
        monkeypatch.setattr(todorov.bmp180, "SMBus", lambda _number: busio.bus)
        chip = todorov.BMP180()
        return lambda: {
            "temperature": chip.read_temperature(),
            "atmospheric_pressure": chip.read_pressure() / 100,
        }

    agree(witness, BMP180, bmp180.BMP180)


@pytest.fixture
def bench(bench_of):
    return bench_of(BMP180, bmp180.BMP180)


def test_the_example_of_the_datasheet_comes_out():
    b5 = warmth(EXAMPLE, 27898)
    assert b5 == 2399
    assert temperature(b5) == 15.0
    assert pressure(EXAMPLE, 23843, b5, 0) == 69964


def test_the_model_gives_the_codes_of_the_datasheets_example(bench):
    bench.setup()
    bench.model.set("temperature", 2399 / 160)
    bench.model.set("atmospheric_pressure", 699.64)
    assert converted(bench, 0x2E) >> 8 == 27898
    assert converted(bench, 0x34) >> 8 == 23843


def converted(bench, command):
    bench.device._port.write(bytes([0xF4, command]))
    bench.sleep(0.03)
    return int.from_bytes(bench.device._port.write_read(b"\xf6", 3))


@pytest.mark.parametrize("oversampling, step", [(1, 4), (2, 2.5), (4, 2), (8, 2)])
@pytest.mark.parametrize("celsius", [-39.9, -0.1, 0, 21.4, 84.9])
@pytest.mark.parametrize("hectopascal", [300.5, 850, 1013.25, 1099.5])
def test_what_the_air_is_comes_out(bench_of, oversampling, step, celsius, hectopascal):
    bench = bench_of(BMP180, bmp180.BMP180, oversampling=oversampling)
    bench.model.set("temperature", celsius)
    bench.model.set("atmospheric_pressure", hectopascal)
    values = bench.read()
    assert values["temperature"] == pytest.approx(celsius, abs=0.06)
    assert values["atmospheric_pressure"] == pytest.approx(hectopascal, abs=step / 100)


@pytest.mark.parametrize(
    "oversampling, command, seconds",
    [(1, 0x34, 0.0045), (2, 0x74, 0.0075), (4, 0xB4, 0.0135), (8, 0xF4, 0.0255)],
)
def test_an_oversampling_is_a_command_and_its_longest_time(
    bench_of, oversampling, command, seconds
):
    bench = bench_of(BMP180, bmp180.BMP180, oversampling=oversampling)
    bench.read()
    commands = [m.written for m in bench.bus.messages if m.written and len(m.written) == 2]
    assert commands == [b"\xe0\xb6", b"\xf4\x2e", bytes([0xF4, command])]
    assert bench.waits == [0.010, 0.0045, seconds]


def test_the_chip_is_certain_by_its_id(bench):
    assert bench.device.identify() == Identity("BMP180", certain=True)


@pytest.mark.parametrize(
    "stranger, what",
    [
        (bmp280.BMP280, r'this is a BMP280: it has no humidity \(set driver = "bmp280"\)'),
        (bme280.BME280, r'this is a BME280: it has humidity, too \(set driver = "bme280"\)'),
    ],
)
def test_a_relative_is_named(bench, stranger, what):
    bench.replace(stranger(bench.clock))
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match=f"bench:0x77: {what}"):
        bench.setup()


@pytest.mark.parametrize("place", range(11))
@pytest.mark.parametrize("word", [0, -1])
def test_a_trim_with_a_word_of_zeros_or_ones_is_refused(place, word):
    block = bytearray(bytes.fromhex("01 98") * 11)
    block[2 * place : 2 * place + 2] = word.to_bytes(2, signed=True)
    with pytest.raises(DeadFrame, match=r"here: no calibration: .*(0000|ffff)"):
        unpack_trim(bytes(block), "here")


def test_a_trim_that_is_not_there_yet_is_refused(bench, monkeypatch):
    monkeypatch.setattr(bmp180, "STARTUP_SECONDS", 0.1)
    with pytest.raises(DeadFrame, match="answers 00 only"):
        bench.setup()


def test_a_damaged_frame_is_noticed_by_the_second_read(bench):
    bench.setup()
    bench.strike(CorruptBits)
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        bench.measure()


def test_a_conversion_that_does_not_end_has_no_value(bench):
    bench.setup()
    bench.model.slowness = 3
    with pytest.raises(NotReady, match="still converting after the datasheet's longest time"):
        bench.measure()


def test_a_chip_that_another_program_uses_is_left_alone(bench):
    bench.setup()
    bench.device._port.write(b"\xf4\xf4")
    with pytest.raises(NotReady, match=r"busy \(does another program use this chip\?\)"):
        bench.measure()


@pytest.mark.parametrize("conversion", [0, 1])
def test_a_brown_out_during_a_conversion_is_noticed(bench, conversion):
    bench.setup()
    steps = bench.device.measure()
    for _ in range(conversion):
        bench.sleep(next(steps))
    bench.sleep(next(steps) / 2)
    bench.model.power_on()
    bench.sleep(0.05)
    with pytest.raises(
        LostConfiguration, match=r"its control register is 00 instead of (2e|34) .*dip"
    ):
        next(steps)


def test_a_chip_put_in_the_others_place_is_read_with_its_own_trim(bench):
    bench.setup()
    other = bmp180.BMP180(bench.clock)
    other.vary()
    other.set("temperature", 20.0)
    other.set("atmospheric_pressure", 1000.0)
    bench.replace(other)
    with pytest.raises(LostConfiguration, match="calibration is another"):
        bench.measure()
    values = bench.read()
    assert values["temperature"] == pytest.approx(20.0, abs=0.1)
    assert values["atmospheric_pressure"] == pytest.approx(1000.0, abs=0.07)


def test_a_command_that_started_nothing_is_sent_again(bench):
    bench.setup()
    take, lost = bench.model.write, [0x0E]

    def without_sco(data):
        command = data[:1] == b"\xf4" and len(data) == 2 and lost
        take(bytes([0xF4, lost.pop()]) if command else data)

    bench.model.write = without_sco
    bench.model.set("temperature", -12.5)
    assert bench.measure()["temperature"] == -12.5
    assert not lost
    assert bench.waits[1:] == [0.0045, 0.0045, 0.0045]


@pytest.mark.parametrize(
    "channel, value",
    [
        ("temperature", -40.2),
        ("temperature", 85.2),
        ("atmospheric_pressure", 299.9),
        ("atmospheric_pressure", 1100.1),
    ],
)
def test_air_that_the_chip_cannot_measure_is_refused(bench, channel, value):
    bench.model.set(channel, value)
    bench.setup()
    with pytest.raises(OutOfRange, match=channel):
        bench.value(channel)


codes = st.binary(min_size=3, max_size=3)


@given(first=codes, second=codes)
@example(first=bytes(3), second=bytes(3))
@example(first=b"\xff" * 3, second=b"\xff" * 3)
@example(first=bytes.fromhex("4f 42 00"), second=bytes.fromhex("5d 23 00"))  # at the curve's pole
def test_whatever_the_chip_answers_is_in_range_or_an_error(first, second):
    bench = Bench(BMP180, bmp180.BMP180)
    bench.setup()
    results = {0x0E: first, 0x14: second}
    bench.model._converted = lambda what, _oss: results[what]
    try:
        values = bench.measure()
    except DriverError:
        return
    assert -40 <= values["temperature"] <= 85
    assert 300 <= values.get("atmospheric_pressure", 300) <= 1100


shorts = st.integers(-0x8000, 0x7FFF)
words = st.integers(0, 0xFFFF)
trims = st.builds(Trim, shorts, shorts, shorts, words, words, words, *[shorts] * 5)


@given(trim=trims, ut=words, up=words, oss=st.integers(0, 3))
def test_whatever_the_trim_the_formulas_give_a_number(trim, ut, up, oss):
    assert isinstance(pressure(trim, up << oss, warmth(trim, ut), oss), int)


@given(ut=words, up=words, oss=st.integers(0, 3), ac1=shorts, ac2=shorts, b1=st.integers(0, 0x7FFF))
def test_the_models_writing_of_the_formulas_gives_the_same(ut, up, oss, ac1, ac2, b1):
    trim = EXAMPLE._replace(ac1=ac1, ac2=ac2, b1=b1)
    b5 = warmth(trim, ut)
    if b5 > -6400:
        assert bmp180.b5_of(list(trim), ut) == b5
        assert bmp180.pascal_of(list(trim), up << oss, b5, oss) == pressure(
            trim, up << oss, b5, oss
        )


# The model by itself


def test_the_model_powers_on_as_the_memory_map_says(bench):
    port = bench.device._port
    assert port.write_read(b"\xd0", 1) == b"\x55"
    assert port.write_read(b"\xf4", 5) == bytes.fromhex("00 00 80 00 00")
    assert port.write_read(b"\xaa", 2) == b"\x00\x00"
    bench.sleep(0.01)
    assert port.write_read(b"\xaa", 2) == (408).to_bytes(2)


def test_the_model_keeps_the_old_result_while_it_converts(bench):
    bench.setup()
    port = bench.device._port
    port.write(b"\xf4\x2e")
    assert port.write_read(b"\xf4", 3) == bytes.fromhex("2e 00 80")
    bench.sleep(0.003)
    ended = port.write_read(b"\xf4", 3)
    assert ended[0] == 0x0E
    assert ended[2] != 0x80


@pytest.mark.parametrize("oss, bits", [(0, 16), (1, 17), (2, 18), (3, 19)])
def test_the_model_gives_as_many_bits_as_its_setting_has(bench, oss, bits):
    bench.setup()
    seen = 0
    for hectopascal in range(300, 1100, 8):
        bench.model.set("atmospheric_pressure", hectopascal)
        seen |= converted(bench, 0x34 | oss << 6)
    assert seen & 0xFF == 0xFF & -1 << 24 - bits


def test_the_model_takes_no_command_before_it_has_started(bench):
    bench.device._port.write(b"\xf4\x2e")
    assert bench.device._port.write_read(b"\xf4", 1) == b"\x00"


def test_a_new_command_ends_the_models_conversion(bench):
    bench.setup()
    port = bench.device._port
    port.write(b"\xf4\x2e")
    port.write(b"\xf4\x0e")
    bench.sleep(0.01)
    assert port.write_read(b"\xf6", 3) == bytes.fromhex("80 00 00")


def test_the_models_search_takes_few_steps_beside_the_pole_of_the_curve():
    tried = []
    bisect = bmp280.bisect
    bisect(lambda code: tried.append(code) or (code if code > 9 else -(2**31)), 40_000, 0xFFFF)
    assert len(tried) <= 2 + 2 * 16
