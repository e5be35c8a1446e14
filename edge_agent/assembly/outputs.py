"""The outputs' drivers, connected, and a thread for each bus that has outputs."""

import logging
from collections.abc import Callable
from queue import SimpleQueue

from edge_agent.acquire.hardware import Hardware, Place
from edge_agent.assembly.buses import explained
from edge_agent.blueprint.devices import ResolvedOutput
from edge_agent.clock import Clock
from edge_agent.evaluate.outputs.output_bus import OutputBus
from edge_agent.evaluate.outputs.switching import AtOnce, GuardedOutput, SettingResult, Switcher
from edge_agent.threads import Worker

_logger = logging.getLogger(__name__)


class OutputBuses:
    """Owns the threads that switch outputs; `answer` gets their results, `died` a failed thread.

    A thread stays until the end, even if a reload removes all outputs of its bus: two threads must
    never switch one chip. Pins have none, for they do not block.
    """

    def __init__(
        self,
        hardware: Hardware,
        *,
        answer: Callable[[SettingResult], None],
        died: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._hardware = hardware
        self._answer = answer
        self._died = died
        self._clock = clock
        self._buses: dict[str, OutputBus] = {}
        self._fresh: list[Worker] = []  # threads that are still to be started
        self.unsafe: SimpleQueue[str] = (
            SimpleQueue()
        )  # outputs, as the engine names them at its end

    def connect(self, resolved: ResolvedOutput) -> GuardedOutput:
        """Return an output, not switched yet; raise HardwareError if its bus is missing."""
        with explained():
            driver = resolved.build(self._hardware)
        return GuardedOutput(resolved.name, driver, resolved.guard, self._switcher(resolved.place))

    def start(self) -> None:
        """Start the threads of buses that had no outputs before."""
        while self._fresh:
            self._fresh.pop().start()

    def stop(self) -> bool:
        """Ask the threads to end; one that hangs in a transfer ends with the process.

        Log the outputs that are not known to be safe, and return whether there are none.
        """
        for bus in self._buses.values():
            bus.stop()
        names = [self.unsafe.get() for _ in range(self.unsafe.qsize())]
        for name in names:
            _logger.error("output %s could not be made safe; the next start tries it first", name)
        return not names

    def _switcher(self, place: Place) -> Switcher:
        if place.kind == "gpio":
            return AtOnce()
        if place.line not in self._buses:
            self._buses[place.line] = bus = OutputBus(place.line, self._answer, self._clock)
            worker = Worker(f"outputs on {place.line}", bus.run, bus.stop, self._died)
            self._fresh.append(worker)
        return self._buses[place.line]
