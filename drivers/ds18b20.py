"""Maxim DS18B20 thermometer on 1-Wire and its relatives, read through the kernel's w1_therm.

Datasheets: DS18B20 19-7487 rev 6, DS18S20 19-5474, DS1822, DS1825, DS28EA00. The kernel's
`temperature` attribute hides the nine bytes that distinguish a power-on value from a real 85 °C;
`w1_slave` shows them. All thermometers of a bus convert at once, which blocks for up to 750 ms.
"""

import re
from typing import ClassVar, Protocol

from drivers.base import checksum
from drivers.base.blindness import Blindness
from drivers.base.channel import Channel
from drivers.base.driver import BusKind, Identity, Steps, Values, checked
from drivers.base.errors import (
    BadChecksum,
    DeadFrame,
    LostConfiguration,
    NotReady,
    TransferFailed,
    WrongChip,
)
from drivers.base.sysfs import Attributes
from drivers.base.w1_clones import clone, has_reserved_bytes, shows_conversion

WHOLE = Channel("temperature", "°C", -55, 125, 0.0625)
FAMILIES = {  # the first two digits of an id
    "10": WHOLE,  # DS18S20, DS1820
    "22": WHOLE,  # DS1822
    "28": WHOLE,  # DS18B20
    "3b": WHOLE,  # DS1825
    "42": Channel("temperature", "°C", -40, 85, 0.0625),  # DS28EA00
}
CHIPS = {"10": "DS18S20", "22": "DS1822", "3b": "DS1825", "42": "DS28EA00"}
FRAME = re.compile(r"((?:[0-9a-f]{2} ){9}): crc=[0-9a-f]{2} (YES|NO)")
NOT_CONVERTED = 0x0C  # byte 6 of a DS18S20 after power-on
POWER_ON = 0x0550  # 85 °C (figure 4)
POWER_ON_CLONE = 0x0190  # 25 °C
GENUINE = "buy it from a distributor of Analog Devices"
STARVED = 0x07FF  # 127.94 °C
POWER_ON_S20 = 0x00AA  # 85 °C in half degrees (DS18S20 table 1)
COUNT_PER_C = 16  # DS18S20: "hardwired"
THERMOCOUPLE = 0x80  # byte 4: 0 in a DS1825, 1 in a MAX31850 (its configuration register)


class Thermometer(Attributes, Protocol):
    """The attributes of one device; `frame` returns `w1_slave` after a conversion of now."""

    def frame(self) -> str:
        """Return the nine bytes and a verdict; raise a `DriverError` if there are none."""
        ...


class DS18B20:
    """Maxim DS18B20, DS18S20, DS1820, DS1822, DS1825, DS28EA00 thermometers (19-7487 rev 6).

    The port is its directory in /sys/bus/w1/devices; the id's first two digits say which it is.
    Only Maxim's own DS18B20 distinguishes a real 85 °C from the power-on value: its relatives and
    clones do not report it, nor one clone 25 °C. `scan` names clones.
    """

    bus: ClassVar[BusKind] = "w1"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "that a clone of family D repeats a value: it keeps the last one over a loss of power",
            "a genuine chip; `edge-agent scan` names clones",
        ),
    )
    channels: tuple[Channel, ...] = (WHOLE,)

    def __init__(self, port: Thermometer) -> None:
        self._port = port

    def identify(self) -> Identity | None:
        """Convert and look at the id and the reserved bytes, which clones do not have right."""
        name = self._name()
        if not name.startswith("28"):
            return Identity(CHIPS[name[:2]], certain=True)
        families = clone(name, scratchpad(self._port.frame(), self._port.where))
        chip = f"clone of a DS18B20, family {families}" if families else "DS18B20"
        return Identity(chip, certain=True)

    def setup(self) -> Steps[None]:
        """Make sure that it is a thermometer, of a family whose steps are known."""
        self._name()
        yield from ()

    def measure(self) -> Steps[Values]:
        """Convert and read; raise rather than return a power-on value or a dead bus's zeros."""
        frame = scratchpad(self._port.frame(), self._port.where)
        name = self._name()
        family = name[:2]
        check_converted(frame, name, self._port.where)
        yield from ()
        celsius = counted(frame, self._port.where) if family == "10" else temperature(frame)
        return checked((FAMILIES[family],), {"temperature": celsius}, self._port.where)

    def _name(self) -> str:
        """Return the id, whose family is a thermometer's; raise `WrongChip` if it is not."""
        name = self._port.read("name").strip()
        if name[:2] not in FAMILIES:
            known = ", ".join(FAMILIES)
            raise WrongChip(
                self._port.where, f"{name} is no thermometer, whose ids begin with {known}"
            )
        return name


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


def check_converted(frame: bytes, name: str, where: str) -> None:
    """Raise `LostConfiguration` if the value is what the chip shows without a conversion."""
    raw, family = int.from_bytes(frame[:2], "little"), name[:2]
    if family == "3b" and frame[4] & THERMOCOUPLE:
        raise WrongChip(where, "a thermocouple converter (MAX31850), no DS1825")
    if _converted(frame, name):
        return
    if family == "28" and raw == POWER_ON_CLONE and not has_reserved_bytes(frame):
        raise LostConfiguration(where, "25 °C is a clone's power-on value, or a real one", GENUINE)
    if raw == (POWER_ON_S20 if family == "10" else POWER_ON):
        raise LostConfiguration(where, "85 °C is the power-on value: nothing was converted")
    if raw == STARVED:
        raise LostConfiguration(
            where, "127.94 °C: too little power to convert", "connect VDD to 3.3 V"
        )


def _converted(frame: bytes, name: str) -> bool:
    """Return whether the frame says that it holds a conversion; a DS18S20's byte 6 is its count."""
    if name.startswith("10"):
        return frame[6] != NOT_CONVERTED
    return name.startswith("28") and shows_conversion(name, frame)


def temperature(frame: bytes) -> float:
    """Return °C; bits that the configured resolution leaves undefined count as 0 (table 2)."""
    undefined = 3 - (frame[4] >> 5 & 3)
    raw = int.from_bytes(frame[:2], "little", signed=True)
    return (raw >> undefined << undefined) / 16


def counted(frame: bytes, where: str) -> float:
    """Return °C of a DS18S20: half degrees, refined by the count that remains (datasheet eq. 1).

    Table 1: 00AA = 85, 0032 = 25, 0001 = 0.5, 0000 = 0, FFFF = -0.5, FFCE = -25, FF92 = -55.
    """
    halves = int.from_bytes(frame[:2], "little", signed=True)
    celsius = (halves >> 1) - 0.25 + (COUNT_PER_C - frame[6]) / COUNT_PER_C
    if frame[7] != COUNT_PER_C or abs(celsius - halves / 2) >= 0.5:
        raise WrongChip(
            where,
            f"its count {frame[6]} of {frame[7]} does not fit {halves / 2:g} °C",
            "a DS18S20 counts to 16: is this a clone?",
        )
    return celsius
