import json
import os
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from edge_agent.cli import main
from edge_agent.commands.doctor import examine
from edge_agent.doctor.diagnosis import diagnose
from edge_agent.doctor.finding import ThemeResult
from edge_agent.doctor.instruments.configuration_file import read_configuration
from edge_agent.errors import AgentError
from edge_agent.machine import CommandResult


class Done(NamedTuple):
    """The result of a command."""

    code: int
    out: str


class Report(msgspec.Struct, forbid_unknown_fields=True):
    """What --json prints."""

    problems: int
    warnings: int
    themes: list[ThemeResult]


@pytest.fixture
def doctor(capsys):
    """A function: diagnose a machine as the command does."""

    def run(pi, *, as_json=False, bundle=None):
        code = examine(pi.case(), as_json=as_json, bundle=bundle)
        return Done(code, capsys.readouterr().out)

    return run


def test_a_healthy_machine_has_a_line_for_every_theme_and_exit_code_0(pi, doctor):
    done = doctor(pi)
    assert done.code == 0
    *found, last = done.out.splitlines()
    assert last == "no problems found"
    themes = [line for line in found if not line.startswith(" ")]  # a fact
    assert {line.split()[0] for line in themes} == {"ok"}
    assert len(themes) == 11


def test_a_problem_has_a_remedy_and_exit_code_1(pi, doctor):
    pi.path("/dev/i2c-1").unlink()
    done = doctor(pi)
    assert done.code == 1
    assert "problem   interfaces: /dev/i2c-1: the bus exists" in done.out
    assert "          [i2c-dev-not-loaded] `sudo modprobe i2c-dev`" in done.out
    assert done.out.splitlines()[-1] == "1 problem, 0 warnings"


def test_warnings_alone_leave_the_exit_code_0(pi, doctor):
    pi.clock.trusted = False
    done = doctor(pi)
    assert done.code == 0
    assert done.out.splitlines()[-1] == "0 problems, 1 warning"


def test_json_has_its_schema_and_nothing_else_is_printed(pi, doctor, tmp_path):
    pi.path("/dev/i2c-1").unlink()
    done = doctor(pi, as_json=True, bundle=tmp_path / "b.tar.gz")
    report = msgspec.json.decode(done.out, type=Report)
    assert (done.code, report.problems, report.warnings) == (1, 1, 0)
    (finding,) = [one for theme in report.themes for one in theme.findings]
    assert (finding.id, finding.severity) == ("i2c-dev-not-loaded", "problem")
    assert (tmp_path / "b.tar.gz").exists()


def test_the_archive_is_named_at_the_end(pi, doctor, tmp_path):
    done = doctor(pi, bundle=tmp_path / "b.tar.gz")
    assert (
        done.out.splitlines()[-1] == f"{tmp_path}/b.tar.gz: written; review it before you send it"
    )


def test_without_configuration_everything_on_a_pi_is_checked(pi, doctor):
    pi.file.unlink()
    pi.write("/boot/firmware/config.txt", "")
    pi.boot()
    found = json.loads(doctor(pi, as_json=True).out)["themes"]
    ids = {finding["id"] for theme in found for finding in theme["findings"]}
    assert {"config-missing", "i2c-disabled", "spi-disabled", "w1-disabled"} <= ids
    assert {theme["theme"] for theme in found if theme["skipped"]} == {"network", "sinks"}


def test_what_the_configuration_does_not_need_is_not_reported(pi, doctor):
    pi.file.write_text(f'node = "shed"\n[mqtt]\nurl = "{pi.url}"\n')
    pi.write("/boot/firmware/config.txt", "")
    pi.lgpio = None
    pi.boot()
    done = doctor(pi)
    assert done.code == 0
    assert "skipped   gpio: no readable configuration uses a pin of the header" in done.out


def test_an_unreadable_configuration_is_reported_and_nothing_is_assumed_about_it(pi):
    pi.write("/boot/firmware/config.txt", "")
    pi.boot()
    unreadable = pi.case().configuration._replace(
        tables={}, config=None, blueprint=None, unreadable=True
    )
    results = list(diagnose(pi.case()._replace(configuration=unreadable)))
    assert [one.id for result in results for one in result.findings] == ["not-seen"]
    skipped = {result.theme for result in results if result.skipped}
    assert skipped == {"interfaces", "gpio", "network", "sinks"}


def test_a_file_of_another_user_is_unreadable_and_not_invalid(pi, tmp_path):
    tmp_path.chmod(0o700)
    own = os.geteuid()
    pi.file.chmod(0)
    if own == 0:  # root may read everything
        os.seteuid(65534)
    try:
        unreadable = read_configuration(pi.file, bool).unreadable
    finally:
        os.seteuid(own)
    assert unreadable
    assert not read_configuration(tmp_path / "none.toml", bool).unreadable


def test_an_invalid_configuration_is_reported_and_the_rest_is_checked(pi, doctor):
    pi.change('driver = "sht4x"', 'driver = "sht4"')
    pi.path("/dev/i2c-1").unlink()
    done = doctor(pi)
    assert "did you mean 'sht4x'" in done.out
    assert "[i2c-dev-not-loaded]" in done.out


def test_a_laptop_skips_what_only_a_pi_has(pi, doctor):
    pi.write("/proc/device-tree/model", "")
    pi.path("/sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    pi.write("/etc/passwd", "me:x:1000:1000::/home/me:/bin/bash\n")
    pi.own("/var/lib/edge-agent", os.getuid(), os.getgid())
    text = f'node = "shed"\n[mqtt]\nurl = "{pi.url}"\n[log]\npath = "{pi.log}"\n'
    pi.file.write_text(text)
    pi.unit = {}
    pi.services.clear()
    done = doctor(pi)
    assert done.code == 0
    skipped = [line.split()[1] for line in done.out.splitlines() if line.startswith("skipped")]
    assert skipped == ["interfaces:", "gpio:", "power:", "service:"]


def test_a_laptop_without_configuration_lacks_only_that_and_no_bus(pi):
    pi.write("/proc/device-tree/model", "")
    pi.file.unlink()
    pi.path("/dev/i2c-1").unlink()
    results = list(diagnose(pi.case()))
    assert [one.id for result in results for one in result.findings] == ["config-missing"]
    skipped = {result.theme for result in results if result.skipped}
    assert skipped == {"interfaces", "gpio", "network", "sinks"}


def test_a_laptop_that_needs_buses_is_referred_to_adapters_and_simulation(pi):
    pi.write("/proc/device-tree/model", "")
    pi.write("/boot/firmware/config.txt", "")
    pi.boot()
    found = [one for one in pi.findings() if one.where.startswith(("/dev/i2c", "/dev/spi"))]
    assert [one.id for one in found] == ["i2c-missing", "spi-missing"]
    assert "w1-missing" in {one.id for one in pi.findings()}
    assert {one.remedy.rpartition("or try ")[2] for one in found} == {"`edge-agent simulate`"}


def test_power_flags_come_from_vcgencmd_if_the_kernel_has_no_file(pi):
    pi.path("/sys/devices/platform/soc/soc:firmware/get_throttled").unlink()
    answer = pi.run
    vcgencmd = ("vcgencmd", "get_throttled")
    pi.run = lambda words: CommandResult(0, "throttled=0x1") if words == vcgencmd else answer(words)
    assert [one.id for one in pi.findings()] == ["under-voltage"]


def test_a_running_agent_is_not_disturbed(pi):
    """Its chips are left alone: a second master would spoil a measurement."""

    class Untouchable:
        def i2c_rdwr(self, *_messages):
            raise AssertionError("a transfer on the agent's bus")

    pi.hardware.bus = Untouchable()
    assert pi.findings() == []


def test_nothing_is_changed(pi):
    def everything():
        return {path: path.read_bytes() for path in Path(pi.root).rglob("*") if path.is_file()}

    before = everything()
    assert pi.findings() == []
    after = everything()
    companions = {f"{pi.log}-wal", f"{pi.log}-shm"}  # SQLite's own
    assert {p: d for p, d in after.items() if str(p) not in companions} == before


def test_the_command_works_on_this_machine_whatever_it_is(capsys, tmp_path):
    with pytest.raises(SystemExit) as ended:
        main(["doctor", "--json", str(tmp_path / "none.toml")])
    report = msgspec.json.decode(capsys.readouterr().out, type=Report)
    assert ended.value.code == 1
    ids = {one.id for theme in report.themes for one in theme.findings}
    assert "config-missing" in ids
    assert "check-failed" not in ids


def test_an_archive_that_cannot_be_written_is_one_clear_line(pi, doctor):
    with pytest.raises(AgentError) as error:
        doctor(pi, bundle=Path("/nonexistent/b.tar.gz"))
    remedy = "choose another file with --bundle"
    assert str(error.value) == f"/nonexistent/b.tar.gz: No such file or directory: {remedy}"
