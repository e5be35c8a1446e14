import sys
from importlib.metadata import EntryPoint
from typing import Literal

import pytest

from drivers.base.declared import DeclaredChannel
from edge_agent.acquire.catalog import Catalog
from edge_agent.acquire.options import Option, convert_options, options
from edge_agent.errors import ConfigError

GROUP = "edge_agent.drivers"


class Thermometer:
    def __init__(
        self,
        port,
        *,
        precision: Literal["high", "medium", "low"] = "high",
        inputs: tuple[Literal["a0", "a1"], ...] = ("a0",),
        gain: Literal[1, 2, 4] = 1,
        samples: int = 1,
        factor: float = 1.0,
        pulled: bool = False,
        label: str = "",
    ):
        pass


class Counter:
    def __init__(self, port, *, edge: Literal["rising", "falling"]):
        pass


class Plain:
    def __init__(self, port):
        pass


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """Offer third-party drivers, given as module=source; return the catalog that lists them."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def offer(**sources):
        for module, source in sources.items():
            (tmp_path / f"{module}.py").write_text(source)
            monkeypatch.delitem(sys.modules, module, raising=False)
        return Catalog(GROUP, [EntryPoint(name, f"{name}:Chip", GROUP) for name in sources])

    return offer


def problem(catalog, name):
    with pytest.raises(ConfigError) as raised:
        catalog.load(name)
    (line,) = raised.value.problems
    return line


def test_the_values_of_an_option_that_may_be_left_out_are_listed():
    assert Option("range", Literal[2000, 5000] | None, None).expected == "one of 2000, 5000"


def test_our_own_drivers_and_models_are_registered_under_the_same_names():
    assert "sht4x" in Catalog(GROUP).names
    assert Catalog(GROUP).names == Catalog("edge_agent.simulators").names


def test_only_the_module_of_the_asked_driver_is_imported(plugins):
    catalog = plugins(chip_one="class Chip: pass", chip_two="class Chip: pass")
    assert catalog.names == ("chip_one", "chip_two")
    assert catalog.load("chip_two") is sys.modules["chip_two"].Chip
    assert "chip_one" not in sys.modules


def test_the_error_of_an_unknown_driver_names_the_nearest_one_and_all_others(plugins):
    catalog = plugins(bme280="", sht4x="")
    assert problem(catalog, "bme281") == (
        "driver = \"bme281\": unknown driver; did you mean 'bme280'? all: `edge-agent drivers`"
    )
    assert problem(catalog, "xyz").endswith("unknown driver; known: bme280, sht4x")


@pytest.mark.parametrize(
    "source, reason",
    [
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        ("1 / 0", "ZeroDivisionError"),
        ("def", "SyntaxError"),
        ("", "AttributeError"),
    ],
)
def test_a_driver_that_cannot_be_imported_is_an_error_that_names_its_package(
    plugins, source, reason
):
    catalog = plugins(broken=source, whole="class Chip: pass")
    line = problem(catalog, "broken")
    assert line.startswith('driver = "broken": package broken:Chip cannot be imported')
    assert reason in line
    assert catalog.names == ("broken", "whole")
    assert catalog.load("whole")


def test_a_name_that_two_packages_offer_is_not_guessed():
    entries = [EntryPoint("chip", f"{package}:Chip", GROUP) for package in ("one", "two")]
    assert "one:Chip and two:Chip" in problem(Catalog(GROUP, entries), "chip")


def test_options_are_read_from_the_constructor():
    assert {o.name: (o.expected, o.default) for o in options(Thermometer)} == {
        "precision": ('one of "high", "medium", "low"', "high"),
        "inputs": ('a list of "a0", "a1"', ("a0",)),
        "gain": ("one of 1, 2, 4", 1),
        "samples": ("a whole number", 1),
        "factor": ("a number", 1.0),
        "pulled": ("true or false", False),
        "label": ("text", ""),
    }
    assert options(Plain) == ()


def test_an_option_of_a_quantity_knows_the_option_for_all():
    class Barometer:
        def __init__(self, port, *, rate: int = 1, pressure_rate: int | None = None): ...

    assert {one.name: one.common for one in options(Barometer)} == {
        "rate": "",
        "pressure_rate": "rate",
    }


def test_options_are_found_if_annotations_are_text(plugins):
    source = """
from __future__ import annotations
from typing import TYPE_CHECKING, Literal
if TYPE_CHECKING:
    from drivers.base.i2c import I2CPort
class Chip:
    def __init__(self, port: I2CPort, *, rate: Literal[1, 10] = 1) -> None: ...
"""
    (option,) = options(plugins(lazy=source).load("lazy"))
    assert (option.name, option.expected) == ("rate", "one of 1, 10")


@pytest.mark.parametrize(
    "key, value, converted",
    [
        ("precision", "low", "low"),
        ("inputs", ["a1", "a0"], ("a1", "a0")),
        ("gain", 4, 4),
        ("factor", 2, 2.0),
        ("pulled", True, True),
        ("label", "x", "x"),
    ],
)
def test_a_right_value_is_converted_to_what_the_constructor_takes(key, value, converted):
    values, problems = convert_options(Thermometer, {key: value})
    assert values == {key: converted}
    assert type(values[key]) is type(converted)
    assert problems == []


@pytest.mark.parametrize(
    "key, value, line",
    [
        ("precision", "hgh", 'precision = "hgh": wanted: one of "high", "medium", "low"'),
        ("precision", 1, 'precision = 1: wanted: one of "high", "medium", "low"'),
        ("inputs", ["a0", "a7"], 'inputs = ["a0", "a7"]: wanted: a list of "a0", "a1"'),
        ("inputs", "a0", 'inputs = "a0": write ["a0"]; wanted: a list of "a0", "a1"'),
        ("gain", 3, "gain = 3: wanted: one of 1, 2, 4"),
        ("samples", 1.5, "samples = 1.5: wanted: a whole number"),
        ("samples", True, "samples = true: wanted: a whole number"),
        ("factor", "2", 'factor = "2": write 2; wanted: a number'),
        ("factor", float("inf"), "factor = inf: wanted: a number"),
        ("pulled", 1, "pulled = 1: write true; wanted: true or false"),
        ("label", 5, 'label = 5: write "5"; wanted: text'),
        (
            "precision",
            "High",
            'precision = "High": write "high"; wanted: one of "high", "medium", "low"',
        ),
        ("factor", "50ms", 'factor = "50ms": write 0.05; wanted: a number'),
    ],
)
def test_the_error_of_a_wrong_value_says_what_is_wanted(key, value, line):
    assert convert_options(Thermometer, {key: value}) == ({}, [line])


def test_the_error_of_an_unknown_option_names_the_nearest_one_and_all_others():
    _, (line,) = convert_options(Counter, {"edge": "rising", "egde": 1})
    assert line == "egde = 1: unknown; did you mean 'edge'? its options: edge"
    _, (line,) = convert_options(Plain, {"adress": 0x44}, keys=("address", "every"))
    assert line == "adress = 68: unknown; did you mean 'address'? its options: none"


def test_every_problem_is_reported_at_once():
    _, problems = convert_options(Counter, {"adge": 1, "foo": 2})
    assert [line.split()[0] for line in problems] == ["edge:", "adge", "foo"]
    assert problems[0] == 'edge: missing; wanted: one of "rising", "falling"'


class Declaring:
    def __init__(self, port, *, words: tuple[str, ...], values: tuple[DeclaredChannel, ...]):
        pass


WANTED = (
    "values: missing; wanted: a list of tables with name, low, high;"
    " they may have quantity, resolution"
)


def test_a_list_of_tables_becomes_declared_channels():
    values, problems = convert_options(
        Declaring, {"words": ["a", "b"], "values": [{"name": "power", "low": 0, "high": 5}]}
    )
    channel = DeclaredChannel(name="power", low=0.0, high=5.0)
    assert (values, problems) == ({"words": ("a", "b"), "values": (channel,)}, [])


def test_options_that_take_lists_of_text_or_tables_say_so():
    _, problems = convert_options(Declaring, {})
    assert problems == ["words: missing; wanted: a list of text", WANTED]


@pytest.mark.parametrize(
    "table", [{"name": "power"}, {"name": "power", "low": 0, "high": 5, "unit": "W"}, "power"]
)
def test_a_table_with_a_missing_or_an_unknown_key_is_a_problem(table):
    _, (line,) = convert_options(Declaring, {"words": [], "values": [table]})
    assert line.startswith("values = ")
    assert line.endswith(WANTED.removeprefix("values: missing; "))
