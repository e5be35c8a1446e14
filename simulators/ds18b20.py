"""Maxim DS18B20 and relatives behind the kernel's w1_therm (datasheet 19-7487 rev 6, w1_therm.c).

The id's first two digits are the family: 10 is a DS18S20 (19-5474), 3b a DS1825.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

from simulators.clock import SimulatedClock
from simulators.model import Model, Range

POWER_ON = bytes.fromhex("50 05 4b 46 7f ff 0c 10")  # 85 °C (figure 9)
STARVED = bytes.fromhex("ff 07 4b 46 7f ff 0c 10")  # 127.94 °C: the supply broke down meanwhile
POWER_ON_S20 = bytes.fromhex("aa 00 4b 46 ff ff 0c 10")  # DS18S20 figure 4
FORGOTTEN_AFTER = 100.0  # seconds: w1_master searches every 10 s and forgets after 10 misses

W1Fault: TypeAlias = Literal["", "noise", "shorted", "open", "busy", "power_on", "starved"]


class DS18B20(Model):
    """A thermometer; set `fault` to one of `W1Fault`, and pull it out with `unplug`."""

    inputs: ClassVar[Mapping[str, Range]] = {"temperature": Range(-55, 125, 0.0625)}
    quiet: ClassVar[Mapping[str, float]] = {"temperature": 20.0}
    initial: ClassVar[bytes] = POWER_ON

    def __init__(self, clock: SimulatedClock, id: str) -> None:  # noqa: A002 - the kernel's word
        super().__init__(clock)
        self.id = id
        self.resolution = 12
        self.fault: W1Fault = ""
        self._unplugged_at: float | None = None
        self._waiting: bytes | None = None

    def unplug(self) -> None:
        """Pull it off the bus; the kernel takes a while to notice."""
        self._unplugged_at = self.clock.monotonic()

    def plug(self) -> None:
        """Put it back."""
        self._unplugged_at = None

    def files(self) -> tuple[str, ...]:
        """Name the attributes; none once the kernel has noticed that the device is gone."""
        if self._unplugged_at is not None:
            missing = self.clock.monotonic() - self._unplugged_at
            if missing >= FORGOTTEN_AFTER:
                return ()
        return ("name", "w1_slave")

    def read(self, name: str) -> str:
        """Return an attribute; `w1_slave` is empty if nothing came back from the wire."""
        if name == "name":
            return f"{self.id}\n"
        frame, self._waiting = self._waiting or self.scratchpad(), None
        if self._unplugged_at is not None or self.fault == "busy":
            return ""  # w1_slave_show() returns 0 bytes on every error of the transfer
        return _text(self._arrived(frame), self.id[:2])

    def convert(self) -> None:
        """Convert with all others; the next read gives this value, whenever it comes."""
        self._waiting = self.scratchpad()

    def converted(self) -> bool:
        """Return whether such a value waits."""
        return self._waiting is not None

    def scratchpad(self) -> bytes:
        """Return the chip's memory after a conversion: 8 bytes and their checksum."""
        if self.id.startswith("10"):
            memory = POWER_ON_S20 if self.fault in {"power_on", "starved"} else self._counted()
        elif self.fault == "power_on":
            memory = self.initial
        else:
            memory = STARVED if self.fault == "starved" else self._converted()
        return memory + bytes([_crc(memory)])

    def _converted(self) -> bytes:
        """Return the memory of all but the DS18S20: sixteenths, and the resolution in byte 4."""
        raw = round(self.values["temperature"] * 16) >> (12 - self.resolution)
        raw <<= 12 - self.resolution
        low, high = raw.to_bytes(2, "little", signed=True)
        config = (self.resolution - 9) << 5 | (0x10 if self.id.startswith("3b") else 0x1F)
        count_remain = 0x10 - (raw & 0x0F)  # undocumented, but in all genuine chips
        return bytes([low, high, 0x4B, 0x46, config, 0xFF, count_remain, 0x10])

    def _counted(self) -> bytes:
        """Return the memory of a DS18S20: half degrees, and what remained of the count to 16."""
        sixteenths = round(self.values["temperature"] * 16)
        whole, gone = divmod(sixteenths + 4, 16)
        halves = 2 * whole + (gone >= 8)
        low, high = halves.to_bytes(2, "little", signed=True)
        return bytes([low, high, 0x4B, 0x46, 0xFF, 0xFF, 16 - gone, 16])

    def _arrived(self, frame: bytes) -> bytes:
        """Return the frame as it comes out of the wire."""
        if self.fault == "shorted":
            return bytes(9)
        if self.fault == "open":
            return b"\xff" * 9
        if self.fault == "noise":
            return bytes([frame[0] ^ 0x10]) + frame[1:]
        return frame


def _text(frame: bytes, family: str) -> str:
    """Write a frame as w1_therm does, its verdict included: `NO` comes from kernels before 5.8."""
    crc = _crc(frame[:8])
    verdict = "YES" if crc == frame[8] else "NO"
    raw = int.from_bytes(frame[:2], "little", signed=True)
    celsius = raw * 1000 // 16
    if family == "10" and frame[7]:
        celsius = (raw >> 1) * 1000 - 250 + (frame[7] - frame[6]) * 1000 // frame[7]
    shown = frame.hex(" ")
    return f"{shown} : crc={crc:02x} {verdict}\n{shown} t={celsius}\n"


def _crc(data: bytes) -> int:
    """CRC-8 by its shift register: x^8 + x^5 + x^4 + 1, least significant bit first (figure 11)."""
    register = 0
    for byte in data:
        for bit in range(8):
            feedback = (register ^ byte >> bit) & 1
            register = register >> 1 ^ (0x8C if feedback else 0)
    return register
