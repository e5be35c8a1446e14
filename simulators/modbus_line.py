"""A simulated Modbus line: units, and the time and the damage of their answers."""

import zlib
from collections.abc import Sequence

from simulators.bus import TransferFault
from simulators.clock import SimulatedClock
from simulators.model import Nack, Powered

SILENCE = 0.004  # seconds, at 9600 baud
ANSWERS_AFTER = 0.03  # seconds
CHECKSUM = 4  # bytes


class ModbusModel(Powered):
    """A unit on a Modbus line."""

    def answer(self, request: bytes) -> bytes:
        """Return the answer to a request, both from the function on."""
        raise NotImplementedError


class SimulatedModbus:
    """A line as the driver's port sees it: `drivers.base.modbus.ModbusLine`."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._units: dict[int, tuple[ModbusModel, Sequence[TransferFault]]] = {}
        self._under_way: list[tuple[float, bytes]] = []  # when an answer arrives, and its frame
        self.late = False

    def attach(self, unit: int, model: ModbusModel, faults: Sequence[TransferFault]) -> None:
        """Connect a unit."""
        self._units[unit] = (model, faults)

    def silence(self, settings: object) -> float:
        """Return the seconds that part two frames."""
        del settings
        return SILENCE

    def ready(self, settings: object) -> bool:
        """Return true: it is open."""
        del settings
        return True

    def send(self, unit: int, request: bytes) -> None:
        """Let a unit answer, in its own time; drop the answers that have arrived before."""
        now = self._clock.monotonic()
        self._under_way = [one for one in self._under_way if one[0] > now]
        if unit not in self._units:
            return
        model, faults = self._units[unit]
        try:
            for fault in faults:
                fault.before(0, model)
        except Nack:
            return
        frame = _sealed(model.answer(request))
        for fault in faults:
            frame = fault.after(0, frame)
        self._under_way.append((now + ANSWERS_AFTER * model.slowness, frame))

    def receive(self) -> bytes | None:
        """Return the first answer that has arrived; raise ValueError if it is damaged."""
        arrived = [one for one in self._under_way if one[0] <= self._clock.monotonic()]
        if not arrived:
            return None
        self._under_way.remove(first := min(arrived))
        if _sealed(first[1][:-CHECKSUM]) != first[1]:
            raise ValueError(f"checksum wrong in {first[1].hex(' ')}")
        return first[1][:-CHECKSUM]

    def close(self) -> None:
        """Do nothing."""


def _sealed(frame: bytes) -> bytes:
    """Return a frame with a checksum; a line has another one, which only the driver knows."""
    return frame + zlib.crc32(frame).to_bytes(CHECKSUM)
