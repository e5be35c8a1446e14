"""A unit on Modbus whose registers are as the configuration or the meter's map describes them."""

import struct
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, ClassVar

from simulators.modbus_line import ModbusModel
from simulators.model import Model, Range

FORMATS = {"u16": "H", "i16": "h", "u32": "I", "i32": "i", "f32": "f"}
TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}  # by function
FAILED, NO_SUCH_TABLE, NO_SUCH_REGISTER = 0x80, 1, 2


class Modbus(ModbusModel):
    """Shows its inputs in registers; a subclass per device. Registers between them hold 0."""

    inputs: ClassVar[Mapping[str, Range]] = {}
    quiet: ClassVar[Mapping[str, float]] = {}
    shown: ClassVar[Sequence[Mapping[str, Any]]] = ()  # the table of each input

    @classmethod
    def configured(cls, options: Mapping[str, Any]) -> type[Model]:
        """Return the model that has the registers of the options `map` and `values`."""
        known = options.get("map", "none")
        tables = [] if known == "none" else _meter(known)
        tables += [vars(one) for one in options.get("values", ())]
        spans = {one["name"]: Range(one["low"], one["high"], _step(one)) for one in tables}
        quiet = {name: (span.low + span.high) / 2 for name, span in spans.items()}
        members = {"inputs": spans, "quiet": quiet, "shown": tables}
        return type(cls.__name__, (cls,), members)

    def power_on(self) -> None:
        """Do nothing: a meter has no settings that matter here."""

    def answer(self, request: bytes) -> bytes:
        """Return what a unit answers to function, first register and count."""
        function, first, count = struct.unpack(">BHH", request)
        table = TABLES.get(function)
        if table is None:
            return bytes([function | FAILED, NO_SUCH_TABLE])
        held = self._registers(table)
        if not held or first < min(held) or first + count - 1 > max(held):
            return bytes([function | FAILED, NO_SUCH_REGISTER])
        numbers = [held.get(register, 0) for register in range(first, first + count)]
        if function > 2:
            data = struct.pack(f">{count}H", *numbers)
        else:
            bits = sum(bit << place for place, bit in enumerate(numbers))
            data = bits.to_bytes((count + 7) // 8, "little")
        return bytes([function, len(data)]) + data

    def _registers(self, table: str) -> dict[int, int]:
        """Return the registers of a table, each with its number."""
        held: dict[int, int] = {}
        for one in self.shown:
            if one.get("table", "holding") != table:
                continue
            value = self.values[one["name"]]
            if table in {"coil", "discrete"}:
                held[one["register"]] = int(value)
            elif one.get("bit") is not None:
                held[one["register"]] = held.get(one["register"], 0) | int(value) << one["bit"]
            else:
                held |= dict(enumerate(_words(one, value), one["register"]))
        return held


def _meter(name: str) -> list[dict[str, Any]]:
    text = files("drivers").joinpath("modbus_maps", f"{name}.toml").read_text(encoding="utf-8")
    tables: list[dict[str, Any]] = tomllib.loads(text)["value"]
    return tables


def _step(one: Mapping[str, Any]) -> float:
    if one.get("table") in {"coil", "discrete"} or one.get("bit") is not None:
        return 1.0
    rough = 0.001 if one.get("type") == "f32" else abs(one.get("scale", 1.0))
    return float(one.get("resolution") or rough)


def _words(one: Mapping[str, Any], value: float) -> list[int]:
    """Return a value as the registers hold it, at most what they can hold."""
    kind = one.get("type", "u16")
    number = (value - one.get("offset", 0.0)) / one.get("scale", 1.0)
    if kind != "f32":
        bits = int(kind[1:])
        low, high = (
            (0, (1 << bits) - 1) if kind[0] == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)
        )
        number = min(max(round(number), low), high)
    packed = struct.pack(">" + FORMATS[kind], number)
    order = "<" if one.get("byte_order") == "little" else ">"
    words = list(struct.unpack(f"{order}{len(packed) // 2}H", packed))
    return words[::-1] if one.get("word_order") == "little" else words
