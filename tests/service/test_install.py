import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edge_agent.blueprint import resolve
from edge_agent.errors import AgentError, ConfigError
from edge_agent.machine import Machine
from edge_agent.service.files import TARGETS, rendered, shipped
from edge_agent.service.first_config import first_config, node_name
from edge_agent.service.install import install

UNIT_FILE = "/etc/systemd/system/edge-agent.service"
CONFIG = "/etc/edge-agent/config.toml"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def names(lines):
    return [line.split()[0] for line in lines]


def test_on_a_bare_debian_it_ends_with_a_running_service(site, system):
    lines = list(install(site))
    assert system.enabled
    assert system.properties["ActiveState"] == "active"
    assert "service        started" in lines
    assert all(site.machine.path(target).exists() for target in TARGETS.values())


def test_the_service_starts_after_everything_it_needs(site, system):
    list(install(site))
    order = [
        "systemd-sysusers",
        "systemd-tmpfiles",
        "udevadm control",
        "udevadm trigger",
        "systemctl daemon-reload",
        "systemctl enable",
        "systemctl start",
    ]
    at = [system.commands.index(system.calls(words)[0]) for words in order]
    assert at == sorted(at)


def test_a_second_call_changes_nothing_and_says_so(site, system, tree):
    list(install(site))
    before, system.commands = tree(), []
    lines = list(install(site))
    assert tree() == before
    assert "service        already running" in lines
    unchanged = [line for line in lines if "exists; left unchanged" in line]
    assert len(unchanged) == 8  # 5 files, user, configuration, owners
    changing = ("systemctl start", "systemctl restart", "systemctl enable", "systemd-sysusers")
    assert [line for line in system.commands if line.startswith(changing)] == []


def test_the_unit_starts_and_ends_the_program_of_this_installation(site):
    list(install(site))
    unit = site.machine.read(UNIT_FILE)
    assert "ExecStart=/srv/agent/bin/edge-agent run /etc/edge-agent/config.toml\n" in unit
    assert "ExecStopPost=-/srv/agent/bin/edge-agent safe /etc/edge-agent/config.toml\n" in unit
    assert "/opt/edge-agent" not in unit


def test_every_user_may_read_the_files_with_any_umask_of_root(site):
    list(install(site))
    assert {mode(site.machine.path(target)) for target in TARGETS.values()} == {0o644}


def test_a_changed_unit_is_updated_and_restarted(site, system):
    list(install(site))
    system.properties["ActiveEnterTimestamp"] = "@1000000000"  # before the file was written
    site.machine.path(UNIT_FILE).write_text("[Service]\n")
    lines = list(install(site))
    assert f"files          {UNIT_FILE}: updated" in lines
    assert system.calls("systemctl restart")
    assert system.calls("systemctl daemon-reload")


def test_a_newer_program_is_restarted_even_if_no_file_has_changed(site, system):
    list(install(site))
    system.properties["ActiveEnterTimestamp"] = "@1000000000"
    assert "service        restarted" in list(install(site))


def test_a_service_that_keeps_crashing_is_restarted(site, system):
    system.properties |= {"ActiveState": "activating", "SubState": "auto-restart"}
    assert "service        restarted" in list(install(site))


def test_the_user_is_added_to_a_group_that_was_created_later(site, system):
    list(install(site))
    groups = site.machine.path("/etc/group")
    groups.write_text("".join(f"{name}:x:1:edge-agent\n" for name in ("i2c", "gpio", "spi")))
    system.commands = []
    list(install(site))
    assert system.calls("systemd-sysusers") == ["systemd-sysusers /etc/sysusers.d/edge-agent.conf"]


def test_the_first_configuration_passes_the_check(site, machine, tmp_path):
    list(install(site))
    blueprint = resolve(machine.path(CONFIG))
    assert blueprint.config.node == "shed"
    assert [one.name for one in blueprint.devices] == ["memory"]


def test_the_first_configuration_has_the_processor_if_the_kernel_measures_it(machine):
    zone = machine.path("/sys/class/thermal/thermal_zone0/type")
    zone.parent.mkdir(parents=True)
    zone.write_text("cpu-thermal\n")
    path = machine.path("/config.toml")
    path.write_text(first_config(machine))
    assert [one.name for one in resolve(path).devices] == ["memory", "processor"]


@pytest.mark.parametrize(
    "host, node", [("pi\n", "pi"), ("pi.example.org", "pi"), ("böse.x", "b-se"), ("", "edge")]
)
def test_the_node_is_the_host_name_as_far_as_a_topic_allows(machine, host, node):
    machine.path("/etc/hostname").write_text(host)
    assert node_name(machine) == node


def test_only_root_and_the_service_may_read_the_configuration(site):
    list(install(site))
    assert mode(site.machine.path(CONFIG)) == 0o640
    owners = site.machine.read("/etc/tmpfiles.d/edge-agent.conf")
    assert f"z {CONFIG} 0640 root edge-agent -" in owners


def test_the_configuration_is_never_readable_for_all_users(site, system):
    system.failures["systemd-tmpfiles"] = "cannot"
    with pytest.raises(AgentError):
        list(install(site))
    assert mode(site.machine.path(CONFIG)) == 0o640


def test_an_existing_configuration_keeps_its_text_and_gets_its_mode(site):
    path = site.machine.path(CONFIG)
    path.parent.mkdir()
    path.write_text('node = "mine"\n')
    path.chmod(0o666)
    lines = list(install(site))
    assert (path.read_text(), mode(path)) == ('node = "mine"\n', 0o640)
    assert f"configuration  {CONFIG}: exists; left unchanged" in lines
    assert any("owner and mode set for edge-agent" in line for line in lines)


def test_errors_in_the_configuration_leave_it_installed_and_not_started(site, system):
    bad = site._replace(check=lambda: ("config.toml: node: wrong",))
    lines = []
    with pytest.raises(ConfigError) as error:
        lines.extend(iter_into(lines, install(bad)))
    assert error.value.problems == ("config.toml: node: wrong",)
    assert system.enabled
    assert system.calls("systemctl start") == []
    assert any("the service is not started" in line for line in lines)


def iter_into(lines, generator):
    for line in generator:
        lines.append(line)
    return []


def test_in_a_chroot_it_is_enabled_and_starts_at_the_next_boot(site, system):
    system.offline = True
    lines = list(install(site))
    assert system.enabled
    assert lines[-1].endswith("systemd does not run here: the service starts at the next boot")
    running = ("systemctl daemon-reload", "systemctl start", "udevadm")
    assert [line for line in system.commands if line.startswith(running)] == []


def test_without_udev_the_rules_wait_for_the_next_boot(site, system):
    system.missing = {"udevadm"}
    assert "devices        the udev rules apply from the next boot" in list(install(site))
    assert system.properties["ActiveState"] == "active"


def test_without_systemd_it_names_an_alternative(site, system, tree):
    system.missing, before = {"systemctl"}, tree()
    with pytest.raises(AgentError, match=r"no systemd.*have your own supervisor"):
        list(install(site))
    assert tree() == before


@pytest.mark.parametrize(
    "step, command",
    [
        ("user", "systemd-sysusers"),
        ("directories", "systemd-tmpfiles"),
        ("devices", "udevadm control"),
        ("devices", "udevadm trigger"),
        ("unit", "systemctl daemon-reload"),
        ("unit", "systemctl enable"),
        ("service", "systemctl start"),
    ],
)
def test_a_step_that_fails_names_itself_the_command_its_output_and_the_remedy(
    site, system, step, command
):
    system.failures[command] = "no such luck"
    with pytest.raises(AgentError) as error:
        list(install(site))
    assert error.value.what.startswith(f"{step}: `{command}")
    assert "failed: no such luck" in error.value.what
    assert error.value.remedy


def test_once_a_failure_is_corrected_a_second_call_does_the_rest(site, system):
    system.failures["udevadm control"] = "no such luck"
    with pytest.raises(AgentError):
        list(install(site))
    system.failures.clear()
    list(install(site))
    assert system.calls("udevadm trigger")
    assert system.properties["ActiveState"] == "active"


def test_a_file_that_cannot_be_written_is_reported_with_its_step(site):
    site.machine.path("/etc/udev").write_text("a file, where a directory belongs")
    with pytest.raises(AgentError, match=r"^files: .*rules"):
        list(install(site))


def test_a_start_that_fails_says_why_the_service_ended(site, system):
    system.failures["systemctl start"] = "Job failed."
    system.properties |= {"Result": "exit-code", "ExecMainCode": "1", "ExecMainStatus": "3"}
    failing = {"ActiveState": "failed", "SubState": "failed"}
    system.properties |= failing
    with pytest.raises(AgentError, match=r"Job failed.; failed, because hardware"):
        list(install(site))


@pytest.mark.parametrize("place", ["/home/pi/env", "/root/env", "/tmp/env"])
@pytest.mark.parametrize("what", ["program", "parts"])
def test_a_program_that_the_unit_hides_is_refused_before_anything_is_done(site, tree, place, what):
    path = f"{place}/bin/edge-agent"
    hidden = site._replace(**{what: path if what == "program" else (path,)})
    before = tree()
    with pytest.raises(AgentError, match=r"cannot see it.*install edge-agent in /opt/edge-agent"):
        list(install(hidden))
    assert tree() == before


def test_a_path_that_only_begins_like_a_hidden_one_is_accepted(site):
    list(install(site._replace(parts=("/homes/python3",))))


def test_a_missing_program_is_refused(site, tree):
    before = tree()
    with pytest.raises(AgentError, match=r"/opt/none/edge-agent: not found"):
        list(install(site._replace(program="/opt/none/edge-agent")))
    assert tree() == before


def test_what_the_debian_package_installed_is_left_to_it(site, tree):
    unit = site.machine.path("/usr/lib/systemd/system/edge-agent.service")
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\n")
    before = tree()
    with pytest.raises(AgentError, match=r"the Debian package"):
        list(install(site))
    assert tree() == before


def test_a_wheel_has_the_files_where_the_package_looks_for_them(root, tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path)
    folder = shipped(tmp_path / "edge_agent")
    assert folder == tmp_path / "edge_agent/systemd"
    assert set(TARGETS) <= {path.name for path in folder.iterdir()}


def test_a_checkout_uses_the_folder_of_the_repository(root):
    assert shipped() == root / "systemd"


def test_the_first_configuration_is_the_machines_own(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hostname").write_text("attic\n")
    assert 'node = "attic"' in first_config(Machine(tmp_path))


def test_every_rendered_file_has_an_absolute_place():
    assert all(Path(target).is_absolute() for target in rendered("/x"))
