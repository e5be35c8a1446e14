"""Which faults a device can have, by kind: the way it is connected decides."""

from collections.abc import Callable, Mapping
from typing import Any

from simulators.bus import TransferFault
from simulators.faults import (
    BrownOut,
    ConstantFrame,
    CorruptBits,
    NoAnswer,
    SlowConversion,
    StuckBus,
    Unplug,
)
from simulators.linux import ERRORS, LinuxModel
from simulators.modbus_line import ModbusModel
from simulators.model import I2CModel, Model
from simulators.serial import SerialModel
from simulators.spi import SPIModel
from simulators.w1_faults import KINDS, Pluggable, TimedFault

FAULTS: dict[str, Callable[..., TransferFault]] = {
    "brown_out": BrownOut,
    "corrupt_bits": CorruptBits,
    "dead_frame": ConstantFrame,
    "no_answer": NoAnswer,
    "slow_conversion": SlowConversion,
    "stuck_bus": StuckBus,
    "unplug": Unplug,
}
LINE_FAULTS = {
    kind: FAULTS[kind] for kind in ("brown_out", "corrupt_bits", "slow_conversion", "unplug")
}
SPI_FAULTS = {kind: FAULTS[kind] for kind in (*LINE_FAULTS, "dead_frame")}
LINUX_FAULTS: dict[str, Callable[..., object]] = dict.fromkeys(ERRORS, TimedFault)
W1_FAULTS: dict[str, Callable[..., object]] = dict.fromkeys(KINDS, TimedFault)
CONNECTED: tuple[tuple[type[Any], Mapping[str, Callable[..., object]]], ...] = (
    (I2CModel, FAULTS),
    (SPIModel, SPI_FAULTS),
    (SerialModel, LINE_FAULTS),
    (ModbusModel, LINE_FAULTS),
    (LinuxModel, LINUX_FAULTS),
    (Pluggable, W1_FAULTS),
)


def faults_of(model: type[Model]) -> Mapping[str, Callable[..., object]]:
    """Return the faults that a device can have, by kind; a contact or a relay has none."""
    return next((faults for kind, faults in CONNECTED if issubclass(model, kind)), {})
