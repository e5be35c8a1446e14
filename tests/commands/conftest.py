import logging
from collections.abc import Callable
from typing import NamedTuple

import pytest

from edge_agent.cli import main

CONFIG = """
node = "shed"
[[device]]
name = "air"
driver = "sht4x"
every = "1s"
[[device]]
name = "water"
driver = "ds18b20"
id = "28-0316a4c8ffee"
[[device]]
name = "door"
driver = "contact"
pin = 17
[[output]]
name = "fan"
driver = "relay"
pin = 22
[[rule]]
name = "warm"
when = "air.temperature > 30 and not door.active"
set = { fan = "on" }
"""


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def config(tmp_path):
    """A function: write a configuration, with `log.path` below tmp_path."""

    def write(text=CONFIG, name="shed.toml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def edge_agent(capsys) -> Callable[..., Done]:
    """A function: run a command in this process."""

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        return Done(ended.value.code, *capsys.readouterr())

    yield run
    logging.getLogger().handlers.clear()
