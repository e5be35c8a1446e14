import adafruit_sht4x
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import NotReady, WrongChip
from drivers.sht4x import SHT4x, humidity
from edge_agent.testing import I2CContract
from edge_agent.testing.families import (
    FramesWithChecksums,
    LateResults,
    NoticesBrownOuts,
    RefusesTemperatures,
)
from simulators import ads1115, sht4x
from simulators.faults import NoAnswer


class TestContract(
    LateResults, NoticesBrownOuts, FramesWithChecksums, RefusesTemperatures, I2CContract
):
    driver = SHT4x
    model = sht4x.SHT4x
    blind = {"test_a_setting_that_another_program_changes_gives_no_wrong_value": SHT4x.blind[0]}
    brown_out = (NotReady,)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_sht4x, "time", clock)
        chip = adafruit_sht4x.SHT4x(busio, 0x44)
        return lambda: dict(zip(("temperature", "humidity"), chip.measurements, strict=True))

    agree(adafruit, SHT4x, sht4x.SHT4x)


@pytest.fixture
def bench(bench_of):
    return bench_of(SHT4x, sht4x.SHT4x)


@pytest.mark.parametrize(
    "ticks, percent", [(0, -6), (3145, 0), (0x8000, 56.5), (55574, 100), (0xFFFF, 119)]
)
def test_ticks_are_a_humidity_that_overshoots_both_ends(ticks, percent):
    assert humidity(ticks) == pytest.approx(percent, abs=0.002)


@pytest.mark.parametrize(
    "precision, command, seconds",
    [("high", b"\xfd", 0.0083), ("medium", b"\xf6", 0.0045), ("low", b"\xe0", 0.0016)],
)
def test_a_precision_is_a_command_and_its_longest_time(bench_of, precision, command, seconds):
    bench = bench_of(SHT4x, sht4x.SHT4x, precision=precision)
    bench.model.set("temperature", -12.5)
    assert bench.read()["temperature"] == pytest.approx(-12.5, abs=0.002)
    assert bench.bus.messages[-2].written == command
    assert bench.waits[-1] == seconds


def test_the_chip_is_certain_by_its_serial_number(bench):
    assert bench.device.identify() == Identity("SHT4x", certain=True)


def test_a_serial_number_that_is_not_ready_at_once_is_waited_for(bench):
    bench.strike(NoAnswer, at=0.0002, lasts=0.001)
    assert bench.device.identify() == Identity("SHT4x", certain=True)


def test_a_chip_that_answers_without_checksums_is_another(bench):
    bench.bus.detach(bench.address)
    bench.bus.attach(bench.address, ads1115.ADS1115(bench.clock))
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="bench:0x44: no SHT4x"):
        bench.setup()


def test_setup_begins_with_a_reset(bench):
    bench.setup()
    assert bench.bus.messages[0].written == b"\x94"


def test_a_heater_that_burns_is_never_mistaken_for_the_air(bench):
    bench.setup()
    bench.device._port.write(b"\x39")  # 200 mW for one second
    with pytest.raises(ConnectionError):
        bench.measure()


def test_the_model_acknowledges_no_read_without_a_command_and_no_second_one(bench):
    bench.setup()
    port = bench.device._port
    with pytest.raises(ConnectionError):
        port.read(6)
    port.write(b"\xfd")
    bench.sleep(0.01)
    assert len(port.read(6)) == 6
    with pytest.raises(ConnectionError):
        port.read(6)


def test_the_model_acknowledges_nothing_while_it_converts(bench):
    bench.setup()
    port = bench.device._port
    port.write(b"\xfd")
    for transfer in (lambda: port.read(6), lambda: port.write(b"\xfd")):
        with pytest.raises(ConnectionError):
            transfer()


def test_the_model_acknowledges_no_unknown_command(bench):
    with pytest.raises(ConnectionError):
        bench.device._port.write(b"\x00")
