"""Maxim DS18B20 thermometer on 1-Wire, read through the kernel (datasheet 19-7487 rev 6).

The kernel's `temperature` attribute hides the nine bytes that tell a power-on value from a real
85 °C; `w1_slave` shows them. Its read converts first and blocks for up to 750 ms.
"""

import re
from typing import ClassVar

from drivers import checksum
from drivers.channel import Channel
from drivers.driver import BusKind, Steps, checked
from drivers.errors import (
    BadChecksum,
    DeadFrame,
    LostConfiguration,
    NotReady,
    TransferFailed,
    WrongChip,
)
from drivers.sysfs import Attributes

FAMILY = "28-"
FRAME = re.compile(r"((?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (YES|NO)")
NOT_CONVERTED = 0x0C  # byte 6 after power-on, or when a conversion broke down; else 0x10 - low bits
POWER_ON = 0x0550  # 85 °C (figure 4)
STARVED = 0x07FF  # 127.94 °C


class DS18B20:
    """A thermometer from -55 to 125 °C; the port is its directory in /sys/bus/w1/devices."""

    bus: ClassVar[BusKind] = "w1"
    channels: tuple[Channel, ...] = (Channel("temperature", "°C", -55, 125, 0.0625),)

    def __init__(self, port: Attributes) -> None:
        self._port = port

    def setup(self) -> Steps[None]:
        """Make sure of the family: its relatives (DS18S20, DS1822) count in other steps."""
        name = self._port.read("name").strip()
        if not name.startswith(FAMILY):
            raise WrongChip(self._port.where, f"{name} is no DS18B20, whose ids begin with 28-")
        yield from ()

    def measure(self) -> Steps[dict[str, float]]:
        """Convert and read; raise rather than return a power-on value or a dead bus's zeros."""
        frame = scratchpad(self._port.read("w1_slave"), self._port.where)
        check_converted(frame, self._port.where)
        yield from ()
        return checked(self.channels, {"temperature": temperature(frame)}, self._port.where)


def scratchpad(text: str, where: str) -> bytes:
    """Return the nine bytes of `w1_slave`, whole and from a living chip."""
    if not text.strip():  # what w1_slave_show() gives when a transfer failed five times
        raise NotReady(
            where,
            "the kernel got no answer",
            "unplugged, or another program converts; check wiring and the 4.7 kΩ pull-up",
        )
    match = FRAME.match(text)
    if match is None:
        raise TransferFailed(where, f"w1_slave says {text[:60]!r}")
    frame = bytes.fromhex(match[1])
    if frame in {bytes(9), b"\xff" * 9}:  # nine zeros pass their checksum
        raise DeadFrame(where, f"the bus answers {frame[0]:02x} only")
    if match[2] == "NO" or checksum.dallas(frame[:8]) != frame[8]:
        raise BadChecksum(where, f"checksum wrong in {frame.hex(' ')}")
    return frame


def check_converted(frame: bytes, where: str) -> None:
    """Raise `LostConfiguration` where the value is what the chip shows without a conversion."""
    raw = int.from_bytes(frame[:2], "little")
    if frame[6] != NOT_CONVERTED:
        return
    if raw == POWER_ON:
        raise LostConfiguration(where, "85 °C is the power-on value: nothing was converted")
    if raw == STARVED:
        raise LostConfiguration(
            where, "127.94 °C: too little power to convert", "connect VDD to 3.3 V"
        )


def temperature(frame: bytes) -> float:
    """Return °C; bits that the configured resolution leaves undefined count as 0 (table 2)."""
    undefined = 3 - (frame[4] >> 5 & 3)
    raw = int.from_bytes(frame[:2], "little", signed=True)
    return (raw >> undefined << undefined) / 16
