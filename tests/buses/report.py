"""The report of a whole run of `make test-buses`, in docs/proof.md: versions, results, seconds."""

import re
import subprocess
from collections import Counter, defaultdict
from importlib.metadata import version
from pathlib import Path

from benchmarks.proof import record, table

SERVERS = Path(__file__).parent / "servers"
LIBRARIES = ("confluent-kafka", "pika", "botocore", "fastavro", "paho-mqtt")
HEAD = ("tests", "passed", "failed", "failed as expected", "skipped", "seconds")
VERSION = 'VERSION = "([^"]+)"'
DEBIAN = ("dpkg-query", "--show", "--showformat", "${Version}")


class Report:
    """Collects the results of tests, and writes their report when the run ends.

    `write` takes the report; a run that collected nothing, or was ended early, writes none.
    """

    def __init__(self, write=lambda text: record("buses", text)):
        self._write = write
        self._results = defaultdict(Counter)
        self._failed = []

    def pytest_runtest_logreport(self, report):
        """Count what a phase of a test adds: a failure in any of them, success of the call."""
        name = report.nodeid.removeprefix("tests/buses/")
        results = self._results[name.partition("::")[0]]
        results["seconds"] += report.duration
        expected = hasattr(report, "wasxfail")
        if report.failed:
            results["failed"] += 1
            self._failed.append(name)
        elif report.skipped:
            results["failed as expected" if expected else "skipped"] += 1
        elif report.when == "call":
            results["passed"] += 1

    def pytest_sessionfinish(self, exitstatus):
        """Write the report of a run that came to its end."""
        if self._results and exitstatus in (0, 1):
            self._write(self.text())

    def text(self):
        """Return versions, a table with a line for each file of tests, and what failed."""
        rows = [(file, *_row(one)) for file, one in sorted(self._results.items())]
        rows.append(("all", *_row(sum(self._results.values(), Counter()))))
        failed = "".join(f"- failed: `{name}`\n" for name in self._failed)
        return f"{', '.join(versions())}.\n\n{table(HEAD, rows)}\n{failed or 'Nothing failed.'}\n"


def _row(results):
    """Return the cells of a line behind its name."""
    return [f"{round(results[name]):,}" for name in HEAD[1:]]


def versions():
    """Yield the servers and the libraries, each with its version."""
    yield f"Kafka {_in_file('kafka.xml', '<version>([0-9.]{3,})')}"
    yield f"RabbitMQ {_debian('rabbitmq-server')}"
    yield f"moto {_in_file('moto.py', VERSION)}"
    yield f"ElasticMQ {_in_file('elasticmq.py', VERSION)}"
    yield f"HiveMQ CE {_in_file('hivemq.py', VERSION)}"
    yield f"Apicurio Registry {_in_file('apicurio.py', VERSION)}"
    yield from (f"{name} {version(name)}" for name in LIBRARIES)


def _in_file(name, pattern):
    return re.search(pattern, (SERVERS / name).read_text())[1]


def _debian(package):
    done = subprocess.run([*DEBIAN, package], capture_output=True, text=True, check=False)
    return done.stdout or "not installed"
