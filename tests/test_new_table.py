"""A new table is a new file and a field in Config: everything else follows its annotations."""

import runpy
from pathlib import Path
from typing import Annotated, get_args

import pytest
from msgspec import Meta

from edge_agent.config.commands import CommandName
from edge_agent.config.config import Config
from edge_agent.config.reader import TableReader
from edge_agent.config.settings import Settings, tables
from edge_agent.doctor.instruments.secret_keys import safe_tables
from edge_agent.evaluate.commands.command import KINDS
from edge_agent.keys import REDACTED, SECRET, SECRET_FILE
from edge_agent.problems import NoLocations, Problems
from edge_agent.units import Duration

key_table = runpy.run_path(str(Path(__file__).parent.parent / "docs/reference.py"))["key_table"]


class TopicSettings(Settings, frozen=True, kw_only=True):
    """`[kafka.topic.<name>]`: a table below a table of a list."""

    partitions: Annotated[int, Meta(ge=1, description="number of partitions, from 1")] = 1


class KafkaSettings(Settings, frozen=True, kw_only=True):
    """`[[kafka]]`: a table that the agent does not have."""

    name: str
    linger: Annotated[Duration, Meta(description="longest wait for more events")] = Duration(0)
    jaas: Annotated[str, Meta(description="login", extra=SECRET)] = ""
    keytab: Annotated[str, Meta(description="file with the login", extra=SECRET_FILE)] = ""
    topic: dict[str, TopicSettings] = {}


class Larger(Config, frozen=True, kw_only=True):
    """A configuration with one table more."""

    kafka: tuple[KafkaSettings, ...] = ()


@pytest.fixture
def problems():
    return Problems(NoLocations("config.toml"))


@pytest.fixture
def read(problems):
    return lambda **entry: TableReader(problems).table(Larger, {"kafka": [{"name": "k", **entry}]})


def test_the_reader_reads_it(read, problems):
    config = read(linger="5ms", topic={"a": {"partitions": 3}})
    assert problems.lines == ()
    assert config.kafka == (
        KafkaSettings(name="k", linger=Duration(0.005), topic={"a": TopicSettings(partitions=3)}),
    )


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"lingr": 1}, "kafka.k.lingr = 1: unknown; did you mean 'linger'?"),
        ({"linger": "soon"}, 'kafka.k.linger = "soon": '),
        ({"topic": {"a": {"partitions": 0}}}, "kafka.k.topic.a.partitions = 0: "),
        ({"topic": 5}, "kafka.k.topic = 5: expected tables"),
    ],
)
def test_the_reader_reports_its_problems(read, problems, entry, problem):
    read(**entry)
    (line,) = problems.lines
    assert line.startswith(f"config.toml: {problem}")


def test_the_pages_describe_it():
    found = dict(tables(Larger))
    assert {"[[kafka]]", "[kafka.topic.<name>]"} <= found.keys() - dict(tables(Config)).keys()
    assert "| `linger` | `0s` | longest wait for more events |" in key_table(found["[[kafka]]"])
    assert "`topic`" not in key_table(found["[[kafka]]"])


def test_the_doctor_redacts_its_secrets():
    given = {"name": "k", "jaas": "x", "keytab": "not a path", "topic": {"a": {"partitions": 3}}}
    safe = safe_tables({"kafka": [given]}, Larger)["kafka"][0]
    assert safe == {**given, "jaas": REDACTED, "keytab": REDACTED}
    named = {"kafka": [{"keytab": "/etc/krb5.keytab"}]}
    assert safe_tables(named, Larger) == named


def test_the_configuration_can_allow_every_command():
    assert set(get_args(CommandName)) == KINDS.keys()
