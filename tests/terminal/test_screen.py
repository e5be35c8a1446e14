"""A service has no thread that shows nothing."""

import threading

import pytest

from edge_agent.blueprint import resolve
from edge_agent.terminal.log_lines import LogChoice
from edge_agent.terminal.screen import open_screen
from tests.configurations import shed


@pytest.mark.parametrize(("lines", "threads"), [(False, 0), (True, 1)])
def test_only_a_screen_that_shows_something_has_a_thread(tmp_path, lines, threads):
    before = set(threading.enumerate())
    config = tmp_path / "config.toml"
    config.write_text(shed("mqtt://127.0.0.1"))
    screen = open_screen(resolve(config), ("runs",), LogChoice(), lines=lines)
    screen.start()
    assert len(set(threading.enumerate()) - before) == threads
    screen.close()
