"""Requests that are not answered."""

import errno
import struct

from lab.usbip_client import IN, OUT, UNLINKED, Plug, TinyUsbBus
from smbus2 import i2c_msg

from simulators.faults import StuckBus


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
