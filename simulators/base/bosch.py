"""What the models of Bosch's sensors share: pairs of register and value, a filter, and a reset."""

from collections.abc import Mapping

from simulators.base.registers import PointedRegisters

RESET, RESET_WORD = 0xE0, 0xB6


class BoschRegisters(PointedRegisters):
    """Takes pairs of register and value; a register alone sets where to read."""

    def write(self, data: bytes) -> None:
        """Take pairs of register and value."""
        self._pass_time()
        if data:
            self._pointer = data[0]
        for register, value in zip(data[0::2], data[1::2], strict=False):
            self._store(register, value)


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
