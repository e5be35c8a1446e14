import pytest

from edge_agent.evaluate.outputs.arbitration import Guard, Held
from edge_agent.evaluate.outputs.output_set import OutputSet
from edge_agent.evaluate.outputs.output_state import Order, OutputState
from edge_agent.evaluate.outputs.switching import GuardedOutput


class Burnt(Exception):
    pass


@pytest.fixture
def outputs(relay):
    return OutputSet([GuardedOutput("fan", relay)])


def reported(events):
    return [(e.output, e.value, e.by, e.error) for e in events]


def test_an_output_is_safe_from_the_first_call(relay, moment):
    outputs = OutputSet([GuardedOutput("valve", relay, Guard(safe=1.0))])
    assert reported(outputs.follow([], moment(0))) == [("valve", 1.0, "safe", "")]
    assert relay.applied == [1.0]


def test_a_firing_rule_sets_an_output_and_no_rule_makes_it_safe(outputs, relay, moment, rule):
    hot = rule(settings={"fan": 1.0})
    events = [
        event for firing in ([], [hot], [hot], []) for event in outputs.follow(firing, moment(0))
    ]
    assert reported(events) == [
        ("fan", 0, "safe", ""),
        ("fan", 1, "hot", ""),
        ("fan", 0, "safe", ""),
    ]
    assert relay.applied == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("severities", "winner"),
    [
        (("info", "warning", "critical"), 3),
        (("critical", "warning", "info"), 1),
        (("warning", "critical", "critical"), 2),
        (("info", "info", "info"), 1),
    ],
)
def test_the_most_severe_rule_wins_then_the_first(outputs, moment, rule, severities, winner):
    rules = [
        rule(name=f"rule{n}", severity=severity, settings={"fan": n / 10})
        for n, severity in enumerate(severities, 1)
    ]
    (event,) = outputs.follow(rules, moment(0))
    assert reported([event]) == [("fan", winner / 10, f"rule{winner}", "")]


def test_an_output_event_is_urgent_and_says_when(outputs, moment):
    (switched,) = outputs.follow([], moment(7))
    event = switched.event()
    assert (event.kind, event.moment, event.urgent) == ("output", moment(7), True)


def test_an_output_that_fails_is_reported_once_and_tried_until_it_works(
    outputs, relay, moment, rule
):
    outputs.follow([], moment(0))
    hot = rule(settings={"fan": 1.0})
    relay.error = Burnt("fan:17: cannot be switched; check the pin")
    events = [event for _ in range(3) for event in outputs.follow([hot], moment(1))]
    assert reported(events) == [("fan", 1, "hot", "fan:17: cannot be switched; check the pin")]
    relay.error = None
    assert reported(outputs.follow([hot], moment(2))) == [("fan", 1, "hot", "")]
    assert relay.applied == [0.0, 1.0]


def test_an_error_without_a_message_is_reported_by_its_name(outputs, relay, moment):
    relay.error = Burnt()
    assert reported(outputs.follow([], moment(0))) == [("fan", 0, "safe", "Burnt()")]


def test_an_output_that_reads_back_another_value_is_reported_and_tried_again(
    outputs, relay, moment, rule
):
    relay.stuck = 0.0
    hot = rule(settings={"fan": 1.0})
    ((_, _, _, error),) = reported(outputs.follow([hot], moment(0)))
    assert error == "set to 1, but it reads back 0; check the wiring"
    assert outputs.follow([hot], moment(1)) == []
    assert relay.applied == [1.0, 1.0]


def test_a_dimmer_may_read_back_its_nearest_step(outputs, relay, moment, rule):
    relay.stuck = 127 / 255
    assert reported(outputs.follow([rule(settings={"fan": 0.5})], moment(0))) == [
        ("fan", 0.5, "hot", "")
    ]


def test_one_output_that_fails_does_not_keep_another_from_switching(moment, make_relay):
    broken, sound = make_relay(error=Burnt("stuck")), make_relay()
    outputs = OutputSet([GuardedOutput("broken", broken), GuardedOutput("sound", sound)])
    assert reported(outputs.follow([], moment(0))) == [
        ("broken", 0, "safe", "stuck"),
        ("sound", 0, "safe", ""),
    ]
    assert sound.applied == [0.0]


def test_securing_makes_every_output_safe_and_closes_it(outputs, relay, moment, rule):
    outputs.follow([rule(settings={"fan": 1.0})], moment(0))
    assert reported(outputs.secure(moment(1))) == [("fan", 0, "safe", "")]
    assert (relay.applied, relay.closed) == ([1.0, 0.0], True)


def test_one_output_that_cannot_be_closed_does_not_keep_another_from_it(moment, make_relay):
    broken, sound = make_relay(), make_relay()
    outputs = OutputSet([GuardedOutput("broken", broken), GuardedOutput("sound", sound)])
    outputs.follow([], moment(0))
    broken.error = Burnt("stuck")
    assert reported(outputs.secure(moment(1))) == [("broken", 0, "safe", "stuck")]
    assert sound.closed


def excluding(heater, cooler):
    guard = Guard(interlock=frozenset({"cooler"}))
    return OutputSet([GuardedOutput("heater", heater, guard), GuardedOutput("cooler", cooler)])


def test_an_output_stays_off_while_one_that_it_excludes_could_not_be_switched(
    moment, rule, make_relay
):
    heater, cooler = make_relay(), make_relay()
    outputs = excluding(heater, cooler)
    outputs.follow([rule(settings={"heater": 1.0})], moment(0))
    heater.error = Burnt("stuck")
    for _ in range(2):
        outputs.follow([rule(settings={"cooler": 1.0})], moment(1))
    assert cooler.applied == [0.0]
    heater.error = None
    outputs.follow([rule(settings={"cooler": 1.0})], moment(2))
    outputs.follow([rule(settings={"cooler": 1.0})], moment(2))
    assert (heater.applied[-1], cooler.applied[-1]) == (0.0, 1.0)


def test_what_an_unknown_rule_has_set_is_safe_at_once_and_what_ended_waits(
    moment, rule, make_relay
):
    for unknown, value in ((True, 0.0), (False, 1.0)):
        fan = make_relay()
        outputs = OutputSet([GuardedOutput("fan", fan, Guard(min_on=60.0))])
        on = rule(settings={"fan": 1.0})
        outputs.follow([on], moment(0))
        outputs.follow([], moment(1), unknown=[on] if unknown else [])
        assert fan.applied[-1] == value


def test_secure_waits_for_nothing(moment, rule, relay):
    outputs = OutputSet([GuardedOutput("fan", relay, Guard(min_on=60.0))])
    outputs.follow([rule(settings={"fan": 1.0})], moment(0))
    outputs.secure(moment(1))
    assert relay.applied[-1] == 0.0
    assert relay.closed


@pytest.mark.parametrize(("continuous", "applied"), [(False, [0.0]), (True, [0.4])])
def test_what_was_saved_of_a_dimmer_is_not_asked_of_a_relay(relay, moment, continuous, applied):
    saved = OutputState(Held(0.4, "command", 0), Order(0.4, 10**9))
    guard = Guard(continuous=continuous)
    outputs = OutputSet([GuardedOutput("fan", relay, guard)], {"fan": saved})
    outputs.follow([], moment(1))
    assert relay.applied == applied


def test_a_relay_that_stays_on_is_on_whatever_was_saved_of_it(relay, moment):
    saved = OutputState(Held(0.4, "dim", 0))
    outputs = OutputSet([GuardedOutput("fan", relay, Guard(min_on=60))], {"fan": saved})
    outputs.follow([], moment(1))
    assert relay.applied == [1.0]
