"""Whatever repeats in the agent, its log has a bound."""

import ast
import logging
import re
from pathlib import Path

import pytest

import edge_agent
from edge_agent.clock import ManualClock
from edge_agent.terminal.line_limit import MINUTE, MOST, LineLimit
from edge_agent.terminal.log_lines import log_to_stderr

LEVELS = {"debug", "info", "warning", "error", "exception"}


def loggers():
    """Yield the module and the line of each logging call in the agent."""
    root = Path(edge_agent.__file__).parent
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            function = getattr(node, "func", None)
            if getattr(function, "attr", "") in LEVELS and ast.unparse(function.value).endswith(
                "logger"
            ):
                yield f"{path.relative_to(root)}:{node.lineno}", node.args[0]


class Lines(logging.Handler):
    def __init__(self, clock):
        super().__init__()
        self.texts = []
        self.addFilter(LineLimit(clock.monotonic))

    def emit(self, record):
        self.texts.append(record.getMessage())


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def lines(clock):
    return Lines(clock)


def say(lines, text, *values, name="edge_agent.x"):
    lines.handle(logging.LogRecord(name, logging.INFO, "x.py", 1, text, values, None))


def is_bounded(place, text):
    lines = Lines(ManualClock())
    template = text.value if isinstance(text, ast.Constant) else "%s"
    values = ("x",) * (template.count("%") if isinstance(text, ast.Constant) else 1)
    shown = re.sub(r"%[.\d]*[df]", "%s", template)
    for n in range(1000):
        say(lines, shown, *(f"{value}{n}" for value in values), name=place)
    left_out = "(more lines like this are left out for a minute)"
    return len(lines.texts) == MOST and lines.texts[-1].endswith(left_out)


def test_no_line_of_the_agent_takes_the_log_for_itself():
    found = dict(loggers())
    assert found
    assert {place for place, text in found.items() if not is_bounded(place, text)} == set()


def test_after_a_minute_the_next_lines_are_logged(lines, clock):
    for _ in range(3):
        for n in range(100):
            say(lines, "connected to %s", n)
        clock.advance(MINUTE)
    assert len(lines.texts) == 3 * MOST
    assert lines.texts[MOST] == "connected to 0"


def test_one_kind_of_line_leaves_room_for_others(lines):
    for _ in range(1000):
        say(lines, "connected")
    say(lines, "another")
    say(lines, "connected", name="another")
    assert lines.texts[-2:] == ["another", "connected"]


def test_the_log_of_every_command_has_the_limit(monkeypatch):
    installed = []
    monkeypatch.setattr(logging, "basicConfig", lambda **more: installed.extend(more["handlers"]))
    log_to_stderr()
    log_to_stderr(handler=logging.NullHandler())
    assert [[type(one) for one in handler.filters] for handler in installed] == [[LineLimit]] * 2


def test_no_module_of_the_agent_prints_past_the_limit():
    root = Path(edge_agent.__file__).parent
    setters = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if "basicConfig(" in path.read_text() or "StreamHandler(" in path.read_text()
    }
    assert setters == {"terminal/log_lines.py"}
