"""What the kernel's i2c-tiny-usb sends, and what it makes of the answers."""

import errno

import pytest

from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from simulators.faults import NoAnswer, StuckBus
from simulators.i2c_tiny_usb import I2cTinyUsb
from simulators.model import I2CModel, Nack
from simulators.usb import NoResponse, Setup, Stall

WRITE, READ = 0x41, 0xC1  # the vendor's, for the interface
ADDRESS = 0x50
BEGIN, END = 1, 2
NAK, ACK = 2, 1


class Notebook(I2CModel):
    """A chip of 256 bytes that notes what came over the wire."""

    addresses = (ADDRESS,)
    inputs = {}
    quiet = {}

    def power_on(self):
        self.seen = []
        self.pointer = 0

    def write(self, data):
        if data[:1] == b"\xee":
            raise Nack
        self.seen.append(data)
        self.pointer = data[0] if data else 0

    def read(self, count):
        self.seen.append(count)
        return bytes((self.pointer + n) % 256 for n in range(count))


class Recorded(SimulatedBus):
    """A bus that notes how many messages each transaction has."""

    def __init__(self, clock):
        super().__init__(clock)
        self.transactions = []

    def i2c_rdwr(self, *messages):
        self.transactions.append(len(messages))
        super().i2c_rdwr(*messages)


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def chip(clock):
    return Notebook(clock)


@pytest.fixture
def bus(clock, chip):
    bus = Recorded(clock)
    bus.attach(ADDRESS, chip)
    return bus


@pytest.fixture
def adapter(bus):
    return I2cTinyUsb("bus", bus)


def write(adapter, data, flags=BEGIN | END, address=ADDRESS):
    adapter.control(Setup(WRITE, 4 | flags, 0, address, len(data)), bytes(data))


def read(adapter, count, flags=BEGIN | END, address=ADDRESS):
    return adapter.control(Setup(READ, 4 | flags, 1, address, count), b"")


def status(adapter):
    return adapter.control(Setup(READ, 3, 0, 0, 1), b"")[0]


def test_it_can_do_plain_i2c_and_what_the_kernel_makes_of_it(adapter):
    word = int.from_bytes(adapter.control(Setup(READ, 1, 0, 0, 4), b""), "little")
    # linux/i2c.h: I2C, PEC, quick, byte, byte data, word data, process call, block write, I2C block
    abilities = [0, 3, 16, 17, 18, 19, 20, 21, 22, 23, 25, 26, 27]
    assert word == sum(1 << bit for bit in abilities)


def test_it_takes_the_delay_that_the_kernel_sets_when_it_is_plugged_in(adapter):
    assert adapter.control(Setup(WRITE, 2, 10, 0, 0), b"") == b""


def test_it_echoes_a_word(adapter):
    assert adapter.control(Setup(READ, 0, 0x1234, 0, 2), b"") == b"\x34\x12"


def test_a_write_reaches_the_chip(adapter, chip):
    write(adapter, [7, 8, 9])
    assert (status(adapter), chip.seen) == (ACK, [b"\x07\x08\x09"])


def test_a_write_without_bytes_is_a_quick_one(adapter, chip):
    write(adapter, [])
    assert (status(adapter), chip.seen) == (ACK, [b""])


def test_a_read_gives_the_chips_bytes(adapter):
    assert read(adapter, 3) == b"\x00\x01\x02"
    assert status(adapter) == ACK


def test_a_write_and_a_read_are_one_transaction(adapter, bus, chip):
    write(adapter, [7], BEGIN)
    assert (status(adapter), chip.seen) == (ACK, [])
    assert read(adapter, 2, END) == b"\x07\x08"
    assert status(adapter) == ACK
    assert (bus.transactions, chip.seen) == ([2], [b"\x07", 2])


def test_any_number_of_writes_may_come_before_the_read(adapter, bus, chip):
    write(adapter, [1], BEGIN)
    write(adapter, [2], 0)
    assert read(adapter, 1, END) == b"\x02"
    assert bus.transactions == [3]


def test_a_transaction_that_was_broken_off_is_forgotten(adapter, bus, chip):
    write(adapter, [1], BEGIN)
    write(adapter, [2])
    assert (bus.transactions, chip.seen) == ([1], [b"\x02"])


@pytest.mark.parametrize("flags", [BEGIN, 0])
def test_a_read_that_is_not_the_last_message_is_refused_as_on_a_pi(adapter, bus, flags):
    with pytest.raises(Stall):
        read(adapter, 1, flags)
    assert bus.transactions == []


def test_an_absent_chip_does_not_acknowledge(adapter):
    write(adapter, [1], address=0x51)
    assert status(adapter) == NAK
    assert len(read(adapter, 4, address=0x51)) == 4  # a shorter answer would be EIO, not ENXIO
    assert status(adapter) == NAK


def test_a_nack_of_any_message_is_one_of_the_transaction(adapter):
    write(adapter, [0xEE], BEGIN)
    read(adapter, 1, END)
    assert status(adapter) == NAK


def test_after_a_nack_the_next_transaction_is_right(adapter):
    write(adapter, [0xEE])
    write(adapter, [1])
    assert status(adapter) == ACK


def test_a_fault_of_the_bus_is_a_fault_of_the_adapter(adapter, bus, clock):
    bus.faults.append(NoAnswer(clock, at=0, lasts=10))
    write(adapter, [1])
    assert status(adapter) == NAK
    clock.advance(10)
    write(adapter, [1])
    assert status(adapter) == ACK


def test_a_bus_that_is_held_down_is_not_answered_until_it_is_free(adapter, bus, clock):
    bus.faults.append(StuckBus(clock, at=0, lasts=10))
    with pytest.raises(NoResponse):
        write(adapter, [1])
    clock.advance(10)
    write(adapter, [1])
    assert status(adapter) == ACK


def test_every_other_error_is_a_nack(adapter, bus, monkeypatch):
    def fail(*_messages):
        raise OSError(errno.EIO, "broken off")

    monkeypatch.setattr(bus, "i2c_rdwr", fail)
    write(adapter, [1])
    assert status(adapter) == NAK


def test_what_it_does_not_know_it_refuses(adapter):
    with pytest.raises(Stall):
        adapter.control(Setup(READ, 9, 0, 0, 1), b"")
