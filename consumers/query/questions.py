"""How a question for a store in use reaches the process that writes it: over a socket beside it.

The question is a line of JSON, `{"sql": …}`. The answer is a line as well: `{"error": …}`, or
`{"size": …}`, and then a Parquet file of this many bytes.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LONGEST = 1_000_000  # bytes of a line


@contextmanager
def address_beside(path: Path) -> Iterator[str]:
    """Yield the socket's address, which is short however long the path is."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}.query"
    finally:
        os.close(directory)
