"""What is wrong with a command is said in plain words, and times are written as everywhere."""

import pytest

from edge_agent.errors import CommandError
from edge_agent.evaluate.commands.command import parse


@pytest.mark.parametrize(
    "payload, complaint",
    [
        (b'{"output": "fan"', "the payload is not JSON; send a JSON object with id"),
        (b"\xff", "the payload is not JSON; "),
        (b"[1]", "the payload is not an object; "),
        (b'{"value": "on"}', "output: missing; send a JSON object with id, expires, for, output"),
        (b'{"output": "fan", "value": 1, "of": 2}', "of: unknown; "),
        (b'{"output": 7, "value": 1}', "output: expected text, got a whole number; "),
        (b'{"output": "fan", "value": "dim"}', "value: invalid value 'dim'; "),
        (b'{"output": "fan", "value": 2}', "value: expected a number <= 1.0; "),
        (b'{"output": "fan", "value": 1, "for": "10 min"}', 'for: expected "10m"; '),
        (b'{"output": "fan", "value": 1, "for": "25h"}', 'for: expected 0.001 to "1d"'),
        (
            b'{"output": "fan", "value": 1, "expires": 1764300000}',
            'expires: expected a time such as "2027-01-15T08:00:00Z", got a whole number; ',
        ),
        (
            b'{"output": "fan", "value": 1, "expires": "tomorrow"}',
            'expires: expected a time such as "2027-01-15T08:00:00Z"; ',
        ),
        (b'{"output": "fan", "value": 1, "for": 0}', 'for: expected 0.001 to "1d"'),
    ],
)
def test_a_wrong_payload_is_refused_in_plain_words(payload, complaint):
    with pytest.raises(CommandError) as refused:
        parse("set", payload)
    assert str(refused.value).startswith(complaint)


def test_a_silence_lasts_a_week_at_most():
    assert parse("silence", b'{"rule": "hot", "for": "7d"}').lasts == 604_800
    with pytest.raises(CommandError, match='for: expected 0 to "7d"'):
        parse("silence", b'{"rule": "hot", "for": 604801}')


@pytest.mark.parametrize("text", [b'"10m"', b"600", b'"600s"'])
def test_the_time_of_a_set_is_a_duration_or_seconds(text):
    assert parse("set", b'{"output": "fan", "value": "on", "for": %s}' % text).lasts == 600
