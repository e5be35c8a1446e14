"""`edge-agent demo`: the greenhouse example, simulated, with its page."""

from importlib.util import find_spec
from typing import Any

import click

from edge_agent.commands.options import log_options, set_option
from edge_agent.commands.simulate import no_broker_option, scenario_option, simulated
from edge_agent.config.origin import ConfigOrigin
from edge_agent.example_files import GREENHOUSE

PAGE = "web.listen=127.0.0.1:8080"
PAGE_NEEDS = "microdot"  # the extra [web]


@click.command()
@set_option
@scenario_option
@no_broker_option
@log_options
def demo(overrides: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401
    """Run the greenhouse example: `simulate` without CONFIG, with the page on 127.0.0.1:8080.

    The page needs the extra [web]; without it, there is none.
    """
    page = (PAGE,) if find_spec(PAGE_NEEDS) else ()
    return simulated(ConfigOrigin(GREENHOUSE, (*page, *overrides)), **options)
