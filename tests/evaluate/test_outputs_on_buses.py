"""Outputs of several places: a bus that hangs delays no pin, and nothing is said before it is so.

The buses are steps here: a setting waits until the test lets its bus work.
"""

import pytest

from edge_agent.clock import NEVER
from edge_agent.evaluate.outputs.arbitration import Guard
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.outputs.switching import GuardedOutput

STUCK = OSError("i2c-1:0x20: the bus does not move")
LATE = "not switched within 1 s: i2c-1 does not answer"
FAN_ON = {"fan": 1.0}


@pytest.fixture
def fan(relay, bus):
    """The outputs: one fan on a bus."""
    return OutputSet([GuardedOutput("fan", relay, Guard(), bus)])


def work(outputs, bus, moment):
    """Let a bus work, and the outputs take the results; return what is reported."""
    return reported([one for each in bus.work(moment) for one in outputs.settle(each)])


def reported(events):
    return [(e.output, e.value, e.by, e.error) for e in events]


def started(outputs, bus, moment):
    """Return outputs that are safe already."""
    outputs.follow([], moment(0))
    work(outputs, bus, moment(0))
    return outputs


def test_eight_outputs_of_a_hung_bus_do_not_delay_a_pin(moment, rule, make_relay, bus):
    pin = make_relay()
    slow = [GuardedOutput(f"slow{n}", make_relay(), Guard(), bus) for n in range(8)]
    outputs = OutputSet([*slow, GuardedOutput("pin", pin)])
    on = rule(settings={"pin": 1.0} | {one.name: 1.0 for one in slow})
    assert reported(outputs.follow([on], moment(0))) == [("pin", 1, "hot", "")]
    assert pin.applied == [1.0]


def test_an_output_is_reported_when_its_bus_has_switched_it_and_not_before(
    moment, rule, fan, bus, relay
):
    started(fan, bus, moment)
    assert fan.follow([rule(settings=FAN_ON)], moment(1)) == []
    assert relay.applied == [0.0]
    (result,) = bus.work(moment(1.5))
    (switched,) = fan.settle(result)
    assert reported([switched]) == [("fan", 1, "hot", "")]
    assert switched.moment == moment(1.5)


def test_an_output_is_asked_once_while_its_bus_works(moment, rule, fan, bus):
    started(fan, bus, moment)
    for n in range(3):
        fan.follow([rule(settings=FAN_ON)], moment(1 + n / 10))
    assert [one.value for one in bus.settings] == [1.0]


def test_rules_see_the_last_confirmed_value_while_a_bus_works(moment, rule, fan, bus):
    assert fan.values() == {}
    started(fan, bus, moment)
    fan.follow([rule(settings=FAN_ON)], moment(1))
    assert fan.values() == {"fan": 0.0}
    work(fan, bus, moment(1.5))
    assert fan.values() == {"fan": 1.0}


def test_an_output_that_takes_too_long_is_reported_once_and_unknown(moment, rule, fan, bus):
    started(fan, bus, moment)
    hot = rule(settings=FAN_ON)
    fan.follow([hot], moment(1))
    assert fan.due_at == moment(2).uptime
    assert fan.follow([hot], moment(1.9)) == []
    assert reported(fan.follow([hot], moment(2))) == [("fan", 1, "hot", LATE)]
    assert (fan.values(), fan.due_at) == ({}, NEVER)
    assert fan.follow([hot], moment(3)) == []
    assert work(fan, bus, moment(9)) == [("fan", 1, "hot", "")]
    assert fan.values() == {"fan": 1.0}


def test_an_output_whose_value_changes_again_and_again_is_still_late(moment, rule, fan, bus):
    started(fan, bus, moment)
    fan.follow([rule(settings=FAN_ON)], moment(1))
    fan.follow([], moment(1.6))
    assert reported(fan.follow([rule(settings=FAN_ON)], moment(2.2))) == [("fan", 1, "hot", LATE)]


def test_what_became_of_an_earlier_value_says_nothing_about_the_latest(moment, rule, fan, bus):
    started(fan, bus, moment)
    fan.follow([rule(settings=FAN_ON)], moment(1))
    results = bus.work(moment(1.1))
    fan.follow([], moment(1.2))
    assert [one for each in results for one in fan.settle(each)] == []
    assert [one.value for one in bus.settings] == [0.0]
    fan.follow([], moment(1.3))
    assert work(fan, bus, moment(1.4)) == []  # it is off, as was reported last
    assert fan.values() == {"fan": 0.0}


def test_an_output_that_a_bus_could_not_switch_is_tried_again_and_reported_once(
    moment, rule, fan, bus, relay
):
    started(fan, bus, moment)
    hot = rule(settings=FAN_ON)
    relay.error = STUCK
    fan.follow([hot], moment(1))
    assert work(fan, bus, moment(1.1)) == [("fan", 1, "hot", str(STUCK))]
    assert bus.settings == []  # not at once: a bus that fails fast would do nothing else
    for second in range(2, 6):
        assert fan.follow([hot], moment(second)) == []
        assert work(fan, bus, moment(second + 0.1)) == []
    assert fan.follow([hot], moment(6)) == []
    assert fan.follow([hot], moment(8)) == []  # late, too; it has an error already
    relay.error = None
    assert work(fan, bus, moment(9)) == [("fan", 1, "hot", "")]


@pytest.fixture
def excluding(make_relay, bus):
    """A function: a heater on a bus, and a cooler on a pin, or the other way round."""

    def make(heater_on_bus=True):
        heater = GuardedOutput("heater", make_relay(), Guard(interlock=frozenset({"cooler"})))
        cooler = GuardedOutput("cooler", make_relay())
        if heater_on_bus:
            return OutputSet([heater._replace(switcher=bus), cooler]), heater.driver, cooler.driver
        return OutputSet([heater, cooler._replace(switcher=bus)]), cooler.driver, heater.driver

    return make


@pytest.mark.parametrize("heater_on_bus", [True, False])
def test_an_output_stays_off_until_one_that_it_excludes_is_certain_to_be_off(
    moment, rule, bus, excluding, heater_on_bus
):
    outputs, on_bus, on_pin = excluding(heater_on_bus)
    slow, quick = ("heater", "cooler") if heater_on_bus else ("cooler", "heater")
    started(outputs, bus, moment)
    outputs.follow([rule(settings={slow: 1.0})], moment(1))
    work(outputs, bus, moment(1))
    other = rule(name="other", settings={quick: 1.0})
    assert outputs.follow([other], moment(2)) == []
    assert (on_bus.applied, on_pin.applied) == ([0.0, 1.0], [0.0])
    assert work(outputs, bus, moment(2.1)) == [(slow, 0, "safe", "")]
    assert reported(outputs.follow([other], moment(2.1))) == [(quick, 1, "other", "")]
    assert (on_bus.applied, on_pin.applied) == ([0.0, 1.0, 0.0], [0.0, 1.0])


def test_an_output_stays_off_while_a_setting_that_was_taken_back_may_be_under_way(
    moment, rule, bus, excluding
):
    outputs, heater, cooler = excluding()
    started(outputs, bus, moment)
    outputs.follow([rule(settings={"heater": 1.0})], moment(1))
    first = bus.work(moment(1.1))
    outputs.follow([rule(settings={"cooler": 1.0})], moment(1.2))
    assert (heater.applied, cooler.applied) == ([0.0, 1.0], [0.0])
    for result in first:
        outputs.settle(result)
    outputs.follow([rule(settings={"cooler": 1.0})], moment(1.3))
    assert cooler.applied == [0.0]


def test_an_output_that_is_held_off_by_a_late_one_says_so(moment, rule, bus, excluding):
    outputs, _, cooler = excluding()
    started(outputs, bus, moment)
    outputs.follow([rule(settings={"heater": 1.0})], moment(1))
    work(outputs, bus, moment(1))
    cold = rule(name="cold", settings={"cooler": 1.0})
    outputs.follow([cold], moment(2))
    why = "held off: interlocked with heater, which could not be switched off"
    assert reported(outputs.follow([cold], moment(3))) == [
        ("heater", 0, "safe", LATE),
        ("cooler", 1, "cold", why),
    ]
    assert cooler.applied == [0.0]


def test_at_the_end_a_pin_is_safe_at_once_and_a_bus_is_asked(moment, rule, make_relay, bus):
    pin, slow = make_relay(), make_relay()
    outputs = OutputSet([GuardedOutput("slow", slow, Guard(), bus), GuardedOutput("pin", pin)])
    started(outputs, bus, moment)
    outputs.follow([rule(settings={"pin": 1.0, "slow": 1.0})], moment(1))
    work(outputs, bus, moment(1))
    assert reported(outputs.secure(moment(2))) == [("pin", 0, "safe", "")]
    assert (pin.applied[-1], pin.closed, outputs.waits) == (0.0, True, True)
    assert work(outputs, bus, moment(2.1)) == [("slow", 0, "safe", "")]
    assert (slow.applied[-1], slow.closed, outputs.waits) == (0.0, True, False)
    assert (outputs.give_up(moment(5)), outputs.unsafe) == ([], [])


def test_at_the_end_what_is_not_confirmed_in_time_is_reported(moment, rule, fan, bus):
    started(fan, bus, moment)
    fan.follow([rule(settings=FAN_ON)], moment(1))
    work(fan, bus, moment(1))
    assert fan.secure(moment(2)) == []
    late = "not switched within 3 s: i2c-1 does not answer"
    assert reported(fan.give_up(moment(5))) == [("fan", 0, "safe", late)]
    assert fan.unsafe == ["fan"]


def test_at_the_end_what_failed_is_unsafe(moment, rule, fan, bus, relay):
    started(fan, bus, moment)
    fan.follow([rule(settings=FAN_ON)], moment(1))
    work(fan, bus, moment(1))
    fan.secure(moment(2))
    relay.error = STUCK
    assert work(fan, bus, moment(2.1)) == [("fan", 0, "safe", str(STUCK))]
    assert (fan.give_up(moment(5)), fan.unsafe) == ([], ["fan"])


def test_once_outputs_are_secured_no_rule_switches_them(moment, rule, fan, bus):
    started(fan, bus, moment)
    fan.secure(moment(1))
    work(fan, bus, moment(1))
    assert fan.follow([rule(settings=FAN_ON)], moment(2)) == []
    assert bus.settings == []


@pytest.mark.parametrize("fails", [False, True])
def test_at_the_end_an_output_that_is_safe_when_on_waits_for_the_one_that_it_excludes(
    moment, rule, make_relay, bus, fails
):
    heater, valve = make_relay(), make_relay()
    outputs = OutputSet(
        [
            GuardedOutput("heater", heater, Guard(), bus),
            GuardedOutput("valve", valve, Guard(safe=1.0, interlock=frozenset({"heater"}))),
        ]
    )
    outputs.follow([rule(settings={"heater": 1.0, "valve": 0.0})], moment(0))
    work(outputs, bus, moment(0))
    outputs.secure(moment(1))
    assert (valve.applied, valve.closed, outputs.waits) == ([0.0], False, True)
    if fails:
        assert [one.output for one in outputs.give_up(moment(4))] == ["heater", "valve"]
        assert (valve.applied, outputs.unsafe) == ([0.0], ["heater", "valve"])
    else:
        assert ("valve", 1, "safe", "") in work(outputs, bus, moment(1.1))
        assert (valve.applied, valve.closed, outputs.waits) == ([0.0, 1.0], True, False)


def test_an_output_that_a_reload_removes_is_made_safe_and_released_by_its_bus(
    moment, rule, fan, bus, relay
):
    started(fan, bus, moment)
    fan.follow([rule(settings=FAN_ON)], moment(1))
    work(fan, bus, moment(1))
    fan.remove({"fan"}, moment(2))
    assert (fan.names, fan.follow([], moment(2)), relay.closed) == (set(), [], False)
    assert work(fan, bus, moment(2.1)) == [("fan", 0, "safe", "")]
    assert (relay.applied, relay.closed, fan.waits) == ([0.0, 1.0, 0.0], True, False)


def test_an_output_that_is_safe_already_when_a_reload_removes_it_is_only_released(
    moment, fan, bus, relay
):
    started(fan, bus, moment)
    fan.remove({"fan"}, moment(1))
    assert fan.due_at == NEVER
    assert work(fan, bus, moment(1.1)) == []
    assert (relay.applied, relay.closed) == ([0.0], True)


def test_an_output_that_is_on_when_a_reload_removes_it_from_a_hung_bus_is_reported_once(
    moment, rule, fan, bus
):
    started(fan, bus, moment)
    fan.follow([rule(settings=FAN_ON)], moment(1))
    work(fan, bus, moment(1))
    fan.remove({"fan"}, moment(2))
    assert fan.due_at == moment(3).uptime
    assert reported(fan.follow([], moment(3))) == [("fan", 0, "safe", LATE)]
    assert (fan.due_at, fan.follow([], moment(4))) == (NEVER, [])


def test_an_output_that_takes_the_place_of_a_removed_one_is_asked_after_it(
    moment, fan, bus, make_relay
):
    started(fan, bus, moment)
    fan.remove({"fan"}, moment(1))
    new = make_relay()
    fan.take(GuardedOutput("fan", new, Guard(safe=1.0), bus))
    fan.follow([], moment(1))
    assert [(one.driver is new, one.value) for one in bus.settings] == [(False, None), (True, 1.0)]
    assert work(fan, bus, moment(1.1)) == [("fan", 1, "safe", "")]


def test_a_removed_output_keeps_the_others_off_until_its_bus_has_switched_it_off(
    moment, rule, bus, excluding, make_relay
):
    outputs, heater, cooler = excluding()
    started(outputs, bus, moment)
    outputs.follow([rule(settings={"heater": 1.0})], moment(1))
    work(outputs, bus, moment(1))
    guard = outputs.output("heater").guard
    outputs.remove({"heater"}, moment(2))
    outputs.take(GuardedOutput("heater", make_relay(), guard))  # on a pin now
    cold = rule(name="cold", settings={"cooler": 1.0})
    assert reported(outputs.follow([cold], moment(2))) == [("heater", 0, "safe", "")]
    assert (heater.applied[-1], cooler.applied) == (1.0, [0.0])
    work(outputs, bus, moment(2.1))
    outputs.follow([cold], moment(2.1))
    assert (heater.applied[-1], cooler.applied) == (0.0, [0.0, 1.0])
