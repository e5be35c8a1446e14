"""Answers to the questions of `init`: a wrong one is asked for again, with the remedy."""

import math
from contextlib import suppress

import click

from edge_agent.config.config import Config
from edge_agent.config.reader import TableReader
from edge_agent.deliver.mqtt.address import parse_url
from edge_agent.problems import NoLocations, Problems
from edge_agent.units import SWITCHES

PLACE = NoLocations("answer")


def node_answer(text: str) -> str:
    """Return the name of a node; raise UsageError for a text that is none."""
    problems = Problems(PLACE)
    TableReader(problems).table(Config, {"node": text})
    for line in problems.lines:
        raise click.UsageError(line.removeprefix(f"{PLACE.name}: "))
    return text


def yes_answer(text: str) -> bool:
    """Return whether the answer is yes; raise UsageError for one that is neither yes nor no."""
    answer = {"y": True, "n": False, **SWITCHES}.get(text.strip().lower())
    if answer is None:
        raise click.UsageError("answer y or n")
    return answer


def number_answer(text: str) -> float:
    """Return a number; raise UsageError for any other text."""
    with suppress(ValueError):
        if math.isfinite(found := float(text)):
            return found
    raise click.UsageError("write a number, such as 21.5")


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
