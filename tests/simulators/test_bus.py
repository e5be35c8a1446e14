import errno

import pytest
from smbus2 import i2c_msg

from simulators.bus import SimulatedBus
from simulators.model import I2CModel, Nack

ADDRESS = 0x10


class Registers(I2CModel):
    """256 registers behind a pointer; register 0xEE is not acknowledged."""

    inputs = {}
    quiet = {}

    def power_on(self):
        self.messages = []
        self.memory = bytearray(range(256))
        self.pointer = 0

    def write(self, data):
        self.messages.append(data)
        if data[:1] == b"\xee":
            raise Nack
        if data:
            self.pointer = data[0]
            self.memory[self.pointer : self.pointer + len(data) - 1] = data[1:]

    def read(self, count):
        self.messages.append(count)
        return bytes(self.memory[self.pointer : self.pointer + count])


@pytest.fixture
def bus(clock):
    return SimulatedBus(clock)


@pytest.fixture
def chip(bus, clock):
    chip = Registers(clock)
    bus.attach(ADDRESS, chip)
    return chip


def reading(count=1):
    return i2c_msg.read(ADDRESS, count)


def writing(*data):
    return i2c_msg.write(ADDRESS, data)


def test_write_then_read_is_one_transaction(bus, chip):
    answer = reading(3)
    bus.i2c_rdwr(writing(0x20), answer)
    assert bytes(answer) == b"\x20\x21\x22"
    assert chip.messages == [b"\x20", 3]


def test_several_writes_are_one_transaction(bus, chip):
    bus.i2c_rdwr(writing(0x20, 1), writing(0x30, 2))
    assert chip.messages == [b"\x20\x01", b"\x30\x02"]


@pytest.mark.parametrize(
    "messages",
    [
        (reading(), reading()),
        (reading(), writing(0)),
        (writing(0), reading(), writing(1)),
        (writing(0), reading(), writing(1), reading()),
    ],
    ids=["two reads", "read, write", "read in the middle", "two reads, one last"],
)
def test_a_bcm2835_reads_once_and_last_in_a_transaction(bus, chip, messages):
    with pytest.raises(OSError) as caught:
        bus.i2c_rdwr(*messages)
    assert caught.value.errno == errno.EOPNOTSUPP
    assert chip.messages == []


def remote_io():
    return pytest.raises(OSError, match=r"\[Errno 121\] Remote I/O error")


@pytest.mark.parametrize(
    "call",
    [
        lambda bus: bus.write_quick(ADDRESS),
        lambda bus: bus.read_byte(ADDRESS),
        lambda bus: bus.write_byte(ADDRESS, 1),
        lambda bus: bus.read_word_data(ADDRESS, 1),
        lambda bus: bus.i2c_rdwr(reading()),
    ],
)
def test_an_address_where_nobody_is_gives_errno_121(bus, call):
    with remote_io():
        call(bus)


def test_a_byte_that_the_chip_refuses_gives_errno_121(bus, chip):
    with remote_io():
        bus.write_byte(ADDRESS, 0xEE)


def test_what_follows_a_refused_byte_is_not_sent(bus, chip):
    with remote_io():
        bus.i2c_rdwr(writing(0xEE), reading())
    assert chip.messages == [b"\xee"]


@pytest.mark.parametrize(
    "messages, bytes_on_the_wire",
    [((writing(),), 1), ((writing(1, 2),), 3), ((reading(6),), 7), ((writing(1), reading(24)), 27)],
)
def test_a_transaction_takes_nine_bits_a_byte_at_100_khz(
    bus, chip, clock, messages, bytes_on_the_wire
):
    bus.i2c_rdwr(*messages)
    assert clock.monotonic() == pytest.approx(bytes_on_the_wire * 9 / 100_000)


def test_an_address_without_an_answer_takes_its_time_too(bus, clock):
    with remote_io():
        bus.write_quick(ADDRESS)
    assert clock.monotonic() == pytest.approx(9 / 100_000)


def test_a_chip_looks_at_the_clock_when_the_wire_time_has_passed(bus, chip, clock):
    seen = []
    chip.write = lambda data: seen.append(clock.monotonic())
    bus.write_byte(ADDRESS, 1)
    assert seen == [pytest.approx(18 / 100_000)]


def test_a_chip_pulled_off_loses_its_power(bus, chip):
    bus.write_byte_data(ADDRESS, 0x20, 0xAB)
    assert bus.detach(ADDRESS) is chip
    with remote_io():
        bus.write_quick(ADDRESS)
    bus.attach(ADDRESS, chip)
    assert bus.read_byte_data(ADDRESS, 0x20) == 0x20


def test_an_address_takes_one_chip(bus, chip, clock):
    with pytest.raises(ValueError, match="address 0x10 is taken"):
        bus.attach(ADDRESS, Registers(clock))
    bus.write_quick(ADDRESS)
    assert chip.messages == [b""]


def test_chips_answer_at_their_own_address(bus, chip, clock):
    other = Registers(clock)
    bus.attach(0x11, other)
    bus.write_byte(0x11, 5)
    assert (chip.messages, other.messages) == ([], [b"\x05"])


@pytest.mark.parametrize(
    "call, messages",
    [
        (lambda bus: bus.write_quick(ADDRESS), [b""]),
        (lambda bus: bus.write_byte(ADDRESS, 0x42), [b"\x42"]),
        (lambda bus: bus.write_byte_data(ADDRESS, 0x42, 0x01), [b"\x42\x01"]),
        (lambda bus: bus.write_word_data(ADDRESS, 0x42, 0x1234), [b"\x42\x34\x12"]),
        (lambda bus: bus.write_i2c_block_data(ADDRESS, 0x42, [1, 2]), [b"\x42\x01\x02"]),
        (lambda bus: bus.read_byte(ADDRESS), [1]),
        (lambda bus: bus.read_byte_data(ADDRESS, 0x42), [b"\x42", 1]),
        (lambda bus: bus.read_word_data(ADDRESS, 0x42), [b"\x42", 2]),
        (lambda bus: bus.read_i2c_block_data(ADDRESS, 0x42, 5), [b"\x42", 5]),
    ],
)
def test_smbus_calls_are_these_messages(bus, chip, call, messages):
    call(bus)
    assert chip.messages == messages


def test_smbus_reads_return_numbers_with_the_low_byte_first(bus, chip):
    assert bus.read_byte_data(ADDRESS, 0x42) == 0x42
    assert bus.read_word_data(ADDRESS, 0x42) == 0x4342
    assert bus.read_i2c_block_data(ADDRESS, 0x42, 3) == [0x42, 0x43, 0x44]


def test_an_smbus_block_holds_32_bytes(bus, chip):
    bus.write_i2c_block_data(ADDRESS, 0, [7] * 32)
    assert bus.read_i2c_block_data(ADDRESS, 0, 32) == [7] * 32


@pytest.mark.parametrize(
    "call",
    [
        lambda bus: bus.read_i2c_block_data(ADDRESS, 0, 33),
        lambda bus: bus.write_i2c_block_data(ADDRESS, 0, [0] * 33),
    ],
)
def test_an_smbus_block_over_32_bytes_is_refused_before_the_wire(bus, chip, call):
    with pytest.raises(ValueError, match="over 32 bytes"):
        call(bus)
    assert chip.messages == []


def test_plain_i2c_may_read_more_than_an_smbus_block(bus, chip):
    answer = reading(64)
    bus.i2c_rdwr(writing(0), answer)
    assert bytes(answer) == bytes(range(64))


def test_a_bus_may_be_closed(bus):
    bus.close()
