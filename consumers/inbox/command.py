"""`edge-consumer dead`: look at what no consumer could use, and try it again."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from consumers.inbox.dead_letters import KeptLetter
from consumers.inbox.sqlite_letters import SqliteLetters
from consumers.source import SourceUnavailable
from consumers.state import LETTERS, state_home
from edge_agent.errors import AgentError

COLUMNS = ("key", "at", "consumer", "reason")
WIDTH = 90  # characters of a payload

STATE = click.option(
    "--state",
    type=click.Path(path_type=Path),
    help="State directory of a consumer, or of several.  [default: all of this user]",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")
KEYS = click.argument("keys", metavar="[KEY]...", nargs=-1)
EVERY = click.option("--all", "every", is_flag=True, help="All of them.")


class ConsumersLetters(NamedTuple):
    """The dead letters of one consumer."""

    consumer: str
    letters: SqliteLetters


@click.group()
def dead() -> None:
    """Look at dead letters: what a consumer could not use, with the reason."""


@dead.command("list")
@STATE
@AS_JSON
def list_(state: Path | None, as_json: bool) -> None:
    """List the dead letters, oldest first."""
    found, dropped = [], 0
    for consumer, letters in _opened(state):
        found += [_as_dict(consumer, letter) for letter in letters]
        dropped += letters.dropped
    if as_json:
        click.echo(json.dumps({"letters": found, "dropped": dropped}))
        return
    for each in found:
        click.echo("  ".join(str(each[name]) for name in COLUMNS))
        click.echo(f"    {each['payload']!r:.{WIDTH}}")
    more = f"; {dropped:,} had no room" if dropped else ""
    click.echo(f"{len(found):,} dead letters{more}")


@dead.command()
@STATE
@AS_JSON
@EVERY
@KEYS
def retry(state: Path | None, as_json: bool, every: bool, keys: Sequence[str]) -> None:
    """Hand dead letters to their consumer again: now, or when it starts.

    One that is too large to be kept whole, or is not JSON, cannot be tried again.
    """
    _require(keys, every)
    count = sum(one.letters.retry(keys) for one in _opened(state))
    _print("to be tried again", count, keys, as_json)


@dead.command()
@STATE
@AS_JSON
@EVERY
@KEYS
def drop(state: Path | None, as_json: bool, every: bool, keys: Sequence[str]) -> None:
    """Delete dead letters for good."""
    _require(keys, every)
    count = sum(one.letters.drop(keys) for one in _opened(state))
    _print("dropped", count, keys, as_json)


def _require(keys: Sequence[str], every: bool) -> None:
    if bool(keys) == every:
        raise click.UsageError("name the keys that `edge-consumer dead list` shows, or use --all")


def _print(what: str, count: int, keys: Sequence[str], as_json: bool) -> None:
    click.echo(json.dumps({"letters": count}) if as_json else f"{count:,} dead letters {what}")
    if count < len(set(keys)):
        raise AgentError(f"some keys name no dead letter that can be {what.removeprefix('to be ')}")


def _opened(state: Path | None) -> Iterator[ConsumersLetters]:
    home = state or state_home()
    paths = sorted(home.rglob(LETTERS)) if home.is_dir() else []
    if not paths:
        raise SourceUnavailable(f"{home}: no consumer has run here", "name its directory: --state")
    for path in paths:
        with closing(SqliteLetters(path)) as letters:
            yield ConsumersLetters(str(path.parent.relative_to(home)), letters)


def _as_dict(consumer: str, letter: KeptLetter) -> dict[str, object]:
    at = datetime.fromtimestamp(letter.at, UTC).isoformat(timespec="seconds")
    return {
        "key": letter.key,
        "at": at.replace("+00:00", "Z"),
        "consumer": consumer,
        "reason": letter.reason,
        "whole": letter.whole,
        "payload": _shown(letter),
    }


def _shown(letter: KeptLetter) -> object:
    """Return the event, or the start of what arrived, without what a terminal would obey."""
    if letter.whole:
        return msgspec.json.decode(letter.payload)
    return letter.payload.decode(errors="backslashreplace")
