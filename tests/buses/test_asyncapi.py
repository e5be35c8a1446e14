"""AsyncAPI documents, as the parser of the AsyncAPI initiative reads them."""

import json

from edge_agent.blueprint import resolve
from edge_agent.blueprint.description import describe
from edge_agent.schema.asyncapi import document
from tests.buses.readers.asyncapi import parse

SINKS = """
[[sink]]
name = "bus"
url = "kafka://k1.example,k2.example/events"
format = "avro"
[[sink]]
name = "arrays"
url = "https://web.example/events"
max_batch = 5
[[sink]]
name = "binary"
url = "https://web.example/others"
content = "binary"
[[sink]]
name = "queue"
url = "amqps://rabbit.example"
queue = "events"
[[sink]]
name = "cloud"
url = "mqtts://cloud.example"
max_batch = 10
"""


def test_the_parser_finds_nothing_wrong_with_the_greenhouse(root):
    found = json.loads(parse((root / "docs/schemas/asyncapi/greenhouse.json").read_text()))
    assert found["problems"] == []
    assert "edge/greenhouse/event/reading/air" in found["channels"]


def test_the_parser_finds_a_wrong_action(root):
    text = (root / "docs/schemas/asyncapi/greenhouse.json").read_text()
    found = json.loads(parse(text.replace('"action": "receive"', '"action": "take"')))
    assert found["problems"] != []


def test_the_parser_finds_nothing_wrong_with_a_node_that_has_sinks_of_all_kinds(root, tmp_path):
    file = tmp_path / "greenhouse.toml"
    file.write_text((root / "examples/greenhouse.toml").read_text() + SINKS)
    found = json.loads(parse(json.dumps(document(describe(resolve(file))))))
    assert found["problems"] == []
    assert None in found["channels"]
    assert "edge/greenhouse/batch" in found["channels"]
