"""The surroundings of a machine under test: archive and package index, broker, bus with chips."""

import json
from pathlib import Path
from typing import Any, Self

from lab import images, provisioning
from lab.broker import Mosquitto, Subscriber
from lab.qemu import Guest
from lab.registry import HOST, Registry
from lab.waiting import eventually
from simulators.bme280 import BME280
from simulators.bus import SimulatedBus
from simulators.clock import RealClock
from simulators.i2c_tiny_usb import I2cTinyUsb
from simulators.usbip import Server

SCRIPTS = "/opt/laboratory"  # in a guest; not on its PYTHONPATH
BROKER = """allow_anonymous true
max_inflight_messages 0
persistence true
persistence_location {}/
autosave_interval 1
user root
"""


class Harness:
    """Serves guests while its `with` block runs, and records what a subscriber outside receives."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        images.payload(self.files)
        self.registry = Registry(self.files)
        self.broker = Mosquitto(folder, BROKER.format(folder))
        self._saved = folder / "mosquitto.db"
        clock = RealClock()
        self.chip = BME280(clock)
        bus = SimulatedBus(clock)
        bus.attach(0x76, self.chip)
        self._usb = Server([I2cTinyUsb("the bus of the harness", bus)])

    def __enter__(self) -> Self:
        self.registry.__enter__()
        self._usb.start()
        self.broker.start()
        self._subscriber = Subscriber(self.broker.port, "edge/+/event/#", "watcher")
        return self

    def __exit__(self, *_: object) -> None:
        self._subscriber.close()
        self.broker.stop()
        self._usb.close()
        self.registry.__exit__()

    def has_saved_subscriber(self) -> bool:
        """Return whether the broker has saved the subscriber's session, for after a kill."""
        return self._saved.exists() and b"watcher" in self._saved.read_bytes()

    def events(self) -> dict[int, dict[str, Any]]:
        """Return the events received, by offset; raise AssertionError for a contradiction."""
        found: dict[int, dict[str, Any]] = {}
        for _topic, body, _retained in list(self._subscriber.received):
            event = json.loads(body)
            offset = int(event["id"].split(":")[1])
            assert found.setdefault(offset, event) == event
        return found

    def values(self, channel: str) -> list[float]:
        """Return a channel's values in the order of the log."""
        readings = [e["data"] for _, e in sorted(self.events().items()) if "values" in e["data"]]
        return [data["values"][channel] for data in readings if channel in data["values"]]

    def prepare(self, guest: Guest, suite: str, arch: str) -> None:
        """Point a machine's apt and pip to this archive, and `broker.local` to this broker."""
        wheels = provisioning.provide_wheels(self.files, suite, arch)
        self.wheels = self.files / wheels
        guest.run("rm -f /etc/apt/sources.list.d/*")
        for path, text in provisioning.settings(self.registry.url, suite, wheels).items():
            guest.run(f"cat > {path} << 'END'\n{text}\nEND")
        self._copy_scripts(guest)
        guest.run("echo '127.0.0.1 broker.local' >> /etc/hosts")
        script = f"{SCRIPTS}/forward.py 1883 {HOST} {self.broker.port}"
        guest.run(f"setsid python3 {script} >/dev/null 2>&1 &")

    def _copy_scripts(self, guest: Guest) -> None:
        """Copy the laboratory's scripts, and the simulators they use, into a guest."""
        url = f"{self.registry.url}/files/payload.tar"
        fetch = f"import urllib.request as r; r.urlretrieve('{url}', '/tmp/payload.tar')"
        guest.run(f'mkdir -p {SCRIPTS} && python3 -c "{fetch}"')
        guest.run(f"tar x -C {SCRIPTS} -f /tmp/payload.tar && rm /tmp/payload.tar")

    def plug_in(self, guest: Guest) -> None:
        """Plug the bus with the chips into a guest, as a USB adapter."""
        attach = f"{SCRIPTS}/attach.py {HOST} {self._usb.address[1]} 1-1"
        guest.run(f"PYTHONPATH={SCRIPTS} python3 {attach}")
        guest.run("until [ -e /dev/i2c-0 ]; do sleep 0.1; done")

    def wait_for_events(self, offset: int) -> None:
        """Wait until every event up to an offset has been received."""
        wanted = set(range(1, offset + 1))
        eventually(lambda: wanted <= self.events().keys())
