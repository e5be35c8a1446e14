"""A simulated SPI chip select with spidev's interface."""

from typing import ClassVar

from simulators.bus import TransferFault
from simulators.model import Nack, Powered


class SPIModel(Powered):
    """A chip on an SPI bus: as many bytes out as in, while it is selected."""

    modes: ClassVar[tuple[int, ...]] = (0,)  # clock polarity and phase that it understands

    def transfer(self, data: bytes) -> bytes:
        """Take the bytes of one transfer; return what the chip drives on MISO."""
        raise NotImplementedError


class SimulatedSPI:
    """One chip select: `spidev.SpiDev`, as far as drivers use it."""

    def __init__(self, model: SPIModel, faults: list[TransferFault]) -> None:
        self.mode = 0
        self.max_speed_hz = 500_000
        self._model = model
        self._faults = faults

    def xfer2(self, values: list[int]) -> list[int]:
        """Shift bytes; a clock of the wrong phase shifts everything by one bit."""
        try:
            for fault in self._faults:
                fault.before(0, self._model)
        except Nack:  # nothing drives MISO: it is pulled up
            return [0xFF] * len(values)
        frame = self._exchange(bytes(values))
        for fault in self._faults:
            frame = fault.after(0, frame)
        return list(frame)

    def _exchange(self, data: bytes) -> bytes:
        if self.mode in self._model.modes:
            return self._model.transfer(data)
        return _late(self._model.transfer(_late(data)))

    def close(self) -> None:
        """Do nothing: spidev has it."""


def _late(data: bytes) -> bytes:
    """Return the bytes one bit late."""
    return (int.from_bytes(data) >> 1).to_bytes(len(data))
