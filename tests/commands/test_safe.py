import subprocess
import sys
import threading

import pytest

from edge_agent.blueprint import resolve
from edge_agent.commands.safe import make_safe
from edge_agent.commands.simulation import simulated_hardware

EXPANDER = """
[[output]]
name = "pump"
driver = "mcp23017_output"
pin = 0
[[output]]
name = "valve"
driver = "mcp23017_output"
pin = 1
safe = "on"
"""
RELAY = """
[[output]]
name = "fan"
driver = "relay"
pin = 22
"""


@pytest.fixture
def simulated(monkeypatch):
    """A function: the simulated machine of a configuration, in place of the real one."""

    def make(config):
        hardware = simulated_hardware(resolve(config), config)
        monkeypatch.setattr("edge_agent.acquire.hardware.RealHardware", lambda: hardware)
        return hardware

    monkeypatch.delenv("SERVICE_RESULT", raising=False)
    return make


class Watched:
    """The expander's two pins, as an agent that was killed left them, and as they were since."""

    def __init__(self, path, hardware):
        for one in resolve(path).outputs:
            one.build(hardware).apply(1 - (one.settings.safe == "on"))
        self._chip = hardware.i2c(1).chip(0x20)
        self._write = self._chip.write
        self._chip.write = self.write
        self.seen = [self.levels()]

    def levels(self):
        return self._chip.level(0), self._chip.level(1)

    def write(self, data):
        self._write(data)
        if self.seen[-1] != self.levels():
            self.seen.append(self.levels())


def test_outputs_that_a_killed_agent_left_on_are_switched_to_safe(edge_agent, config, simulated):
    path = config(EXPANDER)
    watched = Watched(path, simulated(path))
    assert watched.levels() == (True, False)
    done = edge_agent("safe", path)
    assert (done.code, done.err) == (0, "")
    assert watched.seen == [
        (True, False),
        (False, False),
        (False, True),
        (None, True),
        (None, None),
    ]
    assert done.out.splitlines() == ["output pump: safe (0)", "output valve: safe (1)"]


def test_a_pin_is_driven_to_its_safe_level_at_once(edge_agent, config, simulated):
    path = config(RELAY + 'safe = "on"\n')
    hardware = simulated(path)
    fan = hardware._models["fan"]
    assert edge_agent("safe", path).code == 0
    assert fan.clicks == 2  # on, and with the end of the program the pin is given back


def test_an_output_that_cannot_be_reached_is_reported_and_the_others_are_switched(
    edge_agent, config, simulated
):
    path = config(RELAY + EXPANDER)
    hardware = simulated(path)
    watched = Watched(config(EXPANDER, "expander.toml"), hardware)
    hardware.pins().pin(22).output_with_state = refuse
    done = edge_agent("safe", path)
    assert done.code == 3
    assert "output fan: " in done.err
    assert (False, True) in watched.seen


def refuse(_state):
    raise OSError("out of order")


def test_a_missing_bus_is_reported_and_the_others_are_switched(config, simulated):
    path = config(RELAY + EXPANDER)
    hardware = simulated(path)
    outputs = resolve(path).outputs

    class Unplugged:
        def __getattr__(self, name):
            return getattr(hardware, name)

        def i2c(self, _number):
            raise OSError("no such bus")

    lines = make_safe(outputs, Unplugged())
    assert lines == ["output pump: no such bus", "output valve: no such bus"]
    assert hardware._models["fan"].clicks == 0


def test_errors_elsewhere_in_the_configuration_do_not_matter(edge_agent, config, simulated):
    hardware = simulated(config(EXPANDER, "good.toml"))
    watched = Watched(config(EXPANDER, "good.toml"), hardware)
    broken = '[mqtt]\nusrname = "me"\npassword_file = "/nonexistent"\n'
    broken += '[[device]]\nname = "x"\ndriver = "none"\n'
    done = edge_agent("safe", config(broken + EXPANDER))
    assert (done.code, done.err) == (0, "")
    assert (False, True) in watched.seen


def test_an_output_with_errors_is_reported_as_not_safe(edge_agent, config, simulated):
    simulated(config(RELAY, "good.toml"))
    done = edge_agent("safe", config(RELAY + '[[output]]\nname = "lamp"\npin = "seven"\n'))
    assert done.code == 3
    assert 'output.lamp.pin = "seven"' in done.err
    assert "output fan: safe (0)" in done.out


def test_a_file_that_is_not_toml_ends_with_exit_code_2(edge_agent, config, simulated):
    done = edge_agent("safe", config("[[output"))
    assert done.code == 2
    assert "not TOML" in done.err


def test_after_a_clean_stop_nothing_is_touched_or_imported(tmp_path):
    code = "import sys; sys.argv[1:] = ['safe', '/nonexistent']\nimport atexit\n"
    code += "atexit.register(lambda: print(*sys.modules))\n"
    code += "from edge_agent.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"SERVICE_RESULT": "success"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    imported = {name.split(".")[0] for name in done.stdout.split()}
    assert imported & {"msgspec", "drivers", "tomllib", "gpiozero"} == set()


def test_after_a_kill_the_outputs_are_switched(edge_agent, config, simulated, monkeypatch):
    path = config(RELAY)
    simulated(path)
    monkeypatch.setenv("SERVICE_RESULT", "watchdog")
    assert edge_agent("safe", path).out == "output fan: safe (0)\n"


class Hung:
    """A machine whose I2C bus hangs until `free` is set."""

    def __init__(self, hardware):
        self._hardware = hardware
        self.free = threading.Event()

    def __getattr__(self, name):
        return getattr(self._hardware, name)

    def i2c(self, _number):
        return self

    def i2c_rdwr(self, *_messages):
        self.free.wait(60)


def test_a_bus_that_hangs_keeps_no_pin_from_being_safe_and_ends_after_a_while(
    config, simulated, monkeypatch, capsys
):
    path = config(EXPANDER + RELAY)
    hung = Hung(simulated(path))
    monkeypatch.setattr("edge_agent.commands.safe.PATIENCE", 0.2)
    lines = make_safe(resolve(path).outputs, hung)
    hung.free.set()
    late = "not switched within 0 s: i2c-1 does not answer"
    assert lines == [f"output pump: {late}", f"output valve: {late}"]
    assert capsys.readouterr().out == "output fan: safe (0)\n"
