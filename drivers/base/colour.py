"""What colour sensors share: counts of four photodiodes, which are clear, red, green and blue."""

from collections.abc import Mapping

from drivers.base.channel import Channel
from drivers.base.driver import Values
from drivers.base.errors import OutOfRange

COLOURS = ("clear", "red", "green", "blue")  # as their registers stand, low byte first
BRIGHT = "let less light fall on it, or take a shorter `integration_time`"


def colour_channels(full_scale: int, exposure: float) -> tuple[Channel, ...]:
    """Return the channels of the least exposure: of its ms, times the gain."""
    high, step = (full_scale - 1) / exposure, 1 / exposure
    return tuple(Channel(colour, "", 0, high, step, "raw") for colour in COLOURS)


def counted(frame: bytes) -> dict[str, int]:
    """Return the counts of four words."""
    words = (int.from_bytes(frame[n : n + 2], "little") for n in range(0, 8, 2))
    return dict(zip(COLOURS, words, strict=True))


def colours(counts: Mapping[str, int], full_scale: int, exposure: float, where: str) -> Values:
    """Return counts per ms at gain 1; `OutOfRange` for a photodiode that is saturated."""
    return {
        colour: OutOfRange(where, f"{colour} is too bright", BRIGHT)
        if count >= full_scale
        else count / exposure
        for colour, count in counts.items()
    }
