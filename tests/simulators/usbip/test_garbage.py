"""Garbage, and clients that go away."""

import errno
import struct
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lab.usbip_client import (
    IMPORT,
    LIST,
    SUBMIT,
    SUBMITTED,
    UNLINKED,
    Plug,
    connected,
    gone,
    importable,
    listing,
    received,
)

from simulators.bus import SimulatedBus
from simulators.clock import VirtualClock
from simulators.ds2490 import DS2490
from simulators.i2c_tiny_usb import I2cTinyUsb
from simulators.onewire import Wire
from simulators.sht4x import SHT4x
from simulators.usbip import Server


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
