"""Microchip MCP23017: 16 pins on I2C (DS20001952C), as inputs, and each one as an output.

The devices of one chip share its registers without locks: the inputs' thread writes the pull-ups
only, the outputs' thread the directions and latches only.
"""

from typing import ClassVar, Literal, TypeAlias, get_args

from drivers.base.blindness import OPEN_CONTACT, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.declared import each_once
from drivers.base.driver import BusKind, Identity, Steps, Values
from drivers.base.errors import DriverError, LostConfiguration, WrongChip
from drivers.base.i2c import I2CPort, settled
from drivers.base.registers import refuse_dead

# Register addresses with BANK = 0 (table 3-3): A, then B
IODIR, IPOL, IOCON, GPPU, GPIO, OLAT = 0x00, 0x02, 0x0A, 0x0C, 0x12, 0x14
BANKED_IOCON = 0x05  # where IOCON is with BANK = 1; with BANK = 0 this enables no interrupt
COUNT = 0x16

Name: TypeAlias = Literal[
    "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7"
]
NAMES: tuple[Name, ...] = get_args(Name)
ADDRESSES = tuple(range(0x20, 0x28))


class MCP23017:
    """Microchip MCP23017 port expander: contacts on any of its 16 pins (DS20001952C)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (OPEN_CONTACT, TWINS)
    addresses: ClassVar[tuple[int, ...]] = ADDRESSES
    channels: tuple[Channel, ...] = tuple(Channel(name, "", 0, 1, 1, "binary") for name in NAMES)

    def __init__(
        self,
        port: I2CPort,
        *,
        inputs: tuple[Name, ...] = NAMES,
        pull_up: bool = True,
        active_low: bool = True,
    ) -> None:
        """`active_low`: 1 means a low level, as of a switch to ground with the pull-up."""
        each_once("inputs", inputs)
        self._port = port
        self._active_low = active_low
        self._bits = {name: NAMES.index(name) for name in inputs}
        self._mask = sum(1 << bit for bit in self._bits.values())
        self._pulled = self._mask if pull_up else 0
        self.channels = tuple(Channel(name, "", 0, 1, 1, "binary") for name in inputs)

    def identify(self) -> Identity | None:
        """Look at what has two addresses (IOCON) and at its bit that is always 0."""
        first, second = self._port.write_read(bytes([IOCON]), 2)
        return Identity("MCP23017", certain=False) if first == second and not first & 1 else None

    def setup(self) -> Steps[None]:
        """Bring the register map into its order, and pull the inputs up; outputs stay as they are.

        The pins themselves need nothing: they are inputs from power-on on.
        """
        self._port.write(bytes([BANKED_IOCON, 0]))
        self._port.write(bytes([IOCON, 0]))
        self._port.write(bytes([IPOL, 0, 0]))
        self._port.write(bytes([GPPU, *self._pulled.to_bytes(2, "little")]))
        self._checked(self._registers())
        yield from ()

    def measure(self) -> Steps[Values]:
        """Read all pins until several reads agree, each with its configuration."""
        yield from ()
        return self._values(settled(self._levels, self._port.where, "do contacts bounce?"))

    def _levels(self) -> int:
        return self._checked(self._registers())

    def _registers(self) -> bytes:
        registers = self._port.write_read(bytes([IODIR]), COUNT)
        refuse_dead(registers, self._port.where)
        return registers

    def _checked(self, registers: bytes) -> int:
        """Return the levels of our pins; raise if the chip is not what `setup` made it."""
        if registers[IOCON] or registers[IOCON + 1] or _word(registers, IPOL):
            raise WrongChip(self._port.where, "no MCP23017, or one that others have configured")
        if _word(registers, GPPU) != self._pulled:
            raise LostConfiguration(self._port.where, "the pull-ups are not as they were set")
        if ~_word(registers, IODIR) & self._mask:
            raise WrongChip(
                self._port.where, "an input is driven as an output", "take it out of `inputs`"
            )
        return _word(registers, GPIO) & self._mask

    def _values(self, levels: int) -> dict[str, float]:
        return {
            name: float((levels >> bit & 1) != self._active_low) for name, bit in self._bits.items()
        }


class MCP23017Output:
    """Microchip MCP23017 port expander: one of its 16 pins as an output (DS20001952C)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = ADDRESSES

    def __init__(self, port: I2CPort, pin: int = 0, *, active_low: bool = False) -> None:
        """`pin`: 0 to 7 are A0 to A7, 8 to 15 are B0 to B7."""
        if not 0 <= pin <= 15:
            raise ValueError(f"pin is {pin}: wanted 0 to 15")
        self._port = port
        self._bank, self._bit = pin // 8, 1 << pin % 8
        self._active_low = active_low

    def apply(self, value: float) -> None:
        """Switch; the level is latched before the pin becomes an output: no glitch."""
        self._port.write(bytes([BANKED_IOCON, 0]))
        self._change(OLAT, high=bool(value) != self._active_low)
        self._change(IODIR, high=False)

    def state(self) -> float:
        """Return 1 for on, 0 for off, read from the pin; raise if it is no output any more."""
        registers = self._port.write_read(bytes([IODIR]), COUNT)
        if registers[IODIR + self._bank] & self._bit:
            raise LostConfiguration(self._port.where, "the pin is not driven any more")
        level = bool(registers[GPIO + self._bank] & self._bit)
        return float(level != self._active_low)

    def close(self) -> None:
        """Release the pin: it floats, and the board's resistor decides."""
        self._change(IODIR, high=True)

    def _change(self, register: int, *, high: bool) -> None:
        """Change our bit only, and make sure; a misread must not switch the neighbours."""
        address = register + self._bank
        old = self._read(address)
        new = old | self._bit if high else old & ~self._bit
        if new != old:
            self._port.write(bytes([address, new]))
        if self._read(address) != new:
            raise DriverError(self._port.where, f"register 0x{address:02x} does not take {new:02x}")

    def _read(self, address: int) -> int:
        return self._port.read_steady(1, bytes([address]))[0]


def _word(registers: bytes, address: int) -> int:
    return int.from_bytes(registers[address : address + 2], "little")
