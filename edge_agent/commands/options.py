"""Arguments and options that several commands share."""

from pathlib import Path

import click

from edge_agent.paths import CONFIG_FILE

config_argument = click.argument(
    "config",
    type=click.Path(path_type=Path),
    default=Path(CONFIG_FILE),
    envvar="EDGE_AGENT_CONFIG",
)
config_option = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    default=Path(CONFIG_FILE),
    envvar="EDGE_AGENT_CONFIG",
    show_default=True,
    help="The configuration file.",
)
set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key, such as mqtt.url=mqtt://127.0.0.1:1884 or device.air.every=5s.",
)
log_format_option = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the log is written: for people, or an object of JSON in each line.",
)
trace_option = click.option(
    "--trace",
    is_flag=True,
    help="Log what becomes of each event, by its id: many lines.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
