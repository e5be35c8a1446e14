"""What can be wrong with the import, found without a connection."""

from collections.abc import Iterator

from edge_agent.deliver.home_assistant.address import EXAMPLE, parse_url
from edge_agent.deliver.home_assistant.options import ImportOptions
from edge_agent.deliver.packages import Package
from edge_agent.deliver.sink import SinkProblem
from edge_agent.deliver.url import without_credentials
from edge_agent.errors import AgentError
from edge_agent.paths import expanded
from edge_agent.private_files import refuse_exposed

WSPROTO = Package("wsproto", "wsproto", "home-assistant")


def check(options: ImportOptions) -> Iterator[SinkProblem]:
    """Yield what is wrong with the options; nothing, if there is no import."""
    if not options.url:
        for key in ("token_file", "ca"):
            if value := getattr(options, key):
                yield SinkProblem(key, value, f"unused; set url, such as {EXAMPLE}")
        return
    if not options.token_file:
        shown = without_credentials(options.url)
        yield SinkProblem("url", shown, "it needs a token as well; set token_file")
    else:
        yield from _check_token(options)
    yield from _check_url(options)
    if not WSPROTO.installed:
        yield SinkProblem("url", None, str(WSPROTO.missing))


def _check_url(options: ImportOptions) -> Iterator[SinkProblem]:
    try:
        address = parse_url(options.url)
    except ValueError as error:
        yield SinkProblem("url", None, str(error))
        return
    if options.ca and not address.tls:
        yield SinkProblem("ca", options.ca, "unused; write https:// in url")


def _check_token(options: ImportOptions) -> Iterator[SinkProblem]:
    try:
        options.token()
        refuse_exposed(expanded(options.token_file))
    except AgentError as error:
        yield SinkProblem("token_file", None, f"{error.what}; {error.remedy}")
