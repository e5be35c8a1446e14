import errno
import os
import sys

import pytest

from drivers.base.errors import BusMissing, NotPermitted, TransferFailed
from drivers.base.spi import SPIPort, open_select


class Echo:
    """A bus that returns what it is sent, inverted."""

    mode, max_speed_hz = 0, 500_000

    def xfer2(self, values):
        return [255 - value for value in values]

    def close(self):
        pass


class Broken(Echo):
    def xfer2(self, values):
        raise OSError(errno.EIO, os.strerror(errno.EIO))


class Spidev:
    """The package, as far as it opens a chip select: one answer for each."""

    def __init__(self, answers):
        self._answers = answers

    def SpiDev(self, bus, select):  # noqa: N802
        answer = self._answers[bus, select]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def spidev(monkeypatch):
    monkeypatch.setitem(
        sys.modules,
        "spidev",
        Spidev({(0, 0): "bus", (0, 1): FileNotFoundError(), (1, 0): PermissionError()}),
    )


def test_a_transfer_brings_as_many_bytes_as_it_sends():
    assert SPIPort(Echo()).transfer(b"\x01\x80\x00") == b"\xfe\x7f\xff"


def test_mode_and_clock_are_set_on_the_bus():
    bus = Echo()
    SPIPort(bus).configure(mode=3, hertz=1_000_000)
    assert (bus.mode, bus.max_speed_hz) == (3, 1_000_000)


def test_a_transfer_that_fails_says_where():
    with pytest.raises(TransferFailed, match=r"light@spi-0:1: .* \(errno 5\) \(check the wiring\)"):
        SPIPort(Broken(), "light@spi-0:1").transfer(b"\x00")


def test_a_chip_select_is_opened(spidev):
    assert open_select(0, 0) == "bus"


@pytest.mark.parametrize(
    "select, error, remedy",
    [((0, 1), BusMissing, "do_spi 0"), ((1, 0), NotPermitted, "usermod -aG spi")],
)
def test_a_chip_select_that_cannot_be_opened_names_the_remedy(spidev, select, error, remedy):
    with pytest.raises(error, match=f"/dev/spidev{select[0]}.{select[1]}: .*{remedy}"):
        open_select(*select)


def test_without_the_package_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "spidev", None)
    with pytest.raises(BusMissing, match=r"spidev is not installed \(.*edge-agent\[spi\]"):
        open_select(0, 0)
