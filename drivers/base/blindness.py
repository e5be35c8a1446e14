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
NO_NEWS = Blindness(
    "that it converts no more, but answers: nothing distinguishes a new result from an old one",
    "a TMP117 or a TMP102, which say that a result is new",
)
