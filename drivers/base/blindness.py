"""What a device cannot notice, as its page says: its protocol has nothing that tells."""

from typing import NamedTuple


class Blindness(NamedTuple):
    """A fault that gives a wrong value unnoticed, and what to buy or to wire `instead`."""

    what: str
    instead: str


TWINS = Blindness(
    "a second one at the same address: both answer, and a bit is 1 only if it is so in both",
    "another address or another bus for one of them",
)
DEW = Blindness(
    "a broken element that shows 100 %: its scale ends there, as at dew",
    "an SHT4x or a BME280, whose scales go beyond",
)
DARKNESS = Blindness(
    "a photodiode that is dead, or covered: it looks like darkness",
    "a look at noon, or a rule for days that never get light",
)
STUCK_MASS = Blindness(
    "an axis whose mass sticks: it shows the same for ever",
    "a look now and then: the axis that points up shows 9.8 m/s², the others 0",
)
OPEN_INPUT = Blindness(
    "an input whose wire is off: it floats to any voltage",
    "a resistor of 100 kΩ to 1 MΩ from the input to ground, which makes it 0",
)
LOOSE_CELL = Blindness(
    "a load cell with a wire off: the input floats, and any value may come of it",
    "a look now and then at a weight that you know",
)
OPEN_CONTACT = Blindness(
    "a wire that is off, or cut: it looks like an open contact",
    "a contact that is closed while all is well, so that a cut wire is an alarm",
)
NO_NEWS = Blindness(
    "that it converts no more, but answers: nothing distinguishes a new result from an old one",
    "a TMP117 or a TMP102, which say that a result is new",
)
UNBOUND_PROGRAM = Blindness(
    "a number that the program prints although it is wrong or old: only the limits bound it",
    "a program that prints nothing rather than an old value, and narrow limits",
)
UNCHECKED = Blindness(
    "what the kernel's driver does not check: an old result, or a lost setting, of most chips",
    "the chip's own driver, if it is listed here",
)
