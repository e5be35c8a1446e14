import adafruit_pct2075
import pytest

from drivers.base.blindness import NO_NEWS
from drivers.base.driver import Identity
from drivers.base.errors import WrongChip
from drivers.lm75 import LM75, temperature
from edge_agent.testing import I2CContract
from edge_agent.testing.families import NoticesBrownOuts, RefusesTemperatures
from simulators import lm75, tmp117


class TestContract(NoticesBrownOuts, RefusesTemperatures, I2CContract):
    driver = LM75
    model = lm75.LM75
    blind = {
        "test_a_chip_that_never_finishes_gives_no_value_in_bounded_time": NO_NEWS,
        "test_a_chip_that_stops_converting_gives_no_old_value": NO_NEWS,
        "test_another_chip_at_the_address_gives_no_wrong_value[as3935]": "it has other addresses",
    }


class TestTMP75Contract(I2CContract):
    driver = LM75
    model = lm75.TMP75
    blind = TestContract.blind


def test_a_tmp75_or_tmp105_is_configured_to_give_all_its_bits(bench_of):
    bench = bench_of(LM75, lm75.TMP75)
    bench.model.set("temperature", 21.375)
    assert bench.device._port.write_read(b"\x00", 2) == b"\x00\x00"
    bench.sleep(0.3)
    assert bench.device._port.write_read(b"\x00", 2) == b"\x15\x00"  # 9 bits, as at power-on
    assert bench.read() == {"temperature": 21.375}
    assert bench.device._port.write_read(b"\x01", 1) == b"\x71"


def test_adafruits_driver_reads_what_we_read_and_what_is(agree):
    def adafruit(busio, clock):
        chip = adafruit_pct2075.PCT2075(busio, 0x48)  # NXP's successor, with the same registers
        clock.sleep(0.6)  # it waits for no conversion
        return lambda: {"temperature": chip.temperature}

    agree(adafruit, LM75, lm75.LM75)


@pytest.mark.parametrize("model, setting, bits", [(lm75.LM75, 0x00, 11), (lm75.TMP75, 0x60, 12)])
def test_the_kernels_arithmetic_reads_what_we_read_and_what_is(agree, model, setting, bits):
    """Linux's lm75 shifts what a chip has not away, and counts in thousandths."""

    def kernel(busio, clock):
        busio.writeto(0x48, bytes([1, setting]))
        clock.sleep(0.3)

        def measured():
            answer = bytearray(2)
            busio.writeto_then_readfrom(0x48, b"\x00", answer)
            code = int.from_bytes(answer, signed=True) >> 16 - bits
            return {"temperature": (code * 1000 >> bits - 8) / 1000}

        return measured

    agree(kernel, LM75, model)


@pytest.fixture
def bench(bench_of):
    return bench_of(LM75, lm75.LM75)


# LM75B table 10
@pytest.mark.parametrize(
    "raw, celsius",
    [
        (0x7F00, 127),
        (0x7EE0, 126.875),
        (0x1900, 25),
        (0x0020, 0.125),
        (0x0000, 0),
        (0xFFE0, -0.125),
        (0xE700, -25),
        (0xC920, -54.875),
        (0xC900, -55),
    ],
)
def test_codes_of_11_bits_are_temperatures(raw, celsius):
    assert temperature(raw, 11) == celsius
    assert temperature(raw | 0x1F, 11) == celsius


@pytest.mark.parametrize("raw, celsius", [(0x197F, 25), (0x1980, 25.5), (0xFFFF, -0.5)])
def test_codes_of_9_bits_are_temperatures(raw, celsius):
    assert temperature(raw, 9) == celsius


def test_the_first_lm75_counts_in_half_degrees(bench_of):
    bench = bench_of(LM75, lm75.LM75, bits=9)
    bench.model.set("temperature", 21.375)
    assert bench.read() == {"temperature": 21.0}
    assert bench.device.channels[0].resolution == 0.5


def test_the_chip_is_assumed_by_its_power_on_values(bench):
    assert bench.device.identify() == Identity("LM75", certain=False)
    bench.replace(tmp117.TMP117(bench.clock))
    assert bench.device.identify() is None


def test_a_chip_that_does_not_keep_its_configuration_is_another(bench):
    bench.replace(tmp117.TMP117(bench.clock))
    with pytest.raises(WrongChip, match=r"no LM75: its registers hold .*, not 11 and 4c00"):
        bench.setup()


def test_the_chip_sleeps_between_two_measurements(bench):
    bench.read()
    assert bench.device._port.write_read(b"\x01", 1) == b"\x11"


def test_the_model_says_0_degrees_until_its_first_conversion_is_over(bench):
    port = bench.device._port
    assert port.write_read(b"\x00", 2) == b"\x00\x00"
    bench.sleep(0.15)
    assert port.write_read(b"\x00", 2) == b"\x15\x00"
