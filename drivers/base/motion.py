"""What motion sensors share: they sample by themselves, and show each sample until the next."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from drivers.base.channel import Channel
from drivers.base.driver import Steps
from drivers.base.errors import DriverError, NotReady, OutOfRange, WrongChip
from drivers.base.i2c import I2CPort, settled
from drivers.base.registers import refuse_dead

Chip = TypeVar("Chip")

G = 9.80665  # m/s²
CLIPPED = (-32768, 32767)


class Frame(NamedTuple):
    """One read of a chip: its status register, and those that stand still between samples."""

    status: int
    registers: bytes


def axis(quantity: str, name: str, unit: str, step: float) -> Channel:
    """Return the channel of an axis with 16 bits, as far as it is not clipped."""
    return Channel(f"{quantity}_{name}", unit, -32767 * step, 32766 * step, step, quantity)


def unclipped(channel: Channel, word: int, option: str, where: str) -> float | DriverError:
    """Return the value of a word, or the error of one that is clipped; `option` is the scale."""
    if word in CLIPPED:
        what = f"{channel.name} is beyond {channel.high:.4g} {channel.unit}"
        return OutOfRange(where, what, f"use a larger `{option}`")
    return word * channel.resolution


def expect(port: I2CPort, register: int, wanted: int, chip: str) -> None:
    """Raise `WrongChip`, or `DeadFrame`, unless `chip` answers with its identification."""
    answer = port.write_read(bytes([register]), 1)
    refuse_dead(answer, port.where)
    found = answer[0]
    if found != wanted:
        raise WrongChip(
            port.where, f"this is no {chip}: register 0x{register:02x} is 0x{found:02x}"
        )


def kind_of(port: I2CPort, register: int, kinds: Mapping[int, Chip], chip: str) -> Chip:
    """Return the kind that answers; its number is read repeatedly: a formula depends on it.

    Raises `WrongChip`, or `DeadFrame`, unless it is one of `kinds`.
    """
    answer = port.read_steady(1, bytes([register]))
    refuse_dead(answer, port.where)
    found = answer[0]
    if found not in kinds:
        raise WrongChip(
            port.where, f"this is no {chip}: register 0x{register:02x} is 0x{found:02x}"
        )
    return kinds[found]


def fresh(read: Callable[[], Frame], patience: float, where: str) -> Steps[Frame]:
    """Discard the old sample, wait longer than from sample to sample, return the newest."""
    read()
    yield patience
    return steady(read, where)


def steady(read: Callable[[], Frame], where: str) -> Frame:
    """Return what reads agree on, with the status bits of all; raise `BadChecksum`.

    A new sample may come between two reads, but none so soon after it.
    """
    status = 0

    def registers() -> bytes:
        nonlocal status
        frame = read()
        status |= frame.status
        return frame.registers

    last = settled(registers, where)
    refuse_dead(last, where)
    return Frame(status, last)


def refuse_old(frame: Frame, ready: int, where: str) -> None:
    """Raise `NotReady` if the sample has been read before."""
    if not frame.status & ready:
        raise NotReady(where, "no new sample in its time", "does another program use this chip?")
