"""A machine, broken in every way: the doctor finds it, and its remedy repairs it."""

from collections.abc import Callable
from typing import NamedTuple

import pytest
from fake_pi.breakages import (
    after_module,
    another_supply,
    bits,
    blocked,
    claimed,
    console,
    crashed,
    damaged,
    dht,
    directory_of_root,
    ext4_errors,
    failed,
    fast,
    full,
    group,
    install,
    labels,
    lgpio,
    life,
    made_directory,
    masked,
    missing_directory,
    misspelt,
    new_card,
    new_log,
    newer,
    no_module,
    no_time_service,
    not_installed,
    not_rebooted,
    old_rules,
    outside,
    overlay,
    own,
    package,
    plain_debian,
    plugged,
    power_cycled,
    read_only,
    respelt,
    run_as_root,
    state,
    stretching,
    stub,
    stuck,
    unplugged,
    unsynchronised,
    use_instead,
    with_overlay,
    without,
    without_driver,
)

CONFIG_TXT = "/boot/firmware/config.txt"


class Row(NamedTuple):
    """`repair` does by hand what no command does; without it the remedy is followed literally."""

    id: str
    remedy: str
    breaks: Callable
    repair: Callable | None = None
    choice: int = 0


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
    "no overlay of a sensor": Row("overlay-missing", "`dtoverlay=dht11,gpiopin=4` under", dht()),
    "no overlay of a load cell": Row(
        "overlay-missing",
        "`dtoverlay=hx711,dout=4,sck=6` under",
        lambda pi: pi.file.write_text(
            pi.file.read_text() + '[[device]]\nname = "hive"\ndriver = "hx711"\n'
        ),
        lambda pi, _finding: pi.change('driver = "hx711"', 'driver = "memory"'),
    ),
    "overlay of a sensor not started": Row(
        "overlay-not-rebooted", "`sudo reboot`", dht(with_overlay)
    ),
    "driver of an overlay not loaded": Row(
        "overlay-no-module",
        "`sudo modprobe dht11`",
        dht(with_overlay, lambda pi: pi.boot(), without_driver),
    ),
    "another sensor's overlay": Row(
        "overlay-ambiguous",
        "there are: iio:device0",
        dht(
            with_overlay,
            lambda pi: pi.boot(),
            lambda pi: pi.change('driver = "dht22"', 'driver = "dht22"\ndevice = "dht11@5"'),
        ),
        lambda pi, _finding: pi.change("dht11@5", "dht11@4"),
    ),
    "sensor of an overlay silent": Row(
        "overlay-silent",
        "4.7 kΩ",
        dht(
            with_overlay,
            lambda pi: pi.boot(),
            lambda pi: pi.write("/sys/bus/iio/devices/iio:device0/in_temp_input", ""),
        ),
        lambda pi, _finding: pi.start_dht(),
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


def test_a_healthy_machine_has_no_findings(pi):
    assert pi.findings() == []


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
