"""The same bytes from C: libmosquitto, with the window that the agent has."""

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.events import envelopes
from benchmarks.scratch import scratch

SOURCE = Path(__file__).parent / "publisher.c"
MISSING = "libmosquitto cannot be compiled with: sudo apt install gcc libc6-dev libmosquitto-dev"


class Publisher(NamedTuple):
    """The program, and its last arguments."""

    program: str
    topic: str
    lines: str


def compiled(directory: Path) -> Publisher:
    """Compile the publisher, and write what it publishes."""
    program, lines = directory / "publisher", directory / "lines"
    compiler = ["cc", "-O2", "-o", str(program), str(SOURCE), "-lmosquitto"]
    with suppress(FileNotFoundError):
        subprocess.run(compiler, check=False)
    if not program.exists():
        raise SystemExit(MISSING)
    bodies = [*envelopes(1000)]
    lines.write_bytes(b"".join(body + b"\n" for _, body in bodies))
    return Publisher(str(program), bodies[0][0], str(lines))


def publish(port: int, count: int) -> dict[str, Any]:
    """Publish `count` messages at QoS 1; return events per second, and the CPU of each in µs."""
    with scratch() as directory:
        program, topic, lines = compiled(directory)
        command = [program, str(port), str(count), topic, lines]
        done = subprocess.run(command, check=True, capture_output=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
