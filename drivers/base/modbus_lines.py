"""Modbus lines by their path: a serial device, or tcp://host:port."""

from functools import partial

from drivers.base.modbus import ModbusLine, ModbusPort
from drivers.base.modbus_rtu import RtuLine
from drivers.base.modbus_tcp import TcpLine, endpoint
from drivers.base.serial import PluggableLine


def modbus_line(path: str) -> ModbusLine:
    """Return a line that opens at its first request; raise ValueError for a URL that is none."""
    if "://" in path:
        return TcpLine(endpoint(path))
    return RtuLine(partial(PluggableLine, path))


def open_modbus(path: str, unit: int = 1) -> ModbusPort:
    """Return the port of a unit: for scripts and the REPL."""
    return ModbusPort(modbus_line(path), unit, f"{path} unit {unit}")
