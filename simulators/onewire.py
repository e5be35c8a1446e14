"""1-Wire at the level of time slots: the wire, and Maxim's thermometers on it.

DS18B20 19-7487 rev 6 (ROM and function commands, figures 11-16).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from simulators.clock import SimulatedClock
from simulators.ds18b20 import POWER_ON, POWER_ON_S20

READ_ROM, MATCH_ROM, SKIP_ROM, SEARCH_ROM = 0x33, 0x55, 0xCC, 0xF0
CONVERT, READ, WRITE, COPY, RECALL, POWER = 0x44, 0xBE, 0x4E, 0x48, 0xB8, 0xB4
FAMILIES = frozenset({"10", "22", "28", "3b", "42"})  # thermometers with a scratchpad like this
CONVERSION_SECONDS = 0.75  # at 12 bits; half for each bit less (table 2)
RESOLUTION = 0x60  # the bits of the configuration register that can be written (figure 10)
RESERVED = 0x10  # byte 7 of every thermometer's scratchpad


class Text(Protocol):
    """A file that can be read."""

    def read_text(self) -> str:
        """Return the text; raise FileNotFoundError if there is none."""
        ...


class Thermometer:
    """A DS18B20 or one of its relatives, with external power.

    Its conversions give what `w1_slave` says at their begin: the nine bytes as they arrive from the
    simulated chip, its faults included; nothing if it is unplugged. `id` is the kernel's, such
    as "28-0316a4c8ffee".
    """

    def __init__(self, id: str, w1_slave: Text, clock: SimulatedClock) -> None:  # noqa: A002
        self.rom = _rom(id)
        self._w1_slave = w1_slave
        self._clock = clock
        self._family = id[:2]
        self._eeprom = self._registers = self._power_on_memory()[2:5]
        self._state: Callable[[int], int] = self._idle
        self._power_up()

    def reset(self) -> bool:
        """Wait for a ROM command; return whether the chip is present."""
        there = bool(self._arrived())
        if there:
            self._hear(1, self._rom_command)
        else:
            self._power_up()
        return there

    def slot(self, bit: int) -> int:
        """Handle one time slot: take the master's bit, return 0 to pull the wire down."""
        return self._state(bit)

    # Its states in the protocol: each one handles slots.

    def _idle(self, _bit: int) -> int:
        return 1

    def _hear(self, count: int, then: Callable[[bytes], None]) -> None:
        """Take so many bytes, least significant bit first, and act on them."""
        heard: list[int] = []

        def listen(bit: int) -> int:
            heard.append(bit)
            if len(heard) == 8 * count:
                self._state = self._idle
                then(_bytes(heard))
            return 1

        self._state = listen

    def _say(self, data: bytes) -> None:
        bits = _bits(data)
        self._state = lambda _bit: next(bits, 1)

    def _rom_command(self, heard: bytes) -> None:
        command = heard[0]
        if command == SEARCH_ROM:
            self._search()
        elif command == MATCH_ROM:
            self._hear(8, self._matched)
        elif command == READ_ROM:
            self._say(self.rom)
        elif command == SKIP_ROM:
            self._hear(1, self._function)

    def _matched(self, rom: bytes) -> None:
        if rom == self.rom:
            self._hear(1, self._function)

    def _search(self) -> None:
        """For each bit: say it, say its complement, and continue if the master wants this one."""
        steps = [
            (reply, wanted)
            for bit in _bits(self.rom)
            for reply, wanted in ((bit, None), (1 - bit, None), (1, bit))
        ][::-1]

        def answer(bit: int) -> int:
            reply, wanted = steps.pop()
            if wanted not in {None, bit}:
                self._state = self._idle
            elif not steps:
                self._hear(1, self._function)
            return reply

        self._state = answer

    def _function(self, heard: bytes) -> None:
        command = heard[0]
        if command == CONVERT:
            self._convert()
        elif command == READ:
            self._say(self._scratchpad())
        elif command == WRITE:
            self._hear(2 if self._family == "10" else 3, self._written)
        elif command == COPY:
            self._eeprom = self._registers
        elif command == RECALL:
            self._registers = self._eeprom
        # POWER and all others are answered by ones: external power, done

    # Power, memory and conversion

    def _power_on_memory(self) -> bytes:
        if self._family == "10":
            return POWER_ON_S20
        config = 0x70 if self._family == "3b" else 0x7F
        return POWER_ON[:4] + bytes([config]) + POWER_ON[5:]

    def _power_up(self) -> None:
        memory = self._power_on_memory()
        self._memory = memory + bytes([crc(memory)])
        self._registers = self._eeprom
        self._coming = self._memory
        self._ready_at = self._clock.monotonic()
        self._state = self._idle

    def _written(self, heard: bytes) -> None:
        """Take TH, TL, and of the configuration the resolution."""
        config = self._registers[2]
        if len(heard) == 3:
            config = config & ~RESOLUTION | heard[2] & RESOLUTION
        self._registers = heard[:2] + bytes([config])

    def _convert(self) -> None:
        self._memory = self._latest()
        self._coming = self._arrived() or self._memory
        seconds = CONVERSION_SECONDS / (1 << _undefined(self._registers))
        self._ready_at = self._clock.monotonic() + seconds
        self._state = lambda _bit: int(self._clock.monotonic() >= self._ready_at)

    def _latest(self) -> bytes:
        ready = self._clock.monotonic() >= self._ready_at
        return self._coming if ready else self._memory

    def _scratchpad(self) -> bytes:
        return with_registers(self._latest(), self._registers)

    def _arrived(self) -> bytes:
        """Return what the simulated chip has on the wire now; nothing if it is silent."""
        try:
            text = self._w1_slave.read_text()
        except FileNotFoundError:
            return b""
        return bytes.fromhex(text.partition(" :")[0])


class Wire:
    """The chips on one data line: if any pulls it low, all see it low."""

    def __init__(self, chips: Sequence[Thermometer]) -> None:
        self._chips = chips

    def reset(self) -> bool:
        """Reset all chips; return whether one is present."""
        present = [chip.reset() for chip in self._chips]
        return any(present)

    def slot(self, bit: int) -> int:
        """Write a bit; return the wire's level, which is what is read if `bit` is 1."""
        return bit & min([chip.slot(bit) for chip in self._chips], default=1)

    def byte(self, value: int) -> int:
        """Write a byte, least significant bit first; return what was on the wire."""
        return sum(self.slot(value >> n & 1) << n for n in range(8))


def with_registers(frame: bytes, registers: bytes) -> bytes:
    """Return a scratchpad as a chip with these TH, TL and configuration has it.

    What is not a chip's own, a bit that flipped or a dead line, stays as it is.
    """
    if crc(frame[:8]) != frame[8] or frame[7] != RESERVED:
        return frame
    low, count, undefined = frame[0], frame[6], _undefined(registers)
    if undefined and count == 0x10 - (low & 0x0F):  # a conversion, no power-on value
        low = low >> undefined << undefined
        count = 0x10 - (low & 0x0F)
    memory = bytes([low, frame[1], *registers, frame[5], count, frame[7]])
    return memory + bytes([crc(memory)])


def crc(data: bytes) -> int:
    """CRC-8 of 1-Wire: x^8 + x^5 + x^4 + 1, least significant bit first (figure 11)."""
    register = 0
    for bit in _bits(data):
        register = register >> 1 ^ 0x8C * ((register ^ bit) & 1)
    return register


def _rom(id: str) -> bytes:  # noqa: A002
    family, _, serial = id.partition("-")
    rom = bytes.fromhex(family) + bytes.fromhex(serial)[::-1]
    return rom + bytes([crc(rom)])


def _undefined(registers: bytes) -> int:
    """Return how many of the low bits are not converted: 0 to 3."""
    return 3 - (registers[2] >> 5 & 3)


def _bits(data: bytes) -> Iterator[int]:
    return (byte >> n & 1 for byte in data for n in range(8))


def _bytes(bits: Sequence[int]) -> bytes:
    return sum(bit << n for n, bit in enumerate(bits)).to_bytes(len(bits) // 8, "little")
