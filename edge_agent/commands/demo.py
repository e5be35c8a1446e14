"""`edge-agent demo`: the greenhouse example, simulated, with its page."""

import socket
from importlib.util import find_spec
from typing import Any

import click

from edge_agent.commands.options import log_options, set_option
from edge_agent.commands.simulate import no_broker_option, scenario_option, simulated
from edge_agent.config.origin import ConfigOrigin
from edge_agent.example_files import GREENHOUSE

PAGE = "web.listen=127.0.0.1:8080"
LOOPBACK = "127.0.0.1"
PORTS = range(1883, 1903)
PAGE_NEEDS = "microdot"  # the extra [web]


@click.command()
@set_option
@scenario_option
@no_broker_option
@log_options
def demo(overrides: tuple[str, ...], no_broker: bool, **options: Any) -> int:  # noqa: ANN401
    """Run the greenhouse example: `simulate` without CONFIG, with the page on 127.0.0.1:8080.

    The page needs the extra [web]; without it, there is none. If another program listens on port
    1883, the broker of the demonstration has the next free port.
    """
    page = (PAGE,) if find_spec(PAGE_NEEDS) else ()
    broker = () if no_broker else (f"mqtt.url=mqtt://{LOOPBACK}:{_free_port()}",)
    origin = ConfigOrigin(GREENHOUSE, (*page, *broker, *overrides))
    return simulated(origin, no_broker=no_broker, **options)


def _free_port() -> int:
    """Return the usual port of a broker, or the first behind it that nothing listens on."""
    return next((port for port in PORTS if _is_free(port)), PORTS[0])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) != 0
