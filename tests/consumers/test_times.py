import click
import pytest

from consumers.query.command import query
from consumers.replay.command import replay


@pytest.mark.parametrize("option", ["--since", "--until"])
@pytest.mark.parametrize("command", [query, replay])
def test_a_number_without_an_at_is_refused_as_unix_time(command, option):
    known = {one.opts[0]: one.type for one in command.params if isinstance(one, click.Option)}
    with pytest.raises(click.BadParameter, match="for Unix time write @1800000000, in seconds"):
        known[option].convert("1800000000", None, None)
