"""What a kernel asks when a device is plugged in."""

import errno
import struct

import pytest
from lab.usbip_client import IN, OUT, Plug


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
