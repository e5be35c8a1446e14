"""What `check` says of wrong options of drivers: values as the configuration has them."""

import re
from typing import Literal, get_args, get_origin

import pytest

from drivers.base.driver import is_output
from edge_agent.acquire.catalog import Catalog
from edge_agent.acquire.options import options
from edge_agent.blueprint import resolve
from edge_agent.commands.driver_example import example
from edge_agent.errors import ConfigError
from edge_agent.toml_text import toml

CATALOG = Catalog("edge_agent.drivers")
WRONG = ["true", "50.0", "[]", '["x", "x"]', "{ a = 1 }"]
OF_PYTHON = re.compile(r"\['|\{'|\('|None|True|False|<class|object at|\d\.0\b|Infinity|NaN")


@pytest.fixture(params=CATALOG.names)
def driver(request, tmp_path):
    """A file that uses a driver, its options, and how keys of its table begin."""
    loaded = CATALOG.load(request.param)
    path = tmp_path / "one.toml"
    path.write_text(example(request.param, loaded))
    table = "output" if is_output(loaded) else "device"
    return path, options(loaded), f"{table}.{request.param}."


def problems(path, override):
    try:
        resolve(path, [override])
    except ConfigError as error:
        return error.problems
    return ()


def test_a_wrong_value_is_shown_as_toml_and_not_as_python(driver):
    path, known, prefix = driver
    overrides = [f"{prefix}{one.name}={value}" for one in known for value in WRONG]
    said = [line for override in overrides for line in problems(path, override)]
    assert [line for line in said if OF_PYTHON.search(line)] == []


def test_a_list_that_names_something_twice_is_refused(driver):
    path, known, prefix = driver
    lists = [one for one in known if get_origin(one.kind) is tuple]
    chosen = [one for one in lists if get_origin(get_args(one.kind)[0]) is Literal]
    for one in chosen:
        twice = toml([get_args(get_args(one.kind)[0])[0]] * 2)
        found = problems(path, f"{prefix}{one.name}={twice}")
        assert any(f"{one.name} = {twice}: wanted one or more, each once" in line for line in found)
