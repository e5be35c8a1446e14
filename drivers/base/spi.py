"""An SPI bus as drivers see it: one chip select, and transfers that send as much as they receive.

Anything with spidev's `xfer2` is a bus: `spidev.SpiDev` or a simulated one.
"""

from typing import Protocol, cast

from drivers.base.errors import BusMissing, NotPermitted, TransferFailed

INSTALL = "`pip install 'edge-agent[spi]'`, or `sudo apt install python3-spidev`"


class SPIBus(Protocol):
    """spidev's surface, as far as drivers use it."""

    mode: int
    max_speed_hz: int

    def xfer2(self, values: list[int]) -> list[int]:
        """Shift bytes out, and as many in, while the chip is selected."""
        ...

    def close(self) -> None:
        """Close the device file."""
        ...


class SPIPort:
    """One chip; `where` identifies it in errors."""

    def __init__(self, bus: SPIBus, where: str = "spi") -> None:
        self._bus = bus
        self.where = where

    def configure(self, *, mode: int, hertz: int) -> None:
        """Set clock polarity and phase (0 to 3), and the highest clock that the chip takes."""
        self._bus.mode = mode
        self._bus.max_speed_hz = hertz

    def transfer(self, data: bytes) -> bytes:
        """Send `data`; return what came back meanwhile, as many bytes."""
        try:
            return bytes(self._bus.xfer2(list(data)))
        except OSError as error:
            what = f"{error.strerror or 'transfer failed'} (errno {error.errno})"
            raise TransferFailed(self.where, what, "check the wiring") from error


def open_select(bus: int, select: int) -> SPIBus:
    """Open /dev/spidev`bus`.`select`; raise `BusMissing` or `NotPermitted` with the remedy."""
    where = f"/dev/spidev{bus}.{select}"
    try:
        import spidev  # noqa: PLC0415 - an extra: it is compiled where it is installed
    except ImportError as error:
        raise BusMissing(where, "the package spidev is not installed", INSTALL) from error
    try:
        return cast("SPIBus", spidev.SpiDev(bus, select))
    except FileNotFoundError as error:
        raise BusMissing(
            where,
            "there is no such bus",
            "enable it: `sudo raspi-config nonint do_spi 0`, then reboot;"
            " `ls /dev/spidev*` shows which exist",
        ) from error
    except PermissionError as error:
        raise NotPermitted(
            where, "permission denied", "`sudo usermod -aG spi $USER`, then log in again"
        ) from error


def open_spi(bus: int = 0, select: int = 0) -> SPIPort:
    """Return the port of one chip select: for scripts and the REPL."""
    return SPIPort(open_select(bus, select), f"spi-{bus}:{select}")
