"""USB/IP spoken from the kernel's side, over TCP."""

import errno
import itertools
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import closing
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smbus2 import i2c_msg

from drivers.base.driver import run
from edge_agent.blueprint import resolve
from edge_agent.cli import main
from edge_agent.commands import usbip as command
from edge_agent.commands.simulation import attach
from edge_agent.errors import HardwareError
from edge_agent.testing.bench import at, off
from simulators import vhci
from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from simulators.ds18b20 import DS18B20
from simulators.ds2490 import DS2490
from simulators.faults import StuckBus
from simulators.hardware import SimulatedHardware
from simulators.i2c_tiny_usb import I2cTinyUsb
from simulators.onewire import Thermometer, Wire
from simulators.sht4x import SHT4x
from simulators.sysfs import SimulatedW1
from simulators.usbip import Server

VERSION = 0x0111
LIST, IMPORT = 0x8005, 0x8003
SUBMIT, UNLINK, SUBMITTED, UNLINKED = 1, 2, 3, 4
OUT, IN = 0, 1
TIMEOUT = 10
ADDRESS = re.compile(r"127\.0\.0\.1:(\d+)")


def received(line, count):
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def connected(server):
    return socket.create_connection(server.address, timeout=TIMEOUT)


def listing(server):
    """Return bus id, bus, number, speed, vendor and product of each device, as `usbip list`."""
    with connected(server) as line:
        line.sendall(struct.pack(">HHI", VERSION, LIST, 0))
        version, code, status, count = struct.unpack(">HHII", received(line, 12))
        assert (version, code, status) == (VERSION, 5, 0)
        rows = [struct.unpack(">256s32sIIIHHHBBBBBB4s", received(line, 316)) for _ in range(count)]
        assert line.recv(1) == b""
        return [(row[1].rstrip(b"\0").decode(), *row[2:7]) for row in rows]


class Refused(Exception):
    pass


class Plug:
    """What vhci-hcd is for one device."""

    def __init__(self, server, bus_id):
        self.line = connected(server)
        self.sequence = itertools.count(1)
        self.line.sendall(struct.pack(">HHI32s", VERSION, IMPORT, 0, bus_id.encode()))
        version, code, status = struct.unpack(">HHI", received(self.line, 8))
        assert (version, code) == (VERSION, 3)
        if status:
            self.line.close()
            raise Refused(status)
        self.description = received(self.line, 312)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.line.close()

    def submit(self, inward, endpoint, length, setup=bytes(8), data=b""):
        sequence = next(self.sequence)
        head = (SUBMIT, sequence, 1 << 16 | 1, inward, endpoint, 0, length, 0, 0xFFFFFFFF, 0)
        self.line.sendall(struct.pack(">10I8s", *head, setup) + data)
        return sequence

    def unlink(self, unwanted):
        sequence = next(self.sequence)
        head = (UNLINK, sequence, 1 << 16 | 1, 0, 0, unwanted)
        self.line.sendall(struct.pack(">6I24x", *head))
        return sequence

    def reply(self):
        """Return code, sequence number, status, length and the rest."""
        head = received(self.line, 48)
        code, sequence, *_, status, length = struct.unpack(">5IiI", head[:28])
        return code, sequence, status, length

    def transfer(self, inward, endpoint, length, setup=bytes(8), data=b""):
        sequence = self.submit(inward, endpoint, length, setup, data)
        code, answered, status, actual = self.reply()
        assert (code, answered) == (SUBMITTED, sequence)
        if status:
            raise OSError(-status, os.strerror(-status))
        return received(self.line, actual) if inward else b""

    def control(self, kind, request, value, parameter, length=0, data=b""):
        length = length or len(data)
        setup = struct.pack("<BBHHH", kind, request, value, parameter, length)
        return self.transfer(kind >> 7, 0, length, setup, data)


class TinyUsbBus:
    """What i2c-tiny-usb and /dev/i2c-N make of a plugged adapter."""

    def __init__(self, plug):
        self._plug = plug

    def i2c_rdwr(self, *messages):
        for n, message in enumerate(messages):
            flags = 4 | (n == 0) | 2 * (n == len(messages) - 1)
            self._message(flags, message)
            if self._plug.control(0xC1, 3, 0, 0, 1) == b"\2":
                raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))

    def _message(self, flags, message):
        if message.flags & 1:
            data = self._plug.control(0xC1, flags, message.flags, message.addr, message.len)
            for n, byte in enumerate(data):
                message.buf[n] = bytes([byte])
        else:
            self._plug.control(0x41, flags, message.flags, message.addr, 0, bytes(message))


class Kernel:
    """A machine's hardware, its I2C buses plugged in over the network."""

    def __init__(self, server, numbers):
        self.plugs = [Plug(server, f"1-{n}") for n in range(1, len(numbers) + 1)]
        self._buses = dict(zip(numbers, map(TinyUsbBus, self.plugs), strict=True))

    def i2c(self, number):
        return self._buses[number]

    def claimed(self, _number, _address):
        return ""

    def close(self):
        for plug in self.plugs:
            plug.line.close()


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def bus(clock):
    bus = SimulatedBus(clock)
    bus.attach(0x44, SHT4x(clock))
    return bus


@pytest.fixture
def wire(clock):
    files = SimulatedW1()
    files.attach(DS18B20(clock, "28-0316a2794aff"))
    return Wire(
        [Thermometer("28-0316a2794aff", files.directory("28-0316a2794aff") / "w1_slave", clock)]
    )


@pytest.fixture
def server(bus, wire):
    server = Server([I2cTinyUsb("first", bus), DS2490("second", wire)])
    server.start()
    yield server
    server.close()


# The devices that are offered


def test_the_list_names_every_device(server):
    assert listing(server) == [
        ("1-1", 1, 1, 2, 0x0403, 0xC631),
        ("1-2", 1, 2, 2, 0x04FA, 0x2490),
    ]


def test_an_import_describes_the_device_as_the_list_does(server):
    with Plug(server, "1-2") as plug:
        assert plug.description[256:259] == b"1-2"
        assert struct.unpack_from(">IIIHH", plug.description, 288) == (1, 2, 2, 0x04FA, 0x2490)


def test_what_is_not_offered_cannot_be_imported(server):
    with pytest.raises(Refused, match="4"):
        Plug(server, "1-3")


def test_a_device_has_one_owner_at_a_time(server):
    with Plug(server, "1-1"):
        with pytest.raises(Refused, match="2"):
            Plug(server, "1-1")
        Plug(server, "1-2").line.close()


def test_who_goes_away_leaves_the_device_to_the_next(server, wait_for):
    for _ in range(3):
        with wait_for(lambda: importable(server, "1-1")) as plug:
            assert plug.control(0xC1, 0, 7, 0, 2) == b"\7\0"


def importable(server, bus_id):
    try:
        return Plug(server, bus_id)
    except Refused:
        return None


def test_two_devices_work_at_the_same_time(server):
    with Plug(server, "1-1") as i2c, Plug(server, "1-2") as w1:
        for value in (1, 2, 3):
            assert i2c.control(0xC1, 0, value, 0, 2)[0] == value
            assert len(w1.transfer(IN, 1, 32)) == 16


# What a kernel asks when a device is plugged in


def test_the_device_identifies_itself(server):
    with Plug(server, "1-1") as plug:
        device = plug.control(0x80, 6, 1 << 8, 0, 18)
    assert (device[:2], device[7], device[17]) == (b"\x12\x01", 64, 1)
    assert struct.unpack_from("<HH", device, 8) == (0x0403, 0xC631)


def test_a_descriptor_is_cut_to_what_was_asked_for(server):
    with Plug(server, "1-1") as plug:
        assert len(plug.control(0x80, 6, 1 << 8, 0, 8)) == 8


@pytest.mark.parametrize("bus_id, settings_, endpoints", [("1-1", 1, 0), ("1-2", 4, 3)])
def test_the_configuration_is_as_long_as_it_says(server, bus_id, settings_, endpoints):
    with Plug(server, bus_id) as plug:
        whole = plug.control(0x80, 6, 2 << 8, 0, 255)
    kinds, rest = [], whole
    while rest:
        kinds.append(rest[1])
        rest = rest[rest[0] :]
    assert int.from_bytes(whole[2:4], "little") == len(whole)
    assert kinds == [2, *([4] + [5] * endpoints) * settings_]


def test_its_name_is_a_string(server):
    with Plug(server, "1-2") as plug:
        assert plug.control(0x80, 6, 3 << 8, 0, 255) == b"\x04\x03\x09\x04"
        maker, name = (plug.control(0x80, 6, 3 << 8 | n, 0x0409, 255) for n in (1, 2))
    assert (maker[2:].decode("utf-16-le"), name[2:].decode("utf-16-le")) == ("edge-agent", "second")


@pytest.mark.parametrize("request_, value", [(9, 1), (11, 3), (1, 0), (3, 1)])
def test_it_is_configured(server, request_, value):
    with Plug(server, "1-2") as plug:
        assert plug.control(0x00, request_, value, 0) == b""
        assert plug.control(0x80, 8, 0, 0, 1) == b"\1"


@pytest.mark.parametrize(
    "kind, request_, value",
    [(0x80, 6, 15 << 8), (0x80, 6, 3 << 8 | 9), (0x80, 99, 0), (0xA0, 1, 0)],
)
def test_what_it_does_not_know_is_a_stall(server, kind, request_, value):
    with Plug(server, "1-1") as plug:
        with pytest.raises(OSError) as caught:
            plug.control(kind, request_, value, 0, 255)
        assert caught.value.errno == errno.EPIPE
        assert plug.control(0x80, 8, 0, 0, 1) == b"\1"


@pytest.mark.parametrize("inward", [IN, OUT])
def test_an_adapter_without_endpoints_has_none(server, inward):
    with Plug(server, "1-1") as plug, pytest.raises(OSError) as caught:
        plug.transfer(inward, 1, 1, data=b"" if inward else b"1")
    assert caught.value.errno == errno.EPIPE


def test_a_request_that_sends_gets_no_data_back(server):
    with Plug(server, "1-1") as plug:
        assert plug.control(0x41, 1, 0, 0, data=b"1234") == b""
        assert plug.control(0xC1, 0, 7, 0, 2) == b"\7\0"


# Requests that are not answered


def test_a_request_that_waits_can_be_unlinked_and_is_never_answered(server, bus, clock):
    bus.faults.append(StuckBus(clock, at=0, lasts=10))
    setup = struct.pack("<BBHHH", 0x41, 7, 0, 0x44, 1)
    with Plug(server, "1-1") as plug:
        waiting = plug.submit(OUT, 0, 1, setup, b"\xfd")
        unlink = plug.unlink(waiting)
        assert plug.reply()[:3] == (UNLINKED, unlink, -errno.ECONNRESET)
        clock.advance(10)
        TinyUsbBus(plug).i2c_rdwr(i2c_msg.write(0x44, [0xFD]))


def test_data_that_is_not_there_waits_for_its_unlink(server):
    with Plug(server, "1-2") as plug:
        waiting = plug.submit(IN, 3, 1)
        assert len(plug.transfer(IN, 1, 32)) == 16  # others do not wait for it
        plug.unlink(waiting)
        assert plug.reply()[2] == -errno.ECONNRESET


def test_an_unlink_that_comes_too_late_changes_nothing(server):
    with Plug(server, "1-1") as plug:
        plug.control(0xC1, 0, 7, 0, 2)
        unlink = plug.unlink(1)
        assert plug.reply()[:3] == (UNLINKED, unlink, 0)


def test_what_is_unlinked_is_forgotten(server):
    with Plug(server, "1-2") as plug:
        waiting = plug.submit(IN, 3, 1)
        plug.unlink(waiting)
        plug.unlink(waiting)
        assert [plug.reply()[2], plug.reply()[2]] == [-errno.ECONNRESET, 0]


# Chips


def test_our_drivers_read_all_chips_of_the_example_right(root):
    clock = VirtualClock()
    hardware, blueprint = SimulatedHardware(clock), resolve(root / "examples/everything.toml")
    attach(hardware, blueprint)
    server = Server(command.adapters(hardware))
    server.start()
    devices = [one for one in blueprint.devices if one.place.kind == "i2c"]
    assert len(devices) > 25
    with closing(server), closing(Kernel(server, hardware.buses())) as kernel:
        wrong = {one.name: misread(one, hardware, kernel, clock) for one in devices}
    assert {name: difference for name, difference in wrong.items() if difference} == {}


def misread(one, hardware, kernel, clock):
    """Return the channels of a device that are wrong at two points of its range."""
    name = one.name
    driver, model = one.build(kernel), hardware._models[name]
    wrong = {}
    for share in (0.37, 0.6):
        for channel, span in model.inputs.items():
            hardware.expose(name, channel, at(span, share))
        clock.advance(30)
        run(driver.setup(), clock.sleep)
        run(driver.measure(), clock.sleep)  # some sample by themselves: this is what was before
        clock.advance(30)
        values = run(driver.measure(), clock.sleep)
        wrong |= off(one.channels, values, hardware.truth(name))
    return wrong


def test_a_chip_that_is_not_there_is_no_answer(server):
    with Plug(server, "1-1") as plug, pytest.raises(OSError) as caught:
        TinyUsbBus(plug).i2c_rdwr(i2c_msg.write(0x45, [0xFD]))
    assert caught.value.errno == errno.ENXIO


def test_a_thermometers_rom_is_read_through_endpoints(server):
    with Plug(server, "1-2") as plug:
        plug.control(0x40, 1, 0x43, 0)
        plug.transfer(OUT, 2, 9, data=b"\x33" + b"\xff" * 8)
        plug.control(0x40, 1, 0x75, 9)
        assert plug.transfer(IN, 1, 32)[13] == 9
        assert plug.transfer(IN, 3, 9)[1:8].hex() == "28ff4a79a21603"


# Garbage, and clients that go away


@pytest.fixture(scope="module")
def fuzzed():
    clock = VirtualClock()
    bus = SimulatedBus(clock)
    bus.attach(0x44, SHT4x(clock))
    server = Server([I2cTinyUsb("first", bus), DS2490("second", Wire([]))])
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def plugs(fuzzed):
    with Plug(fuzzed, "1-1") as first, Plug(fuzzed, "1-2") as second:
        yield {"1-1": first, "1-2": second}


@settings(deadline=None, max_examples=60)
@given(
    data=st.binary(min_size=8, max_size=200).filter(
        lambda data: data[2:4] not in {b"\x80\x05", b"\x80\x03"}
    )
)
def test_a_client_that_does_not_speak_usbip_is_disconnected_and_no_other(fuzzed, data):
    with connected(fuzzed) as line:
        line.sendall(data)
        assert gone(line)
    assert len(listing(fuzzed)) == 2


@pytest.mark.parametrize("code", [LIST, IMPORT])
def test_another_version_of_the_protocol_is_none(server, code):
    with connected(server) as line:
        line.sendall(struct.pack(">HHI32s", 0x0106, code, 0, b"1-1"))
        assert gone(line)


def gone(line):
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize(
    "head",
    [
        (9, 1, 0, 0, 0, 0, 0, 0, 0, 0),
        (SUBMIT, 1, 0, 0, 0, 0, 1 << 20, 0, 0, 0),
        (SUBMIT, 1, 0, 0, 0, 0, 8, 0, 3, 0),
        (0xFFFFFFFF,) * 10,
    ],
    ids=["no command", "a megabyte", "isochronous", "all ones"],
)
def test_an_attached_device_whose_kernel_sends_garbage_is_detached(server, wait_for, head):
    with Plug(server, "1-1") as plug:
        plug.line.sendall(struct.pack(">10I8x", *head))
        assert gone(plug.line)
    wait_for(lambda: importable(server, "1-1")).line.close()


@settings(deadline=None, max_examples=200)
@given(
    bus_id=st.sampled_from(["1-1", "1-2"]),
    requests=st.lists(
        st.tuples(
            st.sampled_from([0x40, 0x41, 0xC0, 0xC1, 0x80, 0x00]),
            st.integers(0, 12),
            st.integers(0, 0xFFFF),
            st.sampled_from([0x44, 0x45, 0, 0xFFFF]),
            st.binary(max_size=20),
            st.integers(0, 3),
        ),
        max_size=8,
    ),
)
def test_no_request_breaks_an_adapter(fuzzed, plugs, bus_id, requests):
    plug = plugs[bus_id]
    for kind, request, value, parameter, data, endpoint in requests:
        inward = kind >> 7
        setup = struct.pack("<BBHHH", kind, request, value, parameter, len(data))
        sent = plug.submit(inward, endpoint, len(data), setup, b"" if inward else data)
        unlink = plug.unlink(sent)
        code, sequence, status, length = plug.reply()
        if code == SUBMITTED:
            assert (sequence, status in {0, -errno.EPIPE}) == (sent, True)
            received(plug.line, length if inward else 0)
            code, sequence, status, length = plug.reply()
        assert (code, sequence) == (UNLINKED, unlink)


def test_who_goes_away_in_the_middle_of_a_request_leaves_the_server_running(server, wait_for):
    with Plug(server, "1-1") as plug:
        plug.line.sendall(b"\0\0\0\1\0\0")
    wait_for(lambda: importable(server, "1-1")).line.close()
    assert len(listing(server)) == 2


def test_closing_the_server_unplugs_every_device(bus):
    before = set(threading.enumerate())
    server = Server([I2cTinyUsb("first", bus)])
    server.start()
    with Plug(server, "1-1") as plug, connected(server) as silent:
        server.close()
        assert set(threading.enumerate()) <= before
        assert gone(plug.line)
        assert gone(silent)
    with pytest.raises(ConnectionRefusedError):
        connected(server)


# The kernel of this machine

STATUS = """hub port sta spd dev      sockfd local_busid
hs  0000 006 002 00010001 000003 1-1
hs  0001 004 000 00000000 000000 0-0
ss  0008 004 000 00000000 000000 0-0
"""


@pytest.fixture
def hub(tmp_path):
    hub = tmp_path / "devices/platform/vhci_hcd.0"
    hub.mkdir(parents=True)
    (hub / "status").write_text(STATUS)
    return hub


@pytest.fixture
def controller(tmp_path, hub):
    return vhci.Vhci(tmp_path)


def test_a_device_is_attached_to_the_first_free_port(server, controller, hub):
    assert controller.attach(server.address, "1-2") == 1
    port, line, device, speed = map(int, (hub / "attach").read_text().split())
    assert (port, device, speed) == (1, 1 << 16 | 2, 2)
    assert line > 2


def test_nothing_is_attached_if_every_port_is_taken(server, controller, hub):
    (hub / "status").write_text(STATUS.replace("0001 004", "0001 006"))
    with pytest.raises(vhci.NoPort):
        controller.attach(server.address, "1-1")


def test_a_device_that_another_client_has_is_not_attached(server, controller, hub):
    with Plug(server, "1-1"), pytest.raises(vhci.ImportRefused, match="1-1: status 2"):
        controller.attach(server.address, "1-1")
    assert not (hub / "attach").exists()


def test_a_port_is_detached_by_its_number(controller, hub):
    controller.detach(1)
    assert (hub / "detach").read_text() == "1"


def test_the_bus_that_the_kernel_made_is_found_below_the_device(controller, tmp_path):
    assert controller.i2c(0) is None
    (tmp_path / "bus/usb/devices/1-1/1-1:1.0/i2c-7").mkdir(parents=True)
    assert controller.i2c(0) == 7


# The command

CHIPS = """
[[device]]
name = "air"
driver = "sht4x"
[[device]]
name = "water"
driver = "ds18b20"
id = "28-0316a4c8ffee"
[[device]]
name = "door"
driver = "contact"
pin = 17
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "chips.toml"
    path.write_text(CHIPS)
    return path


@pytest.fixture
def edge_agent(capsys, monkeypatch):
    def run_command(*words):
        monkeypatch.setattr(command.signal, "signal", lambda *_: None)
        with pytest.raises(SystemExit) as ended:
            main(["usbip", *map(str, words)])
        return ended.value.code, capsys.readouterr()

    return run_command


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_offers_what_is_configured_until_a_signal(config, number):
    words = [sys.executable, "-m", "edge_agent", "usbip", str(config), "--listen", "127.0.0.1:0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline().strip() for _ in range(4)]
        port = int(ADDRESS.search(lines[1])[1])
        with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as line:
            line.sendall(struct.pack(">HHI", VERSION, LIST, 0))
            assert received(line, 12)[-1] == 2
        process.send_signal(number)
        assert process.wait(TIMEOUT) == 0
    assert lines[0] == "not offered: door, which is neither on I2C nor on 1-Wire"
    assert lines[2:] == ["1-1  simulated I2C bus 1", "1-2  simulated 1-Wire"]


def test_a_configuration_without_buses_has_nothing_to_offer(config, edge_agent):
    config.write_text('[[device]]\nname = "door"\ndriver = "contact"\npin = 17\n')
    code, said = edge_agent(config)
    assert (code, "there is nothing to offer" in said.err) == (2, True)


def test_a_port_that_is_taken_is_named_with_the_next_one(config, edge_agent, port):
    with socket.create_server(("127.0.0.1", port)):
        code, said = edge_agent(config, "--listen", f"127.0.0.1:{port}")
    assert (code, f"--listen 127.0.0.1:{port + 1}" in said.err) == (5, True)


@pytest.mark.parametrize("listen", ["3240", "localhost:", "127.0.0.1:70000", ":3240"])
def test_an_address_is_a_host_and_a_port(config, edge_agent, listen):
    code, said = edge_agent(config, "--listen", listen)
    assert (code, "is not HOST:PORT" in said.err) == (2, True)


def test_without_the_kernels_module_the_remedy_is_modprobe(
    config, edge_agent, monkeypatch, tmp_path
):
    monkeypatch.setattr(vhci, "Vhci", partial(vhci.Vhci, tmp_path))
    code, said = edge_agent(config, "--attach", "--listen", "127.0.0.1:0")
    assert (code, "`sudo modprobe vhci-hcd`" in said.err) == (3, True)


@pytest.mark.parametrize(
    "error, remedy",
    [
        (PermissionError(), "sudo"),
        (vhci.NoPort(), "usbip port"),
        (vhci.ImportRefused("1-1: status 2"), "another client"),
    ],
)
def test_what_keeps_a_device_out_of_the_kernel_has_a_remedy(server, monkeypatch, error, remedy):
    def fail(*_):
        raise error

    monkeypatch.setattr(vhci.Vhci, "attach", fail)
    with pytest.raises(HardwareError, match=remedy), command._attached(server, wanted=True):
        pass


@pytest.fixture
def kernel(monkeypatch, tmp_path, hub):
    monkeypatch.setattr(vhci, "Vhci", partial(vhci.Vhci, tmp_path))
    monkeypatch.setattr(command, "RECOGNITION_SECONDS", 0)
    (hub / "status").write_text(STATUS.replace("0000 006", "0000 004"))
    return tmp_path / "bus/usb/devices/1-1/1-1:1.0"


def test_attached_devices_are_listed_with_their_bus_and_detached_at_the_end(
    server, kernel, hub, capsys
):
    """The status stands still here: both go to the first port, which is called 1-1."""
    (kernel / "i2c-97").mkdir(parents=True)
    with command._attached(server, wanted=True):
        said = capsys.readouterr().out.splitlines()
        assert not (hub / "detach").exists()
    assert said[0] == "1-1  first: i2c-97; for /dev/i2c-97: `sudo modprobe i2c-dev`"
    assert said[1].startswith("1-2  second: /sys/bus/w1/devices")
    assert (hub / "detach").read_text() == "0"


def test_a_device_that_is_already_detached_is_no_error(server, kernel, monkeypatch):
    def fail(*_):
        raise OSError(errno.EINVAL, "not connected")

    monkeypatch.setattr(vhci.Vhci.func, "detach", fail)
    with command._attached(server, wanted=True):
        pass


def test_a_kernel_that_makes_no_bus_lacks_a_module(server, kernel, hub, capsys):
    with command._attached(server, wanted=True):
        assert "`sudo modprobe i2c-tiny-usb`" in capsys.readouterr().out
