import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.terminal.line_buffer import LINE_BYTES, LineBuffer, LineTooLong


def lines(*portions):
    """What a buffer gives for these portions; a line that is too long is None."""
    buffer, found = LineBuffer(), []
    for portion in portions:
        buffer.feed(portion)
        while True:
            had_line = buffer.has_line()
            try:
                line = buffer.take()
            except LineTooLong:
                found.append(None)
                continue
            if line is not None:
                found.append(line)
            elif not had_line:
                break
    return found


def test_a_line_may_arrive_in_portions():
    assert lines(b"set air.tem", b"perature 31\nsh", b"ow\n") == ["set air.temperature 31", "show"]


def test_the_end_completes_the_last_line():
    assert lines(b"show\nhelp", b"") == ["show", "help"]
    assert lines(b"show\n", b"") == ["show"]


def test_a_line_that_is_too_long_is_refused_once_and_skipped_to_its_end():
    long = b"x" * (LINE_BYTES + 1)
    assert lines(long + b"\nshow\n") == [None, "show"]
    assert lines(long, long, b"x\nshow\n") == [None, "show"]
    assert lines(b"x" * LINE_BYTES + b"\n") == ["x" * LINE_BYTES]


def test_bytes_that_are_no_utf_8_are_a_line_too():
    assert lines(b"\xff\n") == ["\ufffd"]


@given(portions=st.lists(st.binary(min_size=1, max_size=256), max_size=30))
def test_it_holds_a_bounded_number_of_bytes_if_its_lines_are_taken(portions):
    buffer = LineBuffer()
    for portion in portions:
        buffer.feed(portion)
        while True:
            try:
                if buffer.take() is None and not buffer.has_line():
                    break
            except LineTooLong:
                pass
        assert len(buffer._bytes) <= LINE_BYTES


def test_no_line_is_ready_before_its_end():
    buffer = LineBuffer()
    buffer.feed(b"show")
    assert (buffer.has_line(), buffer.take()) == (False, None)
    with pytest.raises(LineTooLong, match="200 bytes"):
        lines_of(buffer, b"x" * LINE_BYTES)


def lines_of(buffer, portion):
    buffer.feed(portion)
    return buffer.take()
