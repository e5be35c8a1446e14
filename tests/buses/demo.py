"""The simulated greenhouse into a real bus, read back by a client that is not ours.

python -m tests.buses.demo kafka [COUNT]   reads COUNT events, or until Ctrl-C.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "vm")]  # the tests' laboratory

from tests.buses.servers.kafka import Kafka  # noqa: E402 - finds its laboratory there

ROOT = Path(__file__).parents[2]
TABLE = r"\[{}\]\n.*?\n(?=\[)"  # up to the next one
SINK = '\n[[sink]]\nname = "bus"\nurl = "{}"\nfrom = "beginning"\n'


def greenhouse(folder, url):
    """Write the greenhouse's configuration with this sink as its only destination."""
    text = (ROOT / "examples/greenhouse.toml").read_text()
    for table in ("mqtt", "commands"):
        text = re.sub(TABLE.format(table), "", text, flags=re.DOTALL)
    config = folder / "greenhouse.toml"
    config.write_text(text + SINK.format(url))
    return config


def run(folder, url, reader):
    """Simulate until the reader ends."""
    config = greenhouse(folder, url)
    agent = [sys.executable, "-m", "edge_agent", "simulate", "--no-broker", str(config)]
    with (
        (folder / "agent.txt").open("wb") as output,
        subprocess.Popen(
            [*agent, "--set", f"log.path={folder / 'greenhouse.db'}"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            subprocess.run(reader, check=False)
        except KeyboardInterrupt:
            pass
        finally:
            process.terminate()


def kafka(folder, count):
    """Deliver to a Kafka of one node, and read its topic with kcat."""
    server = Kafka(folder).start()
    try:
        # Not every machine's clock is known to be right; this topic does not need it.
        server.create("greenhouse", message_timestamp_type="LogAppendTime")
        reader = ["kcat", "-C", "-u", "-q", "-b", server.servers, "-t", "greenhouse"]
        reader += ["-o", "beginning", "-f", "%k %s\\n", *count]
        run(folder, f"{server.url}/greenhouse", reader)
    finally:
        server.stop()


DEMOS = {"kafka": kafka}


def main(bus, *count):
    """Run the demonstration of a bus."""
    with tempfile.TemporaryDirectory() as folder:
        DEMOS[bus](Path(folder), ["-c", *count] if count else [])


if __name__ == "__main__":
    main(*sys.argv[1:])
