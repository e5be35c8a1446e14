"""The shipped files, checked by systemd's own tools."""

import re
import shutil
import subprocess

import pytest

from edge_agent.agent import STOP_SECONDS
from edge_agent.paths import CONFIG_FILE, STATE
from edge_agent.service import USER
from edge_agent.service.install import GROUPS, SUBSYSTEMS

NEWER = re.compile("Unknown key.*'Restart(Steps|MaxDelaySec)'")  # in systemd before 254


@pytest.fixture(scope="module")
def unit(root):
    return (root / "systemd/edge-agent.service").read_text()


@pytest.fixture(scope="module")
def analyze():
    """A function: run systemd-analyze."""
    assert shutil.which("systemd-analyze"), "systemd-analyze is missing: apt install systemd"

    def run(*words):
        return subprocess.run(
            ["systemd-analyze", *words], capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture(scope="module")
def template(root):
    return (root / "systemd/edge-agent@.service").read_text()


def settings(unit, key):
    return re.findall(rf"^{key}=(.*)$", unit, re.MULTILINE)


def test_the_exposure_is_at_most_2(analyze, root):
    path = root / "systemd/edge-agent.service"
    done = analyze("security", "--offline=true", "--threshold=20", str(path))
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_systemd_understands_every_line(analyze, unit, tmp_path):
    path = tmp_path / "edge-agent.service"
    path.write_text(unit.replace("/opt/edge-agent/bin/edge-agent", shutil.which("true")))
    done = analyze("verify", "--man=no", str(path))
    about = [line for line in done.stderr.splitlines() if str(path) in line]
    assert [line for line in about if not NEWER.search(line)] == []


@pytest.mark.parametrize("group", ["i2c", "gpiochip", "spi", "ttyS", "ttyAMA", "ttyUSB", "ttyACM"])
def test_each_group_of_devices_in_proc_devices_is_allowed(unit, group):
    assert f"char-{group} rw" in settings(unit, "DeviceAllow")


@pytest.mark.parametrize("hiding", ["ProcSubset", "PrivateDevices", "SupplementaryGroups"])
def test_nothing_hides_the_hardware_or_the_board(unit, hiding):
    assert settings(unit, hiding) == []


def test_1_wire_conversions_can_be_triggered_if_there_is_a_bus(unit):
    assert settings(unit, "ProtectKernelTunables") == ["yes"]
    paths = " ".join(settings(unit, "ReadWritePaths")).split()
    assert "-/sys/devices/w1_bus_master1" in paths
    assert all(path.startswith("-") for path in paths)  # some may not exist


def test_a_missing_secret_does_not_keep_it_from_starting(unit):
    credentials = settings(unit, "LoadCredential")
    assert "edge-agent.mqtt-password" in credentials
    assert [one for one in credentials if ":" in one] == []


def test_the_clock_may_be_read_although_its_group_of_calls_is_denied(unit):
    filters = settings(unit, "SystemCallFilter")
    assert filters[-1].startswith("adjtimex clock_adjtime")
    assert filters[0] == "@system-service"


def test_the_service_is_not_restarted_if_the_configuration_has_errors(unit):
    assert settings(unit, "RestartPreventExitStatus") == ["2"]
    assert settings(unit, "Restart") == ["always"]


def test_every_group_of_the_rules_is_created_and_has_the_user(root):
    users = (root / "systemd/edge-agent.sysusers").read_text()
    rules = (root / "systemd/60-edge-agent.rules").read_text()
    for group in re.findall(r'GROUP="(\w+)"', rules):
        assert f"\ng {group} -" in users
        assert f"\nm {USER} {group}\n" in users
    assert set(re.findall(rf"^m {USER} (\w+)$", users, re.MULTILINE)) == set(GROUPS)


def test_install_triggers_the_subsystems_of_the_rules(root):
    rules = (root / "systemd/60-edge-agent.rules").read_text()
    assert set(re.findall(r'SUBSYSTEM=="([\w-]+)"', rules)) == set(SUBSYSTEMS)


def test_the_1_wire_rule_lets_the_group_write_the_file_of_the_bus(root, tmp_path):
    rules = (root / "systemd/60-edge-agent.rules").read_text()
    script = re.search(r"RUN\+=\"/bin/sh -c '(.*)'\"", rules)[1]
    thermometer = tmp_path / "w1_bus_master1/28-0316a4c8ffee"
    thermometer.mkdir(parents=True)
    script = script.replace("/sys%p", str(thermometer)).replace("chgrp gpio", "chgrp $(id -g)")
    assert subprocess.run(["/bin/sh", "-c", script], check=False).returncode == 0  # no such file
    bulk = thermometer.parent / "therm_bulk_read"
    bulk.write_text("0")
    bulk.chmod(0o644)
    assert subprocess.run(["/bin/sh", "-c", script], check=False).returncode == 0
    assert bulk.stat().st_mode & 0o777 == 0o664


def test_directories_and_configuration_have_their_modes(root):
    lines = (root / "systemd/edge-agent.tmpfiles").read_text().splitlines()
    assert f"d {STATE} 0750 {USER} {USER} -" in lines
    assert f"z {CONFIG_FILE} 0640 root {USER} -" in lines


def test_systemd_waits_longer_for_a_stop_than_a_stop_takes(unit):
    assert STOP_SECONDS < 5 < int(*settings(unit, "TimeoutStopSec"))


def test_a_further_agent_differs_only_in_its_names(unit, template):
    lines = [line for line in template.splitlines() if not line.startswith("#")]
    named = "\n".join(line for line in lines if "edge-agent-%i.mqtt-password" not in line)
    as_one = named.replace("/%i.toml", "/config.toml").replace("edge-agent-%i", "edge-agent")
    shipped = "\n".join(line for line in unit.splitlines() if not line.startswith("#"))
    assert as_one.replace("edge-agent %i:", "edge-agent:") == shipped


def test_systemd_understands_a_further_agent(analyze, template, tmp_path):
    path = tmp_path / "edge-agent@shed.service"
    path.write_text(template.replace("/opt/edge-agent/bin/edge-agent", shutil.which("true")))
    done = analyze("verify", "--man=no", str(path))
    about = [line for line in done.stderr.splitlines() if str(path) in line]
    assert [line for line in about if not NEWER.search(line)] == []


def test_each_agent_has_a_runtime_directory_of_its_own_and_all_share_the_state(template):
    assert settings(template, "RuntimeDirectory") == ["edge-agent-%i"]
    assert settings(template, "StateDirectory") == ["edge-agent"]  # a log has its node's name
    assert settings(template, "ExecStart")[0].endswith("run /etc/edge-agent/%i.toml")
    assert settings(template, "LoadCredential")[0] == "edge-agent-%i.mqtt-password"
