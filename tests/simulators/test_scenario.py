import tomllib
from importlib.metadata import entry_points

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators import signals
from simulators.fault_kinds import FAULTS
from simulators.model import Range
from simulators.scenario import SIGNALS, Scenario, ScenarioError, load
from simulators.surroundings import default_signal

MODELS = {entry.name: entry for entry in entry_points(group="edge_agent.simulators")}
MOMENTS = [*range(0, 600, 5), *range(600, 2 * 86400, 600)]

MISTAKES = """
colour = "red"
seed = "lucky"
[signal."air.temperatur"]
kind = "constant"
level = 20
[signal."ear.temperature"]
kind = "constant"
level = 20
[signal.water]
kind = "constant"
[signal."air.temperature"]
kind = "dayly"
[signal."air.humidity"]
meen = 40
kind = "sine"
swing = "big"
period = "soon"
noise = nan
[signal."water.temperature"]
kind = "ramp"
start = 1
end = 2
lasts = 0
[[signal."door.active"]]
kind = "replay"
file = "none.csv"
[[signal."door.active"]]
level = 1
[[fault]]
kind = "unplugg"
device = "air"
at = 5
lasts = 5
[[fault]]
kind = "unplug"
device = "windw"
[[fault]]
kind = "unplug"
device = "door"
[[fault]]
kind = "no_answer"
[[fault]]
kind = "no_answer"
bus = "one"
[[fault]]
kind = "unplug"
device = "water"
at = "tomorrow"
for = "3s"
[[fault]]
kind = "unplug"
device = "air"
bus = 1
"""


def write(tmp_path, text, name="day.toml"):
    path = tmp_path / name
    path.write_text(text)
    return path


def problems(tmp_path, devices, text):
    with pytest.raises(ScenarioError) as caught:
        load(write(tmp_path, text), devices)
    return caught.value.problems


EXPECTED = """\
colour = "red": unknown; known: fault, seed, signal
seed = "lucky": wanted: a whole number
signal.air.temperatur: unknown; did you mean 'temperature'?
signal.ear.temperature: unknown; did you mean 'air'?
signal.water: no channel; write [signal."water.temperature"], with the quotes
signal.air.temperature.kind = "dayly": unknown; did you mean 'daily'?
signal.air.humidity.noise = nan: wanted: a number
signal.air.humidity.meen = 40: unknown; did you mean 'mean'?
signal.air.humidity.mean: missing; wanted: a number
signal.air.humidity.swing = "big": wanted: a number
signal.air.humidity.period = "soon": wanted: a duration such as "500ms", "10s", "5m", "2h"
signal.water.temperature: lasts = 0: wanted: more than 0 s
signal.door.active: {folder}/none.csv: No such file or directory
signal.door.active.kind: missing; wanted: one of {kinds}
fault.1.kind = "unplugg": unknown; did you mean 'unplug'?
fault.2.device = "windw": unknown; known: air, door, water
fault.3.device = "door": no faults are known for a Contact
fault.4: wanted: a device = "…" or a bus = 1, and not both
fault.5.bus = "one": wanted: a whole number
fault.6.for = "3s": unknown; known: at, device, kind, lasts
fault.6.at = "tomorrow": wanted: a duration such as "500ms", "10s", "5m", "2h"
fault.7: wanted: a device = "…" or a bus = 1, and not both
"""


def test_every_problem_is_reported_at_once_with_file_key_value_and_remedy(tmp_path, devices):
    expected = EXPECTED.format(folder=tmp_path, kinds=", ".join(SIGNALS)).splitlines()
    found = problems(tmp_path, devices, MISTAKES)
    assert list(found) == [f"{tmp_path}/day.toml: {line}" for line in expected]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed = ", "not TOML: Invalid value"),
        ("signal = 5", "signal = 5: wanted: [signal"),
        ("[signal]\n'air.temperature' = 20", "signal.air.temperature = 20: wanted: a table"),
        ("fault = 'unplug'", 'fault = "unplug": wanted: a list of tables: write [[fault]]'),
        ("[fault]\nkind = 'unplug'", "write [[fault]]"),
    ],
)
def test_a_file_of_the_wrong_shape_is_answered_with_how_to_write_it(tmp_path, devices, text, words):
    (problem,) = problems(tmp_path, devices, text)
    assert words in problem


def test_a_missing_file_names_an_example_to_start_from(tmp_path, devices):
    with pytest.raises(ScenarioError, match=r"no such file; start from examples/greenhouse\.scen"):
        load(tmp_path / "none.toml", devices)


SIGNAL_TABLES = {
    "constant": ("level = 20", signals.Constant(20)),
    "daily": ("mean = 20\nswing = 6", signals.daily(20, 6)),
    "pulses": ("every = '30s'\nlasts = 5", signals.Pulses(every=30, lasts=5)),
    "ramp": ("start = 10\nend = 20\nlasts = '1m'\nat = 5", signals.Ramp(10, 20, 60, 5)),
    "replay": ("file = 'air.csv'\nhold = true", signals.Recording((0, 5), (20, 21), hold=True)),
    "sine": ("mean = 20\nswing = 6\nperiod = '2m'", signals.Sine(20, 6, 120)),
    "step": ("before = 1\nafter = 2\nat = '500ms'", signals.Step(1, 2, 0.5)),
    "walk": ("mean = 20\nswing = 1\nseed = 9", signals.Walk(20, 1, seed=9)),
}


@pytest.mark.parametrize("kind", SIGNALS)
def test_a_signal_is_built_from_its_table(tmp_path, devices, kind):
    write(tmp_path, "time,value\n0,20\n5,21\n", "air.csv")
    text, expected = SIGNAL_TABLES[kind]
    path = write(tmp_path, f'[signal."air.temperature"]\nkind = "{kind}"\n{text}')
    signal = load(path, devices).signals["air.temperature"]
    assert [signal.value(t) for t in MOMENTS] == [expected.value(t) for t in MOMENTS]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("10s", 10), ("5m", 300), ("2 h", 7200), ("1d", 86400), ("7", 7)],
)
def test_durations_have_units(tmp_path, devices, text, seconds):
    table = '[signal."door.active"]\nkind = "step"\nbefore = 0\nafter = 1\n'
    for at in (f'"{text}"', seconds):
        scenario = load(write(tmp_path, f"{table}at = {at}"), devices)
        door = scenario.signals["door.active"]
        assert [door.value(seconds - 0.01), door.value(seconds)] == [0, 1]


@pytest.mark.parametrize("text", ["true", '"-1s"', "-1", '"soon"', '"10 parsecs"', '""', "[1]"])
def test_anything_else_is_no_duration(tmp_path, devices, text):
    table = '[signal."door.active"]\nkind = "step"\nbefore = 0\nafter = 1\n'
    (problem,) = problems(tmp_path, devices, f"{table}at = {text}")
    assert 'wanted: a duration such as "500ms"' in problem


def test_several_tables_and_noise_are_one_sum(tmp_path, devices):
    table = '[[signal."air.temperature"]]\nkind = "constant"\n'
    path = write(tmp_path, f"{table}level = 20\n{table}level = 1\nnoise = 0.5")
    signal = load(path, devices).signals["air.temperature"]
    values = {signal.value(t) for t in MOMENTS}
    assert len(values) > len(MOMENTS) / 2
    assert all(20.5 <= value <= 21.5 for value in values)


def test_a_scenario_is_the_same_for_the_same_seed_and_another_for_another(tmp_path, devices):
    def values(seed):
        text = f'seed = {seed}\n[signal."air.temperature"]\nkind = "walk"\nmean = 20\nswing = 1'
        scenario = load(write(tmp_path, text), devices)
        surroundings = scenario.surroundings("air", devices["air"], lambda: 42.0)
        return dict(surroundings)

    assert values(1) == values(1)
    assert values(1).keys() == values(2).keys() == {"temperature", "humidity"}
    assert all(values(1)[channel] != values(2)[channel] for channel in values(1))


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=4)
@given(seed=st.integers(0, 1000))
def test_without_a_scenario_every_channel_moves_and_stays_in_its_range(name, seed):
    assert_lively(MODELS[name].load(), seed)


@pytest.mark.nightly
@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=20)
@given(seed=st.integers(0, 1000))
def test_for_many_seeds_every_channel_moves_and_stays_in_its_range(name, seed):
    assert_lively(MODELS[name].load(), seed)


def assert_lively(model, seed):
    now = iter(MOMENTS * len(model.inputs))
    surroundings = Scenario(seed).surroundings("device", model, lambda: next(now))
    for channel, span in model.inputs.items():
        values = [surroundings[channel] for _ in MOMENTS]
        assert span.low <= min(values) < max(values) <= span.high
        ten_minutes = values[: MOMENTS.index(600)]
        # One of five categories may stay for ten minutes, but what it is made of moves.
        # The least that was found: 0.0043, with as3935 and one of 1,001 seeds.
        visible = min(span.step, 0.002 * (span.high - span.low))
        assert max(ten_minutes) - min(ten_minutes) >= visible


@pytest.mark.parametrize("quiet", [0, 5, 500, 998, 1000])
def test_a_default_signal_stays_in_its_range_for_any_quiet_value(quiet):
    signal = default_signal(Range(0, 1000, 0.1), quiet, seed=1)
    values = [signal.value(t) for t in MOMENTS]
    assert 0 <= min(values) < max(values) <= 1000
    assert max(values) - min(values) > 1


def test_a_chip_without_a_scenario_is_never_far_from_its_quiet_value(devices):
    for t in MOMENTS:
        surroundings = Scenario().surroundings("air", devices["air"], lambda t=t: t)
        assert surroundings == pytest.approx(devices["air"].quiet, abs=4)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_of_a_chip_or_of_a_bus_is_planned(tmp_path, devices, kind):
    text = f'[[fault]]\nkind = "{kind}"\n{{place}}\nat = "1m"'
    (chip,) = load(write(tmp_path, text.format(place='device = "air"')), devices).faults
    (bus,) = load(write(tmp_path, text.format(place="bus = 1")), devices).faults
    assert (chip.kind, chip.device, chip.bus) == (kind, "air", None)
    assert (bus.kind, bus.device, bus.bus) == (kind, "", 1)
    assert chip.arguments == {"at": 60}


def test_the_example_fits_the_greenhouse(root):
    greenhouse = tomllib.loads((root / "examples/greenhouse.toml").read_text())
    devices = {each["name"]: MODELS[each["driver"]].load() for each in greenhouse["device"]}
    scenario = load(root / "examples/greenhouse.scenario.toml", devices)
    air = scenario.signals["air.temperature"]
    warm = [t for t in range(120) if air.value(t) - 0.4 > 26]
    assert 15 <= warm[0] <= 25, "the fan starts 10 s later"
