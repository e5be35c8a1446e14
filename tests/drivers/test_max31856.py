import adafruit_max31856
import pytest

from drivers.base.driver import parted, read, run
from drivers.base.errors import BadChecksum, DeadFrame, LostConfiguration, NotReady, WrongChip
from drivers.base.spi import SPIPort
from drivers.max31856 import MAX31856, temperatures
from edge_agent.testing import SensorContract
from simulators import max31856
from simulators.spi import SimulatedSPI


class TestContract(SensorContract):
    driver = MAX31856
    model = max31856.MAX31856
    place = {"address": 0}


class TestContractOfAnAverage(TestContract):
    options = {"averaging": 16, "filter": 60}


def test_adafruits_driver_reads_what_we_read_and_what_is(agree_on_spi, monkeypatch):
    def adafruit(spi, clock):
        monkeypatch.setattr(adafruit_max31856, "sleep", clock.sleep)
        chip = adafruit_max31856.MAX31856(spi, None)
        return lambda: {
            "temperature": chip.temperature,
            "internal": chip.reference_temperature,
        }

    agree_on_spi(adafruit, MAX31856, max31856.MAX31856)


class Board:
    """A driver and a model; `spoil` changes what arrives, by the number of the transfer."""

    mode, max_speed_hz = 1, 500_000

    def __init__(self, clock, **options):
        self.clock = clock
        self.chip = max31856.MAX31856(clock)
        self.device = MAX31856(SPIPort(self, "kiln"), **options)
        self.transfers = 0
        self.spoil = lambda transfer, frame: frame
        self._line = SimulatedSPI(self.chip, [])

    def xfer2(self, values):
        self._line.mode = self.mode
        self.transfers += 1
        return list(self.spoil(self.transfers, bytes(self._line.xfer2(values))))

    def setup(self):
        run(self.device.setup(), self.clock.sleep)

    def measure(self):
        return run(self.device.measure(), self.clock.sleep)


@pytest.fixture
def board(clock):
    return Board(clock)


# Tables 2 and 4 of the datasheet
@pytest.mark.parametrize(
    "code, celsius",
    [
        ("640000", 1600),
        ("3e8000", 1000),
        ("064f00", 100.9375),
        ("019000", 25),
        ("000100", 0.0625),
        ("000000", 0),
        ("ffff00", -0.0625),
        ("fff000", -1),
        ("f06000", -250),
    ],
)
def test_a_code_of_the_hot_end_is_a_temperature(code, celsius):
    assert temperatures(bytes(12) + bytes.fromhex(code) + b"\0")[0] == celsius


@pytest.mark.parametrize(
    "code, celsius",
    [("7f00", 127), ("7d00", 125), ("4000", 64), ("1900", 25), ("0080", 0.5), ("0020", 0.125),
     ("fff8", -0.03125), ("ff80", -0.5), ("e700", -25), ("c900", -55)],
)  # fmt: skip
def test_a_code_of_the_chip_itself_is_a_temperature(code, celsius):
    assert temperatures(bytes(10) + bytes.fromhex(code) + bytes(4))[1] == celsius


@pytest.mark.parametrize(
    "fault, words",
    [(0x01, "thermocouple is open"), (0x02, "above the supply"), (0x40, "beyond its range")],
)
def test_a_broken_thermocouple_leaves_the_chips_own_temperature(board, fault, words):
    board.setup()
    board.chip.faults = fault
    values, refused = parted(board.measure())
    assert values == {"internal": 24}
    assert words in str(refused["temperature"])


def test_a_chip_beyond_its_range_has_no_value_at_all(board):
    board.setup()
    board.chip.set("internal", 126)
    with pytest.raises(ValueError, match="the chip itself is beyond"):
        parted(board.measure())


@pytest.mark.parametrize("letter", "BEJKNRST")
def test_each_type_is_measured_to_its_ends_and_not_beyond(clock, letter):
    board = Board(clock, thermocouple=letter)
    hot = board.device.channels[0]
    board.setup()
    for celsius in (hot.low, hot.high):
        board.chip.set("temperature", celsius)
        assert board.measure()["temperature"] == celsius
    for celsius in (hot.low - 1, hot.high + 1):
        board.chip.set("temperature", celsius)
        assert parted(board.measure()).values == {"internal": 24}


@pytest.mark.parametrize("hertz", [50, 60])
@pytest.mark.parametrize("samples", [1, 2, 4, 8, 16])
def test_the_longest_time_of_the_datasheet_is_waited_for(clock, hertz, samples):
    board = Board(clock, filter=hertz, averaging=samples)
    board.setup()
    board.chip.slowness = 1.08
    assert board.measure()["temperature"] == 180
    board.chip.slowness = 1.3
    with pytest.raises(NotReady, match="longest time"):
        board.measure()


@pytest.mark.parametrize("place", range(10), ids=hex)
def test_a_setting_that_another_program_changes_gives_no_value(board, place):
    board.setup()
    steps = board.device.measure()
    board.clock.sleep(next(steps))
    board.chip._registers[place] ^= 0x08
    with pytest.raises(LostConfiguration):
        next(steps)
    assert read(board.device, board.clock.sleep)["temperature"] == 180


def test_a_command_that_does_not_arrive_gives_no_old_value(board, monkeypatch):
    board.setup()
    board.measure()
    monkeypatch.setattr(board.chip, "_write", lambda place, byte: None)
    with pytest.raises(LostConfiguration, match="has not begun"):
        board.measure()


def test_another_chip_is_refused(board, monkeypatch):
    monkeypatch.setattr(board.chip, "_write", lambda place, byte: None)
    with pytest.raises(WrongChip, match="no MAX31856"):
        board.setup()


def test_a_dead_line_has_no_value(board):
    board.spoil = lambda _, frame: bytes(len(frame))
    with pytest.raises(DeadFrame):
        board.setup()


def test_reads_that_differ_have_no_value(board):
    board.setup()
    last = board.transfers + 4
    board.spoil = lambda n, frame: frame[:-2] + b"\x20\x00" if n == last else frame
    with pytest.raises(BadChecksum, match="reads of one result differ"):
        board.measure()
