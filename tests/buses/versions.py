"""The versions of what `make test-buses` tests, for its report."""

import re
import subprocess
from importlib.metadata import version
from pathlib import Path

SERVERS = Path(__file__).parent / "servers"
LIBRARIES = ("confluent-kafka", "pika", "botocore", "fastavro", "paho-mqtt")
VERSION = 'VERSION = "([^"]+)"'
DEBIAN = ("dpkg-query", "--show", "--showformat", "${Version}")


def versions():
    """Yield the servers and the libraries, each with its version."""
    yield f"Kafka {_in_file('kafka.xml', '<version>([0-9.]{3,})')}"
    yield f"RabbitMQ {of_debian('rabbitmq-server')}"
    yield f"moto {_in_file('moto.py', VERSION)}"
    yield f"ElasticMQ {_in_file('elasticmq.py', VERSION)}"
    yield f"HiveMQ CE {_in_file('hivemq.py', VERSION)}"
    yield f"Apicurio Registry {_in_file('apicurio.py', VERSION)}"
    yield from (f"{name} {version(name)}" for name in LIBRARIES)


def of_debian(package):
    """Return the version of a package that is installed here."""
    done = subprocess.run([*DEBIAN, package], capture_output=True, text=True, check=False)
    return done.stdout or "not installed"


def _in_file(name, pattern):
    return re.search(pattern, (SERVERS / name).read_text())[1]
