from itertools import combinations, pairwise, product
from typing import NamedTuple

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from edge_agent.evaluate.outputs.arbitration import (
    Guard,
    Held,
    OutputRequest,
    Rank,
    arbitrate,
    excluded,
    strongest,
)

S = 1_000_000  # µs
END = 40  # seconds that a random scene lasts
INFO, WARNING, CRITICAL = Rank.RULE_INFO, Rank.RULE_WARNING, Rank.RULE_CRITICAL
COMMAND = Rank.COMMAND
HEATER_OR_COOLER = {"heater": Guard(interlock=frozenset({"cooler"})), "cooler": Guard()}


def ask(value, by="rule", rank=WARNING):
    return OutputRequest(value, by, rank)


LOST = ask(0.0, "safe", Rank.LOST)
LOST_ON = ask(1.0, "safe", Rank.LOST)


class Step(NamedTuple):
    second: int
    requests: dict
    settings: dict
    due: int | None


class Scene(NamedTuple):
    """Guards, and the requests from a second on."""

    guards: dict
    asks: dict

    def steps(self, end=END, *, each_second=True):
        """Arbitrate each second, or only when a request changes or something is due."""
        settings, requests, due = {}, {}, 0
        for second in range(end):
            changed = second in self.asks
            requests = self.asks.get(second, requests)
            if each_second or changed or (due is not None and due <= second * S):
                settings, due = arbitrate(self.guards, requests, settings, second * S)
            yield Step(second, requests, settings, due)

    def switchings(self):
        """Return (before, step, name, seconds on or off) for each change between on and off."""
        for before, step in pairwise(self.steps()):
            for name, old in before.settings.items():
                if is_on(old) != is_on(step.settings[name]):
                    yield old, step, name, step.second - old.since / S


def is_on(held):
    return held.value > 0


def life(guard, asks, end=END):
    """Return the changes of one output as (second, value, by)."""
    asks = {second: {"it": request} if request else {} for second, request in asks.items()}
    reported = []
    for step in Scene({"it": guard}, asks).steps(end):
        held = step.settings["it"]
        if not reported or reported[-1][1:] != (held.value, held.by):
            reported.append((step.second, held.value, held.by))
    return reported


def together(requests, held, guards=HEATER_OR_COOLER, now=1000 * S):
    """Return what several outputs are set to, as {name: (value, by)}."""
    settings = arbitrate(guards, requests, held, now).settings
    return {name: (one.value, one.by) for name, one in settings.items()}


def can_start_safe(guards):
    """Return whether no two that exclude each other are both on when safe: `check` refuses that."""
    on = [name for name, guard in guards.items() if guard.safe]
    return not any(excluded(guards, one, other) for one, other in combinations(on, 2))


NAMES = ("a", "b", "c", "d")
durations = st.integers(0, 8)
names = st.frozensets(st.sampled_from(NAMES), max_size=2)
any_guards = st.fixed_dictionaries(
    {
        name: st.builds(Guard, st.sampled_from([0.0, 0.0, 1.0]), *[durations] * 3, names)
        for name in NAMES
    }
)
asked = st.builds(
    lambda value, rank: OutputRequest(value, f"{rank.name} {value}", rank),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.sampled_from([INFO, WARNING, COMMAND, CRITICAL]),
)


@st.composite
def any_scene(draw):
    guards = draw(any_guards.filter(can_start_safe))
    lost = {name: ask(guard.safe, "safe", Rank.LOST) for name, guard in guards.items()}
    one = {name: asked | st.just(lost[name]) for name in NAMES}
    many = st.fixed_dictionaries({}, optional=one)
    return Scene(guards, draw(st.dictionaries(st.integers(0, END - 1), many, max_size=12)))


# A moment of lost control does not begin `max_on` again.
LOST_MEANWHILE = Scene(
    {"a": Guard(min_on=2, max_on=3)}, {3: {"a": ask(1.0)}, 4: {"a": LOST}, 5: {"a": ask(1.0)}}
)
CONTRADICTION = Scene({"a": Guard(min_on=8, max_on=3)}, {0: {"a": ask(1.0)}, 1: {"a": ask(0.0)}})


@given(any_scene())
def test_outputs_that_exclude_each_other_are_never_on_together(scene):
    for step in scene.steps():
        on = [name for name, held in step.settings.items() if is_on(held)]
        for one, other in combinations(on, 2):
            assert other not in scene.guards[one].interlock
            assert one not in scene.guards[other].interlock


@given(any_scene())
@example(LOST_MEANWHILE)
def test_only_lost_control_or_max_on_ends_what_is_on_before_min_on(scene):
    for old, step, name, seconds in scene.switchings():
        if not is_on(step.settings[name]) and seconds < scene.guards[name].min_on:
            lost = name in step.requests and step.requests[name].rank is Rank.LOST
            assert lost or step.second == old.begun / S + scene.guards[name].max_on


@given(any_scene())
def test_only_lost_control_switches_on_before_min_off(scene):
    for _, step, name, seconds in scene.switchings():
        if is_on(step.settings[name]) and seconds < scene.guards[name].min_off:
            assert step.requests[name].rank is Rank.LOST


@given(any_scene())
@example(CONTRADICTION)
def test_nothing_is_on_for_longer_than_max_on(scene):
    for step in scene.steps(each_second=False):
        for name, held in step.settings.items():
            limit = scene.guards[name].max_on
            assert not (limit and is_on(held)) or step.second < held.since / S + limit


@given(any_scene())
def test_what_max_on_ended_stays_off_until_its_request_ceases(scene):
    spent = dict.fromkeys(scene.guards, False)
    for step in scene.steps():
        for name, held in step.settings.items():
            safe = ask(scene.guards[name].safe, "safe", Rank.NONE)
            request = step.requests.get(name, safe)
            if spent[name] and request.value > 0:
                assert (held.value, held.by) == (0.0, "max_on")
            lasts = request.value > 0 or request.rank is Rank.LOST
            spent[name] = lasts and (spent[name] or held.by == "max_on")


@given(any_scene())
def test_since_is_when_it_went_on_or_off(scene):
    for before, step in pairwise(scene.steps()):
        for name, held in step.settings.items():
            old = before.settings[name]
            changed = is_on(old) != is_on(held)
            assert held.since == (step.second * S if changed else old.since)


@given(any_scene())
def test_asking_again_at_the_same_time_changes_nothing(scene):
    assume(can_start_safe(scene.guards))
    for step in scene.steps():
        again = arbitrate(scene.guards, step.requests, step.settings, step.second * S)
        assert again == (step.settings, step.due)


@given(any_scene())
@example(CONTRADICTION)
def test_it_is_enough_to_arbitrate_at_changes_and_when_due(scene):
    seldom = [step.settings for step in scene.steps(each_second=False)]
    assert seldom == [step.settings for step in scene.steps()]


@given(any_scene())
def test_due_lies_ahead(scene):
    for step in scene.steps():
        assert step.due is None or step.due > step.second * S


@given(st.sampled_from([0.0, 1.0]), durations, durations, asked)
def test_a_lasting_request_is_met_after_min_on_and_min_off(safe, min_on, min_off, request):
    reported = life(Guard(safe, min_on, min_off), {0: request})
    assert reported[-1][0] <= max(min_on, min_off)
    assert reported[-1][1] == request.value


@given(st.lists(asked, min_size=1))
def test_the_highest_rank_wins_then_the_first(requests):
    winner = strongest(requests)
    place = next(n for n, request in enumerate(requests) if request is winner)
    assert all(request.rank < winner.rank for request in requests[:place])
    assert all(request.rank <= winner.rank for request in requests[place:])


def test_a_critical_rule_beats_a_command_which_beats_a_warning_which_beats_an_info():
    ladder = [ask(0.1, rank=INFO), ask(0.2), ask(0.3, rank=COMMAND), ask(0.4, rank=CRITICAL)]
    heard = [strongest(ladder[:count]).value for count in range(1, 5)]
    assert heard == [0.1, 0.2, 0.3, 0.4]


def test_what_goes_off_is_switched_before_what_goes_on():
    free = dict.fromkeys("abc", Guard())
    for were, wanted in product(product((0.0, 0.5), repeat=3), repeat=2):
        held = {name: Held(value, "x", 0) for name, value in zip(free, were, strict=True)}
        requests = {name: ask(value) for name, value in zip(free, wanted, strict=True)}
        settings = arbitrate(free, requests, held, S).settings
        assert [held.value for held in settings.values()] == sorted(wanted)


def test_an_output_without_a_request_is_safe():
    reported = life(Guard(safe=0.2), {0: None, 3: ask(1.0, "hot"), 5: None})
    assert reported == [(0, 0.2, "safe"), (3, 1.0, "hot"), (5, 0.2, "safe")]


def test_nothing_is_due_without_guards():
    assert arbitrate({"lamp": Guard()}, {"lamp": ask(1.0)}, {}, 5) == (
        {"lamp": Held(1.0, "rule", 5, begun=5)},
        None,
    )


def test_a_compressor_rests_after_a_start_and_after_each_run():
    reported = life(Guard(min_off=10), {0: ask(1.0, "warm"), 15: None, 16: ask(1.0, "warm")})
    assert reported == [(0, 0.0, "safe"), (10, 1.0, "warm"), (15, 0.0, "safe"), (25, 1.0, "warm")]


def test_an_output_without_a_held_state_counts_as_switched_just_now():
    verdict = arbitrate({"compressor": Guard(min_off=180)}, {"compressor": ask(1.0)}, {}, 500 * S)
    assert verdict == ({"compressor": Held(0.0, "safe", 500 * S)}, 680 * S)


def test_due_is_the_end_of_a_rest():
    held = {"compressor": Held(0.0, "safe", 100 * S)}
    guards = {"compressor": Guard(min_off=180)}
    assert arbitrate(guards, {"compressor": ask(1.0)}, held, 200 * S) == (held, 280 * S)


def test_a_fan_without_a_request_runs_on_until_min_on_is_over():
    reported = life(Guard(min_on=10), {2: ask(0.7, "hot"), 5: None})
    assert reported == [(0, 0.0, "safe"), (2, 0.7, "hot"), (12, 0.0, "safe")]


def test_lost_control_switches_off_before_min_on_is_over():
    reported = life(Guard(min_on=10), {2: ask(1.0, "hot"), 5: LOST})
    assert reported == [(0, 0.0, "safe"), (2, 1.0, "hot"), (5, 0.0, "safe")]


def test_lost_control_switches_on_before_min_off_is_over():
    reported = life(Guard(safe=1.0, min_off=10), {0: ask(0.0, "dry"), 5: LOST_ON})
    assert reported == [(0, 0.0, "dry"), (5, 1.0, "safe")]


def test_another_value_while_on_neither_waits_nor_counts_as_a_switching():
    held = {"fan": Held(0.3, "warm", 5 * S, begun=5 * S)}
    verdict = arbitrate({"fan": Guard(min_on=60)}, {"fan": ask(0.7, "hot")}, held, 10 * S)
    assert verdict.settings == {"fan": Held(0.7, "hot", 5 * S, begun=5 * S)}


def test_a_pump_goes_off_after_max_on_until_it_is_requested_again():
    reported = life(Guard(max_on=5), {1: ask(1.0, "dry"), 12: None, 14: ask(1.0, "dry")}, end=18)
    assert reported == [
        (0, 0.0, "safe"),
        (1, 1.0, "dry"),
        (6, 0.0, "max_on"),
        (12, 0.0, "safe"),
        (14, 1.0, "dry"),
    ]


def test_a_pump_that_max_on_ended_rests_for_min_off():
    asks = {3: ask(1.0, "dry"), 9: None, 10: ask(1.0, "dry")}
    reported = life(Guard(max_on=5, min_off=3), asks, end=13)
    assert reported[2:] == [(8, 0.0, "max_on"), (9, 0.0, "safe"), (11, 1.0, "dry")]


def test_lost_control_does_not_release_what_max_on_ended():
    reported = life(Guard(max_on=5), {0: ask(1.0, "dry"), 7: LOST, 8: ask(1.0, "dry")}, end=10)
    assert reported[1:] == [(5, 0.0, "max_on"), (7, 0.0, "safe"), (8, 0.0, "max_on")]


def test_lost_control_meanwhile_does_not_restart_max_on():
    reported = life(Guard(max_on=5), {0: ask(1.0, "dry"), 3: LOST, 4: ask(1.0, "dry")}, end=10)
    assert reported == [(0, 1.0, "dry"), (3, 0.0, "safe"), (4, 1.0, "dry"), (5, 0.0, "max_on")]


def test_an_interlock_that_ends_what_is_on_restarts_max_on():
    asks = {0: {"a": ask(1.0)}, 3: {"a": ask(1.0), "b": ask(1.0, "hot", CRITICAL)}}
    asks[4] = {"a": ask(1.0)}
    scene = Scene({"a": Guard(max_on=5), "b": Guard(interlock=frozenset({"a"}))}, asks)
    on = [step.second for step in scene.steps(12) if is_on(step.settings["a"])]
    assert on == [0, 1, 2, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("other", [ask(1.0, "rule", CRITICAL), ask(1.0), ask(1.0, "set", COMMAND)])
def test_lost_control_is_a_veto(other):
    assert strongest([other, LOST]) == strongest([LOST, other]) == LOST


@pytest.mark.parametrize("asks", [{0: ask(1.0)}, {0: ask(1.0), 2: ask(0.0)}])
def test_max_on_beats_min_on(asks):
    switched = [(second, value) for second, value, _ in life(Guard(min_on=9, max_on=4), asks)]
    assert switched == [(0, 1.0), (4, 0.0)]


def test_either_may_say_that_two_exclude_each_other_and_none_excludes_itself():
    guards = {"a": Guard(interlock=frozenset({"a", "b"})), "b": Guard(), "c": Guard()}
    pairs = {
        one + other for one, other in product(guards, repeat=2) if excluded(guards, one, other)
    }
    assert pairs == {"ab", "ba"}


OFF, ON = Held(0.0, "safe", 0), Held(1.0, "old", 0)


@pytest.mark.parametrize("reverse", [False, True])
def test_of_heater_and_cooler_the_higher_rank_is_on_whichever_names_the_other(reverse):
    guards = dict(reversed(HEATER_OR_COOLER.items())) if reverse else HEATER_OR_COOLER
    requests = {"heater": ask(1.0, "cold"), "cooler": ask(1.0, "hot", CRITICAL)}
    assert together(requests, {"heater": ON, "cooler": OFF}, guards) == {
        "heater": (0.0, "interlock"),
        "cooler": (1.0, "hot"),
    }


@pytest.mark.parametrize(
    ("running", "winner"), [("heater", "heater"), ("cooler", "cooler"), (None, "heater")]
)
def test_of_equal_ranks_the_one_that_is_on_stays_on_then_the_first_wins(running, winner):
    held = {name: ON if name == running else OFF for name in HEATER_OR_COOLER}
    requests = {"cooler": ask(1.0, "hot"), "heater": ask(1.0, "cold")}
    settings = together(requests, held)
    assert [name for name, (value, _) in settings.items() if value] == [winner]


def test_a_heater_that_must_stay_on_keeps_even_a_critical_cooler_off():
    guards = HEATER_OR_COOLER | {"heater": Guard(min_on=30)}
    guards["cooler"] = Guard(interlock=frozenset({"heater"}))
    requests = {"cooler": ask(1.0, "hot", CRITICAL)}
    held = {"heater": ON, "cooler": OFF}
    waits = {"heater": (1.0, "old"), "cooler": (0.0, "interlock")}
    assert together(requests, held, guards, 30 * S - 1) == waits
    goes = {"heater": (0.0, "safe"), "cooler": (1.0, "hot")}
    assert together(requests, held, guards, 30 * S) == goes


def test_a_cooler_that_still_rests_does_not_end_the_heater():
    guards = {"heater": Guard(interlock=frozenset({"cooler"})), "cooler": Guard(min_off=30)}
    requests = {"heater": ask(1.0, "cold"), "cooler": ask(1.0, "hot", CRITICAL)}
    settings = together(requests, {"heater": ON, "cooler": OFF}, guards, 29 * S)
    assert settings == {"heater": (1.0, "cold"), "cooler": (0.0, "safe")}


def test_a_safe_state_that_is_on_breaks_no_interlock():
    requests = {"heater": LOST_ON, "cooler": ask(1.0, "hot", INFO)}
    assert together(requests, {"heater": ON, "cooler": OFF}) == {
        "heater": (1.0, "safe"),
        "cooler": (0.0, "interlock"),
    }


def test_an_output_that_loses_keeps_no_other_off():
    chain = {
        "a": Guard(interlock=frozenset({"b"})),
        "b": Guard(interlock=frozenset({"c"})),
        "c": Guard(),
    }
    ranks = {"a": CRITICAL, "b": WARNING, "c": INFO}
    requests = {name: ask(1.0, name, rank) for name, rank in ranks.items()}
    settings = together(requests, dict.fromkeys(chain, OFF), chain)
    assert settings == {"b": (0.0, "interlock"), "a": (1.0, "a"), "c": (1.0, "c")}
