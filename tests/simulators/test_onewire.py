import pytest

from simulators.clock import VirtualClock
from simulators.ds18b20 import DS18B20
from simulators.onewire import (
    CONVERT,
    COPY,
    MATCH_ROM,
    POWER,
    READ,
    READ_ROM,
    RECALL,
    SKIP_ROM,
    WRITE,
    Thermometer,
    Wire,
    crc,
)
from simulators.sysfs import SimulatedW1

ID, OTHER, S20, DS1825 = "28-0316a4c8ffee", "28-0000055f1020", "10-000802b4a1c9", "3b-0000055f1021"


class Thermometers:
    """Thermometers on a wire, and their models."""

    def __init__(self, *ids):
        self.clock, files = VirtualClock(), SimulatedW1()
        self.models = {device: DS18B20(self.clock, device) for device in ids}
        for model in self.models.values():
            files.attach(model)
        self.chips = {
            device: Thermometer(device, files.directory(device) / "w1_slave", self.clock)
            for device in ids
        }
        self.wire = Wire(list(self.chips.values()))

    def select(self, device):
        self.wire.reset()
        for byte in (MATCH_ROM, *self.chips[device].rom):
            assert self.wire.byte(byte) == byte

    def function(self, device, *bytes_):
        self.select(device)
        for byte in bytes_:
            self.wire.byte(byte)

    def hear(self, count):
        return bytes(self.wire.byte(0xFF) for _ in range(count))

    def scratchpad(self, device):
        self.function(device, READ)
        return self.hear(9)

    def raw(self, device):
        return int.from_bytes(self.scratchpad(device)[:2], "little", signed=True)

    def convert(self, device, seconds=0.75):
        self.function(device, CONVERT)
        self.clock.advance(seconds)


@pytest.fixture
def thermometers():
    """One thermometer on a wire."""
    return Thermometers(ID)


@pytest.fixture
def pair():
    """Two thermometers on a wire."""
    return Thermometers(ID, OTHER)


def test_an_empty_wire_shows_no_presence_and_reads_ones():
    wire = Wire([])
    assert wire.reset() is False
    assert wire.byte(0xFF) == 0xFF


def test_a_chip_on_the_wire_shows_its_presence_until_it_is_pulled(thermometers):
    assert thermometers.wire.reset() is True
    thermometers.models[ID].unplug()
    assert thermometers.wire.reset() is False


def test_a_single_chip_says_its_rom(thermometers):
    thermometers.wire.reset()
    thermometers.wire.byte(READ_ROM)
    rom = thermometers.hear(8)
    assert rom[:7].hex() == "28eeffc8a41603"  # family, then the id's digits from the last on
    assert crc(rom) == 0


def test_the_checksum_is_maxims():
    assert crc(bytes.fromhex("02 1c b8 01 00 00 00")) == 0xA2  # APPNOTE 27's example


def test_only_the_chip_whose_rom_matches_answers(pair):
    pair.models[ID].set("temperature", 20)
    pair.models[OTHER].set("temperature", -3.5)
    pair.convert(ID)
    pair.convert(OTHER)
    assert (pair.raw(ID), pair.raw(OTHER)) == (320, -56)


def test_without_a_matching_rom_no_chip_answers(thermometers):
    thermometers.wire.reset()
    for byte in (MATCH_ROM, *bytes(8), READ):
        thermometers.wire.byte(byte)
    assert thermometers.hear(9) == b"\xff" * 9


def test_all_convert_at_once_after_skip_rom(pair):
    pair.wire.reset()
    pair.wire.byte(SKIP_ROM)
    pair.wire.byte(CONVERT)
    pair.models[ID].set("temperature", 99)
    pair.models[OTHER].set("temperature", 99)
    pair.clock.advance(0.75)
    assert (pair.raw(ID), pair.raw(OTHER)) == (320, 320)  # what it was at the command


def test_before_a_conversion_there_is_the_power_on_value(thermometers):
    assert thermometers.scratchpad(ID)[:8].hex() == "50054b467fff0c10"


def test_a_conversion_takes_750_ms_and_shows_the_old_value_until_then(thermometers):
    thermometers.models[ID].set("temperature", -10.125)
    thermometers.convert(ID, seconds=0.749)
    assert thermometers.raw(ID) == 0x0550
    thermometers.clock.advance(0.001)
    assert thermometers.raw(ID) == -162


def test_a_second_conversion_shows_the_first_ones_value_until_it_is_over(thermometers):
    for celsius in (10, 30):
        thermometers.models[ID].set("temperature", celsius)
        thermometers.convert(ID, seconds=0.75 if celsius == 10 else 0.5)
    assert thermometers.raw(ID) == 160
    thermometers.clock.advance(0.25)
    assert thermometers.raw(ID) == 480


def test_a_chip_that_loses_contact_as_it_begins_to_convert_keeps_its_value(thermometers):
    thermometers.select(ID)
    thermometers.models[ID].unplug()
    thermometers.wire.byte(CONVERT)
    thermometers.models[ID].plug()
    thermometers.clock.advance(1)
    assert thermometers.raw(ID) == 0x0550


def test_read_slots_show_when_the_conversion_is_over(thermometers):
    thermometers.function(ID, CONVERT)
    assert thermometers.wire.slot(1) == 0
    thermometers.clock.advance(0.75)
    assert thermometers.wire.slot(1) == 1


@pytest.mark.parametrize(
    "config, seconds, raw",
    [(0x1F, 0.09375, 0x178), (0x3F, 0.1875, 0x17C), (0x5F, 0.375, 0x17E), (0x7F, 0.75, 0x17F)],
)
def test_each_bit_of_resolution_less_halves_the_time_and_clears_a_bit(
    thermometers, config, seconds, raw
):
    thermometers.models[ID].set("temperature", 0x17F / 16)
    thermometers.function(ID, WRITE, 0x10, 0x20, config)
    thermometers.convert(ID, seconds - 0.001)
    assert thermometers.raw(ID) == 0x0550
    thermometers.clock.advance(0.001)
    assert thermometers.raw(ID) == raw


def test_what_is_written_is_read_back_with_a_right_checksum(thermometers):
    thermometers.function(ID, WRITE, 0x10, 0xF0, 0x00)
    frame = thermometers.scratchpad(ID)
    assert frame[2:5] == bytes([0x10, 0xF0, 0x1F])  # of the configuration only two bits are free
    assert crc(frame) == 0


def test_85_25_degrees_at_nine_bits_does_not_look_like_the_power_on_value(thermometers):
    thermometers.models[ID].set("temperature", 85.25)
    thermometers.function(ID, WRITE, 0, 0, 0x1F)
    thermometers.convert(ID)
    frame = thermometers.scratchpad(ID)
    assert (frame[:2], frame[6]) == (bytes.fromhex("5005"), 0x10)


def test_registers_outlive_a_loss_of_power_only_when_they_were_copied(thermometers):
    def lose_power():
        thermometers.models[ID].unplug()
        thermometers.wire.reset()
        thermometers.models[ID].plug()

    thermometers.function(ID, WRITE, 1, 2, 0x3F)
    lose_power()
    assert thermometers.scratchpad(ID)[2:5].hex() == "4b467f"
    thermometers.function(ID, WRITE, 1, 2, 0x3F)
    thermometers.function(ID, COPY)
    lose_power()
    assert thermometers.scratchpad(ID)[2:5].hex() == "01023f"


def test_recall_brings_the_copied_registers_back(thermometers):
    thermometers.function(ID, WRITE, 1, 2, 0x3F)
    thermometers.function(ID, RECALL)
    assert thermometers.wire.slot(1) == 1  # done
    assert thermometers.scratchpad(ID)[2:5].hex() == "4b467f"


def test_it_has_external_power(thermometers):
    thermometers.function(ID, POWER)
    assert thermometers.wire.slot(1) == 1


def test_a_write_that_is_broken_off_changes_nothing(thermometers):
    thermometers.function(ID, WRITE, 1, 2)
    assert thermometers.scratchpad(ID)[2:5].hex() == "4b467f"


def test_a_ds18s20_counts_has_no_resolution_and_takes_two_bytes():
    thermometers = Thermometers(S20)
    thermometers.models[S20].set("temperature", 25.25)
    thermometers.function(S20, WRITE, 1, 2)
    thermometers.convert(S20)
    frame = thermometers.scratchpad(S20)
    assert frame[:8].hex() == "33000102ffff0810"  # 25.5 in halves; 8 of 16 remain
    assert crc(frame) == 0


def test_a_ds1825_keeps_its_address_bits():
    thermometers = Thermometers(DS1825)
    thermometers.function(DS1825, WRITE, 1, 2, 0x1F)
    assert thermometers.scratchpad(DS1825)[4] == 0x10


@pytest.mark.parametrize(
    "fault, frame",
    [
        ("shorted", bytes(9)),
        ("open", b"\xff" * 9),
        ("power_on", bytes.fromhex("50054b467fff0c101c")),
        ("starved", bytes.fromhex("ff074b467fff0c10a6")),
    ],
)
def test_a_fault_of_the_model_is_on_the_wire(thermometers, fault, frame):
    thermometers.models[ID].fault = fault
    thermometers.convert(ID)
    assert thermometers.scratchpad(ID) == frame


def test_noise_breaks_the_checksum(thermometers):
    thermometers.models[ID].fault = "noise"
    thermometers.convert(ID)
    assert crc(thermometers.scratchpad(ID)) != 0


def test_a_chip_that_is_pulled_while_it_converts_wakes_up_with_power_on_values(thermometers):
    thermometers.function(ID, CONVERT)
    thermometers.models[ID].unplug()
    assert thermometers.scratchpad(ID) == b"\xff" * 9
    thermometers.models[ID].plug()
    thermometers.clock.advance(1)
    assert thermometers.raw(ID) == 0x0550


def test_a_chip_that_the_kernel_has_forgotten_is_not_there(thermometers):
    thermometers.models[ID].unplug()
    thermometers.clock.advance(1000)
    assert thermometers.wire.reset() is False
