"""Microchip MCP23017 port expander as its datasheet describes it (DS20001952C)."""

from collections.abc import Mapping
from typing import ClassVar

from simulators.clock import SimulatedClock
from simulators.model import I2CModel, Range

PINS = tuple(f"{port}{n}" for port in "ab" for n in range(8))
IODIR, IOCON, GPPU, GPIO, OLAT = 0, 5, 6, 9, 10  # of the 11 registers that each port has
COUNT = 11
BANK, SEQOP = 0x80, 0x20


class MCP23017(I2CModel):
    """Each input is a contact; open, it leaves its pin to the pull-up, or floating low."""

    addresses: ClassVar[tuple[int, ...]] = tuple(range(0x20, 0x28))
    exclusive: ClassVar[bool] = False
    inputs: ClassVar[Mapping[str, Range]] = dict.fromkeys(PINS, Range(0, 1, 1))
    quiet: ClassVar[Mapping[str, float]] = dict.fromkeys(PINS, 0.0)

    def __init__(self, clock: SimulatedClock, *, active_low: bool = True) -> None:
        self._active_low = active_low
        super().__init__(clock)

    def power_on(self) -> None:
        """Make all pins inputs without pull-ups (table 3-1)."""
        self._ports = [[0xFF] + [0] * (COUNT - 1) for _ in range(2)]
        self._pointer = 0

    def write(self, data: bytes) -> None:
        """Set the pointer, then write from there on."""
        for n, byte in enumerate(data):
            if n == 0:
                self._pointer = byte
                continue
            self._store(byte)
            self._advance()

    def read(self, count: int) -> bytes:
        """Read from the pointer on."""
        frame = bytearray()
        for _ in range(count):
            frame.append(self._load())
            self._advance()
        return bytes(frame)

    def level(self, pin: int) -> bool | None:
        """Return what the chip drives on a pin (0 to 15), or None if it is an input."""
        registers, bit = self._ports[pin // 8], pin % 8
        return None if registers[IODIR] >> bit & 1 else bool(registers[OLAT] >> bit & 1)

    def _place(self) -> tuple[int, int] | None:
        """Return port and register under the pointer (table 3-2 and 3-3)."""
        banked = self._ports[0][IOCON] & BANK
        port, register = divmod(self._pointer, 0x10) if banked else divmod(self._pointer, 2)[::-1]
        return (port, register) if port < 2 and register < COUNT else None

    def _advance(self) -> None:
        if not self._ports[0][IOCON] & SEQOP:
            self._pointer = (self._pointer + 1) % (2 * COUNT)

    def _store(self, byte: int) -> None:
        place = self._place()
        if place is None:
            return
        port, register = place
        if register == IOCON:
            self._ports[0][IOCON] = self._ports[1][IOCON] = byte & 0xFE
        elif register not in {7, 8}:  # INTF and INTCAP are read only
            self._ports[port][OLAT if register == GPIO else register] = byte

    def _load(self) -> int:
        place = self._place()
        if place is None:
            return 0
        port, register = place
        return self._pins(port) if register == GPIO else self._ports[port][register]

    def _pins(self, port: int) -> int:
        levels = [self._level(port, bit) for bit in range(8)]
        polarity = self._ports[port][1]
        return sum(level << bit for bit, level in enumerate(levels)) ^ polarity

    def _level(self, port: int, bit: int) -> bool:
        registers = self._ports[port]
        if not registers[IODIR] >> bit & 1:
            return bool(registers[OLAT] >> bit & 1)
        closed = self.values[PINS[8 * port + bit]] >= 0.5
        if self._active_low:
            return not closed and bool(registers[GPPU] >> bit & 1)
        return closed


class MCP23017Output(MCP23017):
    """A chip of which only outputs are configured."""

    inputs: ClassVar[Mapping[str, Range]] = {}
    quiet: ClassVar[Mapping[str, float]] = {}

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)

    def _level(self, port: int, bit: int) -> bool:
        """Return what is driven; a pin that nothing drives is low."""
        return bool(self.level(8 * port + bit))
