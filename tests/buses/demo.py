"""The simulated greenhouse into a real bus, read back by a client that is not ours.

python -m tests.buses.demo kafka|amqp|sqs [COUNT]   reads COUNT events, or until Ctrl-C.
"""

import contextlib
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "vm")]  # the tests' laboratory

# ruff: noqa: E402 - they find it there
from tests.buses.amqp_queue import channel
from tests.buses.servers.kafka import Kafka
from tests.buses.servers.moto import REGION, Moto, python
from tests.buses.servers.rabbitmq import Epmd, RabbitMQ, install

ROOT = Path(__file__).parents[2]
QUEUE = Path(__file__).parent / "readers/boto3_print.py"
TABLE = r"\[{}\]\n.*?\n(?=\[)"  # up to the next one
SINK = '\n[[sink]]\nname = "bus"\nurl = "{}"\nfrom = "beginning"\n'
STARTS = "Starts {} on this machine; what is missing is fetched first ..."
READS = "The simulated greenhouse delivers to {}.\nThis is what {} reads there. Ctrl-C ends it."


def say(text):
    """Say what happens; standard output is the reader's alone."""
    sys.stderr.write(f"{text}\n")


def greenhouse(folder, url, options):
    """Write the greenhouse's configuration with this sink as its only destination."""
    text = (ROOT / "examples/greenhouse.toml").read_text()
    for table in ("mqtt", "commands"):
        text = re.sub(TABLE.format(table), "", text, flags=re.DOTALL)
    config = folder / "greenhouse.toml"
    config.write_text(text + SINK.format(url) + options)
    return config


def run(folder, url, client, reader, options=""):
    """Simulate until the reader ends, which is a command of this client."""
    config = greenhouse(folder, url, options)
    command = [sys.executable, "-m", "edge_agent", "simulate", "--no-broker", str(config)]
    command += ["--set", f"log.path={folder / 'greenhouse.db'}"]
    say(READS.format(url, client))
    with (folder / "agent.txt").open("wb") as output:
        agent = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        read_while_it_runs(agent, reader)
    finally:
        ended = agent.poll() is not None
        agent.terminate()
        agent.wait()
    if ended:
        raise SystemExit("The agent has ended:\n" + (folder / "agent.txt").read_text())


def read_while_it_runs(agent, reader):
    """Run the reader to its end, or to that of the agent."""
    with subprocess.Popen(reader) as process:
        while process.poll() is None and agent.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
        process.terminate()


def kafka(folder, count):
    """Deliver to a Kafka of one node, and read its topic with kcat."""
    say(STARTS.format("Apache Kafka"))
    server = Kafka(folder).start()
    try:
        # Not every machine's clock is known to be right; this topic does not need it.
        server.create("greenhouse", message_timestamp_type="LogAppendTime")
        reader = ["kcat", "-C", "-u", "-q", "-b", server.servers, "-t", "greenhouse"]
        reader += ["-o", "beginning", "-f", "%k %s\\n", *count]
        run(folder, f"{server.url}/greenhouse", "kcat", reader)
    finally:
        server.stop()


def amqp(folder, count):
    """Deliver to a queue of RabbitMQ, and read it with amqp-tools."""
    say(STARTS.format("RabbitMQ"))
    install("amqp-tools", "amqp-consume")
    epmd = Epmd()
    server = RabbitMQ(folder, epmd).start()
    try:
        with channel(server.port) as one:  # the reader may be faster than the agent
            one.queue_declare("greenhouse", durable=True, arguments={"x-queue-type": "quorum"})
        reader = ["amqp-consume", "-u", f"amqp://127.0.0.1:{server.port}", "-q", "greenhouse"]
        keys = 'queue = "greenhouse"\n'
        run(folder, server.url, "amqp-consume", [*reader, *count, "awk", "1"], keys)
    finally:
        server.stop()
        epmd.stop()


def sqs(folder, count):
    """Deliver to a queue of moto, which checks signatures, and read it with boto3."""
    say(STARTS.format("moto, an emulator of SQS,"))
    server = Moto(folder, ["greenhouse"]).start()
    try:
        queue = server.queue("greenhouse")
        keys = f'region = "{REGION}"\ncredentials_file = "{server.credentials}"\n'
        reader = [python(), QUEUE, server.endpoint, REGION, queue, server.credentials]
        run(folder, f"sqs+{queue}", "boto3", [*reader, *count[1:]], keys)
    finally:
        server.kill()


DEMOS = {"kafka": kafka, "amqp": amqp, "sqs": sqs}


def main(bus, *count):
    """Run the demonstration of a bus; Ctrl-C and SIGTERM end it with all its processes."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(KeyboardInterrupt):
        DEMOS[bus](Path(folder), ["-c", *count] if count else [])


if __name__ == "__main__":
    main(*sys.argv[1:])
