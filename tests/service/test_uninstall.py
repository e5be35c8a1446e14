import pytest

from edge_agent.errors import AgentError
from edge_agent.service.files import TARGETS
from edge_agent.service.install import install
from edge_agent.service.uninstall import uninstall

LOG = "/var/lib/edge-agent/shed.db"
CONFIG = "/etc/edge-agent/config.toml"
SECRET = "/etc/credstore/edge-agent.mqtt-password"


@pytest.fixture
def installed(site, machine):
    """A machine with the service, a log, a drop-in and a secret."""
    list(install(site))
    for place in (LOG, SECRET, "/etc/credstore/other", f"{TARGETS['edge-agent.service']}.d/a.conf"):
        machine.path(place).parent.mkdir(parents=True, exist_ok=True)
        machine.path(place).write_text("x")
    return machine


def test_it_stops_and_removes_what_install_put_in_place(installed, system):
    lines = list(uninstall(installed, purge=False))
    assert system.properties["ActiveState"] == "inactive"
    assert not system.enabled
    assert not any(installed.path(target).exists() for target in TARGETS.values())
    assert all(f"{target}: removed" in lines for target in TARGETS.values())


def test_systemd_and_udev_reload_after_the_files_are_removed(installed, system):
    system.commands = []
    list(uninstall(installed, purge=False))
    stopped, reloaded = (
        system.commands.index(f"systemctl {words}")
        for words in ("stop edge-agent.service", "daemon-reload")
    )
    assert stopped < reloaded
    assert system.calls("udevadm control --reload")


def test_configuration_log_secrets_and_user_are_kept_and_it_says_how_to_remove_them(installed):
    last = list(uninstall(installed, purge=False))[-1]
    assert all(installed.path(place).exists() for place in (LOG, CONFIG, SECRET))
    for kept in ("/etc/edge-agent", "/var/lib/edge-agent", SECRET, "the user edge-agent"):
        assert kept in last
    assert "--purge` removes them" in last


def test_purge_removes_them_and_nothing_else(installed):
    lines = list(uninstall(installed, purge=True))
    gone = ("/etc/edge-agent", "/var/lib/edge-agent", SECRET)
    assert not any(installed.path(place).exists() for place in gone)
    assert not installed.path(f"{TARGETS['edge-agent.service']}.d").exists()
    assert "edge-agent" not in installed.users()
    assert installed.path("/etc/credstore/other").exists()
    assert "the user edge-agent: removed" in lines


def test_purge_after_uninstall_removes_what_was_kept(installed):
    list(uninstall(installed, purge=False))
    list(uninstall(installed, purge=True))
    assert not installed.path(LOG).exists()


def test_a_second_call_has_nothing_to_do(installed, tree):
    list(uninstall(installed, purge=True))
    before = tree()
    assert list(uninstall(installed, purge=True)) == ["edge-agent.service: not installed"]
    assert tree() == before


def test_in_a_chroot_it_is_disabled_without_a_running_systemd(installed, system):
    system.offline, system.commands = True, []
    list(uninstall(installed, purge=False))
    assert not system.enabled
    assert system.calls("systemctl stop") == system.calls("udevadm") == []


@pytest.mark.parametrize(
    "command", ["systemctl stop", "systemctl disable", "systemctl daemon-reload"]
)
def test_a_failed_command_is_reported_and_a_second_call_does_the_rest(installed, system, command):
    system.failures[command] = "no such luck"
    with pytest.raises(AgentError, match=f"`{command}.*no such luck.*again"):
        list(uninstall(installed, purge=False))
    system.failures.clear()
    list(uninstall(installed, purge=True))
    assert not installed.path(LOG).exists()
    assert not any(installed.path(target).exists() for target in TARGETS.values())


def test_a_service_that_does_not_stop_keeps_its_files(installed, system):
    system.failures["systemctl stop"] = "timeout"
    with pytest.raises(AgentError):
        list(uninstall(installed, purge=True))
    assert installed.path(LOG).exists()
    assert installed.path(TARGETS["edge-agent.service"]).exists()


def test_the_debian_packages_service_is_left_to_apt(machine):
    unit = machine.path("/usr/lib/systemd/system/edge-agent.service")
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\n")
    with pytest.raises(AgentError, match="apt remove edge-agent"):
        list(uninstall(machine, purge=True))
    assert unit.exists()
