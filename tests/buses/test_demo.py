"""The commands of the README."""

import json
import subprocess
import sys

import pytest

from tests.buses import demo


def demonstrated(root, bus):
    """Return what the client of a bus reads, and what is said beside it."""
    command = [sys.executable, "-m", "tests.buses.demo", bus, "30"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=600, check=True
    )
    return [line for line in done.stdout.splitlines() if line], done.stderr


@pytest.mark.parametrize(
    ("bus", "client"), [("kafka", "kcat"), ("amqp", "amqp-consume"), ("sqs", "boto3")]
)
def test_the_greenhouse_goes_into_a_real_bus_and_a_client_of_others_reads_it_back(
    root, bus, client
):
    lines, said = demonstrated(root, bus)
    events = [json.loads(line[line.index("{") :]) for line in lines]
    assert len(events) == 30
    assert {event["source"] for event in events} == {"urn:edge:greenhouse"}
    assert f"This is what {client} reads there" in said


def test_a_demonstration_ends_with_its_agent_and_says_why(tmp_path):
    with pytest.raises(SystemExit, match="no-such-scheme"):
        demo.run(tmp_path, "no-such-scheme://host", "sleep", ["sleep", "600"])
