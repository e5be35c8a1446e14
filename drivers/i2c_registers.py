"""Registers of any chip on I2C, which the configuration describes: for what has no driver."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from drivers.base.blindness import TWINS, Blindness
from drivers.base.channel import Channel
from drivers.base.checksum import READS
from drivers.base.declared import declared
from drivers.base.driver import BusKind, Steps, Values, checked
from drivers.base.errors import BadChecksum, DriverError, LostConfiguration, WrongChip
from drivers.base.i2c import I2CPort
from drivers.base.register_fields import Frame, KnownField, RegisterValue
from drivers.base.registers import refuse_dead

LONGEST = 60.0  # seconds
SLACK = 5.0  # seconds that the other devices of the bus may hold it up
HINT = "is it another chip, did its supply dip, or is `known` wrong?"
MOST_BYTES, MOST_MESSAGES = 32, 32


class I2CRegisters:
    """Any chip on I2C, by the registers that the configuration describes."""

    bus: ClassVar[BusKind] = "i2c"
    blind: ClassVar[tuple[Blindness, ...]] = (
        Blindness(
            "that the chip converts no more, or has not begun to: an old result looks like a new"
            " one",
            "a bit in `known` that shows the end of a conversion, if the chip has one",
        ),
        Blindness(
            "a restart, or a line that is dead, if `known` names no register that shows it",
            "`known` with a setting that differs from that after power-on, which `setup` writes",
        ),
        Blindness(
            "a description that fits another chip as well, or whose `scale` is wrong",
            "narrow `low` and `high`, an identification in `known`, and another sensor to compare",
        ),
        TWINS,
    )
    addresses: ClassVar[tuple[int, ...]] = ()  # any: the configuration has it
    channels: tuple[Channel, ...] = ()

    def __init__(
        self,
        port: I2CPort,
        *,
        values: tuple[RegisterValue, ...],
        known: tuple[KnownField, ...] = (),
        setup: tuple[str, ...] = (),
        start: str = "",
        wait: float = 0.0,
    ) -> None:
        """`wait`: s from `start` until a result is there; without `start`, from `setup`.

        `setup` is written once, `start` before each measurement: messages in hexadecimal.
        """
        if not 0 <= wait <= LONGEST:
            raise ValueError(f"wait is {wait:g}: wanted 0 to {LONGEST:g} s")
        if len(setup) > MOST_MESSAGES:
            raise ValueError(f"setup: {len(setup)} messages; wanted at most {MOST_MESSAGES}")
        self.channels = declared("values", values)
        _refuse_impossible(known)
        self.deadline = wait + SLACK
        self._port = port
        self._values, self._known = values, known
        self._setup = tuple(_message("setup", one) for one in setup)
        self._start = _message("start", start) if start else b""
        self._wait = wait

    def setup(self) -> Steps[None]:
        """Write the settings; raise `WrongChip` if a register holds other than is known."""
        for message in self._setup:
            self._port.write(message)
        if not self._start:
            yield self._wait
            self._expect(self._frames(self._known), WrongChip)

    def measure(self) -> Steps[Values]:
        """Read all registers three times in turn, once the chip has had the time to convert."""
        if self._start:
            self._port.write(self._start)
            yield self._wait
        frames = self._frames((*self._known, *self._values))
        self._expect(frames, LostConfiguration)
        values = {each.name: self._value(each, frames[each.frame]) for each in self._values}
        hint = "correct `low` and `high`, or `scale` and `offset`"
        return checked(self.channels, values, self._port.where, hint)

    def _frames(
        self, fields: Sequence[KnownField | RegisterValue]
    ) -> Mapping[Frame, tuple[bytes, ...]]:
        """Return what each frame was at each round, those with known fields first."""
        wanted = dict.fromkeys(one.frame for one in fields)
        rounds = [[self._read(frame) for frame in wanted] for _ in range(READS)]
        return dict(zip(wanted, zip(*rounds, strict=True), strict=True))

    def _read(self, frame: Frame) -> bytes:
        if frame.register is None:
            return self._port.read(frame.width)
        return self._port.write_read(bytes([frame.register]), frame.width)

    def _expect(self, frames: Mapping[Frame, tuple[bytes, ...]], error: type[DriverError]) -> None:
        """Raise an error unless each known field holds its value in every round."""
        for field in self._known:
            for frame in frames[field.frame]:
                held = field.code(frame)
                if held != field.value:
                    refuse_dead(frame, self._port.where)
                    what = f"{field.where} holds {held:#x}, not {field.value:#x}"
                    raise error(self._port.where, what, HINT)

    def _value(self, value: RegisterValue, frames: Sequence[bytes]) -> float | DriverError:
        """Return the middle one of the reads, or why there is none."""
        numbers = sorted(map(value.number, frames))
        if numbers[-1] - numbers[0] <= value.tolerance:
            return value.value(numbers[len(numbers) // 2])
        what = f"reads of {value.name} differ: {', '.join(frame.hex(' ') for frame in frames)}"
        return BadChecksum(self._port.where, what, "if the chip renews it, set its `tolerance`")


def _refuse_impossible(known: Sequence[KnownField]) -> None:
    for field in known:
        try:
            field.refuse_impossible()
        except ValueError as error:
            raise ValueError(f"known: {field.where}: {error}") from None


def _message(option: str, text: str) -> bytes:
    try:
        message = bytes.fromhex(text)
    except ValueError:
        message = b""
    if not 1 <= len(message) <= MOST_BYTES:
        wanted = f'wanted 1 to {MOST_BYTES} bytes in hexadecimal, such as "01 60 a0"'
        raise ValueError(f"{option}: {wanted}")
    return message
