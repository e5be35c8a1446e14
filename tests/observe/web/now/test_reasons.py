"""Why a value is absent, in words."""

import pytest

from drivers.base.errors import NoAcknowledge, shortened
from edge_agent.clock import Moment
from edge_agent.events import Reading
from edge_agent.observe.web.now.reasons import Reason, in_words, reason_of

NOW = Moment(1_700_000_000_000_000, 5_000_000, trusted=True)


def absent(quality, detail=""):
    return Reading("air", NOW, {}, quality, detail)


def test_a_good_reading_needs_no_reason():
    assert reason_of(Reading("air", NOW, {"temperature": 20.0})) is None


def test_an_error_of_a_driver_has_what_happened_and_what_to_do():
    error = NoAcknowledge("sht4x@i2c-1:0x44", "no answer (errno 121)")
    found = reason_of(absent(error.quality, str(error)))
    assert found == Reason("sht4x@i2c-1:0x44: no answer (errno 121)", NoAcknowledge.hint)


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ("no answer", Reason("no answer")),
        ("no answer (check (all) wires)", Reason("no answer", "check (all) wires")),
        ("answered )", Reason("answered )")),
        (shortened("x" * 400), Reason(shortened("x" * 400))),
        ("", Reason("not ready")),
    ],
)
def test_the_remedy_stands_behind_in_parentheses(detail, reason):
    assert reason_of(absent("not_ready", detail)) == reason


@pytest.mark.parametrize("quality", ["out_of_range", "step"])
def test_a_refused_value_has_a_remedy_as_well(quality):
    found = reason_of(absent(quality, "temperature jumped to 99"))
    assert found == Reason("temperature jumped to 99", in_words(quality).remedy)
    assert "of the channel" in found.remedy


def test_a_quality_that_is_not_known_is_shown_as_words():
    assert in_words("lost_configuration") == Reason("lost configuration")
