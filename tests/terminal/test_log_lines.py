"""The log as lines of JSON: one object each, whatever is logged."""

import io
import json
import logging
import sys

import pytest

from edge_agent.terminal.log_lines import TRACE, JsonLines, LogChoice, log_to_stderr


@pytest.fixture
def logger():
    """A logger that writes JSON lines, and what it wrote."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    one = logging.Logger("edge_agent.x")  # noqa: LOG001 - of this test alone
    one.addHandler(handler)
    one.lines = lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    return one


@pytest.fixture
def root_logger(monkeypatch):
    """A root logger and a trace logger of this test's own."""
    monkeypatch.setattr(logging, "root", logging.RootLogger(logging.WARNING))
    trace = logging.getLogger(TRACE)
    yield logging.root
    trace.setLevel(logging.NOTSET)


def test_a_line_says_when_how_bad_what_where_and_in_which_thread(logger):
    logger.warning("%s: no answer", "air", extra={"device": "air"})
    (line,) = logger.lines()
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "message": "air: no answer",
        "logger": "edge_agent.x",
        "thread": "MainThread",
        "device": "air",
    }


def test_whatever_is_logged_is_one_line(logger):
    for text in ("two\nlines", '"quoted"', "\x00\x1b[31m", "\u2028", "\ud800", "grün"):
        logger.error("%s", text)
    assert [line["message"] for line in logger.lines()][:3] == [
        "two\nlines",
        '"quoted"',
        "\x00\x1b[31m",
    ]
    assert len(logger.lines()) == 6


def test_a_traceback_is_a_field(logger):
    try:
        raise ValueError("bad")
    except ValueError:
        logger.exception("failed")
    (line,) = logger.lines()
    assert line["error"].endswith("ValueError: bad")


@pytest.mark.parametrize(("trace", "level"), [(False, logging.INFO), (True, logging.DEBUG)])
def test_trace_lines_are_logged_only_if_asked_for(root_logger, trace, level):
    log_to_stderr(LogChoice("json", trace), logging.StreamHandler(sys.stderr))
    assert logging.getLogger("edge_agent").getEffectiveLevel() >= logging.INFO
    assert (logging.getLogger(TRACE).level or logging.INFO) == level


@pytest.mark.parametrize(("quiet", "levels"), [(True, ["warning"]), (False, ["info", "warning"])])
def test_a_quiet_log_has_only_warnings_and_errors(root_logger, quiet, levels):
    root_logger.handlers.clear()  # pytest's own
    written = io.StringIO()
    log_to_stderr(LogChoice("json", quiet=quiet), logging.StreamHandler(written))
    for level in (logging.INFO, logging.WARNING):
        root_logger.log(level, "something")
    assert [json.loads(line)["level"] for line in written.getvalue().splitlines()] == levels
