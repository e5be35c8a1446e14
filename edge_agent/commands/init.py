"""`edge-agent init`: writes a configuration for this machine."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from edge_agent.commands.config_choice import config_argument
from edge_agent.commands.piped_answers import piped_answers
from edge_agent.errors import ConfigError
from edge_agent.terminal.wrapping import say

if TYPE_CHECKING:
    from edge_agent.survey.draft import Answers
    from edge_agent.survey.survey import Survey

STANDARD_OUTPUT = Path("-")
BROKER = "mqtt://localhost"
NONE = "none"
GROUP = "edge-agent"
PAGE = "http://127.0.0.1:8080/"


@click.command()
@config_argument
@click.option("--node", help="This machine's name in every topic; default: the host's name.")
@click.option("--broker", help=f"The broker's URL, such as {BROKER} or mqtts://user@broker.lan.")
@click.option(
    "--home-assistant/--no-home-assistant",
    default=None,
    help="Whether Home Assistant finds this machine by itself; default: no.",
)
@click.option(
    "--web/--no-web", default=None, help="Whether this machine serves its page; default: no."
)
@click.option("--yes", is_flag=True, help="Ask nothing; what is uncertain becomes a comment.")
@click.option("--force", is_flag=True, help="Overwrite CONFIG if it exists.")
@click.option(
    "--simulate",
    "simulated",
    type=click.Path(path_type=Path),
    help="Use the simulated hardware of a configuration instead.",
)
def init(  # noqa: PLR0917 - the options of the command line
    config: Path,
    node: str | None,
    broker: str | None,
    home_assistant: bool | None,
    web: bool | None,
    yes: bool,
    force: bool,
    simulated: Path | None,
) -> None:
    """Find this machine's sensors, and write CONFIG for them; - writes to standard output.

    Stop the agent first: two programs that read the same chip disturb each other.
    """
    from edge_agent.survey.draft import draft  # noqa: PLC0415

    if config != STANDARD_OUTPUT:
        _check_place(config, force=force)
    drivers, survey = _find(simulated)
    with _interview():
        answers = _answers(survey, node, broker, yes=yes, home_assistant=home_assistant, web=web)
    text = draft(survey, answers, drivers)
    if config == STANDARD_OUTPUT:
        _print(text)
        return
    _put(config, text)
    _next(config, answers)


@contextmanager
def _interview() -> Iterator[None]:
    """Raise ConfigError if the questions of a block reach the end of an input that is no user."""
    try:
        with piped_answers():
            yield
    except click.Abort:
        if sys.stdin.isatty():
            raise
        what = "the standard input ends before all questions are answered"
        raise ConfigError((f"{what}; use --yes, or give the answers as options",)) from None


def _answers(
    survey: "Survey",
    node: str | None,
    broker: str | None,
    *,
    yes: bool,
    home_assistant: bool | None,
    web: bool | None,
) -> "Answers":
    """Ask what is not given; with `yes`, take what is usual."""
    from edge_agent.commands.checked_answers import broker_answer, node_answer  # noqa: PLC0415
    from edge_agent.survey.draft import Answers  # noqa: PLC0415

    node = node or _ask("Name of this node", _host(), node_answer, yes=yes)
    broker = broker or _ask("Broker", BROKER, broker_answer, yes=yes)
    if home_assistant is None:
        home_assistant = not yes and _agreed("Show it in Home Assistant")
    if web is None:
        installed = find_spec("microdot") is not None
        web = not yes and installed and _agreed("Serve a page for the browser")
    return Answers(node, broker, {} if yes else _chips(survey), home_assistant, web)


def _find(simulated: Path | None) -> "tuple[dict[str, type], Survey]":
    from edge_agent.acquire.catalog import Catalog  # noqa: PLC0415
    from edge_agent.commands.scan import hardware_of  # noqa: PLC0415
    from edge_agent.survey.survey import survey  # noqa: PLC0415

    drivers, problems = Catalog("edge_agent.drivers").load_all()
    found = survey(hardware_of(simulated), drivers)
    for problem in (*problems, *found.problems):
        say(problem)
    for line in _found(found):
        say(line)
    return drivers, found


def _found(survey: "Survey") -> Iterator[str]:
    for chip in survey.chips:
        names = " or ".join(claim.chip for claim in chip.claims) or "an unknown chip"
        yield f"found: {chip.kernel or names} on i2c-{chip.bus} at 0x{chip.address:02x}"
    for id_ in survey.thermometers:
        yield f"found: thermometer {id_} on 1-Wire"
    for driver, device, measure in survey.kernel:
        channels = f": {', '.join(measure)}" if measure else ""
        yield f"found: {device}, read through the kernel ({driver}){channels}"


def _host() -> str:
    from edge_agent.machine import Machine  # noqa: PLC0415
    from edge_agent.service.first_config import node_name  # noqa: PLC0415

    return node_name(Machine())


def _ask(question: str, default: str, checked: Callable[[str], str], *, yes: bool) -> str:
    """Ask until an answer is right; `checked` returns it, or raises UsageError."""
    if yes:
        return default
    return str(click.prompt(question, default=default, err=True, value_proc=checked))


def _agreed(question: str) -> bool:
    """Ask until the answer is yes or no."""
    from edge_agent.commands.checked_answers import yes_answer  # noqa: PLC0415

    asked = f"{question} [y/N]"
    agreed = click.prompt(asked, "n", show_default=False, value_proc=yes_answer, err=True)
    return bool(agreed)


def _chips(survey: "Survey") -> dict[tuple[int, int], str]:
    """Ask about each chip that does not identify itself."""
    from edge_agent.survey.draft import ambiguous  # noqa: PLC0415

    chosen = {}
    for found in survey.chips:
        drivers = ambiguous(found)
        if drivers and not found.kernel:
            question = f"Which chip is at 0x{found.address:02x} on i2c-{found.bus}"
            choice = click.Choice([*drivers, NONE])
            answer = click.prompt(question, default=NONE, type=choice, err=True)
            chosen[found.bus, found.address] = str(answer)
    return chosen


def _check_place(config: Path, *, force: bool) -> None:
    """Raise ConfigError before any question if the draft could not be written."""
    if not force and config.exists():
        raise ConfigError((f"{config}: exists; left unchanged; use --force to overwrite it",))
    if config.exists() and not config.is_file():
        raise ConfigError((f"{config}: no file; left unchanged; name another one",))
    place = next(one for one in config.absolute().parents if one.exists())
    if not place.is_dir():
        raise ConfigError((f"{place}: not a directory; name another file",))
    if not os.access(place, os.W_OK | os.X_OK):
        raise ConfigError((f"{place}: permission denied; use sudo, or name a file of your own",))


def _print(text: str) -> None:
    """Print the draft, but only if it passes `check`."""
    with TemporaryDirectory() as directory:
        _put(Path(directory) / STANDARD_OUTPUT, text)
    click.echo(text)


def _put(config: Path, text: str) -> None:
    """Write the draft, but only if it passes `check`."""
    from edge_agent.blueprint import resolve  # noqa: PLC0415
    from edge_agent.private_files import create  # noqa: PLC0415

    fresh = config.with_name(f"{config.name}.new")
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with os.fdopen(create(fresh), "w", encoding="utf-8") as file:
            file.write(text)
        resolve(fresh)
        _let_the_service_read(fresh)
        fresh.rename(config)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        reason = f"{error.filename or config}: {error.strerror}"
        raise ConfigError((f"{reason}; use sudo, or name another file",)) from error
    except ConfigError as error:
        fresh.unlink()
        lines = [line.replace(str(fresh), "draft") for line in error.problems]
        what = f"{config}: not written, because the draft does not pass `check`:"
        raise ConfigError((what, *lines)) from None


def _let_the_service_read(path: Path) -> None:
    from edge_agent.machine import Machine  # noqa: PLC0415

    if os.geteuid() == 0 and GROUP in Machine().groups():
        shutil.chown(path, "root", GROUP)


def _next(config: Path, answers: "Answers") -> None:
    from urllib.parse import urlsplit  # noqa: PLC0415

    from edge_agent.machine import Machine  # noqa: PLC0415
    from edge_agent.paths import CONFIG_FILE  # noqa: PLC0415
    from edge_agent.service import UNIT_FILE  # noqa: PLC0415

    click.echo(f"{config}: written; it passes `edge-agent check`. Next:")
    if config != Path(CONFIG_FILE):
        click.echo(f"  edge-agent run {config}")
    elif Machine().path(UNIT_FILE).exists():
        click.echo("  sudo systemctl restart edge-agent")
    else:
        click.echo("  sudo edge-agent service install")
    click.echo(f"  mosquitto_sub -h {urlsplit(answers.url).hostname} -t 'edge/#' -v")
    if answers.web:
        click.echo(f"  open {PAGE} in a browser on this machine")
