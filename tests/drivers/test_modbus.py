"""Units of another author, pymodbus, answer; we read them over TCP and over a serial line."""

import asyncio
import os
import pty
import socket
import struct
import threading
import time
import tty
from functools import partial

import pytest
from lab.broker import free_port
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers.base.driver import parted, run
from drivers.base.errors import BadChecksum, NoAcknowledge, OutOfRange, TransferFailed, WrongChip
from drivers.base.modbus import Block, ModbusPort
from drivers.base.modbus_lines import modbus_line
from drivers.base.modbus_rtu import RtuLine, sealed
from drivers.base.modbus_tcp import Endpoint, endpoint
from drivers.base.modbus_values import ModbusValue, blocks, meter_map
from drivers.base.serial import LineSettings
from drivers.modbus import Modbus
from edge_agent.testing import SensorContract
from simulators import modbus

USUAL = LineSettings()
MAPS = ("sdm120", "sdm230", "pzem004t")


def value(**fields):
    return ModbusValue(**{"name": "raw", "register": 0, "low": -1e9, "high": 1e9, **fields})


VALUES = (
    value(
        name="supply", quantity="temperature", register=10, type="i16", scale=0.1, low=-20, high=90
    ),
    value(name="running", quantity="binary", register=12, bit=3, low=0, high=1),
    value(name="fault", quantity="binary", table="discrete", register=9, low=0, high=1),
)


class TestContract(SensorContract):
    driver = Modbus
    options = {"values": VALUES, "gap": 1}
    model = modbus.Modbus.configured(options)
    place = {"id": "/dev/ttyUSB0", "address": 7}


class TestMeterContract(SensorContract):
    driver = Modbus
    options = {"map": "pzem004t"}
    model = modbus.Modbus.configured(options)
    place = {"id": "/dev/ttyUSB0", "address": 1}


class Units:
    """pymodbus' own server, in a thread; `damage` changes what it sends."""

    def __init__(self, make, devices):
        self.damage = lambda frame: frame
        self._server, self._loop = None, None
        self._made = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(make, devices),))
        self._thread.start()
        assert self._made.wait(60)

    @property
    def port(self):
        return self._server.transport.sockets[0].getsockname()[1]

    async def _serve(self, make, devices):
        self._loop = asyncio.get_running_loop()
        self._server = make(devices, trace_packet=self._traced)
        await self._server.serve_forever(background=True)
        self._made.set()
        await self._server.serving

    def _traced(self, sending, frame):
        return self.damage(frame) if sending else frame

    def close(self):
        asyncio.run_coroutine_threadsafe(self._server.shutdown(), self._loop).result(60)
        self._thread.join()


def registers(address, kind, *held):
    return SimData(address, values=list(held), datatype=kind)


DEVICES = [
    SimDevice(
        1,
        (
            [registers(0, DataType.BITS, *[True, False] * 8)],
            [registers(0, DataType.BITS, *[False] * 9, True, *[False] * 6)],
            [
                registers(10, DataType.INT16, -55),
                registers(12, DataType.REGISTERS, 0b1000),
                registers(20, DataType.INT32, -100_000),
                registers(22, DataType.UINT32, 4_000_000_000),
                registers(30, DataType.FLOAT32, float("nan")),
            ],
            [
                registers(0x00, DataType.FLOAT32, 230.25),
                registers(0x06, DataType.FLOAT32, 1.5),
                registers(0x0C, DataType.FLOAT32, -345.5),
                registers(0x46, DataType.FLOAT32, 50.0, 1234.5, 0.25),
                registers(0x156, DataType.FLOAT32, 1234.75),
            ],
        ),
    ),
    SimDevice(2, registers(0, DataType.REGISTERS, 7)),
]
METER = {
    "voltage": 230.25,
    "current": 1.5,
    "power": -345.5,
    "frequency": 50.0,
    "imported": 1234.5,
    "exported": 0.25,
    "total": 1234.75,
}


@pytest.fixture
def tcp():
    """Units on Modbus TCP."""
    make = partial(ModbusTcpServer, address=("127.0.0.1", 0))
    units = Units(make, DEVICES)
    yield units
    units.close()


@pytest.fixture
def line(tcp):
    """The Modbus line to them."""
    line = modbus_line(f"tcp://127.0.0.1:{tcp.port}")
    yield line
    line.close()


class OneEnd:
    """The other end of a pseudo-terminal, with pyserial's surface."""

    def __init__(self, number):
        self._number = number
        os.set_blocking(number, False)

    @property
    def in_waiting(self):
        return 4096

    def read(self, size):
        try:
            return os.read(self._number, size)
        except BlockingIOError:
            return b""

    def write(self, data):
        return os.write(self._number, data)

    def close(self):
        pass


@pytest.fixture
def rtu():
    """Units on a serial line, and our line to them."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    units = Units(partial(ModbusSerialServer, port=os.ttyname(theirs)), DEVICES)
    yield units, RtuLine(lambda _settings: OneEnd(ours))
    units.close()
    os.close(ours)
    os.close(theirs)


def read(line, unit=1, **options):
    """Return what a driver reads of a unit on a line."""
    driver = Modbus(ModbusPort(line, unit, f"meter@line unit {unit}"), **options)
    return parted(run(driver.measure(), time.sleep))


def test_a_meter_on_tcp_has_the_values_that_another_author_serves(line):
    assert read(line, map="sdm120").values == METER


def test_a_meter_on_a_serial_line_has_the_values_that_another_author_serves(rtu):
    _, line = rtu
    assert read(line, map="sdm120", timeout=10.0).values == METER
    assert read(line, 2, values=(value(),), timeout=10.0).values == {"raw": 7}


@pytest.mark.parametrize(
    "fields, number",
    [
        ({"register": 10, "type": "i16", "scale": 0.1, "offset": 1}, -4.5),
        ({"register": 12, "bit": 3, "quantity": "binary", "low": 0, "high": 1}, 1),
        ({"register": 12, "bit": 2, "quantity": "binary", "low": 0, "high": 1}, 0),
        ({"register": 20, "type": "i32"}, -100_000),
        ({"register": 22, "type": "u32", "high": 1e10}, 4_000_000_000),
        ({"table": "discrete", "register": 9}, 1),
        ({"table": "coil", "register": 1}, 0),
        ({"table": "coil", "register": 14}, 1),
        ({"table": "input", "register": 0, "type": "f32"}, 230.25),
    ],
)
def test_every_table_and_type_is_read_as_another_author_writes_it(line, fields, number):
    assert read(line, values=(value(**fields),)).values == {"raw": number}


def test_what_is_no_number_is_no_value(line):
    with pytest.raises(OutOfRange, match="raw is nan"):
        read(line, values=(value(register=30, type="f32"),))


def test_a_refusal_is_told_apart_from_silence(line, tcp):
    with pytest.raises(WrongChip, match=r"has not all of these registers \(registers 99 to 99\)"):
        read(line, values=(value(register=99),))
    tcp.damage = lambda _frame: b""
    with pytest.raises(NoAcknowledge, match=r"unit 1: no answer within 0.2 s \(check the wiring"):
        read(line, values=(value(register=10),), timeout=0.2)


def test_after_an_answer_that_was_lost_the_next_one_is_right(line, tcp):
    tcp.damage = lambda _frame: b""
    with pytest.raises(NoAcknowledge):
        read(line, values=(value(register=12),), timeout=0.1)
    tcp.damage = lambda frame: frame
    assert read(line, values=(value(register=10, type="i16"),)).values == {"raw": -55}


@pytest.mark.parametrize("bit", range(0, 9 * 8, 5))
def test_an_inverted_bit_on_a_serial_line_is_no_value(rtu, bit):
    units, line = rtu
    units.damage = lambda frame: (int.from_bytes(frame) ^ 1 << bit % 56).to_bytes(len(frame))
    with pytest.raises((BadChecksum, NoAcknowledge)):
        read(line, 2, values=(value(),), timeout=0.2)


def test_a_host_that_is_not_there_is_absent():
    line = modbus_line(f"tcp://localhost:{free_port()}")
    with pytest.raises(TransferFailed, match="the line broke down: Connection refused"):
        read(line, values=(value(register=10),))
    with pytest.raises(TransferFailed):
        read(line, values=(value(register=10),))


def test_a_host_that_stops_is_read_again_when_it_is_back(tcp):
    line = modbus_line(f"tcp://127.0.0.1:{tcp.port}")
    assert read(line, 2, values=(value(),)).values == {"raw": 7}
    line._socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(TransferFailed, match="broke down"):
        read(line, 2, values=(value(),))
    assert read(line, 2, values=(value(),)).values == {"raw": 7}
    line.close()


class Recorded:
    """A line whose answers are given, and arrive at once."""

    def __init__(self, *answers):
        self.late, self.sent = False, []
        self._answers = list(answers)

    def silence(self, _settings):
        return 0.0

    def ready(self, _settings):
        return True

    def send(self, unit, request):
        self.sent.append((unit, request))

    def receive(self):
        return self._answers.pop(0) if self._answers else None

    def close(self):
        pass


@pytest.mark.parametrize(
    "answer", [b"\x03\x04\0\1\0\2", b"\x04\x02\0\1", b"\x03\x02\0", b"\x83", b"\x03\x02\0\1\2"]
)
def test_an_answer_to_another_request_is_no_value(answer):
    with pytest.raises(BadChecksum, match="answers something else"):
        read(Recorded(answer), values=(value(),))


def test_a_late_answer_has_the_time_to_pass_before_the_next_request():
    line = Recorded()
    port = ModbusPort(line, 1)
    with pytest.raises(NoAcknowledge):
        run(port.read(Block(3, 0, 1), USUAL, 0.1), lambda _: None)
    assert next(port.read(Block(3, 0, 1), USUAL, 0.1)) == 0.1
    assert len(line.sent) == 1


def test_frames_have_the_checksum_of_the_specification():
    assert sealed(b"\x02\x07") == b"\x02\x07\x41\x12"


def test_a_serial_line_is_opened_again_for_other_settings():
    opened = []
    line = RtuLine(lambda settings: opened.append(settings) or OneEnd(os.open(os.devnull, 2)))
    for settings in (USUAL, USUAL, LineSettings(2400, "even", 1)):
        assert line.ready(settings)
    assert opened == [USUAL, LineSettings(2400, "even", 1)]


def test_neighbours_are_read_together_and_others_apart():
    at = lambda *places: [value(name=f"v{n}", register=n, quantity="raw") for n in places]  # noqa: E731
    assert blocks(at(0, 1, 2, 5), gap=0) == (Block(3, 0, 3), Block(3, 5, 1))
    assert blocks(at(0, 1, 2, 5), gap=2) == (Block(3, 0, 6),)
    assert blocks(at(*range(126)), gap=0) == (Block(3, 0, 125), Block(3, 125, 1))


def test_the_step_of_a_float_grows_with_it():
    channel = value(type="f32").channel()
    assert (channel.step(0), channel.step(2.0**20)) == (0.001, 0.125)


@pytest.mark.parametrize("name", MAPS)
def test_a_meters_map_has_its_source_and_is_possible(root, name):
    text = (root / f"drivers/modbus_maps/{name}.toml").read_text()
    assert text.startswith("# ")
    assert "manual" in text.splitlines()[0] + text.splitlines()[1]
    driver = Modbus(None, map=name)
    assert {"voltage", "current", "power", "imported"} <= {one.name for one in driver.channels}
    assert blocks(meter_map(name), 0)


def test_a_pzem_answers_as_its_manual_says():
    """Its 32 bits have the low word first; this is 230.1 V, 70.001 A, 16107.2 W, 65.537 kWh."""
    words = (2301, 4465, 1, 30000, 2, 1, 1, 500)
    answer = b"\x04\x10" + struct.pack(">8H", *words)
    assert read(Recorded(answer), map="pzem004t").values == pytest.approx(
        {"voltage": 230.1, "current": 70.001, "power": 16107.2, "imported": 65.537, "frequency": 50}
    )


@pytest.mark.parametrize("word", ["big", "little"])
@pytest.mark.parametrize("byte", ["big", "little"])
def test_words_and_bytes_come_in_either_order(word, byte):
    data = struct.pack(">f", -12.5)
    words = [data[:2], data[2:]] if word == "big" else [data[2:], data[:2]]
    sent = b"".join(one if byte == "big" else one[::-1] for one in words)
    one = value(type="f32", word_order=word, byte_order=byte)
    assert read(Recorded(b"\x03\x04" + sent), values=(one,)).values == {"raw": -12.5}


@pytest.mark.parametrize(
    "options, what",
    [
        ({}, "values: empty"),
        ({"values": (value(register=65535, type="u32"),)}, "raw: register is 65535"),
        ({"values": (value(register=-1),)}, "register is -1: wanted 0 to 65535"),
        ({"values": (value(bit=16),)}, "bit is 16"),
        ({"values": (value(bit=0, table="coil"),)}, "bit is 0: wanted 0 to 15, of a u16"),
        ({"values": (value(scale=0),)}, "scale is 0"),
        (
            {"values": (value(type="u32"), value(name="power", register=1))},
            "raw has registers 0 to 1, and power begins at 1: correct `register` or `type`",
        ),
        ({"map": "sdm120", "values": (value(name="power"),)}, "power is declared twice"),
        ({"map": "sdm120", "timeout": 10.1}, "timeout is 10.1: wanted 0.05 to 10 s"),
        ({"map": "sdm120", "gap": 101}, "gap is 101"),
        ({"map": "sdm120", "baud": 1}, "baud is 1"),
    ],
)
def test_a_description_that_cannot_be_right_is_refused(options, what):
    with pytest.raises(ValueError, match=what):
        Modbus(None, **options)


def test_hosts_are_written_as_urls():
    assert endpoint("tcp://meter.lan") == Endpoint("meter.lan", 502)
    assert endpoint("tcp://[::1]:1502") == Endpoint("::1", 1502)
    for wrong in ("udp://meter", "tcp://", "tcp://meter:0", "tcp://meter:70000", "tcp://a b"):
        with pytest.raises(ValueError, match="write it like"):
            endpoint(wrong)
