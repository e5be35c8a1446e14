"""The commands of the README."""

import subprocess
import sys


def test_the_greenhouse_goes_into_a_real_kafka_and_kcat_reads_it_back(root):
    command = [sys.executable, "-m", "tests.buses.demo", "kafka", "30"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=300, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 30
    assert all(line.startswith("greenhouse/") and '"specversion":"1.0"' in line for line in lines)


def test_the_greenhouse_goes_into_a_real_rabbitmq_and_amqp_tools_read_it_back(root):
    command = [sys.executable, "-m", "tests.buses.demo", "amqp", "30"]
    done = subprocess.run(
        command, cwd=root, capture_output=True, text=True, timeout=300, check=True
    )
    lines = [line for line in done.stdout.splitlines() if line]
    assert len(lines) == 30
    assert all('"source":"urn:edge:greenhouse"' in line for line in lines)
