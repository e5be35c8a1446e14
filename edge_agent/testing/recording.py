"""Transactions of a real chip: recorded once, committed, and replayed to its driver ever after."""

import ctypes
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from smbus2 import i2c_msg

from drivers.base.driver import Driver, read
from drivers.base.i2c import I2CBus, I2CPort


class Transaction(NamedTuple):
    """What was written and read in one transaction, as hex digits; `errno` if it failed."""

    written: str
    read: str
    errno: int = 0


class Recording(NamedTuple):
    """The transactions of one setup and measurement, and the values that the driver found then."""

    address: int
    options: Mapping[str, Any]
    values: Mapping[str, float]
    transactions: Sequence[Transaction]

    def save(self, path: Path) -> None:
        """Write it as JSON, a line for each transaction, as far as a diff is concerned."""
        facts = self._asdict() | {"transactions": [list(each) for each in self.transactions]}
        path.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Recording":
        """Read what `save` wrote."""
        facts = json.loads(path.read_text())
        transactions = tuple(Transaction(*each) for each in facts.pop("transactions"))
        return cls(**facts, transactions=transactions)

    def replayed(self, driver: type[Driver]) -> dict[str, float]:
        """Return what a driver finds in the recorded answers; fail if it asks otherwise."""
        port = I2CPort(ReplayedBus(self.transactions), self.address, now=lambda: 0.0)
        return read(driver(port, **self.options), lambda _: None)


class RecordedBus:
    """Passes transactions on to a bus, and notes them."""

    def __init__(self, bus: I2CBus) -> None:
        self._bus = bus
        self.transactions: list[Transaction] = []

    def i2c_rdwr(self, *i2c_msgs: i2c_msg) -> None:
        """Run the messages as one transaction."""
        errno = 0
        try:
            self._bus.i2c_rdwr(*i2c_msgs)
        except OSError as error:
            errno = error.errno or 0
            raise
        finally:
            answer = "" if errno else _read_of(i2c_msgs)
            self.transactions.append(Transaction(_written_of(i2c_msgs), answer, errno))


class ReplayedBus:
    """Answers as a chip did once; fails if it is asked anything else than then."""

    def __init__(self, transactions: Sequence[Transaction]) -> None:
        self._left = list(transactions)

    def i2c_rdwr(self, *i2c_msgs: i2c_msg) -> None:
        """Run the messages as one transaction."""
        assert self._left, "the driver asks more than it did when this was recorded"
        recorded = self._left.pop(0)
        assert _written_of(i2c_msgs) == recorded.written
        if recorded.errno:
            raise OSError(recorded.errno, "as recorded")
        answer = bytes.fromhex(recorded.read)
        for message in i2c_msgs:
            if message.flags & 1:
                assert message.len == len(answer)
                ctypes.memmove(message.buf, answer, len(answer))


def _written_of(messages: Sequence[i2c_msg]) -> str:
    return b"".join(bytes(one) for one in messages if not one.flags & 1).hex()


def _read_of(messages: Sequence[i2c_msg]) -> str:
    return b"".join(bytes(one) for one in messages if one.flags & 1).hex()
