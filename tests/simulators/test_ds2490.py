"""What the kernel's ds2490, w1 and w1_therm do with the adapter, done here."""

import pytest

from simulators.clock import VirtualClock
from simulators.ds18b20 import DS18B20
from simulators.ds2490 import DS2490
from simulators.hardware import SimulatedHardware
from simulators.onewire import CONVERT, MATCH_ROM, READ, SKIP_ROM, Thermometer, Wire, crc
from simulators.scenario import PlannedFault, Scenario
from simulators.usb import NoResponse, Setup, Stall

VENDOR_OUT = 0x40
CONTROL, COMMUNICATION, MODE = range(3)
STATUS, OUT, IN = 1, 2, 3
IMMEDIATE = 0x0001
IDLE = 0x20
SEARCH = 0x00F4 | IMMEDIATE | 0x0100 | 0x0008 | 0x0800 | 0x4000  # RST, SM, F, RTS
WARM, COLD, HOT, S20 = "28-0316a2794aff", "28-3c01b607abcd", "28-0316a2794afe", "10-000803a1b2c3"
ALL = (WARM, COLD, HOT, S20)


class Kernel:
    """drivers/w1/masters/ds2490.c, as far as w1_therm uses it."""

    def __init__(self, adapter):
        self.adapter = adapter
        self.request(CONTROL, 0)
        self.request(MODE, 0, 2)

    def request(self, request, value, parameter=0):
        setup = Setup(VENDOR_OUT, request, value, parameter, 0)
        assert self.adapter.control(setup, b"") == b""

    def command(self, value, parameter=0):
        self.request(COMMUNICATION, value | IMMEDIATE, parameter)
        assert self.status()[8] == IDLE

    def status(self):
        status = self.adapter.incoming(STATUS, 32)
        assert len(status) == 16
        return status

    def waiting(self):
        return self.status()[13]

    def reset(self):
        self.command(0x42)

    def touch_bit(self, bit):
        self.command(0x20 | 8 * bit)
        return self.adapter.incoming(IN, 1)[0]

    def write_byte(self, byte):
        self.command(0x52, byte)
        assert self.adapter.incoming(IN, 1) == bytes([byte])

    def block(self, data):
        self.adapter.outgoing(OUT, data)
        self.command(0x74, len(data))
        return self.adapter.incoming(IN, len(data))

    def select(self, rom):
        self.reset()
        assert self.block(bytes([MATCH_ROM]) + rom) == bytes([MATCH_ROM]) + rom

    def scratchpad(self, rom):
        self.select(rom)
        self.write_byte(READ)
        return self.block(b"\xff" * 9)

    def search(self, first=bytes(8), limit=64):
        """Return what arrives, in packets of 128 bytes as long as there are any."""
        self.adapter.outgoing(OUT, first)
        self.request(COMMUNICATION, SEARCH, 0xF0 | limit << 8)
        data = b""
        while True:
            status = self.status()
            if status[13]:
                data += self.adapter.incoming(IN, 128)
            if status[8] & IDLE:
                return [data[n : n + 8] for n in range(0, len(data), 8)]


class UsbWire:
    """Thermometers of a simulated machine behind an adapter, and a kernel."""

    def __init__(self, *ids, faults=()):
        self.clock = VirtualClock()
        self.hardware = SimulatedHardware(self.clock, Scenario(faults=faults))
        self.models = {device: self.hardware.attach(device, DS18B20, id=device) for device in ids}
        self.chips = [
            Thermometer(device, self.hardware.w1(device) / "w1_slave", self.clock) for device in ids
        ]
        self.roms = {device: chip.rom for device, chip in zip(ids, self.chips, strict=True)}
        self.adapter = DS2490("wire", Wire(self.chips))
        self.kernel = Kernel(self.adapter)

    def convert(self, device):
        self.kernel.select(self.roms[device])
        self.kernel.write_byte(CONVERT)
        self.clock.advance(0.75)
        return self.kernel.scratchpad(self.roms[device])

    def celsius(self, device):
        frame = self.convert(device)
        assert crc(frame) == 0
        return int.from_bytes(frame[:2], "little", signed=True) / 16


@pytest.fixture
def usb_wire():
    """Three thermometers, the same in every test."""
    return UsbWire(WARM, COLD, HOT)


def test_a_search_finds_every_chip_once_with_a_right_checksum():
    usb_wire = UsbWire(*ALL)
    found = usb_wire.kernel.search()
    assert sorted(found) == sorted(usb_wire.roms.values())
    assert [crc(rom) for rom in found] == [0] * 4


def test_a_search_on_an_empty_wire_finds_nothing():
    assert UsbWire().kernel.search() == []


def test_a_pulled_chip_is_not_found(usb_wire):
    usb_wire.models[COLD].unplug()
    assert sorted(usb_wire.kernel.search()) == sorted([usb_wire.roms[WARM], usb_wire.roms[HOT]])


def test_a_search_of_an_unknown_kind_finds_nothing(usb_wire):
    usb_wire.adapter.outgoing(OUT, bytes(8))
    usb_wire.kernel.command(SEARCH, 0x01 | 64 << 8)
    assert usb_wire.kernel.waiting() == 0


def test_a_search_continues_where_the_last_one_reached_its_limit():
    usb_wire = UsbWire(*ALL)
    everybody = usb_wire.kernel.search()
    first = usb_wire.kernel.search(limit=2)
    assert first == everybody[:3]  # two, and that there are more
    assert usb_wire.kernel.search(first[1], limit=64) == everybody[1:]


def test_a_search_that_ends_at_its_limit_says_so():
    usb_wire = UsbWire(*ALL)
    assert usb_wire.kernel.search(limit=4) == usb_wire.kernel.search(limit=64)


def test_forty_chips_are_found_although_the_buffer_holds_sixteen():
    ids = [f"28-0000000000{n:02x}" for n in range(40)]
    usb_wire = UsbWire(*ids)
    assert sorted(usb_wire.kernel.search(limit=255)) == sorted(usb_wire.roms.values())


@pytest.mark.parametrize("celsius", [-55, -10.125, -0.5, 0, 0.0625, 21.5, 85, 125])
def test_each_chip_is_read_as_the_kernel_does(usb_wire, celsius):
    usb_wire.models[WARM].set("temperature", celsius)
    usb_wire.models[COLD].set("temperature", -7.125)
    assert (usb_wire.celsius(WARM), usb_wire.celsius(COLD)) == (celsius, -7.125)


def test_all_convert_at_once(usb_wire):
    for device, celsius in ((WARM, 20), (COLD, -20), (HOT, 90)):
        usb_wire.models[device].set("temperature", celsius)
    usb_wire.kernel.reset()
    usb_wire.kernel.write_byte(SKIP_ROM)
    usb_wire.kernel.write_byte(CONVERT)
    usb_wire.clock.advance(0.75)
    frames = [usb_wire.kernel.scratchpad(usb_wire.roms[device])[:2] for device in (WARM, COLD, HOT)]
    assert frames == [b"\x40\x01", b"\xc0\xfe", b"\xa0\x05"]


def test_a_bit_is_the_power_supply(usb_wire):
    usb_wire.kernel.select(usb_wire.roms[WARM])
    usb_wire.kernel.write_byte(0xB4)
    assert usb_wire.kernel.touch_bit(1) == 1
    assert usb_wire.kernel.touch_bit(0) == 0


def test_a_fault_of_the_scenario_breaks_the_checksum_while_it_lasts():
    noise = PlannedFault("noise", {"at": 10, "lasts": 10}, device=WARM)
    usb_wire = UsbWire(WARM, COLD, faults=(noise,))
    usb_wire.hardware.expose(WARM, "temperature", 20)
    usb_wire.clock.advance(10)
    assert crc(usb_wire.convert(WARM)) != 0
    assert crc(usb_wire.convert(COLD)) == 0
    usb_wire.clock.advance(10)
    assert usb_wire.celsius(WARM) == 20


def test_a_chip_pulled_by_the_scenario_reads_as_ones_and_comes_back():
    unplug = PlannedFault("unplug", {"at": 10, "lasts": 10}, device=WARM)
    usb_wire = UsbWire(WARM, COLD, faults=(unplug,))
    usb_wire.hardware.expose(WARM, "temperature", 20)
    usb_wire.clock.advance(10)
    assert usb_wire.convert(WARM) == b"\xff" * 9
    assert usb_wire.kernel.search() == [usb_wire.roms[COLD]]
    usb_wire.clock.advance(10)
    assert usb_wire.celsius(WARM) == 20


def test_a_reset_of_the_adapter_discards_data_that_was_not_read(usb_wire):
    usb_wire.kernel.command(0x52, 0xFF)
    usb_wire.adapter.outgoing(OUT, b"123")
    assert usb_wire.kernel.status()[12:14] == b"\x03\x01"
    usb_wire.kernel.request(CONTROL, 0)
    assert usb_wire.kernel.status()[12:14] == b"\x00\x00"


@pytest.mark.parametrize("flush, left", [(8, b"\x03\x00"), (9, b"\x00\x01")])
def test_each_direction_is_flushed_separately(usb_wire, flush, left):
    usb_wire.kernel.command(0x52, 0xFF)
    usb_wire.adapter.outgoing(OUT, b"123")
    usb_wire.kernel.request(CONTROL, flush)
    assert usb_wire.kernel.status()[12:14] == left


def test_the_status_names_the_last_command(usb_wire):
    usb_wire.kernel.reset()
    assert usb_wire.kernel.status()[9:11] == b"\x43\x00"


def test_if_nothing_waits_nothing_is_answered(usb_wire):
    with pytest.raises(NoResponse):
        usb_wire.adapter.incoming(IN, 1)


@pytest.mark.parametrize("request_, value", [(3, 0), (COMMUNICATION, 0x64)])
def test_what_it_does_not_know_it_refuses(usb_wire, request_, value):
    with pytest.raises(Stall):
        usb_wire.kernel.request(request_, value)


@pytest.mark.parametrize("call", [lambda it: it.incoming(OUT, 1), lambda it: it.outgoing(IN, b"")])
def test_endpoints_have_one_direction(usb_wire, call):
    with pytest.raises(Stall):
        call(usb_wire.adapter)
