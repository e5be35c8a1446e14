import adafruit_ccs811
import pytest

from drivers.base.driver import Identity
from drivers.base.errors import LostConfiguration, NotReady, WrongChip
from drivers.ccs811 import CCS811, compensation
from edge_agent.testing import I2CContract
from simulators import ccs811


class TestContract(I2CContract):
    driver = CCS811
    model = ccs811.CCS811
    settle = 2.2


@pytest.fixture
def bench(bench_of):
    return bench_of(CCS811, ccs811.CCS811)


def test_adafruits_driver_reads_what_we_read_and_what_is(agree, monkeypatch):
    def adafruit(busio, clock):
        monkeypatch.setattr(adafruit_ccs811, "time", clock)
        chip = adafruit_ccs811.CCS811(busio)
        clock.sleep(1.1)
        return lambda: {"eco2": chip.eco2, "tvoc": chip.tvoc}

    agree(adafruit, CCS811, ccs811.CCS811)


# ENV_DATA: 50 % and 25 °C, as at power-on; 48.5 % and 23.5 °C
@pytest.mark.parametrize(
    "humidity, temperature, words",
    [(50, 25, "64006400"), (48.5, 23.5, "61006100"), (0, -25, "00000000")],
)
def test_the_surroundings_are_words(humidity, temperature, words):
    assert compensation(humidity, temperature) == bytes.fromhex(words)


@pytest.mark.parametrize(
    "options, wanted",
    [
        ({"humidity": 101}, "humidity is 101: wanted 0 to 100"),
        ({"temperature": -46}, "temperature is -46: wanted -25 to 100"),
    ],
)
def test_surroundings_that_cannot_be_are_refused(bench_of, options, wanted):
    with pytest.raises(ValueError, match=wanted):
        bench_of(CCS811, ccs811.CCS811, **options)


def test_the_chip_gets_the_surroundings_that_other_devices_measure(bench_of):
    bench = bench_of(CCS811, ccs811.CCS811, temperature=20.0)
    bench.setup()
    for humidity, celsius in ((35.5, 12.25), (None, None)):
        bench.device.compensate("humidity_from", humidity)
        bench.device.compensate("temperature_from", celsius)
        bench.measure()
        wanted = compensation(
            50 if humidity is None else humidity, 20 if celsius is None else celsius
        )
        assert bench.model.surroundings == wanted


def test_the_chip_gets_its_surroundings(bench_of):
    bench = bench_of(CCS811, ccs811.CCS811, humidity=48.5, temperature=23.5)
    bench.read()
    assert bench.model.surroundings == b"\x61\x00\x61\x00"


def test_the_chip_is_certain_by_its_hardware_id(bench):
    assert bench.device.identify() == Identity("CCS811", certain=True)
    bench.model.chip_id = 0x82
    assert bench.device.identify() is None
    with pytest.raises(WrongChip, match="its hardware id is 82"):
        bench.setup()


def test_a_setup_leaves_a_chip_that_runs_as_it_is(ready):
    begin = len(ready.bus.messages)
    ready.setup()
    written = [message.written for message in ready.bus.messages[begin:] if message.written]
    assert b"\xf4" not in written


def test_a_chip_without_an_application_is_not_ready(bench, monkeypatch):
    monkeypatch.setattr(ccs811, "APPLICATION", 0)
    with pytest.raises(NotReady, match="it has no application"):
        bench.setup()


def test_an_error_of_the_chip_gives_no_value(ready):
    ready.model._error = 0x10
    with pytest.raises(NotReady, match="its error register is 10"):
        ready.measure()


@pytest.mark.parametrize("mode", [0x20, 0x14])
def test_another_mode_is_noticed(ready, mode):
    ready.measure()
    ready.model._mode = mode
    with pytest.raises(LostConfiguration):
        ready.measure()


def test_a_chip_that_is_in_its_boot_loader_is_noticed(ready):
    ready.model.power_on()
    with pytest.raises(LostConfiguration, match="it does not run"):
        ready.measure()


def test_a_chip_that_has_no_result_is_not_ready(ready):
    ready.measure()
    ready.model.slowness = 3
    ready.measure()
    with pytest.raises(NotReady, match="for longer than a second"):
        ready.measure()
