"""A program's output as channels: for what has no driver."""

import math
import signal
from typing import Any, ClassVar

from drivers.base.blindness import UNBOUND_PROGRAM, Blindness
from drivers.base.channel import Channel
from drivers.base.declared import DeclaredChannel, declared
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import DriverError, NotReady, TransferFailed
from drivers.base.linux import LinuxPort
from drivers.base.program import Ended, Program, printed

FIRST_WAIT, LONGEST_WAIT = 0.01, 0.1  # seconds between two looks whether it has ended
LONGEST = 300.0  # seconds
SLACK = 5.0  # seconds that the other devices of the agent may hold it up


class Command:
    """A program's output: a JSON object, or lines `name=value`; it runs without a shell."""

    bus: ClassVar[BusKind] = "linux"
    blind: ClassVar[tuple[Blindness, ...]] = (UNBOUND_PROGRAM,)
    channels: tuple[Channel, ...] = ()

    def __init__(
        self,
        port: LinuxPort,
        *,
        program: tuple[str, ...],
        values: tuple[DeclaredChannel, ...],
        timeout: float = 10.0,
    ) -> None:
        """`program`: its absolute path and its arguments; `timeout`: s until it is killed."""
        if not program or not program[0].startswith("/") or any("\0" in one for one in program):
            raise ValueError("program: wanted an absolute path, then arguments")
        if not 0 < timeout <= LONGEST:
            raise ValueError(f"timeout is {timeout:g}: wanted more than 0, at most {LONGEST:g} s")
        self.channels = declared("values", values)
        self.deadline = timeout + SLACK
        self._port = port
        self._program = program
        self._timeout = timeout
        self._where = f"{port.where}:{program[0]}"

    def setup(self) -> Steps[None]:
        """Do nothing: each measurement starts the program."""
        yield from ()

    def measure(self) -> Steps[Values]:
        """Run the program, while the bus serves its other devices."""
        ended = yield from self._run()
        if ended.status:
            raise TransferFailed(self._where, _end_of(ended), "run it as the agent's user")
        try:
            found = printed(ended.output)
        except ValueError as error:
            what = f"prints broken JSON ({error}): {ended.output[:100]!r}"
            raise TransferFailed(self._where, what, "correct the program") from None
        values = {each.name: self._value(each, found.get(each.name, [])) for each in self.channels}
        return checked(
            self.channels, values, self._where, "correct `low` and `high`, or the program"
        )

    def _run(self) -> Steps[Ended]:
        program = self._port.start(self._program)
        try:
            return (yield from self._wait_for(program))
        finally:
            program.close()

    def _wait_for(self, program: Program) -> Steps[Ended]:
        waited, pause = 0.0, FIRST_WAIT
        while (ended := self._poll(program)) is None:
            if waited >= self._timeout:
                what = f"has not ended within {self._timeout:g} s, and was killed"
                raise NotReady(self._where, what, "set `timeout`, or correct the program")
            pause = min(pause, self._timeout - waited)
            yield pause
            waited, pause = waited + pause, min(2 * pause, LONGEST_WAIT)
        return ended

    def _poll(self, program: Program) -> Ended | None:
        try:
            ended = program.poll()
        except OSError as error:
            raise TransferFailed(self._where, str(error.strerror), "let it print less") from error
        return ended and Ended(*ended)

    def _value(self, channel: Channel, found: list[Any]) -> float | DriverError:
        """Return the one number that was printed for a channel, or why there is none."""
        if len(found) == 1:
            value = _number(found[0], channel)
            if value is not None:
                return value
        what = " and ".join(repr(one)[:40] for one in found[:3])
        said = f"prints {channel.name} as {what}, wanted one number" if found else ""
        return TransferFailed(
            self._where, said or f"prints no {channel.name}", "correct the program"
        )


def _number(value: object, channel: Channel) -> float | None:
    """Return a finite number; true and false are numbers of a binary channel only."""
    right = (
        channel.quantity == "binary" if isinstance(value, bool) else isinstance(value, int | float)
    )
    if not right or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _end_of(ended: Ended) -> str:
    """Return how a program failed, with the end of what it complained about."""
    how = f"ended with status {ended.status}"
    if ended.status < 0:
        how = f"was ended by {signal.Signals(-ended.status).name}"
    return f"{how}: {ended.complaint}" if ended.complaint else how
