"""Registers behind a pointer that moves on with each byte, as most chips on I2C have them."""

from collections.abc import Collection

from simulators.model import I2CModel


class PointedRegisters(I2CModel):
    """A chip whose pointer moves on with each byte that it takes or gives; 0 follows the last."""

    _registers: bytearray
    _pointer: int

    def write(self, data: bytes) -> None:
        """Move the pointer, and write the registers from there on."""
        self._pass_time()
        register = self._register_of(data[0]) if data else None
        if register is None:
            return
        self._pointer = register
        for offset, value in enumerate(data[1:]):
            self._store((register + offset) % len(self._registers), value)

    def read(self, count: int) -> bytes:
        """Give the registers from the pointer on, as they are at the message's begin."""
        self._pass_time()
        registers, size = self._registers, len(self._registers)
        places = [place % size for place in range(self._pointer, self._pointer + count)]
        answer = bytes([registers[place] for place in places])
        self._given(places)
        return answer

    def _register_of(self, first: int) -> int | None:
        """Return the register that a message's first byte names; None if it names none."""
        return first

    def _pass_time(self) -> None:
        """Show what has become ready until now."""
        raise NotImplementedError

    def _store(self, register: int, value: int) -> None:
        """Take one value."""
        raise NotImplementedError

    def _given(self, places: Collection[int]) -> None:
        """Clear the flags that last until these registers are read; few chips have such."""
