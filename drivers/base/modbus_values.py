"""Values in Modbus registers, as the configuration or a meter's map describes them."""

import math
import struct
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Literal

from drivers.base.channel import Channel
from drivers.base.declared import DeclaredChannel
from drivers.base.modbus import Block

LAST = 0xFFFF
MOST = {1: 2000, 2: 2000, 3: 125, 4: 125}  # in a request, by function (§6.1 to 6.4)
FUNCTIONS = {"coil": 1, "discrete": 2, "holding": 3, "input": 4}
FLOAT_STEP = 2.0**-23  # of a float of 32 bits, as a share of its value
FORMATS = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "f32": ">f"}


@dataclass(frozen=True, kw_only=True)
class ModbusValue(DeclaredChannel):
    """A channel in registers: number · `scale` + `offset`, in the quantity's unit.

    `register` counts from 0, as requests do; `bit` takes one bit of a register, 0 the lowest.
    `resolution` is one step of the number if it is 0.
    """

    register: int
    table: Literal["holding", "input", "coil", "discrete"] = "holding"
    type: Literal["u16", "i16", "u32", "i32", "f32"] = "u16"
    word_order: Literal["big", "little"] = "big"
    byte_order: Literal["big", "little"] = "big"
    bit: int | None = None
    scale: float = 1.0
    offset: float = 0.0
    resolution: float = 0.0

    @property
    def block(self) -> Block:
        """The registers that it needs."""
        return Block(FUNCTIONS[self.table], self.register, 1 if self.of_bits else self._size // 2)

    @property
    def of_bits(self) -> bool:
        """Whether its table has single bits."""
        return self.table in {"coil", "discrete"}

    @property
    def _size(self) -> int:
        return struct.calcsize(FORMATS[self.type])

    def channel(self) -> Channel:
        """Return the channel; raise ValueError with the key that is wrong."""
        try:
            self._refuse_impossible()
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None
        step = self.resolution or (0.001 if self.type == "f32" else abs(self.scale))
        channel = DeclaredChannel(
            name=self.name, low=self.low, high=self.high, quantity=self.quantity, resolution=step
        ).channel()
        return replace(channel, relative=FLOAT_STEP) if self.type == "f32" else channel

    def _refuse_impossible(self) -> None:
        last = self.register + self.block.count - 1
        if not 0 <= self.register <= last <= LAST:
            hint = "manuals that begin with 30001 or 40001 count from there: subtract it"
            raise ValueError(f"register is {self.register}: wanted 0 to {LAST} ({hint})")
        if self.bit is not None and (self.of_bits or self.type != "u16" or not 0 <= self.bit < 16):
            raise ValueError(f"bit is {self.bit}: wanted 0 to 15, of a u16 in holding or input")
        if not (math.isfinite(self.scale) and self.scale and math.isfinite(self.offset)):
            raise ValueError(f"scale is {self.scale:g}, offset {self.offset:g}: wanted numbers")

    def value(self, data: bytes, first: int) -> float:
        """Return the value from what a request that began at register `first` has brought."""
        place = self.register - first
        if self.of_bits:
            return float(data[place // 8] >> place % 8 & 1)
        number = self._number(data[2 * place : 2 * place + self._size])
        if self.bit is not None:
            return float(int(number) >> self.bit & 1)
        return number * self.scale + self.offset

    def _number(self, data: bytes) -> float:
        words = [data[n : n + 2] for n in range(0, len(data), 2)]
        words = words if self.word_order == "big" else words[::-1]
        swapped = [word if self.byte_order == "big" else word[::-1] for word in words]
        (number,) = struct.unpack(FORMATS[self.type], b"".join(swapped))
        return float(number)


def blocks(values: Sequence[ModbusValue], gap: int) -> tuple[Block, ...]:
    """Return the requests that bring all values; at most `gap` registers between two are read too.

    Raises ValueError if two values share a part of their registers.
    """
    found: list[Block] = []
    before: ModbusValue | None = None
    for value in sorted(values, key=lambda one: one.block):
        if before is not None:
            _refuse_overlap(before, value)
        joined = found and _joined(found[-1], value.block, gap)
        if joined:
            found[-1] = joined
        else:
            found.append(value.block)
        before = value
    return tuple(found)


def _joined(one: Block, other: Block, gap: int) -> Block | None:
    """Return a request for both, None if they are too far apart or too many."""
    end = one.first + one.count
    count = max(end, other.first + other.count) - one.first
    near = other.function == one.function and other.first - end <= gap
    return replace(one, count=count) if near and count <= MOST[one.function] else None


def _refuse_overlap(one: ModbusValue, other: ModbusValue) -> None:
    first, second = one.block, other.block
    apart = first.function != second.function or first.first + first.count <= second.first
    if apart or (first == second and one.type == other.type):
        return
    raise ValueError(
        f"values: {one.name} has registers {first.first} to {first.first + first.count - 1},"
        f" and {other.name} begins at {second.first}: correct `register` or `type`"
    )


def meter_map(name: str) -> tuple[ModbusValue, ...]:
    """Return the values of a meter that is known."""
    text = files("drivers").joinpath("modbus_maps", f"{name}.toml").read_text(encoding="utf-8")
    return tuple(ModbusValue(**table) for table in tomllib.loads(text)["value"])
