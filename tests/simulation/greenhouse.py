"""What the simulated agent is configured to do, and the sensors that it measures with."""

import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from typing import NamedTuple

from drivers.base.channel import Channel
from drivers.base.errors import NoAcknowledge
from edge_agent.blueprint import resolve

ADDRESSES = ("first", "spare", "second")
CONFIG = """
node = "sim"
[log]
commit_interval = "{interval}"
max_size = "{max_size}"
[mqtt]
url = ["mqtt://first", "mqtt://spare"]
versions = [5]
max_batch = {batch}
[[device]]
name = "air"
driver = "thermal"
every = "{air}"
[[device]]
name = "soil"
driver = "sht4x"
bus = 3
every = "{soil}"
[[rule]]
name = "warm"
when = "air.temperature > 25"
severity = "critical"
[[sink]]
name = "second"
url = "mqtt://second"
versions = [5]
max_batch = {second_batch}
from = "beginning"
kinds = {kinds}
"""
FILE_SINK = """
[[sink]]
name = "archive"
url = "file://{root}/archive.jsonl"
max_batch = 50
from = "beginning"
"""
KINDS = ('["reading", "alert", "gap"]', '["alert", "gap", "lifecycle"]')


class Settings(NamedTuple):
    """What differs between the agents of two seeds."""

    interval: str = "1s"
    max_size: str = "256MB"
    batch: int = 1
    second_batch: int = 50
    kinds: str = KINDS[0]
    archive: bool = False
    air: str = "1s"
    soil: str = "2s"


PRESETS = (  # a few: each takes some milliseconds to resolve
    Settings(),
    Settings(interval="0s", batch=10, second_batch=1),
    Settings(interval="5s", max_size="1MB", second_batch=100),
    Settings(max_size="1MB", batch=10, kinds=KINDS[1]),
    Settings(interval="5s", batch=100, archive=True),
    Settings(interval="0s", max_size="1MB", second_batch=20, archive=True),
)


class Thermometer:
    """A sensor whose every reading is another one: `next_count` numbers them."""

    channels = (Channel("temperature", "°C", -55, 150, 0.001), Channel("count", "", 0, 1e9, 1))

    def __init__(self, next_count):
        self._next_count = next_count

    def setup(self):
        yield from ()

    def measure(self):
        yield 0.01  # a conversion
        count = self._next_count()
        if count % 50 == 49:
            raise NoAcknowledge("thermometer", "no answer")
        return {"temperature": 20.0 + count % 13, "count": float(count)}


class Greenhouse:
    """The hardware: two sensors, which a blueprint finds whatever it names."""

    def __init__(self):
        self.next_count = count().__next__

    def thermometer(self, _port, **_options):
        return Thermometer(self.next_count)

    def blueprint(self, root, settings):
        """Return what an agent is built from."""
        found = resolved(root, settings)
        devices = [
            one._replace(driver=self.thermometer, channels=Thermometer.channels)
            for one in found.devices
        ]
        return found._replace(devices=tuple(devices))

    def kernel(self):
        return None

    def i2c(self, _number):
        return None

    def claimed(self, _bus, _address):
        return ""

    def close(self):
        pass


@cache
def resolved(root, settings):
    text = CONFIG.format(**settings._asdict()) + FILE_SINK.format(root=root) * settings.archive
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "sim.toml"
        file.write_text(text)
        return resolve(file)
