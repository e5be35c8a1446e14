"""Open pages, as many as are wanted, in a process of its own: each follows the live values.

python -m benchmarks.viewers ADDRESS COUNT   prints a line when all are open; ends with its input
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

REQUEST = "GET /api/live HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\n\r\n"
OPENING = b"HTTP/1.1 200"
PATIENCE = 60.0  # s


@contextmanager
def viewers(address: str, count: int) -> Iterator[None]:
    """Keep pages open until the end of the block."""
    words = [sys.executable, "-m", "benchmarks.viewers", address, str(count)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise SystemExit(f"the page at {address} does not answer")
        yield
        process.communicate(b"")


async def _view(address: str, opened: "asyncio.Semaphore") -> None:
    """Read what comes, and say once that it comes."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(REQUEST.format(address).encode())
    while data := await reader.read(65536):
        if data.startswith(OPENING):
            opened.release()


async def _main(address: str, count: int) -> None:
    opened = asyncio.Semaphore(0)
    views = [asyncio.create_task(_view(address, opened)) for _ in range(count)]
    async with asyncio.timeout(PATIENCE):
        for _ in range(count):
            await opened.acquire()
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    ended = [view for view in views if view.done()]
    assert not ended, f"{len(ended)} pages were closed"
    for view in views:
        view.cancel()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
