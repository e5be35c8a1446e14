import pytest

from simulators.contact import Contact
from simulators.control import HELP, ControlError
from simulators.ds18b20 import DS18B20
from simulators.execution import InstructionExecutor
from simulators.hardware import SimulatedHardware
from simulators.mcp23017 import MCP23017
from simulators.scenario import PlannedFault, Scenario
from simulators.signals import Constant

ID = "28-0316a4c8ffee"
SIGNALS = {
    "air.temperature": Constant(20),
    "air.humidity": Constant(40),
    "water.temperature": Constant(15),
    "door.active": Constant(0),
}


class SteeredMachine:
    """Three devices on simulated hardware; `type` executes a line as the terminal does."""

    def __init__(self, clock, thermometer):
        planned = [PlannedFault("no_answer", {"at": 100, "lasts": 20}, device="air")]
        clock.advance(1000)
        self.clock = clock
        self.hardware = SimulatedHardware(clock, Scenario(signals=SIGNALS, faults=planned))
        self.hardware.attach("air", thermometer, address=0x76)
        self.hardware.attach("water", DS18B20, id=ID)
        self.hardware.attach("door", Contact, pin=17)
        self.type = InstructionExecutor(self.hardware).execute

    def air(self):
        """The temperature in m°C that the chip's bus reads, or None without an answer."""
        try:
            return int.from_bytes(self.hardware.i2c(1).read_i2c_block_data(0x76, 0, 2), "big")
        except OSError:
            return None

    def water(self):
        return (self.hardware.w1(ID) / "w1_slave").read_text()


@pytest.fixture
def machine(clock, thermometer):
    return SteeredMachine(clock, thermometer)


def test_an_input_that_is_set_keeps_its_value_until_it_is_released(machine):
    answer = machine.type("set air.temperature 31")
    assert answer == "air.temperature = 31 until: release air.temperature"
    machine.clock.advance(50)
    assert machine.air() == 31_000
    assert machine.type("release air.temperature") == "air.temperature follows its signal: 20 now"
    assert machine.air() == 20_000


def test_releasing_a_device_releases_all_its_inputs(machine):
    machine.type("set air.temperature 31")
    machine.type("set air.humidity 90")
    assert len(machine.type("release air").splitlines()) == 2
    assert machine.hardware.truth("air") == {"temperature": 20, "humidity": 40}


def test_releasing_what_is_not_set_changes_nothing_and_says_so(machine):
    answer = machine.type("release air.temperature")
    assert answer == "air: no such input is set; all follow their signals"


def test_a_contact_that_is_set_moves_its_pin_at_the_next_step(machine):
    pin = machine.hardware.pins().pin(17)
    machine.hardware.step()
    machine.type("set door.active on")
    assert pin.state is True
    machine.hardware.step()
    assert pin.state is False


def test_a_fault_lasts_as_long_as_it_says(machine):
    assert machine.type("fault air unplug for 30s") == "air: unplug for 30.0 s"
    assert machine.air() is None
    machine.clock.advance(30)
    assert machine.air() == 20_000


def test_a_fault_without_a_duration_stays_until_it_is_repaired(machine):
    assert machine.type("fault water unplug") == "water: unplug until: repair water"
    machine.clock.advance(1000)
    assert machine.water() == ""
    assert machine.type("repair water") == "water: ended: unplug"
    assert "t=15000" in machine.water()


def test_a_repaired_chip_comes_back_with_power_on_values(machine, thermometer):
    chip = machine.hardware.i2c(1).chip(0x76)
    started = []
    chip.power_on = lambda: started.append(machine.clock.monotonic())
    machine.type("fault air unplug")
    assert machine.air() is None
    machine.type("repair air")
    assert (machine.air(), len(started)) == (20_000, 1)


def test_a_fault_replaces_an_earlier_one_of_its_kind(machine):
    for _ in range(100):
        machine.type("fault air unplug")
    assert len(machine.hardware.struck()) == 2, "the scenario's, and one by hand"
    assert machine.type("fault air unplug for 5s") == "air: unplug for 5.0 s"
    machine.clock.advance(5)
    assert machine.air() == 20_000


def test_repairing_ends_a_fault_of_the_scenario_too_but_not_a_later_one(machine):
    assert machine.type("repair air") == "air: has no fault now"
    machine.clock.advance(105)
    assert machine.air() is None
    assert machine.type("repair air") == "air: ended: no_answer"
    assert machine.air() == 20_000


def test_a_later_fault_of_the_scenario_comes_although_a_fault_was_repaired_before(machine):
    machine.type("fault air unplug")
    machine.type("repair air")
    machine.clock.advance(105)
    assert machine.air() is None


def test_a_stuck_bus_stops_every_chip_on_it(machine):
    assert machine.type("fault i2c-1 stuck_bus") == "i2c-1: stuck_bus until: repair i2c-1"
    assert machine.air() is None
    machine.type("repair i2c-1")
    assert machine.air() == 20_000


def test_show_lists_inputs_and_faults_and_what_was_set_by_hand(machine):
    machine.type("set air.temperature 31")
    machine.type("fault water shorted for 10s")
    machine.clock.advance(0.5)
    assert [line.split() for line in machine.type("show").splitlines()] == [
        ["air.temperature", "31", "set", "by", "hand"],
        ["air.humidity", "40"],
        ["water.temperature", "15"],
        ["door.active", "0"],
        ["water:", "shorted", "for", "9.5", "s"],
    ]


def test_show_names_the_faults_of_the_scenario_as_such(machine):
    machine.clock.advance(105)
    assert "air: no_answer for 15.0 s, from the scenario" in machine.type("show air")
    assert machine.type("show water").endswith("no faults now")


def test_devices_that_share_a_chip_share_its_inputs(machine):
    for name in ("upper", "lower"):
        machine.hardware.attach(name, MCP23017, address=0x20)
    machine.type("set lower.a0 1")
    assert machine.hardware.truth("upper")["a0"] == 1


def test_help_lists_every_instruction(machine):
    assert machine.type("help") == HELP
    assert {"set", "release", "fault", "repair", "show", "help"} <= set(HELP.split())


def test_a_mistake_changes_nothing(machine):
    with pytest.raises(ControlError):
        machine.type("set air.temperature 200")
    assert machine.air() == 20_000
