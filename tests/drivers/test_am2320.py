from contextlib import suppress

import adafruit_am2320
import pytest

from drivers.am2320 import AM2320, temperature
from drivers.base.blindness import NO_NEWS
from drivers.base.checksum import modbus
from drivers.base.driver import Identity
from drivers.base.errors import NotReady, WrongChip
from edge_agent.testing import I2CContract
from edge_agent.testing.families import FramesWithChecksums, RefusesTemperatures
from simulators import am2320


class TestContract(FramesWithChecksums, RefusesTemperatures, I2CContract):
    driver = AM2320
    model = am2320.AM2320
    settle = 2.0
    blind = {
        "test_a_chip_that_stops_converting_gives_no_old_value": NO_NEWS,
    }


@pytest.fixture
def bench(bench_of):
    return bench_of(AM2320, am2320.AM2320)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_am2320, "time", clock)
        chip = adafruit_am2320.AM2320(busio)

        def awake(name):
            with suppress(OSError):
                busio.writeto(0x5C, b"\x00")
            clock.sleep(0.001)
            return getattr(chip, name)

        awake("temperature")  # begins a measurement
        clock.sleep(2)
        return lambda: {"temperature": awake("temperature"), "humidity": awake("relative_humidity")}

    agree(adafruit, AM2320, am2320.AM2320)


# The manual's example: 50.0 % and 25.0 °C
def test_the_manuals_frame_has_its_checksum():
    assert modbus(bytes.fromhex("030401f400fa")) == 0xA531


@pytest.mark.parametrize(
    "code, celsius", [(0x00FA, 25), (0x80FA, -25), (0x0000, 0), (0x8065, -10.1), (0x0320, 80)]
)
def test_a_bit_says_that_it_is_below_zero(code, celsius):
    assert temperature(code) == celsius


def test_the_result_is_that_of_its_own_measurement(ready):
    ready.measure()
    ready.sleep(60)
    ready.model.set("temperature", 30)
    assert ready.measure()["temperature"] == 30


def test_a_chip_that_was_just_powered_has_no_result(ready):
    steps = ready.device.measure()
    for _ in range(3):
        ready.sleep(next(steps))
    ready.model.power_on()
    with pytest.raises(NotReady, match="no result since it was powered"):
        for wait in steps:
            ready.sleep(wait)


def test_the_chip_is_possible_once_it_is_awake(bench):
    assert bench.device.identify() == Identity("AM2320", certain=False)
    bench.bus.detach(bench.address)
    assert bench.device.identify() is None


def test_a_chip_that_answers_otherwise_is_refused(bench, monkeypatch):
    answer = bench.model.read
    monkeypatch.setattr(bench.model, "read", lambda count: b"\x02" + answer(count)[1:])
    with pytest.raises(WrongChip, match="no AM2320: checksum wrong in 02"):
        bench.setup()
