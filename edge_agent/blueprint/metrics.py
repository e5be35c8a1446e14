"""What prevents the metrics, as far as it can be known without a socket."""

from importlib.util import find_spec

from edge_agent.config.config import Config
from edge_agent.config.listen import listen_address
from edge_agent.errors import MissingPackage
from edge_agent.problems import Problems

PACKAGE = "prometheus_client"


def note_metrics(config: Config, problems: Problems) -> None:
    """Note an address that is none, and a package that is not installed."""
    listen = config.metrics.listen
    if not listen:
        return
    try:
        listen_address(listen)
    except ValueError as error:
        problems.note("metrics.listen", listen, f"{error}; write one such as 127.0.0.1:9273")
    if listen == config.web.listen:
        problems.note("metrics.listen", listen, "the page of [web] is there; choose another port")
    if find_spec(PACKAGE) is None:
        problems.add(f"metrics.listen: {MissingPackage(PACKAGE, 'metrics')}")
