"""Carries out instructions on simulated hardware, in the hardware's own thread."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from simulators.control import (
    HELP,
    BeginFault,
    ReleaseInputs,
    RepairTarget,
    SetInput,
    ShowState,
    parse,
    target_name,
)
from simulators.injection import InjectedFault, left

if TYPE_CHECKING:
    from simulators.hardware import SimulatedHardware


class InstructionExecutor:
    """Changes inputs and faults of running hardware, and reports what has changed."""

    def __init__(self, hardware: "SimulatedHardware") -> None:
        self._hardware = hardware

    def execute(self, line: str) -> str:
        """Carry out a line and return the answer; raise ControlError if it cannot be done."""
        instruction = parse(line, self._hardware.models, self._hardware.buses())
        match instruction:
            case SetInput():
                return self._set(instruction)
            case ReleaseInputs():
                return "\n".join(self._release(instruction))
            case BeginFault():
                return self._begin(instruction)
            case RepairTarget():
                return self._repair(instruction)
            case ShowState():
                return "\n".join(self._show(instruction))
            case _:
                return HELP

    def _set(self, asked: SetInput) -> str:
        self._hardware.expose(*asked)
        name = f"{asked.device}.{asked.channel}"
        return f"{name} = {asked.value:g} until: release {name}"

    def _release(self, asked: ReleaseInputs) -> Iterator[str]:
        surroundings = self._hardware.surroundings(asked.device)
        held = [channel for channel in asked.channels if channel in surroundings.held()]
        for channel in held:
            del surroundings[channel]
            yield f"{asked.device}.{channel} follows its signal: {surroundings[channel]:.6g} now"
        if not held:
            yield f"{asked.device}: no such input is set; all follow their signals"

    def _begin(self, asked: BeginFault) -> str:
        faults = self._hardware.faults
        arguments = {**asked.fault.arguments, "at": faults.now()}
        injected = faults.inject(replace(asked.fault, arguments=arguments))
        return self._fault_line(injected)

    def _repair(self, asked: RepairTarget) -> str:
        name = target_name(asked.target)
        ended = [each.planned.kind for each in self._hardware.faults.repair(asked.target)]
        return f"{name}: ended: {', '.join(ended)}" if ended else f"{name}: has no fault now"

    def _show(self, asked: ShowState) -> Iterator[str]:
        for device in asked.devices:
            surroundings = self._hardware.surroundings(device)
            for channel, value in surroundings.items():
                by_hand = "set by hand" if channel in surroundings.held() else ""
                yield f"{device + '.' + channel:<28} {value:<10.6g} {by_hand}".rstrip()
        active = self._hardware.faults.active()
        whole = len(asked.devices) != 1
        shown = [each for each in active if whole or each.target in asked.devices]
        yield from map(self._fault_line, shown)
        if not shown:
            yield "no faults now"

    def _fault_line(self, injected: InjectedFault) -> str:
        name, kind = target_name(injected.target), injected.planned.kind
        if kind == "brown_out":
            return f"{name}: {kind} at the next transfer"
        seconds = left(injected, self._hardware.now())
        until = f"until: repair {name}" if seconds is None else f"for {seconds:.1f} s"
        by = "" if injected.by_hand else ", from the scenario"
        return f"{name}: {kind} {until}{by}"
