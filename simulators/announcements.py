"""Announces the faults of a scenario, so that a staged one is not taken for a real one."""

import math
from collections.abc import Callable

from simulators.control import target_name
from simulators.injection import Faults, InjectedFault

AHEAD = 1.0  # seconds: before the agent can notice


class FaultAnnouncer:
    """Says when a fault of the scenario begins and ends; `step` is called again and again."""

    def __init__(self, faults: Faults, say: Callable[[str], None]) -> None:
        self._faults = faults
        self._say = say
        self._begun: set[int] = set()  # places in the list of faults, which only grows
        self._ended: set[int] = set()

    def step(self) -> None:
        """Say what is due."""
        now = self._faults.now()
        for number, fault in enumerate(self._faults.staged()):
            if number not in self._begun and fault.begin - AHEAD <= now:
                self._begun.add(number)
                self._say(_beginning(fault))
            if number in self._begun - self._ended and fault.end <= now:
                self._ended.add(number)
                self._say(f"scenario: {_name(fault)} ends")


def _beginning(fault: InjectedFault) -> str:
    lasts = fault.end - fault.begin
    stays = "stays" if math.isinf(lasts) else f"for {lasts:g} s" if lasts else "once"
    return f"scenario: {_name(fault)}, {stays}"


def _name(fault: InjectedFault) -> str:
    return f"{target_name(fault.target)}: {fault.planned.kind}"
