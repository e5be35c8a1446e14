"""Where a configuration comes from."""

from pathlib import Path
from typing import NamedTuple


class ConfigOrigin(NamedTuple):
    """The file, and the `key=value` settings of the command line, which come first."""

    file: Path
    overrides: tuple[str, ...] = ()
