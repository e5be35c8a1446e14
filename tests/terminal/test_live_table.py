"""The live table fits every terminal, and shows every value, output and rule."""

import io
import logging

import pyte
import pytest
from rich.console import Console

from edge_agent.blueprint import resolve
from edge_agent.clock import ManualClock
from edge_agent.events import Alert, Reading, Switched
from edge_agent.example_files import GREENHOUSE
from edge_agent.terminal.display import ControlAnswer, Parts, Prompt, Reread
from edge_agent.terminal.screen import parts_of
from edge_agent.terminal.table import LiveTable

SIZES = [(60, 16), (80, 24), (120, 40)]
HEADING = (
    "simulating greenhouse.toml",
    "the page: http://127.0.0.1:8080/",
    "broker: mosquitto, 127.0.0.1:1883",
    "in another terminal: mosquitto_sub -p 1883 -t 'edge/#' -v",
    "the file: /opt/edge-agent/lib/edge_agent/examples/greenhouse.toml",
)
NOW = ManualClock().now()
READINGS = [
    Reading("air", NOW, {"temperature": 28.5, "atmospheric_pressure": 1013.4, "humidity": 44.6}),
    Reading("outside", NOW, {"temperature": 12.96, "humidity": 45.1}),
    Reading("water", NOW, {}, "not_ready", "the kernel got no answer"),
    Reading("door", NOW, {"active": 1.0}),
]


class Terminal:
    """A live table in a terminal that is emulated."""

    def __init__(self, width, height, parts=None, encoding="utf-8"):
        self._bytes = io.BytesIO()
        file = io.TextIOWrapper(self._bytes, encoding=encoding, errors="backslashreplace")
        console = Console(
            file=file, force_terminal=True, width=width, height=height, color_system="standard"
        )
        parts = parts or parts_of(resolve(GREENHOUSE))
        self.table = LiveTable(parts, HEADING, console=console)
        self._screen = pyte.Screen(width, height)
        self._stream, self._file = pyte.ByteStream(self._screen), file
        self.table.start()

    def show(self, *news):
        for one in news:
            self.table.take(one)
        self.table.refresh()
        self._file.flush()
        self._stream.feed(self._bytes.getvalue().replace(b"\n", b"\r\n"))
        self._bytes.seek(0)
        self._bytes.truncate()
        return [line.rstrip() for line in self._screen.display]


@pytest.fixture
def terminal():
    """A function: a table in a terminal of a size."""
    opened = []

    def open_(*arguments, **more):
        opened.append(Terminal(*arguments, **more))
        return opened[-1]

    before = logging.getLogger().handlers[:]
    yield open_
    for one in opened:
        one.table.close()
    logging.getLogger().handlers[:] = before


@pytest.mark.parametrize("size", SIZES)
def test_the_greenhouse_is_shown_whole_with_every_rule_and_output(terminal, size):
    lines = terminal(*size).show(*READINGS, Prompt(""))
    text = "\n".join(lines)
    blueprint = resolve(GREENHOUSE)
    channels = [one.name for device in blueprint.devices for one in device.channels]
    assert all(channel in text for channel in channels)
    assert all(f"{one.name} " in text for one in (*blueprint.outputs, *blueprint.rules))
    assert "simulating greenhouse.toml" in text
    assert "type help" in text
    assert "more values" not in text


@pytest.mark.parametrize("size", SIZES)
def test_there_is_room_for_a_message_above(terminal, size):
    shown = terminal(*size)
    shown.show(*READINGS, Prompt(""))
    lines = shown.show(ControlAnswer("scenario: water: unplug, for 10 s"))
    assert "scenario: water: unplug, for 10 s" in lines
    assert any("falling inactive" in line for line in lines)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_firing_rule_is_shown_with_its_message(terminal, size):
    alert = Alert("too_warm", "firing", NOW, "warning", {}, "28.5 °C in the greenhouse")
    lines = terminal(*size).show(*READINGS, alert, Prompt(""))
    assert "rule    too_warm firing (warning): 28.5 °C in the greenhouse" in lines


def test_a_low_terminal_shows_the_states_without_messages(terminal):
    alert = Alert("too_warm", "firing", NOW, "warning", {}, "28.5 °C in the greenhouse")
    lines = terminal(60, 16).show(*READINGS, alert, Switched("fan", 1.0, "too_warm", NOW))
    assert "rules    too_warm firing; frost inactive" in lines
    assert "outputs  fan on; heater …" in lines


@pytest.mark.parametrize("size", SIZES)
def test_a_sparkline_stands_beside_a_value(terminal, size):
    shown = terminal(*size)
    (line,) = [line for line in shown.show(*READINGS) if line.startswith("air ")]
    assert line.endswith("▁")
    assert "28.50 °C" in line


def test_a_device_without_a_value_says_why(terminal):
    (line,) = [line for line in terminal(80, 24).show(*READINGS) if line.startswith("water ")]
    assert "not ready" in line


@pytest.mark.parametrize(("width", "height"), [(20, 5), (1, 1), (60, 12), (200, 3)])
def test_a_small_terminal_is_never_overfull(terminal, width, height):
    lines = terminal(width, height).show(*READINGS, Prompt(""))
    assert len(lines) == height


def test_what_does_not_fit_is_counted(terminal):
    lines = terminal(60, 12).show(*READINGS, Prompt(""))
    assert "… 5 more values: a larger terminal shows them" in lines


def test_a_terminal_without_unicode_shows_what_it_can(terminal):
    lines = terminal(80, 24, encoding="ascii").show(*READINGS, Prompt("set"))
    assert "\\x" not in "\n".join(lines)
    assert any("28.50  C" in line and line.endswith("_") for line in lines)


def test_a_configuration_that_is_read_again_is_shown(terminal):
    shown = terminal(80, 24)
    shown.show(*READINGS)
    lines = shown.show(Reread(Parts({}, ("pump",), ("dry",))))
    assert "output  pump …" in lines
    assert "rule    dry inactive" in lines
    assert not [line for line in lines if line.startswith("air ")]
