"""Why a value is absent, in words, and what to do about it."""

from typing import NamedTuple

from edge_agent.events import GOOD, Reading

MORE = "more characters"  # a shortened text ends with this in parentheses


class Reason(NamedTuple):
    """What happened, and the remedy if there is one."""

    what: str
    remedy: str = ""


# By the quality of a channel, which the values of a device are refused for one by one.
IMPLAUSIBLE = {
    "out_of_range": Reason(
        "outside its plausible range",
        "check the sensor; if the value is right, set low and high of the channel",
    ),
    "step": Reason(
        "changed faster than is plausible",
        "check the wiring; if the value is right, set max_step of the channel",
    ),
}
PENDING = Reason("not measured yet")


def reason_of(reading: Reading) -> Reason | None:
    """Return why a reading has no value; None if it has all of them."""
    if reading.quality == GOOD:
        return None
    what, remedy = _parted(reading.detail or in_words(reading.quality).what)
    return Reason(what, remedy or IMPLAUSIBLE.get(reading.quality, Reason("")).remedy)


def in_words(quality: str) -> Reason:
    """Return a quality in words."""
    return IMPLAUSIBLE.get(quality, Reason(quality.replace("_", " ")))


def _parted(text: str) -> tuple[str, str]:
    """Return what an error of a driver says, and its remedy: that stands behind in parentheses."""
    if not text.endswith(")") or text.endswith(f"{MORE})"):
        return text, ""
    depth = 0
    for place in range(len(text) - 1, -1, -1):
        depth += (text[place] == ")") - (text[place] == "(")
        if depth == 0:
            return text[:place].rstrip(), text[place + 1 : -1]
    return text, ""
