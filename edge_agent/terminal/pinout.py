"""The 40-pin header of a Raspberry Pi as text, with what uses each pin."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

State: TypeAlias = Literal["power", "free", "used", "conflict"]

# From pin 1, with the odd ones on the left; numbers are those of GPIOs (BCM).
HEADER: tuple[int | str, ...] = (
    "3V3", "5V", 2, "5V", 3, "GND", 4, 14, "GND", 15, 17, 18, 27, "GND", 22, 23, "3V3", 24, 10,
    "GND", 9, 25, 11, 8, "GND", 7, 0, 1, 5, "GND", 6, 12, 13, "GND", 19, 16, 26, 20, "GND", 21,
)  # fmt: skip
EEPROM = {0, 1}  # pins 27 and 28: a HAT says there what it is
NARROW, WIDE = 60, 80  # columns
FRAME = 21  # columns of numbers, names and spaces: the rest is for what uses the pins


class Side(NamedTuple):
    """One pin in a row: its name, what uses it, and its state, which gives the colour."""

    name: str
    use: str
    state: State


class Row(NamedTuple):
    """Two pins beside each other; `number` is that of the left one."""

    number: int
    left: Side
    right: Side


def rows(
    uses: Mapping[int, Mapping[str, Sequence[str]]], conflicts: frozenset[int]
) -> Iterator[Row]:
    """Yield the rows of the header, from pin 1."""
    sides = [_side(pin, uses, conflicts) for pin in HEADER]
    for number in range(0, len(sides), 2):
        yield Row(number + 1, *sides[number : number + 2])


def text(row: Row, columns: int) -> tuple[str, str, str]:
    """Return a row in three parts: left pin, numbers, right pin."""
    wide = (min(max(columns, NARROW), WIDE) - FRAME) // 2
    left = f"{_cut(row.left.use, wide):>{wide}} {row.left.name:>6}"
    right = f"{row.right.name:<6} {_cut(row.right.use, wide)}".rstrip()
    return left, f" {row.number:>2}  {row.number + 1:<2} ", right


def _side(
    pin: int | str, uses: Mapping[int, Mapping[str, Sequence[str]]], conflicts: frozenset[int]
) -> Side:
    if isinstance(pin, str):
        return Side(pin, "", "power")
    found = uses.get(pin, {})
    use = ", ".join(_use(role, names) for role, names in found.items())
    if pin in conflicts:
        return Side(f"GPIO{pin}", f"! {use}", "conflict")
    if use:
        return Side(f"GPIO{pin}", use, "used")
    return Side(f"GPIO{pin}", "(EEPROM of a HAT)" if pin in EEPROM else "", "free")


def _use(role: str, names: Sequence[str]) -> str:
    return f"{role}: {', '.join(names)}" if role else ", ".join(names)


def _cut(words: str, wide: int) -> str:
    return words if len(words) <= wide else f"{words[: wide - 1]}…"
