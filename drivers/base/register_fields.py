"""Fields of a chip's registers, as the configuration describes them."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

from drivers.base.channel import Channel
from drivers.base.declared import DeclaredChannel
from drivers.base.registers import signed

WIDEST = 8  # bytes
COARSEST = 255  # steps of the raw number


class Frame(NamedTuple):
    """What is read at once: `width` bytes from a register; without one, what the chip sends."""

    register: int | None
    width: int


@dataclass(frozen=True, kw_only=True)
class RegisterField:
    """`bits` bits of a register that is `width` bytes wide; `shift` is the lowest one's number.

    0 `bits` are all from there; without `register` the chip is read without naming one.
    """

    register: int | None = None
    width: int = 1
    order: Literal["big", "little"] = "big"
    shift: int = 0
    bits: int = 0

    @property
    def frame(self) -> Frame:
        """What must be read to have it."""
        return Frame(self.register, self.width)

    @property
    def where(self) -> str:
        """The register as errors name it."""
        return "the answer" if self.register is None else f"register 0x{self.register:02x}"

    @property
    def size(self) -> int:
        """The number of its bits."""
        return self.bits or 8 * self.width - self.shift

    def code(self, frame: bytes) -> int:
        """Return the field's bits in what was read."""
        return int.from_bytes(frame, self.order) >> self.shift & (1 << self.size) - 1

    def refuse_impossible(self) -> None:
        """Raise ValueError with the key that is wrong."""
        if self.register is not None and not 0 <= self.register <= 0xFF:
            raise ValueError(f"register is {self.register}: wanted 0 to 255")
        if not 1 <= self.width <= WIDEST:
            raise ValueError(f"width is {self.width}: wanted 1 to {WIDEST} bytes")
        have = 8 * self.width
        if not 0 <= self.shift < have:
            raise ValueError(f"shift is {self.shift}: wanted 0 to {have - 1}")
        if not 0 <= self.bits <= have - self.shift:
            raise ValueError(f"bits is {self.bits}: {have - self.shift} are left after shift")


@dataclass(frozen=True, kw_only=True)
class KnownField(RegisterField):
    """A field that holds `value` at every measurement: an identification, or a setting."""

    value: int

    def refuse_impossible(self) -> None:
        """Raise ValueError with the key that is wrong."""
        super().refuse_impossible()
        if not 0 <= self.value < 1 << self.size:
            raise ValueError(f"value is {self.value}: it has {self.size} bits")


@dataclass(frozen=True, kw_only=True)
class RegisterValue(RegisterField, DeclaredChannel):
    """A channel in a register: raw number · `scale` + `offset`, in the quantity's unit.

    Reads of one result may differ by `tolerance` steps of the raw number; `resolution` is one step
    if it is 0.
    """

    signed: bool = False
    scale: float = 1.0
    offset: float = 0.0
    tolerance: int = 0
    resolution: float = 0.0

    def number(self, frame: bytes) -> int:
        """Return the raw number of what was read."""
        code = self.code(frame)
        return signed(code, self.size) if self.signed else code

    def value(self, number: int) -> float:
        """Return the value of a raw number, in the channel's unit."""
        return number * self.scale + self.offset

    def channel(self) -> Channel:
        """Return the channel; raise ValueError with the key that is wrong."""
        try:
            self.refuse_impossible()
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None
        step = self.resolution or abs(self.scale)
        return DeclaredChannel(
            name=self.name, low=self.low, high=self.high, quantity=self.quantity, resolution=step
        ).channel()

    def refuse_impossible(self) -> None:
        """Raise ValueError with the key that is wrong, also if no number lies within the limits."""
        super().refuse_impossible()
        if not (math.isfinite(self.scale) and self.scale and math.isfinite(self.offset)):
            raise ValueError(f"scale is {self.scale:g}, offset {self.offset:g}: wanted numbers")
        if not 0 <= self.tolerance <= COARSEST:
            raise ValueError(f"tolerance is {self.tolerance}: wanted 0 to {COARSEST}")
        lowest, highest = self._ends()
        if lowest > self.high or highest < self.low:
            raise ValueError(
                f"its register holds {lowest:g} to {highest:g}, all outside low to high:"
                " correct `scale`, `offset` or `bits`"
            )

    def _ends(self) -> tuple[float, float]:
        """Return the lowest value that the field can hold, and the highest."""
        most = (1 << self.size) - 1
        numbers = (-(most // 2) - 1, most // 2) if self.signed else (0, most)
        lowest, highest = sorted(map(self.value, numbers))
        return lowest, highest
