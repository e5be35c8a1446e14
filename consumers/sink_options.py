"""Options of the commands that deliver to a sink."""

from pathlib import Path

import click

DELIVERY_ARGUMENTS = (
    click.argument("url", metavar="SOURCE"),
    click.argument("sink_url", metavar="SINK"),
    click.argument("nodes", metavar="[NODE]...", nargs=-1),
)
SINK_OPTIONS = (
    click.option(
        "--sink-option",
        multiple=True,
        metavar="KEY=VALUE",
        help="An option of the sink, as in `[[sink]]`; may be repeated.",
    ),
    click.option(
        "--sink-file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="TOML file with options of the sink.",
    ),
)
