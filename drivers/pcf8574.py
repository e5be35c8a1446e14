"""NXP/TI PCF8574 and PCF8574A: 8 quasi-bidirectional pins on I2C (SCPS068J), no register at all.

A 1 in its latch is a weak pull-up, so that the pin can be an input; a chip here has inputs only or
outputs only, for reading an input back into the latch would make it an output.
"""

from typing import ClassVar, Literal, TypeAlias, get_args

from drivers.base.blindness import OPEN_CONTACT, TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.declared import each_once
from drivers.base.driver import BusKind, Identity, Steps, Values
from drivers.base.i2c import I2CPort, settled

RELEASED = 0xFF  # all pins high, weakly: also the power-on value (§8.3)
ADDRESSES = (*range(0x20, 0x28), *range(0x38, 0x40))  # PCF8574, PCF8574A

Name: TypeAlias = Literal["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"]
NAMES: tuple[Name, ...] = get_args(Name)


class PCF8574:
    """NXP or TI PCF8574(A) port expander: contacts on its 8 pins, all of them inputs (SCPS068J)."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "that another chip answers, or none: eight levels are all that it says",
            "an MCP23017, whose registers are read back",
        ),
        TWINS,
        OPEN_CONTACT,
    )
    addresses: ClassVar[tuple[int, ...]] = ADDRESSES
    alone: ClassVar[bool] = True
    channels: tuple[Channel, ...] = tuple(Channel(name, "", 0, 1, 1, "binary") for name in NAMES)

    def __init__(
        self, port: I2CPort, *, inputs: tuple[Name, ...] = NAMES, active_low: bool = True
    ) -> None:
        """`active_low`: 1 means a low level, as of a switch to ground."""
        each_once("inputs", inputs)
        self._port = port
        self._active_low = active_low
        self._inputs = inputs
        self.channels = tuple(Channel(name, "", 0, 1, 1, "binary") for name in inputs)

    def identify(self) -> Identity | None:
        """Anything may answer so: the chip has no identification register."""
        self._port.read(1)
        return Identity("PCF8574", certain=False)

    def setup(self) -> Steps[None]:
        """Release all pins."""
        self._port.write(bytes([RELEASED]))
        yield from ()

    def measure(self) -> Steps[Values]:
        """Release and read the pins until several reads agree."""
        yield from ()
        return self._values(settled(self._levels, self._port.where, "do contacts bounce?"))

    def _levels(self) -> int:
        """Return the pins, each of them an input also if another program has made it an output."""
        self._port.write(bytes([RELEASED]))
        return self._port.read(1)[0]

    def _values(self, levels: int) -> dict[str, float]:
        return {
            name: float((levels >> NAMES.index(name) & 1) != self._active_low)
            for name in self._inputs
        }


class PCF8574Output:
    """NXP or TI PCF8574(A) port expander: one of its 8 pins as an output (SCPS068J)."""

    bus: ClassVar[BusKind] = "i2c"
    addresses: ClassVar[tuple[int, ...]] = ADDRESSES

    def __init__(self, port: I2CPort, pin: int = 0, *, active_low: bool = True) -> None:
        """`active_low`: on is a low level, the only one that the chip drives with some current."""
        if not 0 <= pin <= 7:
            raise ValueError(f"pin is {pin}: wanted 0 to 7")
        self._port = port
        self._bit = 1 << pin
        self._active_low = active_low

    def identify(self) -> Identity | None:
        """Anything may answer so: the chip has no identification register."""
        self._port.read(1)
        return Identity("PCF8574", certain=False)

    def apply(self, value: float) -> None:
        """Switch; the other outputs stay as the pins say that they are."""
        levels = self._levels()
        high = bool(value) != self._active_low
        self._port.write(bytes([levels | self._bit if high else levels & ~self._bit]))

    def state(self) -> float:
        """Return 1 for on, 0 for off, read from the pin."""
        return float(bool(self._levels() & self._bit) != self._active_low)

    def close(self) -> None:
        """Release the pin: it is high, weakly, as at power-on."""
        self._port.write(bytes([self._levels() | self._bit]))

    def _levels(self) -> int:
        return self._port.read_steady(1)[0]
