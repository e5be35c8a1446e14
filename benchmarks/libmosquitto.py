"""The same bytes from C: libmosquitto, with the window that the agent has."""

import json
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.events import envelopes
from benchmarks.scratch import scratch

SOURCE = Path(__file__).parent / "publisher.c"
MISSING = "libmosquitto cannot be compiled with: sudo apt install gcc libc6-dev libmosquitto-dev"


def publish(port: int, count: int) -> dict[str, Any]:
    """Publish `count` messages at QoS 1; return events per second, and the CPU of each in µs."""
    with scratch() as directory:
        program, lines = directory / "publisher", directory / "lines"
        compiler = ["cc", "-O2", "-o", str(program), str(SOURCE), "-lmosquitto"]
        with suppress(FileNotFoundError):
            subprocess.run(compiler, check=False)
        if not program.exists():
            raise SystemExit(MISSING)
        bodies = [*envelopes(1000)]
        lines.write_bytes(b"".join(body + b"\n" for _, body in bodies))
        command = [str(program), str(port), str(count), bodies[0][0], str(lines)]
        done = subprocess.run(command, check=True, capture_output=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
