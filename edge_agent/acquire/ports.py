"""The port of each device: the bus that it is connected to, bound to its place there."""

from typing import Any

from drivers.base.errors import DriverError
from drivers.base.i2c import I2CPort
from drivers.base.linux import LinuxPort
from drivers.base.modbus import ModbusPort
from drivers.base.serial import SerialPort
from drivers.base.spi import SPIPort
from drivers.base.w1 import W1Port
from edge_agent.acquire.hardware import Hardware, Place


class ClaimedByKernel(DriverError):
    """A kernel driver owns the chip; two masters would corrupt each other's measurements."""

    quality = "claimed_by_kernel"
    hint = "remove its line (dtoverlay=…) from /boot/firmware/config.txt and reboot"


def port(hardware: Hardware, place: Place, device: str) -> Any:  # noqa: ANN401
    """Return the port of a device; raise a `DriverError` if there is none."""
    name = f"{device}@{place.line}"
    if place.kind == "w1":
        return W1Port(hardware.w1(place.id), hardware.w1_master(place.id))
    if place.kind == "gpio":
        from drivers.base.pins import PinPort  # noqa: PLC0415

        return PinPort(hardware.pins(), place.pin, name)
    if place.kind == "spi":
        return SPIPort(hardware.spi(place.bus, place.address), f"{name}:{place.address}")
    if place.kind in {"serial", "modbus"}:
        return _line_port(hardware, place, name)
    if place.kind == "i2c":
        return _i2c_port(hardware, place, name)
    return LinuxPort(hardware.kernel(), device)


def _line_port(hardware: Hardware, place: Place, name: str) -> SerialPort | ModbusPort:
    if place.kind == "serial":
        return SerialPort(hardware.serial(place.id), name)
    return ModbusPort(hardware.modbus(place.id), place.address, f"{name} unit {place.address}")


def _i2c_port(hardware: Hardware, place: Place, name: str) -> I2CPort:
    owner = hardware.claimed(place.bus, place.address)
    if owner:
        instead = hardware.instead(place.bus, place.address)
        raise ClaimedByKernel(
            f"{name}:0x{place.address:02x}",
            f"the kernel's driver {owner} owns it",
            f"use {instead}; or {ClaimedByKernel.hint}" if instead else "",
        )
    return I2CPort(hardware.i2c(place.bus), place.address, name)
