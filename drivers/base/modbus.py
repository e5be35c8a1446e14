"""Modbus as drivers see it: reads of one unit, each a request and its answer (V1.1b3).

A line carries one request at a time; it is a serial line or a TCP connection.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol, TypeVar

from drivers.base.driver import Steps
from drivers.base.errors import (
    BadChecksum,
    DriverError,
    NoAcknowledge,
    NotReady,
    TransferFailed,
    WrongChip,
)
from drivers.base.serial import LineSettings

POLL = 0.02  # seconds between two looks whether the answer is there
FAILED = 0x80  # in the function of an answer: its only byte is the reason
NOT_THERE = "correct `table`, `register` or `type`; the meter's manual lists its registers"
UNANSWERED = "check the wiring (A and B), its power, and `unit`, `baud` and `parity`"
# §7: why a unit refuses
REFUSALS: dict[int, tuple[type[DriverError], str, str]] = {
    1: (WrongChip, "it does not know this table", NOT_THERE),
    2: (WrongChip, "it has not all of these registers", NOT_THERE),
    3: (WrongChip, "it does not take this number of registers", NOT_THERE),
    4: (TransferFailed, "it failed", "look at its display, or restart it"),
    5: (NotReady, "it needs longer", "measure less often"),
    6: (NotReady, "it is busy", "measure less often"),
    10: (NoAcknowledge, "the gateway has no way to it", UNANSWERED),
    11: (NoAcknowledge, "the gateway gets no answer from it", UNANSWERED),
}

Found = TypeVar("Found")


class ModbusLine(Protocol):
    """Where requests go; every call returns at once, and raises OSError if the line fails."""

    late: bool  # an answer may still come, and nothing in it says to which request

    def silence(self, settings: LineSettings) -> float:
        """Return the seconds of silence that part two frames."""
        ...

    def ready(self, settings: LineSettings) -> bool:
        """Open the line if need be; return whether it is open."""
        ...

    def send(self, unit: int, request: bytes) -> None:
        """Send a request; drop what has arrived before."""
        ...

    def receive(self) -> bytes | None:
        """Return the answer, None until it is complete; raise ValueError if it is damaged."""
        ...

    def close(self) -> None:
        """Close the line."""
        ...


@dataclass(frozen=True, order=True, slots=True)
class Block:
    """Registers that one request reads; `function` is 1 to 4."""

    function: int
    first: int
    count: int

    @property
    def request(self) -> bytes:
        """Function, first register and count (§6.1 to 6.4)."""
        return bytes([self.function, *self.first.to_bytes(2), *self.count.to_bytes(2)])

    @property
    def size(self) -> int:
        """The bytes that the answer has: two a register, or eight bits in each."""
        return (self.count + 7) // 8 if self.function <= 2 else 2 * self.count


class ModbusPort:
    """One unit on a line; `where` identifies it in errors."""

    def __init__(self, line: ModbusLine, unit: int, where: str = "modbus") -> None:
        self._line = line
        self._unit = unit
        self.where = where

    def read(self, block: Block, settings: LineSettings, timeout: float) -> Steps[bytes]:
        """Return the bytes of registers; raise a `DriverError` after `timeout` s without them."""
        try:
            answer = yield from self._answer(block, settings, timeout)
        except DriverError:
            raise
        except ValueError as error:
            raise BadChecksum(self.where, f"damaged answer: {error}") from None
        except OSError as error:
            self._line.close()
            what = f"the line broke down: {error.strerror or error}"
            raise TransferFailed(self.where, what, "check the cable, or the host") from error
        return self._data(answer, block)

    def _answer(self, block: Block, settings: LineSettings, timeout: float) -> Steps[bytes]:
        if self._line.late:  # let a late answer pass, for it would look like the next one
            yield timeout
        if (yield from _within(timeout, partial(self._open, settings))) is None:
            self._line.close()
            raise NoAcknowledge(self.where, f"no connection within {timeout:g} s", UNANSWERED)
        yield self._line.silence(settings)
        self._line.send(self._unit, block.request)
        self._line.late = True
        answer = yield from _within(timeout, self._line.receive)
        if answer is None:
            raise NoAcknowledge(self.where, f"no answer within {timeout:g} s", UNANSWERED)
        self._line.late = False
        return answer

    def _open(self, settings: LineSettings) -> Literal[True] | None:
        """Return True once the line is open, and None before."""
        return True if self._line.ready(settings) else None

    def _data(self, answer: bytes, block: Block) -> bytes:
        if answer[0] == block.function | FAILED and len(answer) == 2:
            unknown = (TransferFailed, f"it refuses, with code {answer[1]}", NOT_THERE)
            error, what, hint = REFUSALS.get(answer[1], unknown)
            last = block.first + block.count - 1
            raise error(self.where, f"{what} (registers {block.first} to {last})", hint)
        if answer[:2] != bytes([block.function, block.size]) or len(answer) != 2 + block.size:
            raise BadChecksum(self.where, f"answers something else: {answer[:16].hex(' ')}")
        return answer[2:]


def _within(timeout: float, look: Callable[[], Found | None]) -> Steps[Found | None]:
    """Return what a look finds, None if it finds nothing in time."""
    waited = 0.0
    while (found := look()) is None and waited < timeout:
        yield POLL
        waited += POLL
    return found
