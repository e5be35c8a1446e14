"""Answers to the questions of `init`: a wrong one is asked for again, with the remedy."""

import click

from edge_agent.config.config import Config
from edge_agent.config.reader import TableReader
from edge_agent.deliver.mqtt.address import parse_url
from edge_agent.problems import NoLocations, Problems

PLACE = NoLocations("answer")


def node_answer(text: str) -> str:
    """Return the name of a node; raise UsageError for a text that is none."""
    problems = Problems(PLACE)
    TableReader(problems).table(Config, {"node": text})
    for line in problems.lines:
        raise click.UsageError(line.removeprefix(f"{PLACE.name}: "))
    return text


def broker_answer(text: str) -> str:
    """Return a broker's URL, which may name a user; raise UsageError for any other text."""
    scheme, found, rest = text.strip().partition("://")
    user, _, host = rest.rpartition("@")
    if ":" in user:
        raise click.UsageError("leave the password out; the configuration names a file for it")
    try:
        parse_url(f"{scheme}{found}{host}")
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    return text.strip()
