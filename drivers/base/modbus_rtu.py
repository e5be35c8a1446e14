"""Modbus on a serial line: RTU frames (Modbus over Serial Line V1.02)."""

from collections.abc import Callable

from drivers.base.checksum import modbus
from drivers.base.modbus import FAILED
from drivers.base.serial import LineSettings, SerialLine

LEAST_SILENCE = 0.00175  # seconds (§2.5.1.1), at more than 19200 baud
SILENT_BITS = 3.5 * 11
SHORTEST = 5  # bytes: unit, function, reason, checksum


class RtuLine:
    """RTU frames on a line that `connect` opens with its settings."""

    def __init__(self, connect: Callable[[LineSettings], SerialLine]) -> None:
        self._connect = connect
        self._settings: LineSettings | None = None
        self._line: SerialLine | None = None
        self._unit, self._function = 0, 0
        self._arrived = b""
        self.late = False

    def silence(self, settings: LineSettings) -> float:
        """Return the seconds of 3.5 characters."""
        return max(LEAST_SILENCE, SILENT_BITS / settings.baud)

    def ready(self, settings: LineSettings) -> bool:
        """Open the line, with other settings if another unit had it."""
        if self._line is None or settings != self._settings:
            self.close()
            self._line, self._settings = self._connect(settings), settings
        return True

    def send(self, unit: int, request: bytes) -> None:
        """Send a frame; drop what has arrived before."""
        if self._line is None:
            raise OSError("the line is closed")
        self._line.read(self._line.in_waiting)
        self._unit, self._function, self._arrived = unit, request[0], b""
        self._line.write(sealed(bytes([unit]) + request))

    def receive(self) -> bytes | None:
        """Return the answer; drop frames of others, and raise ValueError for one that is broken."""
        if self._line is None:
            raise OSError("the line is closed")
        self._arrived += self._line.read(self._line.in_waiting)
        if len(self._arrived) < SHORTEST or len(self._arrived) < self._length():
            return None
        frame, self._arrived = self._arrived[: self._length()], self._arrived[self._length() :]
        if sealed(frame[:-2]) != frame:
            raise ValueError(f"checksum wrong in {frame[:32].hex(' ')}")
        if frame[0] != self._unit or frame[1] & ~FAILED != self._function:
            return None
        return frame[1:-2]

    def close(self) -> None:
        """Close the line."""
        if self._line is not None:
            self._line.close()
        self._line = None

    def _length(self) -> int:
        return SHORTEST if self._arrived[1] & FAILED else SHORTEST + self._arrived[2]


def sealed(frame: bytes) -> bytes:
    """Return a frame with its checksum behind it, low byte first."""
    return frame + modbus(frame).to_bytes(2, "little")
