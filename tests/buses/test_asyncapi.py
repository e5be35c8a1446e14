"""AsyncAPI documents, as the parser of the AsyncAPI initiative reads them."""

import json

from tests.buses.readers.asyncapi import parse


def test_the_parser_finds_nothing_wrong_with_the_greenhouse(root):
    found = json.loads(parse((root / "docs/schemas/asyncapi/greenhouse.json").read_text()))
    assert found["problems"] == []
    assert "edge/greenhouse/event/reading/air" in found["channels"]


def test_the_parser_finds_a_wrong_action(root):
    text = (root / "docs/schemas/asyncapi/greenhouse.json").read_text()
    found = json.loads(parse(text.replace('"action": "receive"', '"action": "take"')))
    assert found["problems"] != []
