"""The live control of the real program: typed, sent by another program, and on a terminal."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios

import pytest
from lab.waiting import eventually

STYLE = re.compile(r"\x1b\[[0-9;]*m")
PROGRAM = [sys.executable, "-m", "edge_agent"]
# In a session of its own, whose terminal is standard input, as a shell does it.
ON_A_TERMINAL = [sys.executable, "-c"]
ON_A_TERMINAL += [
    """
import fcntl, runpy, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
runpy.run_module("edge_agent", run_name="__main__", alter_sys=True)
"""
]
SHED = """
node = "shed"
[[device]]
name = "air"
driver = "sht4x"
every = "200ms"
[[output]]
name = "fan"
driver = "relay"
pin = 22
[[rule]]
name = "warm"
when = "air.temperature > 60"
set = { fan = "on" }
"""


class Simulation:
    """A running `edge-agent simulate`, its broker, and a user who types."""

    def __init__(self, config, log, received, url, program=PROGRAM, **streams):
        self._received = received
        self._options = ["--set", f"log.path={log}", "--set", f"mqtt.url={url}"]
        self._config = config
        self._node = config.stem
        command = [*program, "simulate", str(config), "--no-broker", *self._options]
        self.process = subprocess.Popen(command, **streams)

    def type(self, line):
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def send(self, line):
        """`edge-agent control`, from another process; return its exit code and what it says."""
        command = [*PROGRAM, "control", "-c", str(self._config), *self._options, *line.split()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def latest(self, topic):
        """The newest message of a topic, or an empty one."""
        wanted = f"edge/{self._node}/{topic}"
        messages = [body for name, body, _ in list(self._received) if name == wanted]
        return json.loads(messages[-1]) if messages and messages[-1] else {}

    def wait_for(self, topic, key, value):
        eventually(lambda: self.latest(topic).get(key) == value)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def simulation(tmp_path, broker, subscriber):
    """A function: simulate a configuration, and return it when its first reading has arrived."""
    started = []

    def start(config, device, program=PROGRAM, **streams):
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, **streams}
        received = subscriber(broker.port)
        log = tmp_path / "log.db"
        simulation = Simulation(config, log, received, broker.url, program, **streams)
        started.append(simulation.process)
        eventually(lambda: simulation.latest(f"state/{device}"))
        return simulation

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in filter(None, (process.stdin, process.stdout)):
            stream.close()


@pytest.fixture
def shed(tmp_path):
    path = tmp_path / "shed.toml"
    path.write_text(SHED)
    return path


def test_the_readme_is_right_a_typed_temperature_switches_the_greenhouses_fan(root, simulation):
    greenhouse = simulation(root / "examples/greenhouse.toml", "air")
    greenhouse.type("set air.temperature 31")
    greenhouse.wait_for("alert/too_warm", "state", "firing")
    greenhouse.wait_for("output/fan", "value", 1)
    assert greenhouse.stop() == 0


def test_another_program_sets_an_input_and_releases_it(shed, simulation):
    running = simulation(shed, "air")
    code, said = running.send("set air.temperature 70")
    assert (code, said) == (0, "air.temperature = 70 until: release air.temperature\n")
    running.wait_for("alert/warm", "state", "firing")
    assert running.send("release air")[0] == 0
    running.wait_for("alert/warm", "state", "resolved")


def test_a_fault_shows_as_the_quality_until_it_is_repaired(shed, simulation):
    running = simulation(shed, "air")
    assert running.send("fault air unplug") == (0, "air: unplug until: repair air\n")
    running.wait_for("state/air", "quality", "no_acknowledge")
    assert running.send("repair air") == (0, "air: ended: unplug\n")
    eventually(lambda: "temperature" in running.latest("state/air"))


def test_a_mistake_is_answered_with_a_remedy_and_exit_code_1(shed, simulation):
    running = simulation(shed, "air")
    code, said = running.send("set air.temperature 500")
    assert (code, said) == (1, "error: air.temperature: '500': wanted: a number from -40 to 125\n")


def test_the_end_of_standard_input_stops_nothing(shed, simulation):
    running = simulation(shed, "air")
    running.process.stdin.close()
    running.process.stdin = None
    assert running.send("show air")[0] == 0
    assert running.stop() == 0


def test_without_a_simulation_the_client_says_so_and_how_to_start_one(shed, tmp_path):
    command = [*PROGRAM, "control", "-c", str(shed), "--set", f"log.path={tmp_path / 'none.db'}"]
    done = subprocess.run([*command, "show"], capture_output=True, text=True, check=False)
    assert done.returncode == 5
    assert "no simulation answers at" in done.stderr
    assert "edge-agent simulate" in done.stderr


@pytest.fixture
def terminal():
    """A terminal, and everything that was shown on it so far."""
    user, program = pty.openpty()
    os.set_blocking(user, False)
    yield Screen(user), program
    os.close(user)
    os.close(program)


class Screen:
    """The user's end of a terminal."""

    def __init__(self, user):
        self._user = user
        self._shown = b""

    def type(self, keys):
        os.write(self._user, keys.encode())

    def shows(self, text):
        with contextlib.suppress(BlockingIOError):
            self._shown += os.read(self._user, 100_000)
        return text in STYLE.sub("", self._shown.decode(errors="replace"))


def test_a_line_typed_on_a_live_table_shows_at_its_prompt_with_the_answer_above(
    shed, simulation, terminal
):
    screen, program = terminal
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), program)
    running = simulation(shed, "air", ON_A_TERMINAL, start_new_session=True, **streams)
    eventually(lambda: screen.shows("> type help"))
    screen.type("set air.temperature 7")
    eventually(lambda: screen.shows("> set air.temperature 7▏"))
    screen.type("0\r")
    eventually(lambda: screen.shows("air.temperature = 70 until: release air.temperature"))
    running.wait_for("alert/warm", "state", "firing")
    eventually(lambda: screen.shows("warm firing"))
    assert not echoes(program)
    running.process.send_signal(signal.SIGTERM)
    eventually(lambda: screen.shows("") and running.process.poll() is not None)
    assert echoes(program)


def echoes(terminal):
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


WATER = """
[[device]]
name = "water"
driver = "ds18b20"
id = "28-0316a4c8ffee"
every = "200ms"
"""


def test_a_device_that_a_reload_adds_is_shown_and_can_be_controlled(shed, simulation, tmp_path):
    with (tmp_path / "output.txt").open("wb") as output:
        running = simulation(shed, "air", stdout=output)
    with shed.open("a") as config:
        config.write(WATER)
    running.process.send_signal(signal.SIGHUP)
    eventually(lambda: running.latest("state/water"))
    assert running.send("set water.temperature 42")[0] == 0
    eventually(lambda: "water                temperature 42.00 °C" in shown(tmp_path))


def shown(directory):
    return (directory / "output.txt").read_text()
