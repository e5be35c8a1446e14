import importlib
import sys
from types import SimpleNamespace

import pytest

from drivers.base.driver import read, run
from drivers.base.errors import BusMissing, DeadFrame, NotReady, TransferFailed
from drivers.base.linux import LinuxPort
from drivers.dht22 import DHT22, Frame
from edge_agent.testing import SensorContract
from simulators import dht11, dht22
from simulators.clock import VirtualClock
from simulators.dht22 import decoded
from simulators.linux import SimulatedKernel
from tests.drivers.conftest import assert_near, expose

ROUNDS = 200


class TestContract(SensorContract):
    driver = DHT22
    model = dht22.DHT22
    patience = DHT22.deadline


class Kernel(SimulatedKernel):
    """The kernel's files of a sensor whose frames are scripted: bytes, or the error of a read."""

    def __init__(self, *frames):
        self.frames, self.device = list(frames), "dht11@4"

    def names(self, path):
        return ["iio:device0"] if path.endswith("devices") else []

    def read(self, path):
        if path.endswith("name"):
            return f"{self.device}\n"
        if path.endswith("in_temp_input") and len(self.frames) > 1:
            self.frame = self.frames.pop(0)
        elif path.endswith("in_temp_input"):
            self.frame = self.frames[0]
        if isinstance(self.frame, OSError):
            raise self.frame
        return f"{decoded(self.frame)['humidity' in path]}\n"


AIR, LATER = (
    bytes.fromhex("028c 015f"),
    bytes.fromhex("0290 015d"),
)  # 65.2 % 35.1 °C; 65.6 % 34.9 °C
DAMAGED = bytes.fromhex("028c 0000")
BAD_SUM, SILENT = OSError(5, "Input/output error"), OSError(110, "Connection timed out")


def measured(*frames, waits=None):
    waits = [] if waits is None else waits
    return read(DHT22(LinuxPort(Kernel(*frames), "air")), waits.append)


# Product manual of the AM2302, 7.3.2, and its example of a negative temperature
@pytest.mark.parametrize(
    "frame, humidity, celsius",
    [("0292010d", 65.8, 26.9), ("028c015f", 65.2, 35.1), ("028c8065", 65.2, -10.1)],
)
def test_frames_of_the_manual_are_humidity_and_temperature(frame, humidity, celsius):
    found = measured(bytes.fromhex(frame))
    assert found == pytest.approx({"humidity": humidity, "temperature": celsius})


def test_what_the_sensor_measured_when_it_was_last_asked_is_not_published():
    clock = VirtualClock()
    model, kernel = dht22.DHT22(clock), SimulatedKernel(clock.monotonic)
    kernel.attach(model)
    sensor = DHT22(LinuxPort(kernel, "air"))
    read(sensor, clock.sleep)
    clock.sleep(3600)
    model.set("temperature", -12.5)
    assert run(sensor.measure(), clock.sleep)["temperature"] == -12.5


def test_results_that_agree_end_the_measurement_after_two_questions():
    waits = []
    assert measured(AIR, LATER, waits=waits)["temperature"] == 34.9
    assert waits == [2.1, 2.1]


@pytest.mark.parametrize("failure", [BAD_SUM, SILENT])
def test_a_failed_question_is_repeated(failure):
    assert measured(failure, AIR, failure, LATER)["humidity"] == 65.6


def test_a_damaged_frame_whose_sum_is_right_is_not_published():
    assert measured(AIR, DAMAGED, AIR, LATER)["temperature"] == 34.9


def test_frames_that_never_agree_have_no_value():
    with pytest.raises(NotReady, match=r"air: no two results agree .*cable"):
        measured(AIR, DAMAGED, AIR, DAMAGED, AIR)


@pytest.mark.parametrize("failure, kind", [(BAD_SUM, TransferFailed), (SILENT, NotReady)])
def test_a_sensor_that_fails_five_times_has_the_last_error_and_what_is_usual(failure, kind):
    with pytest.raises(kind, match=r"errno \d+\), 5 times in a row; single failures are usual"):
        measured(failure)


@pytest.mark.parametrize("frame", ["00000000", "000a0000", "00140000"])
def test_a_frame_of_nothing_has_no_value(frame):
    with pytest.raises(DeadFrame, match="at 0 °C: it measures nothing"):
        measured(bytes.fromhex(frame))


# Some makes count down from 0 in two's complement, which the kernel's driver does not know.
@pytest.mark.parametrize("frame", ["028cff9b", "028cffff"])
def test_a_negative_temperature_of_another_make_is_absent(frame):
    assert measured(bytes.fromhex(frame)).keys() == {"humidity"}


@pytest.mark.parametrize("humidity", ["03e7", "03e8", "0000"])
def test_the_humidity_of_a_broken_element_is_absent(humidity):
    assert measured(bytes.fromhex(humidity + "015f")).keys() == {"temperature"}


def test_the_only_sensor_needs_no_name_and_two_do():
    clock = VirtualClock()
    kernel = SimulatedKernel(clock.monotonic)
    for number, device in enumerate(("dht11@4", "dht11@11")):
        model = dht22.DHT22(clock, number, device=device)
        model.set("temperature", 20 + number)
        kernel.attach(model)
    with pytest.raises(BusMissing, match=r"there are 2 \(say which: .*device0 or .*device1"):
        read(DHT22(LinuxPort(kernel, "air")), clock.sleep)
    named = DHT22(LinuxPort(kernel, "air"), device="dht11@11")
    assert read(named, clock.sleep)["temperature"] == 21


def test_without_its_overlay_the_error_has_the_line_to_write():
    kernel = Kernel(AIR)
    kernel.device = "bme280"
    with pytest.raises(BusMissing, match=r"no dht11 \(write `dtoverlay=dht11,gpiopin=4` with your"):
        read(DHT22(LinuxPort(kernel, "air")), lambda _: None)


def test_air_that_changes_too_fast_does_not_agree():
    assert Frame(21, 45).agrees(Frame(22, 48))
    assert not Frame(21, 45).agrees(Frame(22.1, 45))
    assert not Frame(21, 45).agrees(Frame(21, 48.1))
    assert not Frame(21, 45).agrees(None)


class Pulses:
    """CircuitPython's `PulseIn` on a sensor's line: bits of 26 and 70 µs, each after 50 µs."""

    model = None

    def __init__(self, *_arguments, **_options):
        self._pulses = []

    def pause(self):
        pass

    clear = pause

    def resume(self, _microseconds):
        frame = Pulses.model.frame()
        bits = int.from_bytes(frame + bytes([sum(frame) % 256]), "big")
        high = [70 if bits >> n & 1 else 26 for n in range(39, -1, -1)]
        self._pulses = [80, *(each for one in high for each in (50, one)), 50][-81:]

    def popleft(self):
        return self._pulses.pop(0)

    def __bool__(self):
        return bool(self._pulses)


@pytest.fixture
def witness(monkeypatch):
    """A function: what Adafruit's driver decodes of a model's pulses."""
    monkeypatch.setitem(sys.modules, "pulseio", SimpleNamespace(PulseIn=Pulses))
    monkeypatch.delitem(sys.modules, "adafruit_dht", raising=False)
    adafruit_dht = importlib.import_module("adafruit_dht")

    def decode(model):
        Pulses.model = model
        monkeypatch.setattr(adafruit_dht, "time", model.clock)
        kind = adafruit_dht.DHT11 if isinstance(model, dht11.DHT11) else adafruit_dht.DHT22
        chip = kind(None, use_pulseio=True)
        return {"temperature": chip.temperature, "humidity": chip.humidity}

    return decode


@pytest.mark.parametrize("model", [dht11.DHT11, dht22.DHT22])
def test_adafruits_driver_decodes_what_the_kernels_driver_does(witness, model):
    clock = VirtualClock()
    for seed in range(ROUNDS):
        chip = model(clock)
        truth = expose(chip, seed)
        assert_near(witness(chip), truth, chip)
        celsius, percent = decoded(chip.frame())
        found = {"temperature": celsius / 1000, "humidity": percent / 1000}
        assert found == pytest.approx(witness(chip))
