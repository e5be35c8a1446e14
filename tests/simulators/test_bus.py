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


def test_several_writes_are_one_transaction(bus):
    bus.i2c_rdwr(write(3, 1), write(4, 2))
    assert bus.read_i2c_block_data(ADDRESS, 3, 2) == [1, 2]


def test_what_follows_a_refused_byte_is_not_sent(bus, memory):
    assert errno_of(bus.i2c_rdwr, write(0xEE), read(1)) == errno.EREMOTEIO
    assert memory.pointer == 0


def test_an_address_without_a_chip_takes_its_time_on_the_wire(bus, clock):
    errno_of(bus.write_quick, 0x51)
    assert clock.monotonic() == pytest.approx(BYTE)


def test_a_chip_sees_a_message_when_its_time_on_the_wire_is_over(bus, memory, clock):
    seen = []
    memory.write = lambda _: seen.append(clock.monotonic())
    bus.write_byte(ADDRESS, 1)
    assert seen == [pytest.approx(2 * BYTE)]


def test_chips_answer_at_their_own_address(bus, memory, clock):
    other = Memory(clock)
    bus.attach(0x51, other)
    bus.write_byte(0x51, 5)
    assert (memory.pointer, other.pointer) == (0, 5)


@pytest.mark.parametrize(
    "call, messages",
    [
        (lambda bus: bus.write_quick(ADDRESS), [b""]),
        (lambda bus: bus.write_byte(ADDRESS, 0x42), [b"\x42"]),
        (lambda bus: bus.write_byte_data(ADDRESS, 0x42, 1), [b"\x42\x01"]),
        (lambda bus: bus.write_word_data(ADDRESS, 0x42, 0x1234), [b"\x42\x34\x12"]),
        (lambda bus: bus.write_i2c_block_data(ADDRESS, 0x42, [1, 2]), [b"\x42\x01\x02"]),
        (lambda bus: bus.read_byte(ADDRESS), [1]),
        (lambda bus: bus.read_byte_data(ADDRESS, 0x42), [b"\x42", 1]),
        (lambda bus: bus.read_word_data(ADDRESS, 0x42), [b"\x42", 2]),
        (lambda bus: bus.read_i2c_block_data(ADDRESS, 0x42, 5), [b"\x42", 5]),
    ],
)
def test_an_smbus_call_is_these_messages(bus, memory, call, messages):
    seen = []
    memory.write = seen.append
    memory.read = lambda count: seen.append(count) or bytes(count)
    call(bus)
    assert seen == messages


def test_a_block_that_is_too_long_is_refused_before_the_wire(bus, clock):
    with pytest.raises(ValueError):
        bus.write_i2c_block_data(ADDRESS, 0, [1] * 33)
    assert clock.monotonic() == 0


def test_a_bus_may_be_closed(bus):
    bus.close()
