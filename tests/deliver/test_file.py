"""A file sink loses nothing when other programs touch its file, and touches none of theirs."""

import json
import os

import pytest

from edge_agent.deliver.file import SINK, FileOptions
from edge_agent.deliver.sink import SinkContext, SinkPlan
from edge_agent.errors import SinkUnavailable
from edge_agent.events import LoggedEvent

CONTEXT = SinkContext.apart("shed", "log")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


@pytest.fixture
def sink(path):
    one = SINK.build(SinkPlan("archive", (f"file://{path}",), FileOptions()), CONTEXT)
    yield one
    one.close()


def event(offset):
    return LoggedEvent(offset, offset, None, None, "reading", "air", "{}")


def offsets(path):
    return [int(json.loads(line)["id"].split(":")[1]) for line in path.read_text().splitlines()]


def test_a_file_that_another_program_removed_is_created_again(path, sink):
    sink.open()
    sink.deliver([event(1)])
    path.unlink()
    sink.deliver([event(2)])
    assert offsets(path) == [2]


def test_a_file_that_another_program_renamed_keeps_its_events(path, sink):
    sink.open()
    sink.deliver([event(1)])
    path.rename(path.with_suffix(".old"))
    sink.deliver([event(2)])
    assert (offsets(path.with_suffix(".old")), offsets(path)) == ([1], [2])


def test_a_file_that_another_program_cut_goes_on_where_it_ends(path, sink):
    sink.open()
    sink.deliver([event(1), event(2)])
    path.write_bytes(b"")
    sink.deliver([event(3)])
    assert offsets(path) == [3]


def test_a_directory_that_comes_back_after_it_was_removed_is_written_again(tmp_path):
    place = tmp_path / "stick" / "events.jsonl"
    one = SINK.build(SinkPlan("archive", (f"file://{place}",), FileOptions()), CONTEXT)
    one.open()
    one.deliver([event(1)])
    place.unlink()
    place.parent.rmdir()
    one.deliver([event(2)])
    one.close()
    assert offsets(place) == [2]


@pytest.mark.parametrize("content", [b"SQLite format 3\0" + bytes(100), b"my shopping list"])
def test_a_file_that_holds_something_else_is_never_touched(path, sink, content):
    path.write_bytes(content)
    with pytest.raises(SinkUnavailable, match="not a file of events"):
        sink.open()
    with pytest.raises(SinkUnavailable, match="not a file of events"):
        sink.deliver([event(1)])
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "torn",
    [
        b'{"id": "log:',
        b"\0" * 100,
        b'{"id": "log:' + b"\0" * 512 + b'"}\n{"id": "log:8"}\n',  # a sector was not written
    ],
)
def test_a_line_that_a_power_cut_tore_is_removed(path, sink, torn):
    path.write_bytes(torn)
    sink.open()
    sink.deliver([event(1)])
    assert offsets(path) == [1]


def test_what_is_no_file_is_refused_and_stays(path, sink):
    os.mkfifo(path)
    with pytest.raises(SinkUnavailable, match="not a file of events"):
        sink.open()
    assert path.is_fifo()
