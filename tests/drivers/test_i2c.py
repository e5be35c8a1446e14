import errno
import os

import pytest
from smbus2 import i2c_msg

from drivers.base import i2c
from drivers.base.errors import (
    BusMissing,
    BusStuck,
    DriverError,
    NoAcknowledge,
    NotPermitted,
    TransferFailed,
)
from drivers.base.i2c import I2CPort, PluggableBus, open_bus, open_i2c
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from simulators.model import I2CModel

ADDRESS = 0x44
GOOD = bytes.fromhex("be ef 92 00 00 81")  # SHT4x datasheet §4.4, and zeros


class Echo(I2CModel):
    """Gives `frame`, and notes what it takes."""

    inputs = {}
    quiet = {}
    frame = GOOD

    def power_on(self):
        self.messages = []

    def write(self, data):
        self.messages.append(data)

    def read(self, count):
        self.messages.append(count)
        return self.frame[:count]


class FailingBus:
    """A bus on which every transfer ends with the same error."""

    def __init__(self, error):
        self._error = error

    def i2c_rdwr(self, *messages):
        raise self._error


class CountingBus(SimulatedBus):
    """A simulated bus that counts its transactions."""

    transactions = 0

    def i2c_rdwr(self, *messages):
        self.transactions += 1
        super().i2c_rdwr(*messages)


@pytest.fixture
def bus():
    return CountingBus(VirtualClock())


@pytest.fixture
def chip(bus):
    chip = Echo(VirtualClock())
    bus.attach(ADDRESS, chip)
    return chip


@pytest.fixture
def port(bus, chip):
    return I2CPort(bus, ADDRESS, "sht4x@i2c-1")


@pytest.mark.parametrize(
    "call, messages, result",
    [
        (lambda port: port.write(b"\x01\x02"), [b"\x01\x02"], None),
        (lambda port: port.read(2), [2], b"\xbe\xef"),
        (lambda port: port.write_read(b"\x01", 3), [b"\x01", 3], b"\xbe\xef\x92"),
    ],
    ids=["write", "read", "write_read"],
)
def test_an_operation_is_one_transaction(bus, chip, port, call, messages, result):
    assert call(port) == result
    assert chip.messages == messages
    assert bus.transactions == 1


KINDS = [
    (errno.EREMOTEIO, NoAcknowledge),
    (errno.ENXIO, NoAcknowledge),
    (errno.ENODEV, NoAcknowledge),
    (errno.ETIMEDOUT, BusStuck),
    (errno.EIO, TransferFailed),
    (errno.EAGAIN, TransferFailed),
    (errno.EOPNOTSUPP, TransferFailed),
    (errno.EPERM, TransferFailed),
]
OPERATIONS = [
    lambda port: port.write(b"\x01"),
    lambda port: port.read(1),
    lambda port: port.write_read(b"\x01", 1),
]


@pytest.mark.parametrize("call", OPERATIONS, ids=["write", "read", "write_read"])
@pytest.mark.parametrize("number, kind", KINDS, ids=lambda k: errno.errorcode.get(k, ""))
def test_an_error_number_becomes_its_error(call, number, kind):
    port = I2CPort(FailingBus(OSError(number, os.strerror(number))), ADDRESS, "sht4x@i2c-1")
    with pytest.raises(DriverError) as caught:
        call(port)
    assert type(caught.value) is kind
    assert caught.value.where == "sht4x@i2c-1:0x44"
    assert f"errno {number}" in str(caught.value)
    assert caught.value.remedy in str(caught.value)
    assert caught.value.remedy
    assert isinstance(caught.value.__cause__, OSError)


def test_an_error_without_a_number_is_a_failed_transfer():
    with pytest.raises(TransferFailed, match="failed"):
        I2CPort(FailingBus(OSError()), ADDRESS).read(1)


def test_a_mistake_in_the_program_stays_what_it_is():
    with pytest.raises(TypeError):
        I2CPort(FailingBus(TypeError("no bus")), ADDRESS).read(1)


def test_an_empty_address_is_no_acknowledge(bus):
    with pytest.raises(NoAcknowledge, match="i2c:0x45: no answer"):
        I2CPort(bus, 0x45).write(b"")


def opening_fails(monkeypatch, error):
    def fail(number):
        raise error

    monkeypatch.setattr(i2c, "SMBus", fail)


def test_a_missing_bus_says_how_to_enable_it(monkeypatch):
    opening_fails(monkeypatch, FileNotFoundError())
    with pytest.raises(BusMissing, match=r"/dev/i2c-7: there is no such bus") as caught:
        open_bus(7)
    assert "raspi-config nonint do_i2c 0" in caught.value.remedy
    assert "ls /dev/i2c-*" in caught.value.remedy


def test_a_forbidden_bus_says_which_group_may_use_it(monkeypatch):
    opening_fails(monkeypatch, PermissionError())
    with pytest.raises(NotPermitted, match=r"/dev/i2c-1: permission denied") as caught:
        open_bus(1)
    assert "usermod -aG i2c" in caught.value.remedy


def test_another_error_on_opening_stays_what_it_is(monkeypatch):
    opening_fails(monkeypatch, OSError(errno.EMFILE, "too many open files"))
    with pytest.raises(OSError) as caught:
        open_bus(1)
    assert not isinstance(caught.value, DriverError)


def test_a_bus_that_this_machine_lacks_is_missing():
    with pytest.raises(BusMissing):
        open_bus(250)


class Adapter:
    """What opens /dev/i2c-3: while it is pulled, there is no file, and an old handle fails."""

    def __init__(self, devices):
        self.file = devices / "i2c-3"
        self.file.touch()
        self.opened, self.closed = 0, 0

    def __call__(self, number):
        if not self.file.exists():
            raise FileNotFoundError
        self.opened += 1
        return self

    def i2c_rdwr(self, *messages):
        if self.opened - self.closed != 1 or not self.file.exists():
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def close(self):
        self.closed += 1


@pytest.fixture
def adapter(monkeypatch, tmp_path):
    adapter = Adapter(tmp_path)
    monkeypatch.setattr(i2c, "SMBus", adapter)
    return adapter


def test_a_bus_whose_adapter_was_unplugged_is_closed_until_it_is_back(adapter, tmp_path):
    port = I2CPort(PluggableBus(3, tmp_path), ADDRESS)
    port.write(b"")
    adapter.file.unlink()
    with pytest.raises(TransferFailed):
        port.write(b"")
    assert (adapter.opened, adapter.closed) == (1, 1)
    with pytest.raises(BusMissing):
        port.write(b"")
    adapter.file.touch()
    port.write(b"")
    assert (adapter.opened, adapter.closed) == (2, 1)


def test_a_transfer_that_fails_does_not_close_a_bus_that_is_there(adapter, tmp_path):
    bus = PluggableBus(3, tmp_path)
    adapter.i2c_rdwr = lambda *_: broken_off()
    with pytest.raises(TransferFailed):
        I2CPort(bus, ADDRESS).write(b"")
    assert adapter.closed == 0


def broken_off():
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_port_of_ones_own_is_named_after_its_bus(monkeypatch, bus, chip):
    monkeypatch.setattr(i2c, "SMBus", lambda number: bus)
    port = open_i2c(3, ADDRESS)
    assert port.where == "i2c-3:0x44"
    assert port.read(1) == b"\xbe"


def test_the_messages_are_those_that_the_kernel_takes(monkeypatch):
    class Bus:
        def i2c_rdwr(self, *messages):
            self.messages = messages

    bus = Bus()
    I2CPort(bus, ADDRESS).write_read(b"\x01", 2)
    assert all(isinstance(message, i2c_msg) for message in bus.messages)
    assert [(m.addr, m.flags, m.len) for m in bus.messages] == [(ADDRESS, 0, 1), (ADDRESS, 1, 2)]
