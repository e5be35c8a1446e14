"""Brings the generated parts of the pages up to date from the code: `make docs`.

The pages are written by hand; what stands between `<!-- generated: NAME -->` and `<!-- end -->` is
made here. `tests/test_docs.py` fails if a part is out of date.
"""

import inspect
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec
from command_tree import PROGRAMS
from demo_picture import PICTURE, demo_picture
from events_reference import events, schema_files
from man_pages import man_page
from markdown_table import table
from metrics_reference import agent_metrics
from msgspec.structs import FieldInfo
from sensors_reference import sensors
from shell_completions import completions

from consumers.alerts.settings import FleetSettings
from consumers.cli import cli as edge_consumer
from edge_agent.cli import EPILOG, cli
from edge_agent.config.config import Config
from edge_agent.config.settings import description, keys, tables
from edge_agent.deliver.catalog import GROUP, load_sink_type
from edge_agent.doctor.diagnosis import ADVICE, THEMES
from edge_agent.plugins import plugins
from edge_agent.units import Duration, Size
from simulators import descriptions
from simulators.fault_kinds import FAULTS, LINE_FAULTS, LINUX_FAULTS, SPI_FAULTS, W1_FAULTS
from simulators.scenario import SIGNALS

HERE = Path(__file__).parent
PART = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def rewritten(page: str, parts: Mapping[str, str]) -> str:
    """Return a page with its parts brought up to date; raise KeyError if one has no such name."""
    return PART.sub(lambda found: f"{found[1]}\n{parts[found[2]]}\n\n{found[3]}", page)


def configuration() -> dict[str, str]:
    """Return the keys of every table, by the table's name."""
    return {heading.strip("[]") or "node": key_table(kind) for heading, kind in tables(Config)}


def sinks() -> dict[str, str]:
    """Return the keys of every kind of sink, by its shortest scheme, the first of equals."""
    installed = {entry.name for entry in plugins(GROUP)}
    schemes = sorted(installed, key=lambda scheme: (len(scheme), scheme), reverse=True)
    names = {id(kind): scheme for scheme in schemes for kind in [load_sink_type(scheme)]}
    return {scheme: key_table(load_sink_type(scheme).options) for scheme in names.values()}


def key_table(kind: type[Any]) -> str:
    """Return the keys of a table of the configuration, its own first, with what they mean."""
    own = sorted(keys(kind), key=lambda field: field.name not in inspect.get_annotations(kind))
    return table(("key", "default", "what"), map(_key, own))


def _key(field: FieldInfo) -> tuple[str, str, str]:
    text = description(field).replace("|", "\\|").replace("<", "\\<")
    return f"`{field.encode_name}`", _default(field), text


def _default(field: FieldInfo) -> str:
    if field.required:
        return "required"
    value: Any = (
        field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    )
    if value in ("", (), {}, None):
        return ""
    if isinstance(value, Duration | Size):
        return f"`{value.text}`"
    return f"`{json.dumps(value)}`"


def simulator() -> dict[str, str]:
    """Return the signals and faults of a scenario."""
    head = ("kind", "keys", "what")
    return {
        "signals": table(head, _kinds(SIGNALS, descriptions.SIGNALS, {"seed"})),
        "faults": table(head, _kinds(FAULTS, descriptions.FAULTS, {"clock", "address"})),
        "faults of SPI devices": _listed(SPI_FAULTS),
        "faults of serial lines": _listed(LINE_FAULTS),
        "faults of the kernel's files": _described(LINUX_FAULTS, descriptions.LINUX_FAULTS),
        "faults of 1-Wire devices": _described(W1_FAULTS, descriptions.W1_FAULTS),
    }


def _kinds(
    kinds: dict[str, Callable[..., Any]], about: dict[str, str], hidden: set[str]
) -> Iterator[tuple[str, str, str]]:
    for kind, make in kinds.items():
        names = [f"`{key}`" for key in inspect.signature(make).parameters if key not in hidden]
        yield f"`{kind}`", ", ".join(names), about[kind]


def _listed(kinds: Iterable[str]) -> str:
    return f"Of the above: {', '.join(f'`{kind}`' for kind in sorted(kinds))}."


def _described(kinds: Iterable[str], about: dict[str, str]) -> str:
    return table(("kind", "what"), ((f"`{kind}`", about[kind]) for kind in sorted(kinds)))


def commands() -> dict[str, str]:
    """Return the help of every command, by the command's name."""
    return {**dict(_helps(cli, "edge-agent")), "exit codes": EPILOG.strip()}


def consumer_helps(*names: str) -> dict[str, str]:
    """Return the help of commands of `edge-consumer`, and of those below them, by their names."""
    helps = _helps(edge_consumer, "edge-consumer")
    return {name: text for name, text in helps if name.partition(" ")[2].split(" ")[0] in names}


def alerts() -> dict[str, str]:
    """Return the help of the alert system, and the tables of its file."""
    files = ((heading.strip("[]") or "file", kind) for heading, kind in tables(FleetSettings))
    return {
        **consumer_helps("alerts"),
        **{f"alerts {name}": key_table(kind) for name, kind in files},
    }


def _helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    context = click.Context(
        command, info_name=name, terminal_width=96, help_option_names=["-h", "--help"]
    )
    yield name, f"```text\n{command.get_help(context)}\n```"
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _helps(found, f"{name} {child}")


def doctor() -> dict[str, str]:
    """Return what each theme of the doctor reports, and what to do about it."""
    themes = [*((theme.name, theme.advice) for theme in THEMES), ("any", ADVICE)]
    rows = (row for name, advice in themes for row in _advice(name, advice))
    return {"findings": table(("id", "what to do"), rows)}


def _advice(theme: str, advice: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    yield f"**{theme}**", ""
    yield from ((f"`{id_}`", text) for id_, text in advice.items())


def architecture() -> dict[str, str]:
    """Return the import table, and the list of pure modules."""
    layers = tomllib.loads((HERE / "layers.toml").read_text(encoding="utf-8"))
    head = ("module", "may import", "but never", "what it is")
    nouns = ", ".join(f"`{short(name)}`" for name in layers["nouns"])
    listed = table(head, map(_layer, layers["layer"]))
    return {"layers": f"The nouns are {nouns}.\n\n{listed}", "pure": _pure(layers["pure"])}


def _layer(layer: Mapping[str, Any]) -> tuple[str, ...]:
    words = {"nouns": "the nouns", "*": "everything"}
    may = [words.get(name, f"`{short(name)}`") for name in layer["may"]]
    never = [f"`{short(name)}`" for name in layer.get("never", [])]
    return (
        f"`{short(layer['name'])}`",
        ", ".join(may) or "standard library only",
        ", ".join(never),
        layer["what"],
    )


def _pure(pure: Mapping[str, list[str]]) -> str:
    listed, but = (
        ", ".join(f"`{short(name)}`" for name in pure[key]) for key in ("modules", "not")
    )
    return f"{listed}; but not {but}."


def short(module: str) -> str:
    """Return a module's name as it stands below the agent's package."""
    return module.removeprefix("edge_agent.")


PAGES: dict[str, Callable[[], dict[str, str]]] = {
    "configuration.md": configuration,
    "sensors.md": sensors,
    "sinks.md": sinks,
    "events.md": events,
    "simulator.md": simulator,
    "commands.md": commands,
    "consumers.md": partial(consumer_helps, "dead"),
    "aggregator.md": partial(consumer_helps, "aggregate", "query"),
    "alerts.md": alerts,
    "audit.md": partial(consumer_helps, "audit"),
    "bridge.md": partial(consumer_helps, "bridge", "replay"),
    "doctor.md": doctor,
    "metrics.md": agent_metrics,
    "architecture.md": architecture,
}


def program_files() -> dict[Path, str]:
    """Return what is made of the programs: manual pages, completions, a picture."""
    pages = {HERE / f"man/{program}.1": man_page(program) for program in PROGRAMS}
    scripts = {
        HERE / f"completions/{program}.{shell}": text
        for program in PROGRAMS
        for shell, text in completions(program).items()
    }
    return {**pages, **scripts, PICTURE: demo_picture()}


if __name__ == "__main__":
    for path, text in {**schema_files(), **program_files()}.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for file, parts in PAGES.items():
        page = HERE / file
        page.write_text(rewritten(page.read_text(encoding="utf-8"), parts()), encoding="utf-8")
