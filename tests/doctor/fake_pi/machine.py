"""A Raspberry Pi below a directory, with a firmware, a kernel and a systemd."""

import re
import shutil
import socket
from types import SimpleNamespace
from unittest import mock

from edge_agent.acquire.hardware import RealHardware
from edge_agent.blueprint import resolve
from edge_agent.clock import ManualClock
from edge_agent.doctor.case import Probes, open_case
from edge_agent.doctor.diagnosis import diagnose
from edge_agent.errors import ConfigError
from edge_agent.machine import CommandResult, Machine
from edge_agent.service.files import PROGRAM, rendered, shipped
from edge_agent.store.event_log import EventLog
from fake_pi.shell import Shell
from simulators.bus import SimulatedBus
from simulators.clock import RealClock
from simulators.sht4x import SHT4x
from tests.store.checked import open_checked

UNIT = (shipped() / "edge-agent.service").read_text()
UDEV = (shipped() / "60-edge-agent.rules").read_text()
PASSWD = "root:x:0:0:root:/root:/bin/bash\nedge-agent:x:990:990::/var/lib/edge-agent:/bin/false\n"
GROUP = "root:x:0:\ndialout:x:20:edge-agent\ni2c:x:994:edge-agent\ngpio:x:993:edge-agent\n"
GROUP += "spi:x:992:edge-agent\nedge-agent:x:990:\n"
CONFIG_TXT = "dtparam=i2c_arm=on\ndtparam=spi=on\ndtoverlay=w1-gpio\nenable_uart=1\n"
CONFIG = """
node = "shed"
[mqtt]
url = "{url}"
[log]
max_size = "10MB"
[[device]]
name = "air"
driver = "sht4x"
[[device]]
name = "soil"
driver = "mcp3008"
[[device]]
name = "water"
driver = "ds18b20"
id = "28-0316a4c8ffee"
[[device]]
name = "tank"
driver = "ds18b20"
id = "28-0316a4c8ff00"
[[device]]
name = "dust"
driver = "pms5003"
[[device]]
name = "door"
driver = "contact"
pin = 17
"""
NODES = {  # its place: subsystem, group on Raspberry Pi OS
    "/dev/i2c-1": ("i2c-dev", "i2c"),
    "/dev/i2c-3": ("i2c-dev", "i2c"),
    "/dev/spidev0.0": ("spidev", "spi"),
    "/dev/gpiochip0": ("gpio", "gpio"),
    "/dev/ttyAMA0": ("tty", "dialout"),
    "/dev/serial0": ("tty", "dialout"),
}
THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled"
I2C_NODE = "/sys/class/i2c-adapter/i2c-1/of_node"


class FakeHardware(RealHardware):
    """The files below a root, and one simulated I2C bus."""

    def __init__(self, sys):
        super().__init__(sys)
        self.bus = SimulatedBus(RealClock())
        self.bus.attach(0x44, SHT4x(RealClock()))

    def i2c(self, number):
        return self.bus


class Pi:
    """A healthy one, for tests to break."""

    def __init__(self, root, url):
        self.root = root
        self.url = url
        self.file = root / "etc/edge-agent/config.toml"
        self.owners = {}
        self.clock = ManualClock()
        self.hardware = FakeHardware(root / "sys")
        self.thermometers = ["28-0316a4c8ffee", "28-0316a4c8ff00"]
        self.labels = [(0, "pinctrl-bcm2711"), (1, "raspberrypi-exp-gpio")]
        self.lgpio = SimpleNamespace(gpiochip_open=print)
        self.packages = {"spidev", "serial", "apprise"}
        self.free = 1_000_000_000
        self.connect = socket.create_connection
        self.environment = {}
        self.sink_seconds = 60.0
        self.services = {"systemd-timesyncd"}
        self.journal = []
        self.under_voltage = False
        self.boots = 0
        self.read_only = self.overlay = False
        self._build()

    def _build(self):
        self.write("/etc/passwd", PASSWD)
        self.write("/etc/group", GROUP)
        self.write("/etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
        self.write("/etc/modules", "i2c-dev\n")
        self.write("/proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0")
        self.write("/boot/firmware/config.txt", CONFIG_TXT + "[cm4]\notg_mode=1\n")
        self.write("/boot/firmware/cmdline.txt", "console=tty1 root=/dev/mmcblk0p2 rootwait\n")
        self.write("/usr/bin/raspi-config", "")
        self.write("/sys/fs/ext4/mmcblk0p2/errors_count", "0\n")
        self.write("/sys/block/mmcblk0/device/life_time", "0x01 0x01\n")
        self.write("/sys/block/mmcblk0/device/pre_eol_info", "0x01\n")
        self.write("/sys/fs/cgroup/system.slice/edge-agent.service/memory.stat", "anon 30000000\n")
        self.write("/etc/edge-agent/config.toml", CONFIG.format(url=self.url))
        self.file.chmod(0o640)
        self.own("/etc/edge-agent/config.toml", 0, 990)
        self.path("/etc/modules-load.d").mkdir()
        self.path("/var/lib/edge-agent").mkdir(parents=True)
        self.own("/var/lib/edge-agent", 990, 990)
        EventLog.open(self.log, boot="b").close()
        self.shell(f"sudo chown edge-agent: {self.log}*")
        self.service_install()
        self.boot()

    # files

    @property
    def log(self):
        return self.path("/var/lib/edge-agent/shed.db")

    def path(self, absolute):
        return self.root / absolute.lstrip("/")

    def write(self, absolute, text):
        path = self.path(absolute)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def own(self, absolute, uid, gid):
        self.owners[str(self.path(absolute))] = (uid, gid)

    def stat(self, path):
        """Real modes; owners as in `owners`, root by default; what is above the root is open."""
        found = path.stat()
        if path != self.root and not path.is_relative_to(self.root):
            return SimpleNamespace(st_uid=0, st_gid=0, st_mode=found.st_mode | 0o711)
        uid, gid = self.owners.get(str(path), self.owners.get(str(path.parent), (0, 0)))
        mode = 0o755 if path == self.root else found.st_mode
        return SimpleNamespace(st_uid=uid, st_gid=gid, st_mode=mode)

    def change(self, old, new):
        """Change the configuration."""
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    # firmware and kernel

    def boot(self):
        """Boot as the firmware, the kernel, udev and systemd do."""
        for directory in ("dev", "sys/bus", "sys/class"):
            shutil.rmtree(self.root / directory, ignore_errors=True)
        lines = self._lines_in_effect()
        modules = self.path("/etc/modules").read_text()
        modules += "".join(p.read_text() for p in self.path("/etc/modules-load.d").glob("*"))
        self.read_only = False
        if any(line.startswith("dtparam=i2c_arm=on") for line in lines):
            self._start_i2c(lines)
            if "i2c-dev" in modules:
                self.node("/dev/i2c-1")
        if any(line.startswith("dtoverlay=i2c-gpio,bus=3,") for line in lines):
            self.path("/sys/bus/i2c/devices/i2c-3").mkdir(parents=True)
            self.node("/dev/i2c-3")
        if "dtparam=spi=on" in lines:
            self.node("/dev/spidev0.0")
        if "enable_uart=1" in lines:
            self.node("/dev/ttyAMA0")
            self.node("/dev/serial0")
        self.node("/dev/gpiochip0")
        if "dtoverlay=w1-gpio" in lines:
            self._start_w1()
        self._load_overlays(lines)
        self.write(THROTTLED, "50005\n" if self.under_voltage else "0\n")
        if "fsck.mode=force" in self.path("/boot/firmware/cmdline.txt").read_text():
            self.write("/sys/fs/ext4/mmcblk0p2/errors_count", "0\n")
        self.mounts()
        self.boots += 1
        self.clock.boot = f"boot {self.boots}"
        if self.unit["UnitFileState"] == "enabled":
            self.start()

    def _lines_in_effect(self):
        found, section = [], "all"
        for line in self.path("/boot/firmware/config.txt").read_text().splitlines():
            section = line[1:-1] if line.startswith("[") else section
            if section == "all":
                found.append(line)
        return found

    def _start_i2c(self, lines):
        rates = [int(one) for line in lines for one in re.findall(r"i2c_arm_baudrate=(\d+)", line)]
        hertz = rates[-1] if rates else 100_000
        self.path("/sys/bus/i2c/devices/i2c-1").mkdir(parents=True, exist_ok=True)
        self.write(f"{I2C_NODE}/clock-frequency", hertz.to_bytes(4, "big"))
        self.write(f"{I2C_NODE}/compatible", "brcm,bcm2711-i2c\0brcm,bcm2835-i2c\0")

    def _start_w1(self):
        self.write("/sys/bus/w1/devices/w1_bus_master1/therm_bulk_read", "0\n")
        self.grant_w1()
        for name in self.thermometers:
            self.path(f"/sys/bus/w1/devices/{name}").mkdir()

    def _load_overlays(self, lines):
        if any(line.startswith("dtoverlay=dht11,") for line in lines):
            self.write("/proc/device-tree/dht11@4/compatible", "dht11\0")
            self.start_dht()

    def start_dht(self):
        """Load the kernel's driver."""
        self.path("/sys/module/dht11").mkdir(parents=True, exist_ok=True)
        for file, text in (
            ("name", "dht11@4\n"),
            ("in_temp_input", "21500\n"),
            ("in_humidityrelative_input", "48200\n"),
        ):
            self.write(f"/sys/bus/iio/devices/iio:device0/{file}", text)

    def node(self, place):
        """Create a device file; udev's own rules are for serial ports only."""
        if place == "/dev/serial0":
            self.path(place).symlink_to("ttyAMA0")
        else:
            self.write(place, "")
            self.path(place).chmod(0o600)
        self.grant(place)

    def grant(self, place):
        subsystem, group = NODES[place]
        rule = re.search(rf'"{subsystem}".*GROUP="(\w+)", MODE="(\d+)"', self.rules)
        group = rule[1] if rule else group
        if rule or subsystem == "tty":
            self.path(place).chmod(0o660)
            self.own(place, 0, self.gid(group))

    def grant_w1(self):
        bulk = "/sys/bus/w1/devices/w1_bus_master1/therm_bulk_read"
        if rule := re.search(r'"w1".*chgrp (\w+) therm_bulk_read', self.rules):
            self.path(bulk).chmod(0o664)
            self.own(bulk, 0, self.gid(rule[1]))
        else:
            self.path(bulk).chmod(0o644)
            self.own(bulk, 0, 0)

    def gid(self, name):
        return int(
            re.search(rf"^{name}:x:(\d+):", self.path("/etc/group").read_text(), re.MULTILINE)[1]
        )

    def mounts(self):
        kind = "overlay" if self.overlay else "ext4"
        options = "ro" if self.read_only else "rw"
        self.write("/proc/mounts", f"/dev/mmcblk0p2 / {kind} {options},noatime 0 0\n")

    # systemd

    def service_install(self):
        self.unit_text, self.rules = UNIT, UDEV
        for place, text in rendered(PROGRAM).items():
            self.write(place, text)
        self.unit = {"LoadState": "loaded", "UnitFileState": "enabled", "MemoryMax": "134217728"}
        self.unit["MemoryHigh"] = "100663296"
        self.unit["ControlGroup"] = "/system.slice/edge-agent.service"
        for place in NODES:
            if self.path(place).exists():
                self.grant(place)
        if self.path("/sys/bus/w1/devices/w1_bus_master1").exists():
            self.grant_w1()
        self.start()

    def start(self):
        """Start the service; it fails as the agent does on an invalid configuration."""
        try:
            with mock.patch.dict("os.environ", CREDENTIALS_DIRECTORY=str(self._credentials())):
                resolve(self.file)
        except ConfigError:
            self.fail("exit-code", 2)
            return
        open_checked(self.log, self.clock).close()
        self.unit |= {"ActiveState": "active", "SubState": "running", "Result": "success"}
        self.unit |= {"NRestarts": "0", "ExecMainStatus": "0"}

    def _credentials(self):
        """Hand over the credentials that the unit loads and that exist."""
        handed = self.path("/run/credentials/edge-agent.service")
        handed.mkdir(parents=True, exist_ok=True)
        for name in re.findall(r"^LoadCredential=([\w.-]+)$", self._unit_files(), re.MULTILINE):
            if (stored := self.path(f"/etc/credstore/{name}")).exists():
                shutil.copy(stored, handed / name)
        return handed

    def _unit_files(self):
        directory = self.path("/etc/systemd/system/edge-agent.service.d")
        return "\n".join([self.unit_text, *(each.read_text() for each in directory.glob("*.conf"))])

    def fail(self, result, code):
        self.unit |= {"ActiveState": "failed", "SubState": "failed"}
        self.unit |= {"Result": result, "ExecMainStatus": str(code)}

    def run(self, words):
        """Answer a command as this machine does."""
        match words:
            case ("systemctl", "show", *_):
                return CommandResult(
                    0, "\n".join(f"{key}={value}" for key, value in self.unit.items())
                )
            case ("systemctl", "cat", _):
                return CommandResult(0, self._unit_files())
            case ("systemctl", "is-active", *names):
                states = ["active" if name in self.services else "inactive" for name in names]
                return CommandResult(0 if "active" in states else 3, "\n".join(states))
            case ("journalctl", *options):
                only = {"--priority=err": {"err"}, "--priority=warning": {"err", "warning"}}
                wanted = next((only[one] for one in options if one in only), {"err", "warning"})
                return CommandResult(
                    0, "\n".join(text for kind, text in self.journal if kind in wanted)
                )
            case ("systemctl", "status", *_):
                return CommandResult(0, "\n".join(text for _, text in self.journal))
        return CommandResult(127, f"{words[0]}: not found")

    # the doctor, and its remedies

    def case(self, file=None):
        machine = Machine(self.root, self.run)
        probes = Probes(
            connect=self.connect,
            stat=self.stat,
            free=lambda _path: self.free,
            chips=lambda _machine: self.labels,
            load=self._load,
            installed=lambda name: name in self.packages,
            timeout=0.5,
            sink_seconds=self.sink_seconds,
        )
        return open_case(
            machine,
            file or self.file,
            clock=self.clock,
            hardware=self.hardware,
            probes=probes,
            environment=self.environment,
        )

    def _load(self, name):
        if self.lgpio is None:
            raise ImportError(f"No module named {name!r}")
        return self.lgpio

    def findings(self):
        return [one for result in diagnose(self.case()) for one in result.findings]

    def follow(self, finding, choice=0):
        """Carry out a finding's remedy, or one of several."""
        Shell(self).follow(finding, choice)

    def shell(self, line):
        Shell(self).run(line)
