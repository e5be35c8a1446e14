import adafruit_sht31d
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.base.sensirion import humidity, read_words, temperature
from drivers.sht3x import SHT3x
from edge_agent.testing import I2CContract
from edge_agent.testing.families import (
    FramesWithChecksums,
    LateResults,
    NoticesBrownOuts,
    RefusesTemperatures,
)
from simulators import ads1115, sht3x


class TestContract(
    LateResults, NoticesBrownOuts, FramesWithChecksums, RefusesTemperatures, I2CContract
):
    driver = SHT3x
    model = sht3x.SHT3x
    brown_out = (NotReady,)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree_with_adafruit):
    agree_with_adafruit(adafruit_sht31d.SHT31D, SHT3x, sht3x.SHT3x)


@pytest.fixture
def bench(bench_of):
    return bench_of(SHT3x, sht3x.SHT3x)


@pytest.mark.parametrize(
    "precision, command, seconds",
    [("high", b"\x24\x00", 0.0155), ("medium", b"\x24\x0b", 0.0065), ("low", b"\x24\x16", 0.0045)],
)
def test_a_precision_is_a_command_and_its_longest_time(bench_of, precision, command, seconds):
    bench = bench_of(SHT3x, sht3x.SHT3x, precision=precision)
    bench.model.set("temperature", -12.5)
    assert bench.read()["temperature"] == pytest.approx(-12.5, abs=0.002)
    assert command in [message.written for message in bench.bus.messages]
    assert bench.waits[-1] == seconds


def test_the_chip_is_certain_by_its_status_register(bench):
    assert bench.device.identify() == Identity("SHT3x", certain=True)
    bench.replace(ads1115.ADS1115(bench.clock))
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no SHT3x"):
        bench.setup()


def test_a_reset_between_two_measurements_is_noticed(bench):
    bench.read()
    bench.model.power_on()
    with pytest.raises(LostConfiguration, match="supply dipped"):
        bench.measure()


def test_a_chip_left_in_periodic_mode_is_measured_right(bench):
    bench.device._port.write(b"\x21\x30")
    assert not bench.wrong(bench.read())


def test_a_heater_is_never_mistaken_for_the_air(bench):
    bench.setup()
    bench.device._port.write(b"\x30\x6d")
    with pytest.raises(NotReady, match="heater is on"):
        bench.measure()


def test_the_model_says_after_power_on_that_there_was_a_reset(bench):
    port = bench.device._port
    port.write(b"\xf3\x2d")
    assert port.read(3) == bytes.fromhex("8010e1")


@pytest.mark.parametrize(
    "command, celsius, percent",
    [(0xE11F, 60, 80), (0xE114, 58, 79), (0xE109, -9, 22), (0xE102, -10, 20)],
)
def test_the_model_has_the_alert_limits_of_power_on(bench, command, celsius, percent):
    bench.device._port.write(command.to_bytes(2))
    [limit] = read_words(bench.device._port, 1)
    assert temperature((limit & 0x1FF) << 7) == pytest.approx(celsius, abs=175 / 512)
    assert humidity(limit & 0xFE00) == pytest.approx(percent, abs=100 / 128)


def test_the_model_acknowledges_nothing_while_it_converts(bench):
    bench.setup()
    port = bench.device._port
    port.write(b"\x24\x00")
    for transfer in (lambda: port.read(6), lambda: port.write(b"\x24\x00")):
        with pytest.raises(ConnectionError):
            transfer()
