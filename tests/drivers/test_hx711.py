import pytest

from drivers.base.driver import read
from drivers.base.errors import (
    BusMissing,
    DeadFrame,
    LostConfiguration,
    NotReady,
    OutOfRange,
    TransferFailed,
)
from drivers.base.linux import LinuxPort
from drivers.hx711 import HX711
from edge_agent.testing import SensorContract
from simulators import hx711
from simulators.clock import VirtualClock
from simulators.linux import SimulatedKernel

MIDDLE = 0x800000  # what the kernel's driver makes of 24 bits of 0


class TestContract(SensorContract):
    driver = HX711
    model = hx711.HX711
    patience = HX711.deadline


class Kernel(SimulatedKernel):
    """The kernel's files of a converter whose codes are scripted: numbers, or a read's error."""

    def __init__(self, *codes, name="hx711"):
        self.codes, self.name = list(codes), name

    def names(self, path):
        return ["iio:device0"] if path.endswith("devices") else []

    def read(self, path):
        if path.endswith("name"):
            return f"{self.name}\n"
        if path.endswith("raw"):
            code = self.codes.pop(0) if len(self.codes) > 1 else self.codes[0]
            if isinstance(code, OSError):
                raise code
            return f"{code}\n"
        return hx711.scale(128)


def measured(*codes, name="hx711"):
    return read(HX711(LinuxPort(Kernel(*codes, name=name), "hive")), lambda _: None)


def weighed(model, **options):
    kernel = SimulatedKernel(model.clock.monotonic)
    kernel.attach(model)
    return read(HX711(LinuxPort(kernel, "hive"), **options), model.clock.sleep)


# Datasheet: two's complement from 0x800000 to 0x7FFFFF, both of which are beyond the range
@pytest.mark.parametrize("code, count", [(0x800001, 1 - (1 << 23)), (0x7FFFFE, (1 << 23) - 2)])
def test_the_codes_of_the_datasheet_are_counts(code, count):
    assert measured(code ^ MIDDLE) == {"raw": count}


@pytest.mark.parametrize("code", [0x800000, 0x7FFFFF])
def test_an_input_beyond_the_range_has_no_value(code):
    with pytest.raises(OutOfRange, match="take a lower `gain`"):
        measured(code ^ MIDDLE)


def test_a_result_counts_once_it_agrees_with_the_one_before():
    assert measured(MIDDLE + 90_000, MIDDLE + 45_000, MIDDLE + 45_012) == {"raw": 45_012}


def test_a_slipped_bit_is_not_published():
    right = MIDDLE + 100_000
    assert measured(right, MIDDLE + 200_000, right, right + 9) == {"raw": 100_009}


def test_a_load_that_moves_all_the_time_has_no_value():
    with pytest.raises(NotReady, match="hive: no two results agree"):
        measured(*(MIDDLE + 3000 * n for n in range(9)))


def test_a_data_line_that_stays_low_has_no_value():
    with pytest.raises(DeadFrame, match="its data line is low"):
        measured(MIDDLE)


def test_a_converter_that_is_never_ready_has_the_kernels_error():
    with pytest.raises(TransferFailed, match="errno 5"):
        measured(OSError(5, "Input/output error"))


def test_a_failed_read_is_repeated():
    failure = OSError(5, "Input/output error")
    assert measured(failure, MIDDLE + 7000, failure, MIDDLE + 7001) == {"raw": 7001}


@pytest.mark.parametrize("gain, count", [(64, 60_000), (32, 30_000)])
def test_a_gain_that_the_kernel_has_is_read(gain, count):
    assert weighed(hx711.HX711(VirtualClock(), gain=gain), gain=gain) == {"raw": count}


def test_a_result_with_a_gain_that_is_not_wanted_has_no_value():
    model = hx711.HX711(VirtualClock(), gain=64)
    with pytest.raises(LostConfiguration, match=r"not 128 \(as root, write 0\.000002327 to /sys"):
        weighed(model)


def test_the_scale_is_that_of_the_kernels_arithmetic():
    assert [hx711.scale(gain) for gain in (128, 64, 32)] == [
        "0.000002327",
        "0.000004655",
        "0.000009311",
    ]


def test_without_its_overlay_the_error_has_the_line_to_write():
    with pytest.raises(BusMissing, match=r"no hx711 \(write `dtoverlay=hx711,dout=5,sck=6` with"):
        measured(MIDDLE, name="bme280")
