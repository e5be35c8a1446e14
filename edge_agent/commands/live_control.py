"""The live control of `edge-agent simulate`: what listens, and to what."""

import errno
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.terminal.control import ControlThread
from edge_agent.terminal.control_socket import ControlSocket
from edge_agent.terminal.display import ControlAnswer, Prompt
from edge_agent.terminal.keyboard import Keyboard
from edge_agent.terminal.line_sources import LineSource, StandardInput, in_foreground
from edge_agent.terminal.screen import Screen

STDIN = 0

_logger = logging.getLogger(__name__)


@contextmanager
def live_control(execute: Callable[[str], str], screen: Screen, path: Path) -> Iterator[None]:
    """Take lines, typed or sent to the socket at `path`, until the block ends."""
    terminal = _terminal(screen)
    thread = ControlThread(execute, terminal, _listener(path))
    thread.start()
    try:
        yield
    finally:
        thread.close()
        terminal.close()  # even if the thread hangs: the terminal must get its echo back


def _terminal(screen: Screen) -> LineSource:
    def show(text: str) -> None:
        screen.put(ControlAnswer(text))

    if screen.redraws and os.isatty(STDIN) and in_foreground(STDIN):
        return Keyboard(STDIN, lambda text: screen.put(Prompt(text)), show)
    return StandardInput(STDIN, show)


def _listener(path: Path) -> ControlSocket | None:
    """Return the socket; a simulation without one is still useful."""
    try:
        return ControlSocket(path)
    except OSError as error:
        if path.parent.is_dir() and os.access(path.parent, os.W_OK):  # else the log reports it
            reason = _reason(error)
            _logger.warning("no control socket %s: %s; --set log.path moves it", path, reason)
        return None


def _reason(error: OSError) -> str:
    """Return in plain words why there is no socket; a path that is too long has no number."""
    if error.errno == errno.EADDRINUSE:
        return "another program has it"
    return error.strerror or "the path is too long for a socket"
