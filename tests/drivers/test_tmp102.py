import pytest
import qwiic_tmp102

from drivers.base.driver import Identity
from drivers.base.errors import WrongChip
from drivers.tmp102 import TMP102, temperature
from edge_agent.testing import I2CContract
from edge_agent.testing.families import LateResults, NoticesBrownOuts, RefusesTemperatures
from simulators import ads1115, tmp102


class TestContract(LateResults, NoticesBrownOuts, RefusesTemperatures, I2CContract):
    driver = TMP102
    model = tmp102.TMP102
    late = "does not end"


class Qwiic:
    """SparkFun's I2C object, over a simulated bus."""

    def __init__(self, bus):
        self._bus = bus

    def writeCommand(self, address, command):  # noqa: N802
        self._bus.write_byte(address, command)

    def readBlock(self, address, register, count):  # noqa: N802
        return list(self._bus.read_i2c_block_data(address, register, count))


def test_sparkfuns_driver_reads_what_we_read_and_what_is(agree):
    def sparkfun(busio, clock):
        chip = qwiic_tmp102.QwiicTmp102Sensor(0x48, Qwiic(busio.bus))
        clock.sleep(0.6)  # it waits for no conversion

        def measure():
            celsius = chip.read_temp_c()
            return {"temperature": celsius - 4096 if celsius > 2048 else celsius}  # its sign

        return measure

    agree(sparkfun, TMP102, tmp102.TMP102)


@pytest.fixture
def bench(bench_of):
    return bench_of(TMP102, tmp102.TMP102)


# Table 7-2
@pytest.mark.parametrize(
    "raw, celsius",
    [
        (0x7FF0, 127.9375),
        (0x6400, 100),
        (0x5000, 80),
        (0x4B00, 75),
        (0x3200, 50),
        (0x1900, 25),
        (0x0040, 0.25),
        (0x0000, 0),
        (0xFFC0, -0.25),
        (0xE700, -25),
        (0xC900, -55),
    ],
)
def test_codes_are_temperatures(raw, celsius):
    assert temperature(raw) == celsius


def test_the_chip_is_assumed_by_its_power_on_values(bench):
    assert bench.device.identify() == Identity("TMP102", certain=False)
    bench.replace(ads1115.ADS1115(bench.clock))
    assert bench.device.identify() is None


def test_a_chip_that_does_not_keep_its_configuration_is_another(bench):
    bench.replace(ads1115.ADS1115(bench.clock))
    with pytest.raises(WrongChip, match=r"no TMP102: its registers hold .*, not e180 and 4c00"):
        bench.setup()


@pytest.mark.parametrize("celsius", [79, 81])
def test_an_alert_is_no_matter(bench, celsius):
    bench.model.set("temperature", celsius)
    assert bench.read() == {"temperature": celsius}


def test_the_model_has_the_datasheets_power_on_values(bench):
    port = bench.device._port
    assert [port.write_read(bytes([n]), 2).hex() for n in range(4)] == [
        "0000",
        "60a0",
        "4b00",
        "5000",
    ]


def test_the_models_extended_mode_counts_to_150_degrees(bench):
    port = bench.device._port
    bench.model.set("temperature", 150)
    port.write(b"\x01\x60\xb0")
    bench.sleep(1)
    port.write_read(b"\x00", 2)
    bench.sleep(1)
    assert port.write_read(b"\x00", 2) == b"\x4b\x01"
