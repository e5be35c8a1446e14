"""A chip on I2C as the configuration describes its registers: no datasheet stands behind it."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from simulators.model import I2CModel, Nack, Range


class I2CRegisters(I2CModel):
    """Shows its inputs in registers at once, without a conversion; a subclass per device.

    What the configuration's `setup` writes is lost at power-on, other known registers are not.
    """

    addresses: ClassVar[tuple[int, ...]] = ()
    inputs: ClassVar[Mapping[str, Range]] = {}
    quiet: ClassVar[Mapping[str, float]] = {}
    shown: ClassVar[Sequence[Any]] = ()  # the table of each input
    constants: ClassVar[Mapping[int | None, bytes]] = {}

    @classmethod
    def configured(cls, options: Mapping[str, Any]) -> type["I2CRegisters"]:
        """Return the model that has the registers of the options `values` and `known`."""
        spans = {
            one.name: Range(one.low, one.high, abs(one.scale) if one.scale else 1.0)
            for one in options["values"]
        }
        written = {bytes.fromhex(message)[0] for message in options.get("setup", ())}
        constants: dict[int | None, bytes] = {}
        for one in options.get("known", ()):
            if one.register not in written:
                held = constants.get(one.register, bytes(one.width))
                constants[one.register] = _with(held, one, one.value)
        quiet = {name: (span.low + span.high) / 2 for name, span in spans.items()}
        members = {"inputs": spans, "quiet": quiet, "shown": options["values"]}
        return type(cls.__name__, (cls,), {**members, "constants": constants})

    def power_on(self) -> None:
        """Forget what was written; begin with the constants."""
        self._held: dict[int | None, bytes] = dict(self.constants)
        self._pointer: int | None = None

    def write(self, data: bytes) -> None:
        """Move the pointer, and write a register if bytes follow."""
        if not data:
            return
        self._pointer = data[0]
        if len(data) > 1 and self._pointer not in self.constants:
            self._held[self._pointer] = data[1:]

    def read(self, count: int) -> bytes:
        """Give the register at the pointer, with each input that it shows; raise `Nack` if none."""
        shown = [one for one in self.shown if one.register in {self._pointer, None}]
        held = self._held.get(self._pointer)
        if held is None and not shown:
            raise Nack
        frame = (held or b"").ljust(count, b"\0")[:count]
        for one in shown:
            frame = _with(frame, one, self._number(one))
        return frame

    def _number(self, one: Any) -> int:  # noqa: ANN401 - a table of the configuration
        """Return the raw number of an input, at most what its bits hold."""
        bits = _bits(one)
        low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if one.signed else (0, (1 << bits) - 1)
        number: int = round((self.values[one.name] - one.offset) / float(one.scale))
        return min(max(number, low), high)


def _bits(field: Any) -> int:  # noqa: ANN401 - a table of the configuration
    """Return how many bits a field has: all from `shift` on by default."""
    given: int = field.bits or 8 * field.width - field.shift
    return given


def _with(frame: bytes, field: Any, number: int) -> bytes:  # noqa: ANN401 - as above
    """Return a frame with the number in the bits of a field."""
    order: Literal["big", "little"] = field.order
    shift: int = field.shift
    mask = (1 << _bits(field)) - 1 << shift
    kept = int.from_bytes(frame, order) & ~mask
    return (kept | number << shift & mask).to_bytes(len(frame), order)
