import json

import pytest

from edge_agent.events import KINDS
from edge_agent.schema.avro import record_schema, union_schema
from edge_agent.schema.cloud_event import EventType
from edge_agent.schema.json_schema import data_schema, event_schema


def test_list_names_every_type_with_what_it_is(edge_agent):
    lines = edge_agent("schema", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == [f"edge.{kind}.v1" for kind in KINDS]
    assert lines[0].endswith(
        "A device's measurement: right values, or a quality that says why there are none."
    )


def test_list_as_json_has_the_schemas_identifiers(edge_agent):
    found = json.loads(edge_agent("schema", "list", "--json").out)
    assert found["edge.gap.v1"] == {
        "schema": "urn:edge:schema:gap:v1",
        "about": "Events that will not arrive, and why: do not wait for them.",
        "written": True,
    }


@pytest.mark.parametrize("name", ["alert", "alert.v1"])
def test_json_prints_the_schema_of_a_kind_or_of_one_version(edge_agent, name):
    assert json.loads(edge_agent("schema", "json", name).out) == data_schema(EventType("alert", 1))


def test_json_without_a_type_prints_the_schema_of_a_cloudevent(edge_agent):
    assert json.loads(edge_agent("schema", "json").out) == event_schema()


@pytest.mark.parametrize("name", ["alerts", "alert.v2", "edge.alert.v1"])
def test_an_unknown_type_is_refused_with_those_that_there_are(edge_agent, name):
    done = edge_agent("schema", "json", name)
    assert done.code == 2
    assert f"no such type: '{name}'; known: reading.v1, aggregate.v1" in done.err


@pytest.mark.parametrize("name", ["alert", "alert.v1"])
def test_avro_prints_the_record_of_a_kind_or_of_one_version(edge_agent, name):
    found = json.loads(edge_agent("schema", "avro", name).out)
    assert found == record_schema(EventType("alert", 1))


def test_avro_without_a_type_prints_the_union_of_all_records(edge_agent):
    assert json.loads(edge_agent("schema", "avro").out) == union_schema()


def test_asyncapi_prints_the_document_of_a_configuration(edge_agent, root):
    done = edge_agent("schema", "asyncapi", root / "examples/greenhouse.toml")
    assert json.loads(done.out)["id"] == "urn:edge:greenhouse"


def test_asyncapi_of_a_wrong_configuration_lists_its_problems(edge_agent, tmp_path):
    (tmp_path / "wrong.toml").write_text("[[device]]\nname = 1")
    done = edge_agent("schema", "asyncapi", tmp_path / "wrong.toml")
    assert done.code == 2
    assert "name" in done.err
