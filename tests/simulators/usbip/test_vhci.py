"""The kernel of this machine, as a client."""

import pytest
from lab.usbip_client import Plug

from simulators import vhci


def test_a_device_is_attached_to_the_first_free_port(server, controller, hub):
    assert controller.attach(server.address, "1-2") == 1
    port, line, device, speed = map(int, (hub / "attach").read_text().split())
    assert (port, device, speed) == (1, 1 << 16 | 2, 2)
    assert line > 2


def test_nothing_is_attached_if_every_port_is_taken(server, controller, hub):
    status = hub / "status"
    status.write_text(status.read_text().replace("0001 004", "0001 006"))
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
