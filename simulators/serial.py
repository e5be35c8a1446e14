"""A simulated serial line with pyserial's interface."""

from simulators.bus import TransferFault
from simulators.model import Nack, Powered


class SerialModel(Powered):
    """A device on a serial line: it sends unasked, or when asked."""

    def receive(self, data: bytes) -> None:
        """Take bytes from the host."""
        raise NotImplementedError

    def send(self) -> bytes:
        """Return what the device has sent since the last call; a UART drops the oldest bytes."""
        raise NotImplementedError


class SimulatedLine:
    """`serial.Serial` with a timeout of 0, as far as drivers use it, at any baud rate."""

    baudrate = 9600

    def __init__(self, model: SerialModel, faults: list[TransferFault]) -> None:
        self._model = model
        self._faults = faults
        self._arrived = b""

    @property
    def in_waiting(self) -> int:
        """The number of bytes that have arrived."""
        frame = self._model.send()
        try:
            for fault in self._faults:
                fault.before(0, self._model)
            for fault in self._faults:
                frame = fault.after(0, frame)
        except Nack:
            frame = b""  # no device sends
        self._arrived += frame
        return len(self._arrived)

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes."""
        taken, self._arrived = self._arrived[:size], self._arrived[size:]
        return taken

    def write(self, data: bytes) -> int:
        """Send bytes; a disconnected device gets none."""
        try:
            for fault in self._faults:
                fault.before(0, self._model)
            self._model.receive(data)
        except Nack:
            pass
        return len(data)

    def close(self) -> None:
        """Do nothing: pyserial has it."""
