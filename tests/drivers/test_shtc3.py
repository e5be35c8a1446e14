import adafruit_shtc3
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import NoAcknowledge, NotReady, WrongChip
from drivers.shtc3 import SHTC3, humidity, temperature
from edge_agent.testing import I2CContract
from edge_agent.testing.families import (
    FramesWithChecksums,
    LateResults,
    NoticesBrownOuts,
    RefusesTemperatures,
)
from simulators import pca9685, shtc3


class TestContract(
    LateResults, NoticesBrownOuts, FramesWithChecksums, RefusesTemperatures, I2CContract
):
    driver = SHTC3
    model = shtc3.SHTC3
    brown_out = (NotReady,)


@pytest.fixture
def bench(bench_of):
    return bench_of(SHTC3, shtc3.SHTC3)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_shtc3, "time", clock)
        chip = adafruit_shtc3.SHTC3(busio)
        return lambda: dict(zip(("temperature", "humidity"), chip.measurements, strict=True))

    # Theirs counts in steps of 0.01
    agree(adafruit, SHTC3, Coarse)


class Coarse(shtc3.SHTC3):
    inputs = {name: span._replace(step=0.01) for name, span in shtc3.SHTC3.inputs.items()}


@pytest.mark.parametrize("ticks, celsius", [(0, -45), (0x6666, 25), (0x8000, 42.5), (0xFFFF, 130)])
def test_ticks_are_a_temperature(ticks, celsius):
    assert temperature(ticks) == pytest.approx(celsius, abs=0.003)


@pytest.mark.parametrize("ticks, percent", [(0, 0), (0xA1F4, 63.26), (0xFFFF, 100)])
def test_ticks_are_a_humidity(ticks, percent):
    assert humidity(ticks) == pytest.approx(percent, abs=0.01)


@pytest.mark.parametrize(
    "low_power, command, seconds", [(False, b"\x78\x66", 0.0121), (True, b"\x60\x9c", 0.0008)]
)
def test_low_power_is_another_command_that_takes_less(bench_of, low_power, command, seconds):
    bench = bench_of(SHTC3, shtc3.SHTC3, low_power=low_power)
    bench.model.set("temperature", -12.5)
    assert bench.read()["temperature"] == pytest.approx(-12.5, abs=0.003)
    assert bench.bus.messages[-2].written == command
    assert bench.waits[-1] == seconds


def test_the_chip_is_certain_by_its_id(bench):
    bench.sleep(0.001)
    assert bench.device.identify() == Identity("SHTC3", certain=True)


def test_a_chip_that_sleeps_is_woken_by_a_look_at_it_and_by_setup(bench):
    for call in (bench.device.identify, bench.setup):
        bench.sleep(0.001)
        bench.device._port.write(b"\xb0\x98")
        call()
        assert bench.measure()["humidity"] == pytest.approx(45, abs=0.01)


def test_nothing_is_written_to_a_chip_that_answers_without_a_command(bench):
    bench.replace(pca9685.PCA9685(bench.clock))
    assert bench.device.identify() is None
    assert [message.written for message in bench.bus.messages] == [None]


def test_another_id_is_another_chip(bench):
    bench.model.chip_id = 0x06
    bench.sleep(0.001)
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="no SHTC3"):
        bench.setup()


def test_the_model_takes_no_command_while_it_sleeps(bench):
    bench.sleep(0.001)
    bench.device._port.write(b"\xb0\x98")
    with pytest.raises(NoAcknowledge):
        bench.measure()


def test_the_model_gives_humidity_first_if_it_is_asked_so(bench):
    bench.sleep(0.001)
    port = bench.device._port
    port.write(b"\x58\xe0")
    bench.sleep(0.02)
    frame = port.read(6)
    assert humidity(int.from_bytes(frame[:2])) == pytest.approx(45, abs=0.01)
    assert temperature(int.from_bytes(frame[3:5])) == pytest.approx(21, abs=0.01)


def test_the_model_acknowledges_no_unknown_command(bench):
    with pytest.raises(NoAcknowledge):
        bench.device._port.write(b"\x00\x00")
