"""What stands around a machine: an archive and a package index, a broker, a bus with chips."""

import json
from pathlib import Path
from typing import Any, Self

from lab import house, images
from lab.broker import Mosquitto, Subscriber
from lab.qemu import Guest
from lab.registry import HOST, Registry
from lab.waiting import eventually
from simulators.bme280 import BME280
from simulators.bus import SimulatedBus
from simulators.clock import RealClock
from simulators.i2c_tiny_usb import I2cTinyUsb
from simulators.usbip import Server

LABORATORY = "/opt/laboratory"  # in a guest; not on its PYTHONPATH
KEEP = """allow_anonymous true
max_inflight_messages 0
persistence true
persistence_location {}/
autosave_interval 1
user root
"""


class Home:
    """Serves guests until it is left; `received` is what an outside subscriber got."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir()
        images.payload(self.files)
        self.registry = Registry(self.files)
        self.broker = Mosquitto(folder, KEEP.format(folder))
        self._saved = folder / "mosquitto.db"
        clock = RealClock()
        self.chip = BME280(clock)
        bus = SimulatedBus(clock)
        bus.attach(0x76, self.chip)
        self._usb = Server([I2cTinyUsb("the bus of the home", bus)])

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

    def remembers_its_subscriber(self) -> bool:
        """Tell whether the broker will know its subscriber again after a kill."""
        return self._saved.exists() and b"watcher" in self._saved.read_bytes()

    def events(self) -> dict[int, dict[str, Any]]:
        """Return what arrived outside, by offset; raise AssertionError for a contradiction."""
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

    def move_in(self, guest: Guest, suite: str, arch: str) -> None:
        """Lead a machine's apt and pip to the archive here, and `broker.local` to the broker."""
        wheels = house.stock(self.files, suite, arch)
        self.wheels = self.files / wheels
        guest.run("rm -f /etc/apt/sources.list.d/*")
        for path, text in house.settings(self.registry.url, suite, wheels).items():
            guest.run(f"cat > {path} << 'END'\n{text}\nEND")
        self.bring_tools(guest)
        guest.run("echo '127.0.0.1 broker.local' >> /etc/hosts")
        script = f"{LABORATORY}/forward.py 1883 {HOST} {self.broker.port}"
        guest.run(f"setsid python3 {script} >/dev/null 2>&1 &")

    def bring_tools(self, guest: Guest) -> None:
        """Bring the laboratory's own scripts, and the simulators for them."""
        url = f"{self.registry.url}/files/payload.tar"
        fetch = f"import urllib.request as r; r.urlretrieve('{url}', '/tmp/payload.tar')"
        guest.run(f'mkdir -p {LABORATORY} && python3 -c "{fetch}"')
        guest.run(f"tar x -C {LABORATORY} -f /tmp/payload.tar && rm /tmp/payload.tar")

    def plug_in(self, guest: Guest) -> None:
        """Give a guest the bus with the chips, as a USB adapter."""
        attach = f"{LABORATORY}/attach.py {HOST} {self._usb.address[1]} 1-1"
        guest.run(f"PYTHONPATH={LABORATORY} python3 {attach}")
        guest.run("until [ -e /dev/i2c-0 ]; do sleep 0.1; done")

    def settle(self, offset: int) -> None:
        """Wait until everything up to an offset has arrived outside."""
        whole = set(range(1, offset + 1))
        eventually(lambda: whole <= self.events().keys(), 60)
