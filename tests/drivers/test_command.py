import contextlib
import os
import time
from pathlib import Path

import pytest
from lab.waiting import eventually

from drivers.base.child_process import ENVIRONMENT
from drivers.base.declared import DeclaredChannel
from drivers.base.driver import parted, run
from drivers.base.errors import BusMissing, NotPermitted, NotReady, TransferFailed
from drivers.base.linux import LinuxPort, RealKernel
from drivers.base.program import MOST
from drivers.command import Command
from edge_agent.testing import SensorContract
from simulators import command

VALUES = (
    DeclaredChannel(name="temperature", low=-40, high=125),
    DeclaredChannel(name="charge", quantity="battery", low=0, high=100, resolution=0.1),
    DeclaredChannel(name="on_battery", quantity="binary", low=0, high=1, resolution=1),
)
OPTIONS = {"program": ("/usr/local/bin/ups",), "values": VALUES, "timeout": 2.0}


class TestContract(SensorContract):
    driver = Command
    model = command.Command.configured(OPTIONS)
    options = OPTIONS


@pytest.fixture
def script(tmp_path):
    """Return a function that writes a shell script, and returns a driver that runs it."""

    def write(text, *arguments, timeout=30.0):
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o700)
        program = (str(path), *arguments)
        port = LinuxPort(RealKernel(), "ups")
        return Command(port, program=program, values=VALUES, timeout=timeout)

    return write


def measured(driver):
    return parted(run(driver.measure(), time.sleep))


def refusals(driver):
    """Return why each channel has no value."""
    return {name: str(error) for name, error in measured(driver).refused.items()}


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def children():
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def written(path):
    """Return the number in a file; nothing until it is complete."""
    text = path.read_text() if path.exists() else ""
    return text.strip() if text.endswith("\n") else ""


def alive(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.parametrize(
    "output",
    [
        '{"temperature": 21.5, "charge": 80, "on_battery": true, "model": "X"}',
        "temperature=21.5\ncharge = 80\non_battery=1\nX 3000",
    ],
)
def test_json_and_lines_of_name_and_value_give_the_same_values(script, output):
    values, refused = measured(script(f"cat <<'END'\n{output}\nEND"))
    assert values == {"temperature": 21.5, "charge": 80.0, "on_battery": 1.0}
    assert refused == {}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("temperature=nan", "prints temperature as 'nan', wanted one number"),
        ("temperature=1e999", "prints temperature as inf, wanted one number"),
        ("temperature=21.5 °C", "prints temperature as '21.5 °C', wanted one number"),
        ("temperature=", "prints temperature as '', wanted one number"),
        ("temperature=1_0", "prints temperature as '1_0', wanted one number"),
        ("temperature=1\ntemperature=2", "prints temperature as 1.0 and 2.0, wanted one number"),
        ("temp=1", "prints no temperature"),
        ("temperature=126", "temperature is 126, the chip measures -40 to 125 °C"),
    ],
)
def test_a_channel_without_one_number_is_absent_with_the_reason_and_alone(script, said, reason):
    driver = script(f"cat <<'END'\n{said}\ncharge=80\non_battery=0\nEND")
    values, refused = measured(driver)
    assert values == {"charge": 80.0, "on_battery": 0.0}
    assert reason in str(refused["temperature"])


@pytest.mark.parametrize(
    "said", ["NaN", "Infinity", "null", "true", '"21.5"', "[21.5]", "{}", "1" + 400 * "0"]
)
def test_what_json_has_besides_a_finite_number_is_no_value(script, said):
    driver = script(f'cat <<\'END\'\n{{"temperature": {said}, "charge": 80}}\nEND')
    assert set(refusals(driver)) == {"temperature", "on_battery"}


def test_a_name_that_json_has_twice_is_no_value(script):
    driver = script("""echo '{"charge": 80, "temperature": 1, "temperature": 2}'""")
    assert "prints temperature as 1 and 2" in refusals(driver)["temperature"]


@pytest.mark.parametrize(
    "text", ["echo '{\"temperature\": 21.'", "echo '{\"a\":' ; yes [ | head -9999"]
)
def test_broken_json_is_no_value(script, text):
    with pytest.raises(TransferFailed, match="prints broken JSON"):
        measured(script(text))


@pytest.mark.parametrize("text", ["true", "head -c 9999 /dev/urandom", "printf '\\0\\377=1'"])
def test_garbage_is_no_value(script, text):
    with pytest.raises(TransferFailed, match=r"ups:/.*: prints no temperature"):
        measured(script(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo charge=80; echo no such UPS >&2; exit 3", "ended with status 3: no such UPS"),
        ("kill -SEGV $$", "was ended by SIGSEGV"),
    ],
)
def test_a_crash_gives_no_value_although_it_printed_some(script, text, reason):
    with pytest.raises(TransferFailed, match=reason):
        measured(script(text))


def test_a_hang_ends_with_the_program_and_all_that_it_started_killed(script, tmp_path):
    before, others = open_files(), children()
    driver = script(f"trap '' TERM; sleep 3600 & echo $! >{tmp_path}/pid; wait", timeout=1.0)
    with pytest.raises(NotReady, match="has not ended within 1 s, and was killed"):
        run(driver.measure(), lambda _: eventually(lambda: written(tmp_path / "pid")))
    child = written(tmp_path / "pid")
    eventually(lambda: not alive(child))
    assert open_files() == before
    assert children() == others


def test_what_a_program_leaves_behind_is_killed_and_holds_nothing_up(script, tmp_path):
    before, others = open_files(), children()
    text = f"sleep 3600 & echo $! >{tmp_path}/pid; printf 'temperature=1\\ncharge=2\\non_battery=0'"
    assert measured(script(text)).values["charge"] == 2.0
    eventually(lambda: not alive(written(tmp_path / "pid")))
    assert open_files() == before
    assert children() == others


def test_a_measurement_broken_off_kills_the_program(script, tmp_path):
    before, others = open_files(), children()
    steps = script(f"echo $$ >{tmp_path}/pid; sleep 3600").measure()
    next(steps)
    eventually(lambda: written(tmp_path / "pid"))
    steps.close()
    assert not alive(written(tmp_path / "pid"))
    assert open_files() == before
    assert children() == others


@pytest.mark.parametrize("endless", ["yes", "cat /dev/zero"])
def test_a_program_that_prints_without_end_is_killed(script, endless):
    others = children()
    with pytest.raises(TransferFailed, match=rf"prints more than {MOST} bytes"):
        measured(script(endless))
    assert children() == others


def test_any_number_of_complaints_does_not_stop_a_program(script):
    text = "yes | head -c 300000 >&2; printf 'temperature=1\\ncharge=2\\non_battery=0'"
    assert measured(script(text)).values["temperature"] == 1.0


def test_an_output_of_the_greatest_length_is_complete(script):
    text = (
        "head -c 65000 /dev/zero | tr '\\0' x; printf '\\ntemperature=1\\ncharge=2\\non_battery=0'"
    )
    assert measured(script(text)).values["on_battery"] == 0.0


def test_its_environment_has_nothing_of_the_agents(script, tmp_path, monkeypatch):
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    with pytest.raises(TransferFailed):
        measured(script(f"env >{tmp_path}/env"))
    found = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines())
    assert {name: found[name] for name in ENVIRONMENT} == ENVIRONMENT
    assert found.keys() - ENVIRONMENT.keys() <= {"PWD", "OLDPWD", "SHLVL", "_"}


def test_its_arguments_reach_it_as_they_are_written(script):
    text = 'printf "temperature=%s\\ncharge=$#\\non_battery=0" "$1"'
    driver = script(text, "21.5", "; echo $HOME `id` *")
    assert measured(driver).values == {"temperature": 21.5, "charge": 2.0, "on_battery": 0.0}


def test_while_it_runs_the_bus_is_free(script):
    steps = script("sleep 3600").measure()
    waits = [next(steps) for _ in range(5)]
    steps.close()
    assert waits == pytest.approx([0.01, 0.02, 0.04, 0.08, 0.1])


@pytest.mark.parametrize(
    ("path", "mode", "error", "what"),
    [
        (None, 0, BusMissing, "no such program"),
        ("#!/bin/sh\n", 0o600, NotPermitted, "permission denied"),
        ("#!/no/such/shell\n", 0o700, BusMissing, "that of its interpreter"),
        ("no first line\n", 0o700, TransferFailed, "such as #!/bin/sh"),
    ],
)
def test_a_program_that_cannot_be_started_says_what_to_do(tmp_path, path, mode, error, what):
    program = tmp_path / "program"
    if path is not None:
        program.write_text(path)
        program.chmod(mode)
    driver = Command(LinuxPort(RealKernel()), program=(str(program),), values=VALUES)
    with pytest.raises(error, match=what):
        measured(driver)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"program": ()}, "wanted an absolute path"),
        ({"program": ("ups",)}, "wanted an absolute path"),
        ({"program": ("/bin/a", "\0")}, "wanted an absolute path"),
        ({"values": ()}, "values: empty"),
        ({"values": VALUES[:1] * 2}, "values: temperature is declared twice"),
        ({"timeout": 0.0}, "wanted more than 0"),
        ({"timeout": 301.0}, "at most 300 s"),
    ],
)
def test_options_that_cannot_be_right_are_refused(options, what):
    with pytest.raises(ValueError, match=what):
        Command(None, **{**OPTIONS, **options})


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"name": "Temp!"}, "wanted small letters"),
        ({"quantity": "heat"}, "unknown quantity 'heat'"),
        ({"low": 125}, "wanted low < high"),
        ({"high": float("inf")}, "wanted low < high"),
        ({"resolution": 0}, "wanted more than 0"),
    ],
)
def test_a_declared_channel_that_cannot_be_right_is_refused(changed, what):
    fields = {"name": "temperature", "low": -40, "high": 125, **changed}
    with pytest.raises(ValueError, match=what):
        DeclaredChannel(**fields).channel()
