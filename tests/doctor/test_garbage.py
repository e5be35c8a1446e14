"""The diagnosis runs to its end, with any content of files and any output of commands."""

import json
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.doctor.bundle import write_bundle
from edge_agent.doctor.diagnosis import THEMES, diagnose
from edge_agent.doctor.finding import Theme
from edge_agent.doctor.report import as_json
from edge_agent.machine import CommandResult

FILES = [
    "/etc/edge-agent/config.toml",
    "/etc/passwd",
    "/etc/group",
    "/boot/firmware/config.txt",
    "/boot/firmware/cmdline.txt",
    "/proc/mounts",
    "/proc/device-tree/model",
    "/sys/class/i2c-adapter/i2c-1/of_node/clock-frequency",
    "/sys/class/i2c-adapter/i2c-1/of_node/compatible",
    "/sys/devices/platform/soc/soc:firmware/get_throttled",
    "/sys/fs/ext4/mmcblk0p2/errors_count",
    "/sys/block/mmcblk0/device/life_time",
    "/sys/fs/cgroup/system.slice/edge-agent.service/memory.stat",
    "/var/lib/edge-agent/shed.db",
    "/etc/edge-agent/client.pem",
    "/etc/edge-agent/password",
]
QUIET = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def refused(_address, _seconds):
    """A damaged address may be that of any machine."""
    raise ConnectionRefusedError(111, "Connection refused")


def texts(results):
    return [finding.what for result in results for finding in result.findings]


@pytest.fixture
def examined(pi, tmp_path):
    """A function: diagnose, and write the archive; return the results."""
    pem, password = (pi.path(f"/etc/edge-agent/{name}") for name in ("client.pem", "password"))
    pi.connect = refused
    pem.touch()
    password.touch()
    lines = f'[mqtt]\ncertificate = "{pem}"\nkey = "{pem}"\npassword_file = "{password}"'
    pi.change("[mqtt]", lines)

    def examine():
        case = pi.case()
        results = list(diagnose(case))
        write_bundle(case, results, tmp_path / "bundle.tar.gz")
        assert json.loads(json.dumps(as_json(results)))["themes"]
        assert tarfile.is_tarfile(tmp_path / "bundle.tar.gz")
        return results

    return examine


@QUIET
@given(st.dictionaries(st.sampled_from(FILES), st.binary(max_size=200), min_size=1))
def test_random_bytes_in_its_files_do_not_end_it(pi, examined, found):
    kept = {name: pi.path(name).read_bytes() for name in FILES}
    try:
        for name, data in found.items():
            pi.write(name, data)
        assert len(examined()) == len(THEMES)
    finally:
        for name, data in kept.items():
            pi.write(name, data)


@QUIET
@given(st.sampled_from(FILES), st.data())
def test_slightly_damaged_files_do_not_end_it(pi, examined, name, data):
    whole = pi.path(name).read_bytes()
    place = data.draw(st.integers(0, len(whole)))
    try:
        pi.write(name, whole[:place] + data.draw(st.binary(max_size=5)) + whole[place + 1 :])
        assert len(examined()) == len(THEMES)
    finally:
        pi.write(name, whole)


@QUIET
@given(st.integers(0, 127), st.text(max_size=200))
def test_commands_that_print_anything_do_not_end_it(pi, examined, code, output):
    pi.run = lambda _words: CommandResult(code, output)
    assert len(examined()) == len(THEMES)


@QUIET
@given(st.lists(st.text("LoadStateNRrs=-\n0123edAcivmk ", max_size=60), max_size=8))
def test_units_that_contain_anything_do_not_end_it(pi, examined, lines):
    output = "\n".join(["LoadState=loaded", *lines])
    pi.run = lambda _words: CommandResult(0, output)
    assert len(examined()) == len(THEMES)


@pytest.mark.parametrize("name", FILES)
def test_a_directory_in_a_files_place_does_not_end_it(pi, examined, name):
    pi.path(name).unlink()
    pi.path(name).mkdir()
    assert len(examined()) == len(THEMES)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_does_not_end_it(pi, examined, name):
    pi.path(name).unlink()
    assert not [text for text in texts(examined()) if "check failed" in text]


def test_a_check_that_raises_is_a_finding_and_the_next_one_runs(pi):
    def broken(_case):
        raise RuntimeError("boom")
        yield

    after = []

    def second(_case):
        after.append(True)
        yield from ()

    (result,) = diagnose(pi.case(), [Theme("weather", (broken, second), {})])
    (finding,) = result.findings
    assert (finding.id, finding.severity) == ("check-failed", "warning")
    assert finding.what == "this check failed: RuntimeError: boom"
    assert after == [True]


def test_an_exception_while_a_theme_decides_whether_it_applies_is_a_finding(pi):
    (result,) = diagnose(pi.case(), [Theme("weather", (), {}, lambda _case: 1 / 0)])
    assert [one.id for one in result.findings] == ["check-failed"]


def test_what_this_user_may_not_read_is_reported_with_sudo_as_remedy(pi):
    def unreadable(_case):
        raise PermissionError(13, "Permission denied", "/etc/edge-agent")
        yield

    (result,) = diagnose(pi.case(), [Theme("weather", (unreadable,), {})])
    (finding,) = result.findings
    assert (finding.id, finding.severity) == ("not-seen", "warning")
    assert finding.where == "/etc/edge-agent"
    assert finding.remedy == f"`sudo edge-agent doctor {pi.file}`"
