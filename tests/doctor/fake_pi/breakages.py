"""Ways to break the fake Raspberry Pi, and the repairs that no command does.

Each is a function of the machine, or returns one; a repair also takes the finding.
"""

import errno
import re
import shutil
import sqlite3
from contextlib import closing
from types import SimpleNamespace

from edge_agent.events import Event
from edge_agent.store.event_log import EventLog
from simulators.bus import SimulatedBus
from simulators.clock import RealClock
from simulators.scd30 import SCD30
from simulators.sht4x import SHT4x

CONFIG_TXT = "/boot/firmware/config.txt"
DHT = "dtoverlay=dht11,gpiopin=4"
STRETCH = '[[device]]\nname = "co2"\ndriver = "scd30"\n'


def without(line):
    """Remove a line from config.txt, and reboot."""

    def breaks(pi):
        path = pi.path(CONFIG_TXT)
        path.write_text(path.read_text().replace(line + "\n", ""))
        pi.boot()

    return breaks


def not_rebooted(line):
    def breaks(pi):
        without(line)(pi)
        pi.write(CONFIG_TXT, pi.path(CONFIG_TXT).read_text() + f"[all]\n{line}\n")

    return breaks


def no_module(pi):
    pi.write("/etc/modules", "")
    pi.path("/dev/i2c-1").unlink()


def after_module(pi, finding):
    pi.follow(finding)
    pi.shell("sudo reboot")


def console(pi):
    line = "console=serial0,115200 console=tty1 root=/dev/mmcblk0p2 rootwait\n"
    pi.write("/boot/firmware/cmdline.txt", line)


def fast(pi):
    pi.write(
        CONFIG_TXT, pi.path(CONFIG_TXT).read_text() + "[all]\ndtparam=i2c_arm_baudrate=1000000\n"
    )
    pi.boot()


def stretching(pi):
    pi.file.write_text(pi.file.read_text() + STRETCH)
    pi.hardware.bus.attach(0x61, SCD30(RealClock()))


def dht(*steps):
    """Add a DHT22, with its overlay, and then take the steps."""

    def breaks(pi):
        pi.file.write_text(pi.file.read_text() + '[[device]]\nname = "hut"\ndriver = "dht22"\n')
        for step in steps:
            step(pi)

    return breaks


def with_overlay(pi):
    pi.write(CONFIG_TXT, pi.path(CONFIG_TXT).read_text() + f"[all]\n{DHT}\n")


def without_driver(pi):
    for place in ("/sys/module/dht11", "/sys/bus/iio/devices"):
        shutil.rmtree(pi.path(place))


def claimed(pi):
    device = pi.path("/sys/bus/i2c/devices/1-0044")
    (device / "iio:device0").mkdir(parents=True)
    (device / "iio:device0/name").write_text("sht4x\n")
    for file in ("in_temp_input", "in_humidityrelative_input"):
        (device / "iio:device0" / file).write_text("21500\n")
    pi.path("/sys/bus/i2c/drivers/sht4x").mkdir(parents=True)
    (device / "driver").symlink_to(pi.path("/sys/bus/i2c/drivers/sht4x"))


def use_instead(pi, finding):
    """Replace the device's driver as the remedy says."""
    line = finding.remedy.split("`")[1]
    pi.change('driver = "sht4x"', re.sub(", (?=device|measure)", "\n", line))


class StuckBus:
    """A chip holds it low."""

    def i2c_rdwr(self, *_messages):
        raise OSError(errno.ETIMEDOUT, "Connection timed out")


def stuck(pi):
    pi.unit |= {"ActiveState": "inactive"}
    pi.hardware.bus = StuckBus()


def power_cycled(pi, finding):
    assert "power-cycle" in finding.remedy
    pi.hardware = type(pi.hardware)(pi.root / "sys")
    pi.start()


def unplugged(pi):
    pi.unit |= {"ActiveState": "inactive"}
    pi.hardware.bus = SimulatedBus(RealClock())


def plugged(pi, _finding):
    pi.hardware.bus.attach(0x44, SHT4x(RealClock()))
    pi.start()


def group(name):
    def breaks(pi):
        path = pi.path("/etc/group")
        row = next(row for row in path.read_text().splitlines() if row.startswith(f"{name}:"))
        path.write_text(path.read_text().replace(row, row.rpartition(":")[0] + ":"))

    return breaks


def plain_debian(pi):
    """No udev rules: device files belong to root alone."""
    pi.rules = ""
    pi.shell("sudo reboot")


def own(place, uid=0, gid=0, mode=None):
    def breaks(pi):
        pi.own(place, uid, gid)
        if mode is not None:
            pi.path(place).chmod(mode)

    return breaks


def outside(pi):
    pi.path("/var/events").mkdir()
    pi.own("/var/events", 990, 990)
    pi.change('max_size = "10MB"', f'max_size = "10MB"\npath = "{pi.root}/var/events/shed.db"')


def missing_directory(pi):
    outside(pi)
    pi.path("/var/events").rmdir()
    pi.unit_text += f"ReadWritePaths={pi.root}/var/events\n"


def made_directory(pi, finding):
    pi.follow(finding)
    pi.own("/var/events", 990, 990)


def old_rules(pi):
    pi.rules = "\n".join(line for line in pi.rules.splitlines() if "w1" not in line)
    pi.boot()


def stub(pi):
    pi.lgpio = SimpleNamespace()


def lgpio(pi, finding):
    assert "python3-lgpio" in finding.remedy
    pi.lgpio = SimpleNamespace(gpiochip_open=print)


def labels(pi, _finding):
    pi.labels = [(0, "pinctrl-bcm2711")]


def directory_of_root(pi):
    lines = pi.unit_text.splitlines()
    kept = [line for line in lines if not line.startswith(("WorkingDirectory", "Environment=LG"))]
    pi.unit_text = "\n".join(kept)


def no_time_service(pi):
    pi.services.clear()
    pi.clock.trusted = False


def unsynchronised(pi):
    pi.clock.trusted = False


def bits(word):
    def breaks(pi):
        pi.write("/sys/devices/platform/soc/soc:firmware/get_throttled", f"{word:x}\n")

    return breaks


def another_supply(pi, finding):
    assert "power supply" in finding.remedy or "fan" in finding.remedy
    pi.shell("sudo reboot")


def full(pi):
    pi.free = 5_000_000


def read_only(pi):
    pi.read_only = True
    pi.mounts()


def overlay(pi):
    pi.overlay = True
    pi.mounts()


def ext4_errors(pi):
    pi.write("/sys/fs/ext4/mmcblk0p2/errors_count", "3\n")


def life(text, end="0x01\n"):
    def breaks(pi):
        pi.write("/sys/block/mmcblk0/device/life_time", text)
        pi.write("/sys/block/mmcblk0/device/pre_eol_info", end)

    return breaks


def new_card(pi, _finding):
    life("0x01 0x01\n")(pi)


def run_as_root(pi):
    pi.own("/var/lib/edge-agent/shed.db", 0, 0)


def newer(pi):
    with closing(sqlite3.connect(pi.log)) as connection:
        connection.execute("PRAGMA user_version = 99")


def damaged(pi):
    """Damage one page that a start of the agent does not read."""
    log = EventLog.open(pi.log, boot=pi.clock.boot)
    with log.transaction():
        log.append(Event("reading", "air", pi.clock.now(), {"n": n}) for n in range(500))
    log.close()
    data = bytearray(pi.log.read_bytes())
    place = data.index(b'{"n":250}') // 1024 * 1024
    data[place : place + 512] = b"\xa5" * 512
    pi.log.write_bytes(data)


def new_log(pi, finding):
    """The agent creates the new file itself."""
    pi.follow(finding, choice=len(finding.remedy.split("; or ")) - 1)
    pi.start()
    pi.shell(f"sudo chown edge-agent: {pi.log}*")


def blocked(pi):
    """SQLite cannot create its write-ahead log."""
    pi.path("/var/lib/edge-agent/shed.db-wal").unlink(missing_ok=True)
    pi.path("/var/lib/edge-agent/shed.db-wal").mkdir()


def state(**properties):
    def breaks(pi):
        pi.unit |= properties

    return breaks


def not_installed(pi):
    pi.unit = {"LoadState": "not-found", "ActiveState": "inactive"}


def masked(pi):
    pi.unit |= {"LoadState": "masked", "UnitFileState": "masked", "ActiveState": "inactive"}


def failed(result, code):
    def breaks(pi):
        pi.fail(result, code)
        pi.journal.append(("err", "boiler: no answer"))

    return breaks


def crashed(result, times="1"):
    def breaks(pi):
        pi.unit |= {"NRestarts": times, "ActiveEnterTimestampMonotonic": "0"}
        pi.journal.append(("warning", f"edge-agent.service: Failed with result '{result}'."))

    return breaks


def misspelt(pi):
    pi.change('name = "air"', 'name = "air"\nevry = "2s"')


def respelt(pi, finding):
    assert "did you mean 'every'" in finding.what
    pi.change("evry", "every")


def package(name):
    def breaks(pi):
        pi.packages.discard(name)
        if name == "apprise":
            pi.file.write_text(pi.file.read_text() + '[[notify]]\nname = "n"\nurl = "ntfy://t"\n')

    return breaks


def install(extra, module):
    def repair(pi, finding):
        assert f"pip install 'edge-agent[{extra}]'`" in finding.remedy
        pi.packages.add(module)

    return repair
