import hdc1080 as sensebox
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import BadChecksum, LostConfiguration, WrongChip
from drivers.hdc1080 import HDC1080, humidity, temperature
from edge_agent.testing import I2CContract
from edge_agent.testing.families import LateResults
from simulators import hdc1080


class TestContract(LateResults, I2CContract):
    driver = HDC1080
    model = hdc1080.HDC1080


@pytest.fixture
def bench(bench_of):
    return bench_of(HDC1080, hdc1080.HDC1080)


def test_senseboxs_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def theirs(busio, clock):
        monkeypatch.setattr(sensebox, "time", clock)
        chip = sensebox.HDC1080(busio)
        return lambda: {"temperature": chip.temperature, "humidity": chip.humidity}

    agree(theirs, HDC1080, hdc1080.HDC1080)


@pytest.mark.parametrize("code, celsius", [(0x0000, -40), (0x8000, 42.5), (0x6000, 21.875)])
def test_codes_are_temperatures(code, celsius):
    assert temperature(code) == celsius


@pytest.mark.parametrize("code, percent", [(0x0000, 0), (0x8000, 50), (0xFFFC, 99.994)])
def test_codes_are_humidities(code, percent):
    assert humidity(code) == pytest.approx(percent, abs=0.001)


def test_the_chip_is_certain_by_its_ids(bench):
    assert bench.device.identify() == Identity("HDC1080", certain=True)
    bench.model.chip_id = 0x1000
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its ids are 5449, 1000"):
        bench.setup()


@pytest.mark.parametrize("offsets", [(0, 40, -40), (40, 0, -40), (-40, 40, 0)])
def test_the_middle_of_three_noisy_results_is_taken(ready, offsets):
    noisy(ready.model, offsets)
    values = ready.measure()
    assert values == pytest.approx({"temperature": 21, "humidity": 45}, abs=0.011)


def test_results_farther_apart_than_noise_are_refused(ready):
    noisy(ready.model, (0, 40, -400))
    with pytest.raises(BadChecksum, match="three results differ"):
        ready.measure()


def noisy(model, offsets):
    """Let three conversions be so many codes away from what is."""
    read, left = model.read, list(offsets)

    def spoiled(count):
        frame = read(count)
        if count < 4:
            return frame
        offset = left.pop(0)
        codes = (int.from_bytes(frame[:2]) + offset, int.from_bytes(frame[2:]) + offset)
        return b"".join(code.to_bytes(2) for code in codes)

    model.read = spoiled


def test_bits_that_are_always_0_are_looked_at(ready):
    noisy(ready.model, (1, 0, 0))
    with pytest.raises(BadChecksum, match="bits that are always 0 are not"):
        ready.measure()


@pytest.mark.parametrize("word", [b"\x14\x00", b"\x30\x00", b"\x11\x00"])
def test_a_setting_of_another_program_is_noticed(ready, word):
    ready.device._port.write(b"\x02" + word)
    with pytest.raises(LostConfiguration):
        ready.measure()


def test_a_low_battery_is_no_lost_setting(ready):
    ready.model._configuration |= 0x0800
    assert ready.measure()["temperature"] == pytest.approx(21, abs=0.011)


def test_the_model_resolves_less_in_less_time_if_it_is_set_so(ready):
    port = ready.device._port
    port.write(b"\x02\x16\x00")  # 11 bits and 8
    ready.model.set("humidity", 45.3)
    port.write(b"\x00")
    ready.sleep(0.007)
    frame = port.read(4)
    assert humidity(int.from_bytes(frame[2:])) == pytest.approx(45.3125)
    assert int.from_bytes(frame[:2]) % 32 == 0
