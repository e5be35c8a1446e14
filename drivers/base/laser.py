"""What ST's laser distance sensors share: a step of 1 mm, a status, what they cannot notice."""

from collections.abc import Mapping

from drivers.base.blindness import Blindness
from drivers.base.errors import NotReady, OutOfRange

METRES = 0.001  # of a count
SMUDGE = Blindness(
    "a smudge or a glass before it that throws light back: it measures that",
    "a look now and then at a distance that you know",
)


def status_error(where: str, status: int, failures: Mapping[int, str]) -> OutOfRange | NotReady:
    """Return why a result is not valid; a status that is no failure of the target is the chip's."""
    if status not in failures:
        return NotReady(where, f"it measures nothing: its status is {status}", "check its supply")
    return OutOfRange(where, f"no distance: {failures[status]}", "look at what stands before it")
