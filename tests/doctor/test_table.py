"""A machine, broken in every way: the doctor finds it, and its remedy repairs it."""

import errno
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from edge_agent.events import Event
from edge_agent.store.event_log import EventLog
from simulators.bus import SimulatedBus
from simulators.clock import RealClock
from simulators.scd30 import SCD30
from simulators.sht4x import SHT4x

CONFIG_TXT = "/boot/firmware/config.txt"
STRETCH = '[[device]]\nname = "co2"\ndriver = "scd30"\n'


class Row(NamedTuple):
    """`repair` does by hand what no command does; without it the remedy is followed literally."""

    id: str
    remedy: str
    breaks: Callable
    repair: Callable | None = None
    choice: int = 0


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


I2C, SPI, W1, UART = "dtparam=i2c_arm=on", "dtparam=spi=on", "dtoverlay=w1-gpio", "enable_uart=1"
ROWS = {
    "no i2c": Row("i2c-disabled", f"`{I2C}` under [all] in {CONFIG_TXT}", without(I2C)),
    "no i2c, by command": Row(
        "i2c-disabled", "`sudo raspi-config nonint do_i2c 0", without(I2C), choice=1
    ),
    "i2c below a section for another model": Row(
        "i2c-disabled",
        "under [all]",
        lambda pi: (without(I2C)(pi), pi.write(CONFIG_TXT, f"{SPI}\n{W1}\n{UART}\n[cm4]\n{I2C}\n")),
    ),
    "i2c not started": Row("i2c-not-rebooted", "`sudo reboot`", not_rebooted(I2C)),
    "i2c-dev not loaded": Row(
        "i2c-dev-not-loaded", "`sudo modprobe i2c-dev`", no_module, after_module
    ),
    "no spi": Row("spi-disabled", f"`{SPI}`", without(SPI)),
    "no spi, by command": Row("spi-disabled", "do_spi 0", without(SPI), choice=1),
    "spi not started": Row("spi-not-rebooted", "`sudo reboot`", not_rebooted(SPI)),
    "no 1-wire": Row("w1-disabled", f"`{W1}`", without(W1)),
    "no 1-wire, by command": Row("w1-disabled", "do_onewire 0", without(W1), choice=1),
    "1-wire not started": Row("w1-not-rebooted", "`sudo reboot`", not_rebooted(W1)),
    "thermometer not there": Row(
        "w1-no-device",
        "4.7 kΩ",
        lambda pi: pi.path("/sys/bus/w1/devices/28-0316a4c8ff00").rmdir(),
        lambda pi, _finding: pi.boot(),
    ),
    "no serial port": Row("serial-missing", "`enable_uart=1`", without(UART)),
    "console on the serial port": Row("serial-console", "cmdline.txt", console),
    "another bus": Row(
        "i2c-missing",
        "`dtoverlay=i2c-gpio,bus=3,",
        lambda pi: pi.change('driver = "sht4x"', 'driver = "sht4x"\nbus = 3'),
    ),
    "bus stuck": Row("i2c-stuck", "", stuck, power_cycled),
    "i2c too fast": Row("i2c-too-fast", "`dtparam=i2c_arm_baudrate=100000`", fast),
    "clock stretching": Row("i2c-clock-stretching", "`dtparam=i2c_arm_baudrate=10000`", stretching),
    "claimed by the kernel": Row(
        "i2c-claimed", '`driver = "iio", device = "sht4x", ', claimed, use_instead
    ),
    "chip does not answer": Row("i2c-silent", "edge-agent scan --bus 1", unplugged, plugged),
    "not in group i2c": Row("not-in-group", "`sudo usermod -aG i2c edge-agent &&", group("i2c")),
    "not in group gpio": Row("not-in-group", "usermod -aG gpio edge-agent", group("gpio")),
    "not in group spi": Row("not-in-group", "usermod -aG spi edge-agent", group("spi")),
    "not in group dialout": Row("not-in-group", "usermod -aG dialout edge-", group("dialout")),
    "no udev rules": Row("node-of-root", "`sudo edge-agent service install`", plain_debian),
    "configuration closed": Row(
        "config-not-readable", "`sudo chgrp edge-agent", own("/etc/edge-agent/config.toml", 0, 0)
    ),
    "its directory closed": Row(
        "config-not-readable", "sudo chmod 750", own("/etc/edge-agent", 0, 0, 0o700)
    ),
    "state directory of root": Row(
        "state-not-writable", "`sudo chown -R edge-agent:", own("/var/lib/edge-agent", 0, 0)
    ),
    "state directory closed above": Row(
        "state-not-writable", "`sudo chmod o+x", own("/var/lib", 0, 0, 0o700)
    ),
    "log outside the unit": Row("state-outside-unit", "ReadWritePaths=", outside),
    "directory of the log missing": Row(
        "state-missing", "`sudo install -d -o edge-agent", missing_directory, made_directory
    ),
    "serial line outside the unit": Row(
        "serial-outside-unit",
        "DeviceAllow=/dev/serial0 rw",
        lambda pi: setattr(pi, "unit_text", pi.unit_text.replace("DeviceAllow=char-ttyAMA rw", "")),
    ),
    "thermometers one by one": Row("w1-one-by-one", "edge-agent service install", old_rules),
    "lgpio missing": Row(
        "lgpio-missing", "apt install python3-lgpio", lambda pi: setattr(pi, "lgpio", None), lgpio
    ),
    "lgpio's empty wheel": Row("lgpio-stub", "`pip uninstall lgpio`", stub, lgpio),
    "no chip of a header": Row(
        "gpio-chip-missing",
        "apt full-upgrade",
        lambda pi: setattr(pi, "labels", [(0, "x")]),
        labels,
    ),
    "lgpio's directory": Row("lgpio-directory", "LG_WD=%t/edge-agent", directory_of_root),
    "no time service": Row("clock-no-ntp", "`sudo timedatectl set-ntp true`", no_time_service),
    "clock not set": Row("clock-not-set", "restart systemd-timesyncd`", unsynchronised),
    "under-voltage now": Row("under-voltage", "5.1 V", bits(0x1), another_supply),
    "throttled now": Row("throttled", "5.1 V", bits(0x4), another_supply),
    "frequency capped now": Row("frequency-capped", "fan", bits(0x2), another_supply),
    "hot now": Row("hot", "fan", bits(0x8), another_supply),
    "under-voltage once": Row("under-voltage-since-boot", "`sudo reboot`", bits(0x10000)),
    "throttled once": Row("throttled-since-boot", "`sudo reboot`", bits(0x40000)),
    "frequency capped once": Row("frequency-capped-since-boot", "`sudo reboot`", bits(0x20000)),
    "hot once": Row("hot-since-boot", "`sudo reboot`", bits(0x80000)),
    "disk full, a smaller log": Row("disk-full", '`max_size = "4MB"` under [log]', full),
    "disk full, tidied": Row("disk-full", "`sudo apt-get clean", full, choice=1),
    "mounted read-only": Row("disk-read-only", "`sudo mount -o remount,rw /`", read_only),
    "overlay": Row("log-in-memory", "do_overlayfs 1", overlay),
    "file system has errors": Row("disk-errors", "fsck.mode=force", ext4_errors),
    "card nearly worn": Row("disk-worn", "replace it", life("0x0a 0x01\n"), new_card),
    "card worn": Row("disk-worn", "replace it", life("0x01 0x01\n", "0x03\n"), new_card),
    "log of another user": Row("log-other-owner", "`sudo chown edge-agent:", run_as_root),
    "log of a newer version": Row("log-newer", "`sudo mv ", newer, new_log),
    "log damaged": Row("log-damaged", "`sudo reboot`", damaged, new_log),
    "log that cannot be opened": Row(
        "log-not-seen",
        "sudo edge-agent doctor",
        blocked,
        lambda pi, _finding: pi.path("/var/lib/edge-agent/shed.db-wal").rmdir(),
    ),
    "unit of another version": Row(
        "unit-old",
        "`sudo edge-agent service install`",
        lambda pi: pi.write("/etc/udev/rules.d/60-edge-agent.rules", "# old\n"),
    ),
    "unit not installed": Row("unit-missing", "`sudo edge-agent service install`", not_installed),
    "unit masked": Row("unit-masked", "systemctl unmask", masked),
    "unit disabled": Row("unit-disabled", "enable --now", state(UnitFileState="disabled")),
    "unit changed": Row("unit-changed", "daemon-reload", state(NeedDaemonReload="yes")),
    "unit stopped": Row("unit-stopped", "systemctl start", state(ActiveState="inactive")),
    "failed for hardware": Row("unit-failed", "systemctl start", failed("exit-code", 3)),
    "failed for a signal": Row("unit-failed", "journalctl -u", failed("core-dump", 11)),
    "no program": Row("unit-failed", "edge-agent service install", failed("exit-code", 203)),
    "restarting": Row(
        "unit-restarting",
        "journalctl -u edge-agent",
        crashed("exit-code", "7"),
        lambda pi, _finding: pi.start(),
    ),
    "out of memory": Row("oom-kill", "MemoryMax=", crashed("oom-kill")),
    "watchdog": Row("watchdog-kill", "doctor --bundle", crashed("watchdog")),
    "crashed": Row("last-crash", "doctor --bundle", crashed("core-dump")),
    "memory tight": Row(
        "memory-tight",
        "MemoryMax=",
        lambda pi: pi.write(
            "/sys/fs/cgroup/system.slice/edge-agent.service/memory.stat", "anon 130000000\n"
        ),
    ),
    "no configuration": Row(
        "config-missing",
        "`sudo edge-agent init`",
        lambda pi: pi.file.rename(pi.file.with_suffix(".old")),
        lambda pi, _finding: pi.file.with_suffix(".old").rename(pi.file),
    ),
    "mistake in it": Row("config-wrong", "edge-agent check", misspelt, respelt),
    "no spidev": Row("package-missing", "pip", package("spidev"), install("spi", "spidev")),
    "no pyserial": Row("package-missing", "pip", package("serial"), install("serial", "serial")),
    "no apprise": Row("package-missing", "pip", package("apprise"), install("notify", "apprise")),
}


def test_the_room_that_the_log_already_uses_counts_as_free(pi):
    pi.free = 5_000_000
    pi.write("/var/lib/edge-agent/shed.db-wal", bytes(6_000_000))
    assert "disk-full" not in {one.id for one in pi.findings()}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Apprise
@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_broken_machine_is_found_and_its_remedy_repairs_it(pi, row):
    row.breaks(pi)
    (finding, *more) = [one for one in pi.findings() if one.id == row.id]
    assert more == []
    assert row.remedy in finding.remedy
    if row.repair is None:
        pi.follow(finding, row.choice)
    else:
        row.repair(pi, finding)
    assert pi.findings() == []
