"""The devices that a server offers, and who has them."""

import struct

import pytest
from lab.usbip_client import IN, Plug, Refused, importable, listing


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


def test_two_devices_work_at_the_same_time(server):
    with Plug(server, "1-1") as i2c, Plug(server, "1-2") as w1:
        for value in (1, 2, 3):
            assert i2c.control(0xC1, 0, value, 0, 2)[0] == value
            assert len(w1.transfer(IN, 1, 32)) == 16
