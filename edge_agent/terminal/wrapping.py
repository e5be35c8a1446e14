"""Lines that are longer than a terminal is wide."""

import shutil
import textwrap
from typing import TextIO

NARROWEST = 20  # columns


def wrapped(line: str, stream: TextIO) -> str:
    """Return a line broken between its words if a terminal shows it; else as it is, for scripts."""
    if not stream.isatty():
        return line
    return textwrap.fill(
        line,
        max(shutil.get_terminal_size().columns, NARROWEST),
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
