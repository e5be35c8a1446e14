import os
import pty
import sys

import pytest
import serial

from drivers.base.driver import run
from drivers.base.errors import BusMissing, NotPermitted, TransferFailed
from drivers.base.serial import AdapterMissing, PluggableLine, SerialPort, answer, open_line


@pytest.fixture
def terminal():
    """Both ends of a real terminal: a file descriptor, and the path of the other end."""
    ours, theirs = pty.openpty()
    yield ours, os.ttyname(theirs)
    os.close(ours)
    os.close(theirs)


@pytest.fixture
def line(terminal):
    opened = open_line(terminal[1])
    yield opened
    opened.close()


class Gone:
    """A line whose USB adapter was pulled out."""

    @property
    def in_waiting(self):
        return 1

    def read(self, size):
        raise OSError(5, "Input/output error")

    def write(self, data):
        raise OSError(5, "Input/output error")


def test_what_is_written_arrives_at_the_other_end(terminal, line):
    SerialPort(line).write(b"\xff\x01\x86\x00")
    assert os.read(terminal[0], 10) == b"\xff\x01\x86\x00"


def test_a_look_brings_what_has_arrived_and_never_waits(terminal, line, wait_for):
    port = SerialPort(line)
    assert port.read() == b""
    os.write(terminal[0], b"BM\x00\x1c")
    assert wait_for(port.read) == b"BM\x00\x1c"
    assert port.read() == b""


class Pieces:
    """A line on which something new has arrived at each look."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)
        self.in_waiting = 0

    def read(self, size):
        return self.pieces.pop(0) if self.pieces else b""


@pytest.mark.parametrize(
    "pieces, whole, looks",
    [
        ([b"", b"BM", b"\x00\x1c", b"", b"later"], b"BM\x00\x1c", 4),
        ([], b"", 10),
        ([b"x"] * 99, b"x" * 10, 10),
    ],
)
def test_an_answer_ends_where_the_line_falls_silent(pieces, whole, looks):
    waits = []
    assert run(answer(SerialPort(Pieces(*pieces))), waits.append) == whole
    assert waits == [0.05] * looks


@pytest.mark.parametrize("call", [SerialPort.read, lambda port: port.write(b"x")])
def test_a_line_that_breaks_down_says_where(call):
    with pytest.raises(TransferFailed, match=r"dust@/dev/ttyUSB0: the line broke down"):
        call(SerialPort(Gone(), "dust@/dev/ttyUSB0"))


def test_a_line_that_is_not_there_names_the_remedy():
    with pytest.raises(BusMissing, match=r"/dev/ttyAMA99: cannot be opened: .*do_serial_hw 0"):
        open_line("/dev/ttyAMA99")


def test_a_line_that_this_user_may_not_open_names_the_group(monkeypatch):
    def refuse(*args, **options):
        raise serial.SerialException("[Errno 13] could not open port: Permission denied")

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(NotPermitted, match="usermod -aG dialout"):
        open_line("/dev/serial0")


def test_without_the_package_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(BusMissing, match=r"pyserial is not installed \(.*edge-agent\[serial\]"):
        open_line("/dev/serial0")


class Adapter:
    """A USB adapter: a terminal under a name of its own, pulled out and plugged in again."""

    def __init__(self, path):
        self.path = path
        self.ends = ()

    def plug(self):
        self.ends = pty.openpty()
        self.path.symlink_to(os.ttyname(self.ends[1]))

    def pull(self):
        self.path.unlink()
        for end in self.ends:
            os.close(end)
        self.ends = ()


@pytest.fixture
def adapter(tmp_path):
    one = Adapter(tmp_path / "ttyUSB0")
    yield one
    if one.ends:
        one.pull()


def test_an_adapter_that_is_away_at_the_start_may_be_plugged_in_later(adapter, wait_for):
    line = PluggableLine(str(adapter.path))
    port = SerialPort(line, "co2")
    with pytest.raises(AdapterMissing, match=r"ttyUSB0: there is no such line .*by-id") as caught:
        port.read()
    assert "raspi-config" not in str(caught.value)
    assert caught.value.quality == "bus_missing"
    adapter.plug()
    assert port.read() == b""
    os.write(adapter.ends[0], b"BM")
    assert wait_for(port.read) == b"BM"
    line.close()


def test_a_line_whose_adapter_was_pulled_out_is_opened_again(adapter, wait_for):
    adapter.plug()
    line = PluggableLine(str(adapter.path))
    port = SerialPort(line, "co2")
    assert port.read() == b""
    for _ in range(3):
        adapter.pull()
        with pytest.raises(TransferFailed, match="pulled out"):
            port.read()
        with pytest.raises(AdapterMissing):
            port.write(b"x")
        adapter.plug()
        assert port.read() == b""
        os.write(adapter.ends[0], b"BM")
        assert wait_for(port.read) == b"BM"
    line.close()


def test_an_adapter_that_is_plugged_in_again_has_its_baud_rate(adapter):
    adapter.plug()
    line = PluggableLine(str(adapter.path))
    port = SerialPort(line, "car")
    port.set_baud(38400)
    adapter.pull()
    with pytest.raises(TransferFailed):
        port.read()
    adapter.plug()
    assert port.read() == b""
    assert (line.baudrate, line._line.baudrate) == (38400, 38400)
    line.close()


def test_a_line_of_the_computer_that_is_missing_is_a_mistake_of_its_configuration(tmp_path):
    with pytest.raises(BusMissing, match="raspi-config") as caught:
        PluggableLine(str(tmp_path / "ttyAMA0"))
    assert not isinstance(caught.value, AdapterMissing)
