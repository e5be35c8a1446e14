"""The picture of the README: the demonstration's screen, of a run on a simulated clock."""

import html
import re
from collections.abc import Iterator, Sequence
from heapq import heapify, heapreplace
from itertools import pairwise
from pathlib import Path

from rich.cells import cell_len
from rich.text import Text

from drivers.base.driver import read_parted
from drivers.base.errors import DriverError
from edge_agent.acquire.hardware import Hardware
from edge_agent.blueprint import Blueprint, resolve
from edge_agent.blueprint.devices import ResolvedDevice
from edge_agent.clock import Moment
from edge_agent.commands.demo import PAGE
from edge_agent.commands.simulate import heading
from edge_agent.commands.simulation import attach, scenario_of
from edge_agent.evaluate.refine.refine import refine
from edge_agent.evaluate.replay import Replay
from edge_agent.events import Reading
from edge_agent.example_files import GREENHOUSE
from edge_agent.terminal.board import Board
from edge_agent.terminal.layout import TerminalSize, drawn
from edge_agent.terminal.screen import parts_of
from edge_agent.terminal.table import HINT
from simulators.announcements import FaultAnnouncer
from simulators.clock import VirtualClock
from simulators.hardware import SimulatedHardware

SECONDS = 115  # the fan runs, the door was open, and the water probe was out
BEGIN = 1_780_300_800_000_000  # µs: 1 June 2026, 8:00
SIZE = TerminalSize(96, 34)
WIDTH, HEIGHT, MARGIN = 8.4, 18, 14  # pixels of a character
COLOURS = {
    "cyan": "#68a0b3",
    "green": "#98a84b",
    "red": "#cc555a",
    "yellow": "#d0b344",
    "dim": "#868887",
}
PLAIN = "#c5c8c6"
WORDS = re.compile(r"\S+(?: \S+)*")  # SVG makes one space of several


def demo_picture() -> str:
    """Return the screen as SVG: the same in every run."""
    return _svg(_screen(resolve(GREENHOUSE, (PAGE,))))


def _screen(blueprint: Blueprint) -> list[Text]:
    clock, said = VirtualClock(), list[str]()
    hardware = SimulatedHardware(clock, scenario_of(GREENHOUSE, blueprint))
    attach(hardware, blueprint)
    announcer = FaultAnnouncer(hardware.faults, said.append)
    board = Board(parts_of(blueprint), clock.monotonic)
    guards = {output.name: output.guard for output in blueprint.outputs}
    plans = {device.name: device.plan for device in blueprint.devices}
    replay = Replay(blueprint.rules, plans, guards, _moment(0))
    for switched in replay.switched:
        board.take(switched)
    for reading in _readings(blueprint, hardware, clock, announcer):
        replay.feed(reading)
        for news in (reading, *replay.alerts, *replay.switched):
            board.take(news)
    hardware.close()
    lines = heading(GREENHOUSE, blueprint, "mosquitto, 127.0.0.1:1883")[
        :-1
    ]  # not where the file is here
    return [*map(Text, said), *drawn(board, lines, Text(f"> {HINT}", "dim"), SIZE)]


def _readings(
    blueprint: Blueprint,
    hardware: SimulatedHardware,
    clock: VirtualClock,
    announcer: FaultAnnouncer,
) -> Iterator[Reading]:
    """Measure every device whenever it is due, until the time is over."""
    began = clock.monotonic()
    due = [(began, number) for number, _ in enumerate(blueprint.devices)]
    heapify(due)
    while due[0][0] < began + SECONDS:
        at, number = due[0]
        while clock.monotonic() < at:
            clock.advance(min(at - clock.monotonic(), 0.5))
            hardware.step()
            announcer.step()
        device = blueprint.devices[number]
        yield _measured(device, hardware, clock, began)
        heapreplace(due, (at + float(device.settings.every), number))


def _measured(
    device: ResolvedDevice, hardware: Hardware, clock: VirtualClock, began: float
) -> Reading:
    try:
        parted = read_parted(device.build(hardware), clock.advance)
    except DriverError as error:
        return Reading(device.name, _moment(clock.monotonic() - began), {}, error.quality)
    now = _moment(clock.monotonic() - began)
    return refine(device.plan, Reading(device.name, now, parted.values), {})[0]


def _moment(seconds: float) -> Moment:
    uptime = round(seconds * 1e6)
    return Moment(BEGIN + uptime, uptime, trusted=True)


def _svg(lines: Sequence[Text]) -> str:
    width = SIZE.width * WIDTH + 2 * MARGIN
    height = len(lines) * HEIGHT + 2 * MARGIN
    rows = [
        f'<text y="{MARGIN + (number + 0.75) * HEIGHT:g}">{"".join(_spans(line))}</text>'
        for number, line in enumerate(lines)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
    style = "font-family:Fira Code,DejaVu Sans Mono,monospace;font-size:14px;white-space:pre"
    back = '<rect width="100%" height="100%" rx="8" fill="#292929"/>'
    return "\n".join([f'{head} style="{style}">', back, *rows, "</svg>", ""])


def _spans(line: Text) -> Iterator[str]:
    """Yield the parts of a line that look the same, each at its column."""
    bounds = sorted({0, len(line), *(edge for s in line.spans for edge in (s.start, s.end))})
    for begin, end in pairwise(bounds):
        styles = [line.style, *(s.style for s in line.spans if s.start <= begin < s.end)]
        names = " ".join(map(str, styles)).split()
        for part in WORDS.finditer(line.plain, begin, end):
            column = cell_len(line.plain[: part.start()])
            yield _span(part[0], MARGIN + column * WIDTH, names)


def _span(text: str, x: float, styles: list[str]) -> str:
    colour = next((COLOURS[name] for name in COLOURS if name in styles), PLAIN)
    bold = ' font-weight="bold"' if "bold" in styles else ""
    length = f'textLength="{cell_len(text) * WIDTH:g}" lengthAdjust="spacingAndGlyphs"'
    return f'<tspan x="{x:g}" {length} fill="{colour}"{bold}>{html.escape(text)}</tspan>'


PICTURE = Path(__file__).parent / "demo.svg"
