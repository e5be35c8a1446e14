import errno

import pytest
from smbus2 import i2c_msg

from simulators.bus import SimulatedBus
from simulators.model import I2CModel, Nack

ADDRESS = 0x50
BYTE = 9 / 100_000  # seconds on the wire, with its acknowledgement


class Memory(I2CModel):
    """A chip of 256 bytes with a pointer that moves on."""

    addresses = (ADDRESS,)
    inputs = {}
    quiet = {}

    def power_on(self):
        self.pointer, self.cells = 0, bytearray(256)

    def write(self, data):
        if 0xEE in data:
            raise Nack
        if data:
            self.pointer = data[0]
            self.cells[self.pointer : self.pointer + len(data) - 1] = data[1:]

    def read(self, count):
        frame = bytes(self.cells[self.pointer : self.pointer + count])
        self.pointer += count
        return frame


@pytest.fixture
def memory(clock):
    return Memory(clock)


@pytest.fixture
def bus(clock, memory):
    bus = SimulatedBus(clock)
    bus.attach(ADDRESS, memory)
    return bus


def write(*data, address=ADDRESS):
    return i2c_msg.write(address, data)


def read(count, address=ADDRESS):
    return i2c_msg.read(address, count)


def errno_of(call, *arguments):
    with pytest.raises(OSError) as caught:
        call(*arguments)
    return caught.value.errno


def test_a_read_after_a_write_is_one_transaction(bus):
    bus.i2c_rdwr(write(7, 1, 2, 3))
    answer = read(3)
    bus.i2c_rdwr(write(7), answer)
    assert bytes(answer) == b"\x01\x02\x03"


@pytest.mark.parametrize(
    "messages",
    [
        lambda: [read(1), read(1)],
        lambda: [write(0), read(1), read(1)],
        lambda: [read(1), write(0)],
        lambda: [write(0), read(1), write(0)],
    ],
    ids=["two reads", "two reads after a write", "read first", "read in the middle"],
)
def test_the_adapter_does_one_read_at_the_end_and_nothing_else(bus, memory, messages):
    memory.pointer = 99
    assert errno_of(bus.i2c_rdwr, *messages()) == errno.EOPNOTSUPP
    assert memory.pointer == 99


@pytest.mark.parametrize(
    "message",
    [lambda: read(1, 0x51), lambda: write(0, address=0x51), lambda: write(address=0x51)],
    ids=["read", "write", "quick write"],
)
def test_an_address_without_a_chip_is_a_remote_io_error(bus, message):
    assert errno_of(bus.i2c_rdwr, message()) == errno.EREMOTEIO == 121


def test_a_byte_that_the_chip_refuses_is_a_remote_io_error(bus):
    assert errno_of(bus.write_byte, ADDRESS, 0xEE) == errno.EREMOTEIO


def test_a_block_ends_at_32_bytes(bus):
    assert len(bus.read_i2c_block_data(ADDRESS, 0, 32)) == 32
    bus.write_i2c_block_data(ADDRESS, 0, [1] * 32)
    with pytest.raises(ValueError, match="over 32 bytes"):
        bus.read_i2c_block_data(ADDRESS, 0, 33)
    with pytest.raises(ValueError, match="over 32 bytes"):
        bus.write_i2c_block_data(ADDRESS, 0, [1] * 33)


def test_a_plain_transfer_may_be_longer_than_a_block(bus):
    answer = read(60)
    bus.i2c_rdwr(write(0), answer)
    assert len(bytes(answer)) == 60


def test_each_byte_and_each_address_takes_its_time_on_the_wire(bus, clock):
    bus.i2c_rdwr(write(1, 2), read(6))
    assert clock.monotonic() == pytest.approx((1 + 2 + 1 + 6) * BYTE)


def test_smbus_calls_are_the_same_transactions(bus):
    bus.write_byte_data(ADDRESS, 3, 0x12)
    bus.write_word_data(ADDRESS, 4, 0x5634)
    assert bus.read_byte_data(ADDRESS, 3) == 0x12
    assert bus.read_byte(ADDRESS) == 0x34
    assert bus.read_word_data(ADDRESS, 4) == 0x5634
    assert bus.read_i2c_block_data(ADDRESS, 3, 3) == [0x12, 0x34, 0x56]


def test_two_chips_cannot_have_one_address(bus, clock):
    with pytest.raises(ValueError, match="0x50 is taken"):
        bus.attach(ADDRESS, Memory(clock))


def test_a_chip_that_is_pulled_off_is_gone_and_has_lost_its_memory(bus, memory):
    memory.cells[0] = 1
    assert bus.detach(ADDRESS) is memory
    assert errno_of(bus.read_byte, ADDRESS) == errno.EREMOTEIO
    assert memory.cells[0] == 0
