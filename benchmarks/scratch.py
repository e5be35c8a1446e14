"""A fresh directory for one measurement."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a directory on the disk of this checkout: /tmp may be in memory."""
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent.parent, prefix=".bench-") as name:
        yield Path(name)
