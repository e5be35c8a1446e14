import adafruit_max31865
import pytest

from drivers.base.driver import read, run
from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    LostConfiguration,
    NotReady,
    OutOfRange,
    WrongChip,
)
from drivers.base.spi import SPIPort
from drivers.max31865 import MAX31865, celsius, ratio, slope
from edge_agent.testing import SensorContract
from simulators import max31865
from simulators.clock import VirtualClock
from simulators.spi import SimulatedSPI


class TestContract(SensorContract):
    driver = MAX31865
    model = max31865.MAX31865
    place = {"address": 0}


class TestContractOfAPT1000AtAdafruitsBoard(TestContract):
    options = {"wires": 3, "reference": 4300.0, "nominal": 1000.0, "filter": 60}


def test_adafruits_driver_reads_what_we_read_and_what_is(agree_on_spi, monkeypatch):
    def adafruit(spi, clock):
        monkeypatch.setattr(adafruit_max31865, "time", clock)
        chip = adafruit_max31865.MAX31865(spi, None, ref_resistor=400.0, wires=4)
        return lambda: {"temperature": chip.temperature}

    agree_on_spi(adafruit, MAX31865, max31865.MAX31865)


class Board:
    """A driver and a model at 65 °C; `spoil` changes what arrives, by the number of the read."""

    mode, max_speed_hz = 1, 500_000

    def __init__(self, **options):
        self.clock = VirtualClock()
        self.chip = max31865.MAX31865(self.clock)
        self.device = MAX31865(SPIPort(self, "boiler"), **options)
        self.sent = []
        self.reads = 0
        self.spoil = lambda read, frame: frame
        self._line = SimulatedSPI(self.chip, [])

    def xfer2(self, values):
        self._line.mode = self.mode
        frame = bytes(self._line.xfer2(values))
        if values[0] & 0x80:
            self.sent.append(bytes(values).hex())
            return list(frame)
        self.reads += 1
        return list(self.spoil(self.reads, frame))

    def measured(self):
        return read(self.device, self.clock.sleep)["temperature"]

    def registers(self):
        return self._line._model.transfer(bytes(9))[1:].hex()


@pytest.fixture
def board():
    return Board()


# IEC 60751's table of a PT100
TABLE = [
    (-200, 18.5201),
    (-100, 60.2558),
    (-50, 80.3063),
    (0, 100),
    (100, 138.5055),
    (850, 390.4811),
]


@pytest.mark.parametrize("degrees, ohms", TABLE)
def test_the_standards_table_both_ways(degrees, ohms):
    assert ratio(degrees) * 100 == pytest.approx(ohms, abs=0.0001)
    assert celsius(ohms / 100) == pytest.approx(degrees, abs=0.001)
    assert max31865.resistance(degrees) * 100 == pytest.approx(ohms, abs=0.0001)


@pytest.mark.parametrize("degrees", range(-200, 851, 10))
def test_temperature_and_resistance_are_each_others_inverse(degrees):
    assert celsius(ratio(degrees)) == pytest.approx(degrees, abs=1e-6)
    rise = (ratio(degrees + 1e-3) - ratio(degrees - 1e-3)) / 2e-3
    assert slope(degrees) == pytest.approx(rise, rel=1e-4)


# Datasheet, table 9: codes of a PT100 at 400 Ω
@pytest.mark.parametrize("degrees, code", [(0, 0x2000), (100, 0x2C53)])
def test_the_models_codes_are_the_datasheets(board, degrees, code):
    board.chip.set("temperature", degrees)
    assert board.measured() == pytest.approx(degrees, abs=0.035)
    assert abs((int(board.registers()[2:6], 16) >> 1) - code) <= 1


def test_a_measurement_is_these_transfers_and_leaves_the_bias_off(board):
    board.measured()
    assert board.sent == [
        "8000",  # setup: automatic mode off
        "80030000ffff0000",  # 50 Hz, faults cleared
        "80830000ffff0000",  # bias on
        "8085",  # a fault detection cycle
        "80a1000000000000",  # one shot, and a threshold that every result reaches
        "80030000ffff0000",  # bias off, no fault left to be signalled
    ]
    assert board.registers().startswith("01")


@pytest.mark.parametrize(
    "options, setting, seconds",
    [
        ({}, "01", 0.066),
        ({"wires": 2}, "01", 0.066),
        ({"wires": 3}, "11", 0.066),
        ({"filter": 60}, "00", 0.055),
        ({"filter": 60, "wires": 3}, "10", 0.055),
    ],
)
def test_wires_and_filter_are_set_and_waited_for(options, setting, seconds):
    board = Board(**options)
    waits = []
    read(board.device, lambda each: (waits.append(each), board.clock.sleep(each)))
    assert board.registers().startswith(setting)
    assert waits[-1] == seconds


def test_setup_ends_an_automatic_mode(board):
    board.xfer2([0x80, 0xC0])
    assert board.measured() == pytest.approx(65, abs=0.04)


# Datasheet, table 12, and what a code at one of its ends is worth
@pytest.mark.parametrize(
    "bits, words",
    [
        (0x20, "element or a FORCE wire is open"),
        (0x10, "a wire is shorted .REFIN-"),
        (0x08, "a wire is shorted, or"),
        (0x04, "above the supply or below ground"),
    ],
)
def test_what_the_chip_finds_wrong_with_the_wires_is_said(board, bits, words):
    board.chip.faults = bits
    with pytest.raises(OutOfRange, match=rf"boiler: .*{words}.* \(check the wires"):
        board.measured()
    board.chip.faults = 0
    assert board.measured() == pytest.approx(65, abs=0.04)


@pytest.mark.parametrize("times", [0.0, 0.1, 3.95, 4.5, 40.0])
def test_an_element_that_has_no_such_resistance_has_no_value(board, monkeypatch, times):
    monkeypatch.setattr(max31865, "resistance", lambda _: times)
    with pytest.raises(OutOfRange, match=r"times its nominal resistance \(is it broken or shorted"):
        board.measured()


def test_the_range_ends_where_the_reference_does():
    (channel,) = Board(reference=430.0, nominal=200.0).device.channels
    assert channel.high == pytest.approx(celsius(2.15), abs=0.05)


def test_a_full_scale_code_is_more_than_the_reference(board, monkeypatch):
    small = MAX31865(SPIPort(board, "boiler"), reference=200.0)
    board.chip = SimulatedSPI(max31865.MAX31865(board.clock, reference=200.0), [])
    board._line = board.chip
    board._line._model.set("temperature", 300.0)
    with pytest.raises(OutOfRange, match=r"2 times its nominal"):
        read(small, board.clock.sleep)


def test_a_conversion_that_has_not_ended_gives_no_old_value(board):
    board.measured()
    board.chip.set("temperature", 200.0)
    steps = board.device.measure()
    for _ in range(2):
        board.clock.sleep(next(steps))
    board.chip.slowness = 2.0
    with pytest.raises(NotReady, match="no result after"):
        run(steps, board.clock.sleep)


def test_a_look_at_the_wires_that_has_not_ended_is_waited_for_no_longer(board):
    board.chip.slowness = 10.0
    with pytest.raises(NotReady, match="detection of faults has not ended"):
        board.measured()


@pytest.mark.parametrize("wait", [1, 2, 3])
def test_a_brown_out_within_a_measurement_is_noticed(board, wait):
    run(board.device.setup(), board.clock.sleep)
    steps = board.device.measure()
    for _ in range(wait):
        board.clock.sleep(next(steps))
    board.chip.power_on()
    with pytest.raises(LostConfiguration, match="boiler: its configuration is 00 ffff0000"):
        run(steps, board.clock.sleep)


def test_a_threshold_that_is_not_ours_is_no_witness(board):
    run(board.device.setup(), board.clock.sleep)
    steps = board.device.measure()
    for _ in range(3):
        board.clock.sleep(next(steps))
    board.xfer2([0x83, 0x00, 0x02])
    with pytest.raises(LostConfiguration, match="is 81 00020000 instead of 81 00000000"):
        run(steps, board.clock.sleep)


@pytest.mark.parametrize("bit", range(64))
@pytest.mark.parametrize("which", [4, 5])
def test_any_bit_flipped_in_one_of_two_reads_of_a_result_is_noticed(board, which, bit):
    def flip(read, frame):
        return (int.from_bytes(frame) ^ (1 << bit if read == which else 0)).to_bytes(9)

    board.spoil = flip
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        board.measured()


def test_a_chip_that_does_not_keep_its_configuration_is_another(board, monkeypatch):
    monkeypatch.setattr(max31865, "WRITABLE", ())
    monkeypatch.setattr(board.chip, "_configure", lambda written: None)
    with pytest.raises(WrongChip, match="no MAX31865: wrote 01, its registers are 00 00 00 ff ff"):
        board.measured()


@pytest.mark.parametrize("level", [0x00, 0xFF])
def test_a_silent_line_is_called_so(board, level):
    board.spoil = lambda read, frame: bytes([level]) * len(frame)
    with pytest.raises(DeadFrame, match=f"answers {level:02x} only"):
        board.measured()


@pytest.mark.parametrize("name", ["reference", "nominal"])
@pytest.mark.parametrize("ohms", [0.0, -100.0, 5e-324, 1e308, float("inf"), float("nan")])
def test_a_resistance_that_nothing_has_is_refused(name, ohms):
    with pytest.raises(ValueError, match=f"{name} is .*: wanted ohms"):
        Board(**{name: ohms})


def test_the_model_has_the_datasheets_power_on_values(board):
    assert board.registers() == "000000ffff000000"


def test_the_model_says_ff_beyond_its_registers(board):
    assert board.chip.transfer(bytes([7, 0, 0, 0])).hex() == "0000ffff"


def test_no_write_changes_the_models_result_and_status(board):
    board.xfer2([0x81, 0x12, 0x34])
    board.xfer2([0x87, 0x12])
    assert board.registers() == "000000ffff000000"


def test_the_model_converts_on_and_on_in_its_automatic_mode(board):
    board.xfer2([0x80, 0xC1])
    for degrees in (0.0, 100.0):
        board.chip.set("temperature", degrees)
        for _ in range(2):
            board.clock.sleep(0.021)
            board.registers()
        code = int(board.registers()[2:6], 16) >> 1
        assert code == round(ratio(degrees) * 8192)


def test_the_model_keeps_a_fault_until_it_is_cleared(board):
    board.measured()
    board.chip.faults = 0x04
    assert board.registers()[-2:] == "04"
    board.chip.faults = 0
    assert board.registers()[-2:] == "04"
    assert int(board.registers()[4:6], 16) & 1
    board.xfer2([0x80, 0x02])
    assert board.registers()[-2:] == "00"
