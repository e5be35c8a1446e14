"""`edge-agent usbip`."""

import errno
import re
import signal
import socket
import struct
import subprocess
import sys
from functools import partial

import pytest
from lab.usbip_client import LIST, TIMEOUT, VERSION, received

from edge_agent.cli import main
from edge_agent.commands import usbip as command
from edge_agent.errors import HardwareError
from simulators import vhci

ADDRESS = re.compile(r"127\.0\.0\.1:(\d+)")
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
    status = hub / "status"
    status.write_text(status.read_text().replace("0000 006", "0000 004"))
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
