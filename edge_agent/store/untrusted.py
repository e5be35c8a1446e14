"""Where in the log the events of a boot begin whose time is not to be trusted.

So the log need not be searched for them once the clock is set.
"""

from contextlib import suppress

import msgspec

from edge_agent.store.saved import read_saved, write_saved
from edge_agent.store.tally import Execute

SINCE = "store/untrusted"  # the saved state, of the last boot that had such events
NUMBER = "SELECT number FROM boot WHERE id = ?"


class Untrusted(msgspec.Struct):
    """The boot with a number has such events behind an offset; None if it has none any more."""

    boot: int
    behind: int | None


def number_of(execute: Execute, boot: str) -> int:
    """Return a boot's number; a new one gets the next."""
    execute("INSERT OR IGNORE INTO boot (id) VALUES (?)", (boot,))
    ((number,),) = execute(NUMBER, (boot,))
    return int(number)


def begin_untrusted(execute: Execute, boot: str, last: int) -> int:
    """Note that such events follow behind `last`, unless earlier ones are noted.

    Return the boot's number.
    """
    noted = read_untrusted(execute, boot)
    number = number_of(execute, boot)
    if noted is None or noted.behind is None:
        write_untrusted(execute, number, last)
    return number


def read_untrusted(execute: Execute, boot: str) -> Untrusted | None:
    """Return where the events of a boot begin; None if it has none.

    An older version has not noted it: then they may lie anywhere.
    """
    for (number,) in execute(NUMBER, (boot,)):
        with suppress(msgspec.MsgspecError):
            noted = msgspec.json.decode(read_saved(execute, SINCE) or "null", type=Untrusted | None)
            if noted is not None and noted.boot == number:
                return noted
        return Untrusted(number, 0)
    return None


def write_untrusted(execute: Execute, boot: int, behind: int | None) -> None:
    """Note where the events of a boot begin."""
    write_saved(execute, SINCE, msgspec.json.encode(Untrusted(boot, behind)).decode())
