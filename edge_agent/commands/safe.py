"""`edge-agent safe`: switch every output to its safe state."""

import os
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import click

from edge_agent.commands.config_choice import config_argument
from edge_agent.errors import HardwareError
from edge_agent.terminal.wrapping import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edge_agent.acquire.hardware import Hardware
    from edge_agent.assembly.outputs import OutputBuses
    from edge_agent.blueprint.devices import ResolvedOutput
    from edge_agent.clock import Clock
    from edge_agent.evaluate.outputs.output_set import OutputSet
    from edge_agent.evaluate.outputs.switching import GuardedOutput, SettingResult
    from edge_agent.events import Switched

PATIENCE = 5.0  # seconds for all buses together; systemd waits 15 s for this command


@click.command()
@config_argument
def safe(config: Path) -> int:
    """Switch every output of CONFIG to its safe state.

    Stop the agent first: it holds the pins. The systemd service runs this command after the agent;
    after a clean stop it does nothing. Exit code 3 if an output could not be switched.
    """
    if os.environ.get("SERVICE_RESULT") == "success":
        return 0
    from edge_agent.acquire.hardware import RealHardware  # noqa: PLC0415

    outputs, problems = _resolved(config)
    failures = [*problems, *make_safe(outputs, RealHardware())]
    for failure in failures:
        say(failure)
    return HardwareError.exit_code if failures else 0


def _resolved(config: Path) -> "tuple[tuple[ResolvedOutput, ...], tuple[str, ...]]":
    """Return the outputs and their problems; problems elsewhere in the file do not matter."""
    from edge_agent.acquire.catalog import Catalog  # noqa: PLC0415
    from edge_agent.blueprint.devices import DeviceResolver  # noqa: PLC0415
    from edge_agent.config.reader import read  # noqa: PLC0415

    settings, problems = read(config)
    outputs = DeviceResolver(Catalog("edge_agent.drivers"), problems).outputs(settings.output)
    return outputs, problems.about("output")


def make_safe(resolved: "tuple[ResolvedOutput, ...]", hardware: "Hardware") -> list[str]:
    """Switch every output that can be reached; return a line for each that cannot.

    Pins come first; the buses follow side by side, so one that hangs delays no other.
    """
    from edge_agent.assembly.outputs import OutputBuses  # noqa: PLC0415
    from edge_agent.clock import SystemClock  # noqa: PLC0415
    from edge_agent.evaluate.outputs.output_set import OutputSet  # noqa: PLC0415

    answers: SimpleQueue[SettingResult] = SimpleQueue()
    clock = SystemClock()
    buses = OutputBuses(hardware, answer=answers.put, died=_ignore, clock=clock)
    reached: list[GuardedOutput] = []
    failures = [line for one in resolved if (line := _reach(one, buses, reached))]
    buses.start()
    for switched in _secured(OutputSet(reached), answers, clock):
        if switched.error:
            failures.append(f"output {switched.output}: {switched.error}")
        else:
            click.echo(f"output {switched.output}: safe ({switched.value:g})")
    buses.stop()
    hardware.close()
    return failures


def _secured(
    outputs: "OutputSet", answers: "SimpleQueue[SettingResult]", clock: "Clock"
) -> "Iterator[Switched]":
    """Yield what becomes of each output."""
    from edge_agent.evaluate.outputs.output_bus import results  # noqa: PLC0415

    yield from outputs.secure(clock.now())
    for result in results(answers, lambda: outputs.waits, PATIENCE):
        yield from outputs.settle(result)
    yield from outputs.give_up(clock.now())


def _reach(one: "ResolvedOutput", buses: "OutputBuses", reached: "list[GuardedOutput]") -> str:
    try:
        reached.append(buses.connect(one))
    except Exception as error:  # noqa: BLE001 - the other outputs must follow after any error
        return f"output {one.name}: {error}"
    return ""


def _ignore(_name: str) -> None:
    """Do nothing: the outputs of a thread that has failed are reported, for lack of results."""
