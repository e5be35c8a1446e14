"""The vendor's own drivers read our models, and agree with ours and with the truth."""

import pytest
from smbus2 import i2c_msg

from drivers.base.driver import read, run
from drivers.base.i2c import I2CPort
from drivers.scd4x import SCD4x
from drivers.scd30 import SCD30
from drivers.sen5x import SEN5x
from drivers.sgp40 import SGP40
from drivers.sgp41 import SGP41
from drivers.sht3x import SHT3x
from drivers.sht4x import SHT4x
from drivers.sps30 import SPS30
from simulators import scd4x, scd30, sen5x, sgp40, sgp41, sht3x, sht4x, sps30
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from tests.drivers.conftest import assert_near, expose

connection = pytest.importorskip("sensirion_i2c_driver.connection")
adapter = pytest.importorskip("sensirion_driver_adapters.i2c_adapter.i2c_channel")


class Transceiver:
    """What Sensirion's packages send and receive through, over a simulated bus."""

    API_VERSION = 1
    channel_count = None
    description = "simulated"

    def __init__(self, bus, clock):
        self._bus, self._clock = bus, clock

    def transceive(self, slave_address, tx_data, rx_length, read_delay, timeout):
        del timeout
        if tx_data is not None:
            self._bus.i2c_rdwr(i2c_msg.write(slave_address, bytes(tx_data)))
        self._clock.sleep(read_delay)
        if rx_length is None:
            return 0, None, b""
        answer = i2c_msg.read(slave_address, rx_length)
        self._bus.i2c_rdwr(answer)
        return 0, None, bytes(answer)


@pytest.fixture
def vendor(monkeypatch):
    """A function: the vendor's connection to a model, our driver of it, and the clock of both."""

    def connect(model, ours):
        clock = VirtualClock()
        monkeypatch.setattr(connection, "time", clock)
        bus, chip = SimulatedBus(clock), model(clock)
        bus.attach(model.addresses[0], chip)
        clock.sleep(0.1)
        wire = connection.I2cConnection(Transceiver(bus, clock))
        return wire, chip, ours(I2CPort(bus, model.addresses[0])), clock

    return connect


def channel(wire, address):
    """Return a channel of Sensirion's adapter, with the checksum of all its chips."""
    crc = pytest.importorskip("sensirion_i2c_driver").CrcCalculator(8, 0x31, 0xFF, 0x00)
    return adapter.I2cChannel(wire, address, crc)


def named(chip, found):
    """Return Sensirion's numbers, some of which are objects, by the names of a model's inputs."""
    return {
        name: float(getattr(one, "value", one))
        for name, one in zip(chip.inputs, found, strict=True)
    }


def agree(values, truth, chip, ours, clock):
    assert_near(values, truth, chip)
    assert_near(read(ours, clock.sleep), truth, chip)


@pytest.mark.parametrize("seed", range(10))
def test_sensirions_driver_reads_our_scd4x_right_after_its_start(vendor, seed):
    device = pytest.importorskip("sensirion_i2c_scd4x.device")
    wire, chip, ours, clock = vendor(scd4x.SCD4x, SCD4x)
    truth = expose(chip, seed)
    theirs = device.Scd4xDevice(channel(wire, 0x62))
    theirs.stop_periodic_measurement()
    theirs.start_periodic_measurement()
    assert not theirs.get_data_ready_status()
    clock.sleep(5.1)
    assert theirs.get_data_ready_status()
    agree(named(chip, theirs.read_measurement()), truth, chip, ours, clock)


@pytest.mark.parametrize("seed", range(10))
def test_sensirions_driver_reads_our_scd30(vendor, seed):
    device = pytest.importorskip("sensirion_i2c_scd30.device")
    wire, chip, ours, clock = vendor(scd30.SCD30, SCD30)
    truth = expose(chip, seed)
    theirs = device.Scd30Device(channel(wire, 0x61))
    theirs.start_periodic_measurement(0)
    clock.sleep(2.1)
    assert theirs.get_data_ready() == 1
    agree(named(chip, theirs.read_measurement_data()), truth, chip, ours, clock)


@pytest.mark.parametrize("seed", range(10))
def test_sensirions_driver_reads_our_sht4x(vendor, seed):
    device = pytest.importorskip("sensirion_i2c_sht4x.device")
    wire, chip, ours, clock = vendor(sht4x.SHT4x, SHT4x)
    truth = expose(chip, seed)
    found = device.Sht4xDevice(channel(wire, 0x44)).measure_high_precision()
    agree(named(chip, found), truth, chip, ours, clock)


@pytest.mark.parametrize("seed", range(10))
def test_sensirions_driver_reads_our_sht3x(vendor, seed):
    device = pytest.importorskip("sensirion_i2c_sht3x.device")
    wire, chip, ours, clock = vendor(sht3x.SHT3x, SHT3x)
    truth = expose(chip, seed)
    theirs = device.Sht3xDevice(channel(wire, 0x44))
    celsius, percent = theirs.measure_single_shot_high_repeatability()
    values = {"temperature": -45 + 175 * celsius / 65535, "humidity": 100 * percent / 65535}
    agree(values, truth, chip, ours, clock)


@pytest.mark.parametrize("seed", range(10))
def test_sensirions_driver_reads_our_sgp40_and_compensates_as_ours(vendor, seed):
    device = pytest.importorskip("sensirion_i2c_sgp4x.sgp40.device")
    wire, chip, ours, clock = vendor(sgp40.SGP40, SGP40)
    truth = expose(chip, seed)
    percent, celsius = 10.0 * seed, 12.5 * seed - 25
    sgp = device.Sgp40I2cDevice(wire)
    sgp.measure_raw()  # which switches its hotplate on
    clock.sleep(60)
    raw = sgp.measure_raw(percent, celsius)
    assert raw.ticks == pytest.approx(truth["voc_raw"], abs=1)
    theirs = chip.compensation
    mine = SGP40(ours._port, humidity=percent, temperature=celsius)
    read(mine, clock.sleep)
    assert chip.compensation == pytest.approx(theirs, abs=176 / 65535)  # theirs cuts, ours rounds
    assert chip.compensation == pytest.approx((percent, celsius), abs=0.5 * 175 / 65535)


@pytest.mark.parametrize("seed", range(10))
def test_sensirions_driver_reads_our_sgp41(vendor, seed):
    device = pytest.importorskip("sensirion_i2c_sgp4x.sgp41.device")
    wire, chip, ours, clock = vendor(sgp41.SGP41, SGP41)
    truth = expose(chip, seed)
    theirs = device.Sgp41I2cDevice(wire)
    for _ in range(10):
        theirs.conditioning()
        clock.sleep(1)
    clock.sleep(50)
    voc, nox = theirs.measure_raw()
    agree({"voc_raw": voc.ticks, "nox_raw": nox.ticks}, truth, chip, ours, clock)


@pytest.mark.parametrize("seed", range(10))
def test_sensirions_driver_reads_our_sps30(vendor, seed):
    device = pytest.importorskip("sensirion_i2c_sps30.device")
    commands = pytest.importorskip("sensirion_i2c_sps30.commands")
    wire, chip, _, clock = vendor(sps30.SPS30, SPS30)
    truth = expose(chip, seed)
    theirs = device.Sps30Device(channel(wire, 0x69))
    theirs.start_measurement(commands.OutputFormat.OUTPUT_FORMAT_FLOAT)
    clock.sleep(30)
    assert theirs.read_data_ready_flag() == 1
    numbers = theirs.read_measurement_values_float()
    scales = [1] * 4 + [1000] * 5
    found = [scale * one for scale, one in zip(scales, numbers, strict=False)]
    ours = SPS30(I2CPort(wire._transceiver._bus, 0x69), counts=True)
    agree(named(chip, found), truth, chip, ours, clock)


@pytest.mark.parametrize("seed", range(10))
def test_sensirions_driver_reads_our_sen5x(vendor, seed):
    device = pytest.importorskip("sensirion_i2c_sen5x")
    wire, chip, ours, clock = vendor(sen5x.SEN5x, SEN5x)
    truth = expose(chip, seed)
    theirs = device.Sen5xI2cDevice(wire)
    assert theirs.get_product_name() == "SEN55"
    theirs.start_measurement()
    clock.sleep(30)
    assert theirs.read_data_ready()
    result = theirs.read_measured_values()
    masses = [
        getattr(result, f"mass_concentration_{n}").physical for n in ("1p0", "2p5", "4p0", "10p0")
    ]
    rest = [result.ambient_humidity.percent_rh, result.ambient_temperature.degrees_celsius]
    rest += [result.voc_index.scaled, result.nox_index.scaled]
    agree(named(chip, [*masses, *rest]), truth, chip, ours, clock)


@pytest.mark.parametrize("altitude, pressure", [(0, None), (1950, None), (3000, None), (None, 987)])
def test_what_our_driver_sets_sensirions_reads(vendor, altitude, pressure):
    device = pytest.importorskip("sensirion_i2c_scd4x.device")
    wire, _, ours, clock = vendor(scd4x.SCD4x, SCD4x)
    options = {"temperature_offset": 5.4, "self_calibration": False}
    mine = SCD4x(ours._port, altitude=altitude, ambient_pressure=pressure, **options)
    run(mine.setup(), clock.sleep)
    theirs = device.Scd4xDevice(channel(wire, 0x62))
    theirs.stop_periodic_measurement()
    assert float(theirs.get_temperature_offset().value) == pytest.approx(5.4, abs=0.003)
    assert theirs.get_automatic_self_calibration_enabled() == 0
    assert altitude is None or theirs.get_sensor_altitude() == altitude
    assert pressure is None or theirs.get_ambient_pressure_raw() == pressure


def test_what_our_driver_sets_in_an_scd30_sensirions_reads(vendor):
    device = pytest.importorskip("sensirion_i2c_scd30.device")
    wire, _, ours, clock = vendor(scd30.SCD30, SCD30)
    options = {"temperature_offset": 1.5, "self_calibration": True, "altitude": 430}
    run(SCD30(ours._port, **options).setup(), clock.sleep)
    theirs = device.Scd30Device(channel(wire, 0x61))
    assert theirs.get_temperature_offset() == 150
    assert theirs.get_auto_calibration_status() == 1
    assert theirs.get_altitude_compensation() == 430
