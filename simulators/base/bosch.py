"""What the models of Bosch's sensors share: 256 registers behind a pointer, and a reset."""

from collections.abc import Mapping

from simulators.model import I2CModel

RESET, RESET_WORD = 0xE0, 0xB6


class RegisterModel(I2CModel):
    """Takes pairs of register and value, and gives registers from the pointer on."""

    _registers: bytearray
    _pointer: int

    def write(self, data: bytes) -> None:
        """Take pairs of register and value; a register alone sets where to read."""
        self._pass_time()
        if data:
            self._pointer = data[0]
        for register, value in zip(data[0::2], data[1::2], strict=False):
            self._set(register, value)

    def read(self, count: int) -> bytes:
        """Give registers from the pointer on, as they are at the message's begin."""
        self._pass_time()
        return bytes(self._registers[(self._pointer + n) % 256] for n in range(count))

    def _pass_time(self) -> None:
        """Show what has become ready until now."""
        raise NotImplementedError

    def _set(self, register: int, value: int) -> None:
        """Take one value."""
        raise NotImplementedError


class Filter:
    """What these chips' filter makes of the last measurements; the humidity passes it by."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def smoothed(self, setting: int, values: Mapping[str, float]) -> dict[str, float]:
        """Return the values: what is new counts one of 2 to the power of `setting`."""
        kept = (1 << setting) - 1
        for name in ("temperature", "atmospheric_pressure"):
            last = self._seen.get(name, values[name])
            self._seen[name] = (kept * last + values[name]) / (kept + 1)
        return {**values, **self._seen}
