import shutil
import socket
import sqlite3
import subprocess
import time
import tomllib
from pathlib import Path

import pytest


def kilobytes(path):
    return int(subprocess.check_output(["du", "-sk", str(path)]).split()[0])


def resident(pid):
    """Return the resident memory of a process, as the kernel reports it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split(":")[1].strip() for line in lines if line.startswith("VmRSS"))


def version(root):
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]


def events(path):
    """Return the id of the log, and the number of events it has recorded."""
    with sqlite3.connect(path) as database:
        [name] = database.execute("SELECT id FROM log").fetchone()
        [count] = database.execute('SELECT max("offset") FROM event').fetchone()
    database.close()
    return name, count


def record(debian, url, received, wait_for):
    """Let the service deliver a reading of each default device, and stop it as systemd does."""
    del received[:]
    with debian.service("--set", f"mqtt.url={url}") as agent:
        wait_for(lambda: any("/event/reading/" in topic for topic, *_ in received), 60)
        agent.terminate()
        output = agent.communicate(timeout=30)[0]
    assert agent.returncode == 0, output


def test_the_package_has_the_version_of_pyproject(root, bookworm):
    installed = bookworm.run("dpkg-query", "-W", "-f", "${Version}", "edge-agent")
    assert installed == version(root)
    for program in ("edge-agent", "edge-consumer"):
        assert bookworm.run(program, "--version").split()[-1] == version(root)


def test_the_first_configuration_is_readable_only_for_its_user_and_has_no_problems(bookworm):
    assert bookworm.owner("/etc/edge-agent/config.toml") == "640 root:edge-agent"
    assert "no problems" in bookworm.run("edge-agent", "check")
    conffiles = bookworm.run("dpkg-query", "-W", "-f", "${Conffiles}", "edge-agent")
    assert not conffiles.strip(), "dpkg would ask about it at an upgrade"


def test_if_init_fails_the_configuration_is_what_every_machine_can_measure(changeable):
    config = changeable.path("/etc/edge-agent/config.toml")
    config.unlink()
    init = changeable.path("/opt/edge-agent/lib/edge_agent/commands/init.py")
    init.write_text("raise RuntimeError")
    changeable.run("/var/lib/dpkg/info/edge-agent.postinst", "configure", "0")
    assert changeable.owner("/etc/edge-agent/config.toml") == "640 root:edge-agent"
    assert "no problems" in changeable.run("edge-agent", "check")
    assert 'driver = "memory"' in config.read_text()


def test_the_user_is_in_the_groups_of_the_hardware_and_the_service_is_enabled(bookworm):
    groups = bookworm.run("id", "-nG", "edge-agent").split()
    assert set(groups) >= {"edge-agent", "i2c", "gpio", "spi", "dialout"}
    wanted = bookworm.path("/etc/systemd/system/multi-user.target.wants/edge-agent.service")
    assert wanted.is_symlink()


def test_the_service_belongs_to_apt_and_no_second_one_is_installed(bookworm):
    code, output = bookworm.try_("edge-agent", "service", "install")
    assert code == 1
    assert "the Debian package edge-agent has installed the service" in output


@pytest.mark.parametrize(
    "name",
    [
        "lib/systemd/system/edge-agent.service",
        "lib/udev/rules.d/60-edge-agent.rules",
        "usr/lib/sysusers.d/edge-agent.conf",
        "usr/lib/tmpfiles.d/edge-agent.conf",
    ],
)
def test_systemd_and_udev_get_the_files_of_the_source(root, bookworm, name):
    source = name.rpartition("/")[2]
    for kind in ("sysusers", "tmpfiles"):
        source = f"edge-agent.{kind}" if f"/{kind}.d/" in name else source
    assert bookworm.path(name).read_bytes() == (root / "systemd" / source).read_bytes()


def test_devices_are_given_to_groups_that_exist(changeable, deb):
    changeable.run("apt-get", "-qq", "-y", "purge", "edge-agent")
    changeable.run("groupdel", "gpio")
    changeable.path("/run/udev").mkdir(exist_ok=True)
    changeable.path("/run/udev/control").touch()  # as if udev were running
    udevadm = changeable.path("/usr/bin/udevadm")
    udevadm.write_text('#!/bin/sh\necho "$1 $(getent group gpio)" >> /root/calls\n')
    udevadm.chmod(0o755)
    code, output = changeable.install(deb)
    assert code == 0, output
    calls = changeable.path("/root/calls").read_text().splitlines()
    assert [line.split()[0] for line in calls] == ["control", "trigger"]
    assert all("gpio:" in line for line in calls)


def test_at_start_everything_is_compiled_and_readiness_is_reported(changeable, broker, figure):
    home = changeable.path("/opt/edge-agent")
    compiled = set(home.rglob("*.pyc"))
    assert len(compiled) == len(list(home.rglob("lib/**/*.py")))
    url = f"mqtt.url={broker.url}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(str(changeable.path("/run/notify")))
        changeable.path("/run/notify").chmod(0o777)
        notify.settimeout(60)
        began = time.monotonic()
        with changeable.service("--set", url, NOTIFY_SOCKET="/run/notify") as agent:
            while b"READY=1" not in notify.recv(4096):
                pass
            figure("bookworm: start until READY", f"{time.monotonic() - began:.2f} s")
            figure("bookworm: memory", resident(agent.pid))
    assert set(home.rglob("*.pyc")) == compiled
    figure("bookworm: /opt/edge-agent installed", f"{kilobytes(home)} kB")


def test_everything_is_compiled_again_for_a_new_python_of_the_system(changeable):
    home = changeable.path("/opt/edge-agent")
    compiled = set(home.rglob("*.pyc"))
    for path in compiled:
        path.write_bytes(b"of the old Python")
    changeable.run("/usr/share/python3/runtime.d/edge-agent.rtupdate", "rtupdate", "old", "new")
    assert set(home.rglob("*.pyc")) == compiled
    assert all(path.read_bytes()[2:4] == b"\r\n" for path in compiled), (
        "not the header of a compiled file"
    )


def test_the_first_configuration_delivers_what_the_machine_measures_about_itself(
    changeable, broker, subscriber, wait_for
):
    received = subscriber(broker.port)
    record(changeable, broker.url, received, wait_for)
    name, count = events(changeable.log())
    assert count >= 1
    assert any(name.encode() in payload for topic, payload, _ in received if "/event/" in topic)


def test_an_upgrade_keeps_a_configuration_edited_by_hand_and_the_log(
    changeable, newer, broker, subscriber, wait_for
):
    received = subscriber(broker.port)
    record(changeable, broker.url, received, wait_for)
    name, count = events(changeable.log())
    config = changeable.path("/etc/edge-agent/config.toml")
    config.write_text(edited := config.read_text() + "# by hand\n")
    code, output = changeable.install(newer)
    assert code == 0, output
    assert changeable.run("edge-agent", "--version").split()[-1] == "99"
    assert config.read_text() == edited
    assert changeable.owner("/etc/edge-agent/config.toml") == "640 root:edge-agent"
    record(changeable, broker.url, received, wait_for)
    assert events(changeable.log())[0] == name
    assert events(changeable.log())[1] > count


def test_after_a_downgrade_the_agent_says_why_it_stops_and_the_log_is_untouched(
    changeable, deb, newer, broker, subscriber, wait_for
):
    assert changeable.install(newer)[0] == 0
    received = subscriber(broker.port)
    record(changeable, broker.url, received, wait_for)
    before = changeable.log().read_bytes()
    code, output = changeable.install(deb, "--allow-downgrades")
    assert code == 0, output
    with changeable.service("--set", f"mqtt.url={broker.url}") as agent:
        output = agent.communicate(timeout=60)[0]
    assert agent.returncode == 4
    assert "was written by a newer edge-agent" in output
    assert "install that version again" in output
    assert changeable.log().read_bytes() == before
    assert changeable.install(newer)[0] == 0
    count = events(changeable.log())[1]
    record(changeable, broker.url, received, wait_for)
    assert events(changeable.log())[1] > count


def test_removal_leaves_data_and_purging_leaves_the_user_alone(
    changeable, broker, subscriber, wait_for
):
    record(changeable, broker.url, subscriber(broker.port), wait_for)
    config = changeable.path("/etc/edge-agent/config.toml")
    log = changeable.log()
    secret = changeable.path("/etc/credstore/edge-agent.mqtt-password")
    secret.parent.mkdir(exist_ok=True)
    secret.write_text("secret")
    changeable.run("apt-get", "-qq", "-y", "remove", "edge-agent")
    assert config.exists()
    assert log.exists()
    assert secret.exists()
    assert not changeable.path("/opt/edge-agent").exists(), "with every compiled file"
    assert not changeable.path("/usr/bin/edge-agent").is_symlink()
    changeable.run("apt-get", "-qq", "-y", "purge", "edge-agent")
    assert not config.parent.exists()
    assert not log.parent.exists()
    assert not secret.exists()
    assert "edge-agent" in changeable.run("id", "edge-agent")


def test_an_agent_that_apt_did_not_install_is_not_mixed_with_the_package(fresh, deb):
    debian = fresh("bookworm")
    debian.path("/opt/edge-agent").mkdir(parents=True)
    debian.path("/opt/edge-agent/pyvenv.cfg").touch()
    code, output = debian.install(deb)
    assert code != 0
    assert "edge-agent service uninstall" in output
    assert not debian.path("/opt/edge-agent/lib").exists()
    shutil.rmtree(debian.path("/opt/edge-agent"))
    code, output = debian.install(deb)
    assert code == 0, output


def test_trixie_runs_the_same_package_with_its_own_python(fresh, deb, root, figure):
    debian = fresh("trixie")
    code, output = debian.install(deb)
    assert code == 0, output
    assert debian.run("python3", "--version").startswith("Python 3.13")
    began = time.monotonic()
    assert debian.run("edge-agent", "--version").split()[-1] == version(root)
    figure("trixie: edge-agent --version", f"{time.monotonic() - began:.2f} s")
    assert "no problems" in debian.run("edge-agent", "check")
