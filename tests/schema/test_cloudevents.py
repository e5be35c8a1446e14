"""A library of strangers reads our events, and they keep the rules of CloudEvents 1.0."""

import json
import re
from datetime import datetime

import pytest
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat

from tests.schema.samples import SAMPLES


def read(event):
    return JSONFormat().read(None, json.dumps(event))


def test_the_sdk_of_cloudevents_reads_a_sample_and_writes_it_as_it_was(sample):
    event = read(sample)
    assert event.get_data() == sample["data"]
    written = json.loads(JSONFormat().write(event))
    assert written == {**sample, "time": written["time"]}
    assert datetime.fromisoformat(written["time"]) == datetime.fromisoformat(sample["time"])


def test_the_attributes_of_a_sample_keep_the_rules_of_cloudevents(sample):
    """Section 3 of the specification: names, types, and integers of 32 bits."""
    for name, value in sample.items():
        assert re.fullmatch("[a-z0-9]{1,20}", name)
        if name != "data":
            assert isinstance(value, bool | int | str)
            assert value != ""
        if isinstance(value, int):
            assert -(2**31) <= value < 2**31
    assert datetime.fromisoformat(sample["time"]).tzinfo


@pytest.mark.parametrize("wrong", [{"source": ""}, {"type": None}, {"Subject": "air"}])
def test_the_sdk_refuses_what_is_no_cloudevent(wrong):
    """So that the test above proves something."""
    sample = json.loads(SAMPLES[0].read_text())
    assert read(sample)
    with pytest.raises(BaseCloudEventException):
        read(sample | wrong)
