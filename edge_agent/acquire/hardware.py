"""Where devices are connected: real hardware or simulated.

Only the hardware differs between `run` and `simulate`: a driver does not know which port it has.
"""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from drivers.base.driver import BusKind
from drivers.base.i2c import I2CBus, PluggableBus
from drivers.base.linux import Kernel, RealKernel
from drivers.base.modbus import ModbusLine
from drivers.base.serial import PluggableLine, SerialLine
from drivers.base.spi import SPIBus, open_select
from drivers.base.sysfs import w1_ids
from drivers.base.w1 import Master, W1Master, bulk_read


class Place(NamedTuple):
    """Where a device is connected: a kind of bus, and what it takes to find the device there.

    `address` is the chip select on SPI, the unit on Modbus; `id` the path of a line, or the
    device's own name if nothing else distinguishes it from others.
    """

    kind: BusKind
    bus: int = 1
    address: int = 0
    pin: int = -1
    id: str = ""

    @property
    def line(self) -> str:
        """The bus as users know it; the devices of one line share a thread."""
        if self.kind in {"serial", "modbus"}:
            return self.id
        return f"{self.kind}-{self.bus}" if self.kind in {"i2c", "spi"} else self.kind

    def __str__(self) -> str:
        if self.kind == "serial":
            return self.id
        if self.kind == "modbus":
            return f"{self.id} unit {self.address}"
        pin = f":{self.pin}" if self.pin >= 0 else ""
        spots = {"i2c": f"0x{self.address:02x}{pin}", "spi": str(self.address), "gpio": pin[1:]}
        return f"{self.line}:{spots.get(self.kind, self.id)}"


class Hardware(Protocol):
    """What a machine, or a simulated one, has to offer."""

    def i2c(self, number: int) -> I2CBus:
        """Return the bus; raise a `DriverError` if it cannot be opened."""
        ...

    def spi(self, bus: int, select: int) -> SPIBus:
        """Return a chip select; raise a `DriverError` if it cannot be opened."""
        ...

    def serial(self, path: str) -> SerialLine:
        """Return a serial line; raise a `DriverError` if it cannot be opened."""
        ...

    def modbus(self, path: str) -> ModbusLine:
        """Return a Modbus line, which is opened at the first request."""
        ...

    def kernel(self) -> Kernel:
        """Return the kernel's files."""
        ...

    def w1(self, id: str) -> Any:  # noqa: A002, ANN401 - the kernel's word; a Path, or like one
        """Return the directory of one 1-Wire device, whether it exists or not."""
        ...

    def w1_master(self, id: str) -> Master:  # noqa: A002
        """Return the bus of a 1-Wire device, the same object for all devices on it."""
        ...

    def pins(self) -> Any:  # noqa: ANN401 - gpiozero has no types, and may not be installed
        """Return gpiozero's pin factory."""
        ...

    def claimed(self, number: int, address: int) -> str:
        """Return the kernel driver that owns an I2C address, or nothing."""
        ...

    def instead(self, number: int, address: int) -> str:
        """Return the configuration that reads a chip through its kernel driver, or nothing."""
        ...

    def buses(self) -> tuple[int, ...]:
        """Return the numbers of the I2C buses."""
        ...

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the 1-Wire devices."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...


class RealHardware:
    """The machine's own buses, each opened when first asked for and only once."""

    def __init__(self, sys: Path = Path("/sys")) -> None:
        self._sys = sys
        self._buses: dict[int, Any] = {}
        self._selects: dict[tuple[int, int], SPIBus] = {}
        self._lines: dict[str, SerialLine] = {}
        self._modbus: dict[str, ModbusLine] = {}
        self._masters: dict[Path, W1Master] = {}
        self._pins: Any = None

    def i2c(self, number: int) -> I2CBus:
        """Return /dev/i2c-`number`; raise `BusMissing` or `NotPermitted`."""
        if number not in self._buses:
            self._buses[number] = PluggableBus(number)
        bus: I2CBus = self._buses[number]
        return bus

    def spi(self, bus: int, select: int) -> SPIBus:
        """Return /dev/spidev`bus`.`select`; raise `BusMissing` or `NotPermitted`."""
        if (bus, select) not in self._selects:
            self._selects[bus, select] = open_select(bus, select)
        return self._selects[bus, select]

    def serial(self, path: str) -> SerialLine:
        """Return a serial line, whose USB adapter may be away; raise a `DriverError`."""
        if path not in self._lines:
            self._lines[path] = PluggableLine(path)
        return self._lines[path]

    def modbus(self, path: str) -> ModbusLine:
        """Return a Modbus line, which is opened at the first request."""
        if path not in self._modbus:
            from drivers.base.modbus_lines import modbus_line  # noqa: PLC0415 - few have any

            self._modbus[path] = modbus_line(path)
        return self._modbus[path]

    def kernel(self) -> Kernel:
        """Return the kernel's files."""
        return RealKernel(self._sys.parent)

    def w1(self, id: str) -> Path:  # noqa: A002
        """Return the kernel's directory of one 1-Wire device, whether it exists or not."""
        return self._sys / "bus/w1/devices" / id

    def w1_master(self, id: str) -> W1Master:  # noqa: A002
        """Return the bus of a 1-Wire device, the same object for all devices on it."""
        bulk = bulk_read(self.w1(id))
        if bulk not in self._masters:
            self._masters[bulk] = W1Master(bulk, time.monotonic)
        return self._masters[bulk]

    def pins(self) -> Any:  # noqa: ANN401
        """Return the pins of the header."""
        if self._pins is None:
            from drivers.base.pins import open_pins  # noqa: PLC0415 - gpiozero, 3 MB, only if used

            self._pins = open_pins()
        return self._pins

    def claimed(self, number: int, address: int) -> str:
        """Return the kernel driver that owns an I2C address: plain I2C transfers ignore it."""
        driver = self._device(number, address) / "driver"
        return driver.resolve().name if driver.exists() else ""

    def instead(self, number: int, address: int) -> str:
        """Return the configuration that reads a chip through its kernel driver's device."""
        from drivers import hwmon, iio  # noqa: PLC0415 - an agent loads its devices' drivers only

        device = self._device(number, address)
        for name in sorted([*device.glob("iio:device*/name"), *device.glob("hwmon/hwmon*/name")]):
            driver = hwmon if "hwmon" in name.parts else iio
            measure = driver.measurable([file.name for file in name.parent.iterdir()])
            kind = "hwmon" if driver is hwmon else "iio"
            shown = f'driver = "{kind}", device = "{name.read_text().strip()}"'
            return f"{shown}, measure = {json.dumps(measure)}"
        return ""

    def _device(self, number: int, address: int) -> Path:
        return self._sys / f"bus/i2c/devices/{number}-{address:04x}"

    def buses(self) -> tuple[int, ...]:
        """Return the numbers of the I2C buses that the kernel offers."""
        names = (path.name for path in (self._sys / "bus/i2c/devices").glob("i2c-*"))
        return tuple(sorted(int(name.removeprefix("i2c-")) for name in names))

    def ids(self) -> tuple[str, ...]:
        """Return the ids of the 1-Wire devices that the kernel has found."""
        devices = self._sys / "bus/w1/devices"
        return w1_ids(devices) if devices.is_dir() else ()

    def close(self) -> None:
        """Close every bus, and release every pin."""
        for opened in (
            *self._buses.values(),
            *self._selects.values(),
            *self._lines.values(),
            *self._modbus.values(),
        ):
            opened.close()
        if self._pins is not None:
            self._pins.close()
