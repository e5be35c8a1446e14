import math

import pytest

from drivers.base.driver import read_parted, run
from drivers.base.errors import BusMissing, NotReady, OutOfRange, TransferFailed, WrongChip
from drivers.base.linux import LinuxPort, RealKernel
from drivers.iio import IIO
from edge_agent.testing import SensorContract
from edge_agent.testing.sensor import spell
from simulators import iio

EVERYTHING = tuple(iio.IIO.inputs)


class TestContract(SensorContract):
    driver = IIO
    model = iio.IIO
    options = {"device": "bmp280", "measure": EVERYTHING}


@pytest.fixture
def kernel(tmp_path):
    """A function: put files under /sys/bus/iio/devices, and return a port that sees them."""

    def make(files):
        for name, text in files.items():
            path = tmp_path / "sys/bus/iio/devices" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return LinuxPort(RealKernel(tmp_path), "air")

    return make


def read(port, device, *measure):
    sensor = IIO(port, device=device, measure=measure)
    run(sensor.setup(), lambda _: None)
    return run(sensor.measure(), lambda _: None)


def test_units_of_the_kernel_become_ours(kernel):
    port = kernel(
        {
            "iio:device3/name": "bme280\n",
            "iio:device3/in_temp_input": "21530\n",
            "iio:device3/in_pressure_input": "101.325000000\n",
            "iio:device3/in_humidityrelative_input": "48250\n",
            "iio:device3/in_concentration_co2_input": "0.0612\n",
            "iio:device3/in_anglvel_x_raw": "100\n",
            "iio:device3/in_anglvel_scale": "0.001\n",
        }
    )
    names = ("temperature", "atmospheric_pressure", "humidity", "carbon_dioxide")
    values = read(port, "bme280", *names, "angular_velocity_x")
    assert values == pytest.approx(
        {
            "temperature": 21.53,
            "atmospheric_pressure": 1013.25,
            "humidity": 48.25,
            "carbon_dioxide": 612,
            "angular_velocity_x": math.degrees(0.1),
        }
    )


def test_a_raw_value_is_offset_before_it_is_scaled(kernel):
    port = kernel(
        {
            "iio:device0/name": "si7020\n",
            "iio:device0/in_temp_raw": "6000\n",
            "iio:device0/in_temp_offset": "-4368\n",
            "iio:device0/in_temp_scale": "10.725\n",
        }
    )
    assert read(port, "si7020", "temperature") == pytest.approx({"temperature": 17.5032})


@pytest.mark.parametrize(
    "own, shared, volts", [("2", "", 0.2), ("", "3", 0.3), ("2", "3", 0.2), ("", "", 0.1)]
)
def test_a_channels_own_scale_goes_before_that_of_its_kind(kernel, own, shared, volts):
    files = {"iio:device0/name": "adc\n", "iio:device0/in_voltage1_raw": "100\n"}
    files |= {"iio:device0/in_voltage1_scale": own} if own else {}
    files |= {"iio:device0/in_voltage_scale": shared} if shared else {}
    assert read(kernel(files), "adc", "voltage1") == pytest.approx({"voltage1": volts})


def test_of_two_devices_of_one_name_the_directory_says_which(kernel):
    files = {f"iio:device{n}/name": "dht11\n" for n in range(2)}
    files |= {f"iio:device{n}/in_temp_input": f"2{n}000\n" for n in range(2)}
    port = kernel(files)
    with pytest.raises(BusMissing, match="say which: iio:device0 or iio:device1"):
        read(port, "dht11", "temperature")
    assert read(port, "iio:device1", "temperature") == {"temperature": 21.0}


def test_a_device_that_the_kernel_does_not_have_names_where_to_look(kernel):
    with pytest.raises(
        BusMissing, match=r"air: no 'bme280' in /sys/bus/iio/devices .*there are: none"
    ):
        read(kernel({}), "bme280", "temperature")


def test_a_channel_that_the_device_has_not_is_refused_at_setup(kernel):
    port = kernel({"iio:device0/name": "bmp280\n", "iio:device0/in_temp_input": "1\n"})
    with pytest.raises(WrongChip, match="bmp280 has no humidity"):
        read(port, "bmp280", "humidity")


@pytest.mark.parametrize("text, error", [("", TransferFailed), ("nan", OutOfRange)])
def test_a_file_that_says_no_number_gives_no_value(kernel, text, error):
    port = kernel({"iio:device0/name": "x\n", "iio:device0/in_temp_input": text})
    with pytest.raises(error):
        read(port, "x", "temperature")


def test_a_measurement_that_the_kernels_driver_could_not_make_is_not_ready():
    bench = TestContract().fresh(spell("not_ready", at=0))
    with pytest.raises(NotReady, match="errno 11"):
        bench.read()


def test_a_channel_that_the_kernel_cannot_read_leaves_the_other_its_value(kernel):
    port = kernel(
        {
            "iio:device0/name": "dht11\n",
            "iio:device0/in_temp_input": "",
            "iio:device0/in_humidityrelative_input": "48000\n",
        }
    )
    device = IIO(port, device="dht11", measure=("temperature", "humidity"))
    values, refused = read_parted(device, lambda _: None)
    assert values == {"humidity": 48}
    assert "is not a number" in str(refused["temperature"])


def test_nothing_to_measure_is_refused():
    with pytest.raises(ValueError, match="measure: wanted one or more"):
        IIO(LinuxPort(RealKernel()), device="x", measure=())


@pytest.mark.parametrize("device", ["hx711", "hx711@weight"])
def test_a_kernel_driver_whose_files_differ_from_the_abi_is_refused_with_its_own_driver(device):
    with pytest.raises(ValueError, match=r'hx711: it counts from .*; write driver = "hx711"'):
        IIO(LinuxPort(RealKernel(), "air"), device=device, measure=("voltage0",))


def test_it_is_refused_by_its_place_too(kernel):
    port = kernel({"iio:device0/name": "hx711\n", "iio:device0/in_voltage0_raw": "8388608\n"})
    with pytest.raises(WrongChip, match=r'it counts from .*write driver = "hx711"'):
        read(port, "iio:device0", "voltage0")
