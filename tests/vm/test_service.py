"""A bare Debian Bookworm with systemd: the documented commands, and the life of the service.

One machine runs through the tests in order, as a user's machine does.
"""

import re
import shlex
import subprocess
import time

import pytest
from lab import guests, provisioning
from lab.harness import Harness
from lab.qemu import CommandFailed
from lab.waiting import eventually

UNIT = "edge-agent"
CONFIG = "/etc/edge-agent/config.toml"
REPLIES = {
    "Name of this node [edge]:": "greenhouse",
    "Broker [mqtt://localhost]:": "mqtt://broker.local",
}


@pytest.fixture(scope="module")
def harness(tmp_path_factory):
    with Harness(tmp_path_factory.mktemp("harness")) as harness:
        yield harness


@pytest.fixture(scope="module")
def machine(harness, tmp_path_factory):
    with guests.resume_debian(tmp_path_factory.mktemp("debian")) as guest:
        harness.prepare(guest, "bookworm", "amd64")
        harness.plug_in(guest)
        yield guest


def show(machine, *properties):
    """Return properties of the unit."""
    words = " ".join(f"-p {name}" for name in properties)
    lines = machine.run(f"systemctl show {UNIT} {words}").splitlines()
    return dict(line.split("=", 1) for line in lines)


def wait_until(machine, condition, seconds=60):
    machine.run(f"until {condition}; do sleep 0.2; done", seconds)


def last_offset(machine):
    """Return the last offset of the log, read in the machine as the service's user."""
    output = machine.run("sudo edge-agent log stats")
    return int(re.search(r"recorded +([\d,]+)", output)[1].replace(",", ""))


def subscribed(harness):
    """Return the first lines of the documented subscriber, run outside, at the broker's port."""
    words = shlex.split(
        provisioning.SUBSCRIBE.replace("broker.local", f"127.0.0.1 -p {harness.broker.port}")
    )
    return subprocess.run(
        [*words, "-C", "6"], capture_output=True, text=True, timeout=60, check=True
    ).stdout


def restarts(machine):
    return int(show(machine, "NRestarts")["NRestarts"])


def test_the_documented_commands_lead_from_a_bare_debian_to_published_readings(
    machine, harness, fact
):
    began, transcript = time.monotonic(), []
    for command in provisioning.documented("Install the agent"):
        output = machine.converse(command, REPLIES, 300)
        transcript.append({"command": command, "output": output})
    transcript.append({"command": provisioning.SUBSCRIBE, "output": subscribed(harness)})
    eventually(lambda: harness.values("temperature"))
    truth = harness.chip.truth()
    assert harness.values("temperature")[0] == pytest.approx(truth["temperature"], abs=0.2)
    fact("transcript", transcript)
    fact("seconds from bare Debian to a published reading", round(time.monotonic() - began))


def test_it_runs_as_its_own_user_without_privileges(machine, fact):
    pid = show(machine, "MainPID")["MainPID"]
    status = machine.run(f"cat /proc/{pid}/status")
    assert re.search(r"CapEff:\s+0+$", status, re.MULTILINE)
    assert re.search(r"Seccomp:\s+2", status)
    assert machine.run(f"ps -o user= {pid}").strip() == "edge-agent"
    fact("resident memory, MB", int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024)
    fact(
        "size of the installed environment, MB",
        int(machine.run("du -sm /opt/edge-agent").split()[0]),
    )


def test_its_exposure_is_at_most_two(machine, fact):
    output = machine.run(f"systemd-analyze security {UNIT} --no-pager")
    exposure = float(re.search(r"exposure level for \S+: ([\d.]+)", output)[1])
    fact("exposure (systemd-analyze security)", exposure)
    assert exposure <= 2.0


def test_a_start_is_ready_within_seconds(machine, fact):
    machine.run(f"systemctl stop {UNIT}")
    began = time.monotonic()
    machine.run(f"systemctl start {UNIT}")
    fact("seconds from start to ready, emulated", round(time.monotonic() - began, 1))
    assert show(machine, "ActiveState")["ActiveState"] == "active"


def test_a_killed_agent_restarts_and_loses_nothing(machine, harness):
    before = restarts(machine)
    machine.run(f"kill -9 {show(machine, 'MainPID')['MainPID']}")
    wait_until(machine, f'[ "$(systemctl show -P NRestarts {UNIT})" = {before + 1} ]')
    wait_until(machine, f"systemctl is-active {UNIT}")
    harness.wait_for_events(last_offset(machine))


def test_the_watchdog_ends_a_hung_agent_and_it_restarts(machine):
    machine.run(f"mkdir -p /run/systemd/system/{UNIT}.service.d")
    dropin = f"/run/systemd/system/{UNIT}.service.d/hasty.conf"
    machine.run(f"printf '[Service]\\nWatchdogSec=12\\nTimeoutAbortSec=2\\n' > {dropin}")
    machine.run(f"systemctl daemon-reload && systemctl restart {UNIT}")
    machine.run(f"kill -STOP {show(machine, 'MainPID')['MainPID']}")
    wait_until(machine, f'[ "$(systemctl show -P NRestarts {UNIT})" = 1 ]')
    wait_until(machine, f"systemctl is-active {UNIT}")
    output = machine.run(f"journalctl -u {UNIT} --no-pager -o cat | tail -40")
    assert "Watchdog timeout" in output
    machine.run(f"rm {dropin} && systemctl daemon-reload && systemctl restart {UNIT}")


def test_a_stop_commits_everything_and_all_logged_events_are_delivered(machine, harness):
    machine.run(f"systemctl stop {UNIT}")
    last = last_offset(machine)
    harness.wait_for_events(last)
    assert harness.events()[last]["data"]["what"] == "stopping"
    assert show(machine, "Result", "ExecMainStatus") == {"Result": "success", "ExecMainStatus": "0"}
    machine.run(f"systemctl start {UNIT}")


def test_a_reload_applies_the_changed_configuration_without_a_restart(machine, harness):
    pid = show(machine, "MainPID")
    machine.run(f"sed -i 's/^every = .*/every = \"1s\"/' {CONFIG}")
    machine.run(f"systemctl reload {UNIT}")
    eventually(lambda: any(e["data"].get("what") == "reloaded" for e in harness.events().values()))
    assert show(machine, "MainPID") == pid


def test_a_reload_with_errors_changes_nothing_and_says_why(machine, harness):
    machine.run(f"cp {CONFIG} /tmp/good.toml && echo 'nonsense = 1' >> {CONFIG}")
    machine.run(f"systemctl reload {UNIT}")

    def refused():
        failed = [e["data"] for e in harness.events().values() if "problems" in e["data"]]
        return failed[-1]["problems"] if failed else None

    assert "nonsense" in eventually(refused)[0]
    assert show(machine, "ActiveState")["ActiveState"] == "active"


def test_a_start_with_errors_is_not_repeated_and_status_says_so(machine):
    machine.run(f"systemctl restart {UNIT} || true")
    wait_until(machine, f"systemctl is-failed {UNIT}")
    assert show(machine, "ExecMainStatus", "NRestarts") == {"ExecMainStatus": "2", "NRestarts": "0"}
    code, output = machine.try_("edge-agent service status")
    assert (code, "the configuration has errors" in output) == (1, True)
    machine.run(f"cp /tmp/good.toml {CONFIG} && systemctl restart {UNIT}")
    assert machine.run("edge-agent service status").startswith("service      running")


def test_an_upgrade_keeps_configuration_and_log(machine, harness):
    config, offset = machine.run(f"cat {CONFIG}"), last_offset(machine)
    provisioning.add_newer(harness.wheels)
    output = machine.run("sudo /opt/edge-agent/bin/pip install --upgrade edge-agent", 120)
    assert "Successfully installed edge-agent-99" in output
    machine.run("sudo edge-agent service install")
    assert machine.run(f"cat {CONFIG}") == config
    eventually(lambda: max(harness.events()) > offset)
    assert {e["data"].get("version") for e in harness.events().values()} >= {"99.0"}


def test_doctor_finds_what_is_broken_and_its_remedy_repairs_it(machine):
    machine.run("gpasswd -d edge-agent i2c")
    code, output = machine.try_("sudo edge-agent doctor")
    assert code == 1
    remedy = re.search(r"`(sudo usermod -aG i2c edge-agent)[^`]*`", output)[1]
    machine.run(remedy)
    assert "usermod" not in machine.try_("sudo edge-agent doctor")[1]


def test_uninstalling_keeps_the_data(machine):
    machine.run("sudo edge-agent service uninstall")
    with pytest.raises(CommandFailed):
        machine.run(f"systemctl cat {UNIT}")
    assert machine.run("ls /var/lib/edge-agent /etc/edge-agent/config.toml")
