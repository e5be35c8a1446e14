"""The programs in Java that come with Kafka, for what Python's library cannot do."""

import subprocess

from tests.buses.servers.maven import jars

POM = __file__.replace(".py", ".xml")
JAVA = ["nice", "java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
FROM_ALL = ("--entity-type", "clients", "--entity-default")  # without a quota of their own


def run(kafka, program, *arguments):
    """Run one to its end; return the lines of its output."""
    classes = ["-cp", f"{jars(POM, 'kafka-tools-4.4.0')}/*", f"org.apache.kafka.tools.{program}"]
    command = [*JAVA, *classes, "--bootstrap-server", kafka.servers, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def limit_producers(kafka, rate):
    """Let the brokers slow every producer down to so many bytes a second."""
    run(kafka, "ConfigCommand", "--alter", "--add-config", f"producer_byte_rate={rate}", *FROM_ALL)


def free_producers(kafka):
    """End the quota."""
    run(kafka, "ConfigCommand", "--alter", "--delete-config", "producer_byte_rate", *FROM_ALL)
