"""What can be wrong with an HTTP sink, found without a connection."""

from collections.abc import Callable, Iterator

from edge_agent.deliver.http.address import parse_url
from edge_agent.deliver.http.authorization import bearer_token, signing_key, signing_secret, signs
from edge_agent.deliver.http.options import HttpOptions
from edge_agent.deliver.network_check import check_secret, check_tls
from edge_agent.deliver.sink import SinkPlan, SinkProblem
from edge_agent.deliver.web.address import HttpAddress
from edge_agent.errors import AgentError


def check(plan: SinkPlan[HttpOptions]) -> Iterator[SinkProblem]:
    """Yield what is wrong with a plan; no text holds the URL, which may be a secret."""
    try:
        address = _address(plan)
    except ValueError as error:
        yield SinkProblem("url", None, str(error))
    else:
        yield from check_tls(plan.options, used=address.tls, scheme="https")
    yield from _check_secret(plan.options, "token", bearer_token)
    yield from _check_secret(plan.options, "secret", _key)
    yield from _check_content(plan)


def _address(plan: SinkPlan[HttpOptions]) -> HttpAddress:
    if len(plan.url) != 1:
        raise ValueError("name one URL, as in https://host/path")
    return parse_url(plan.url[0])


def _check_secret(
    options: HttpOptions, name: str, read: Callable[[HttpOptions], object]
) -> Iterator[SinkProblem]:
    found = list(check_secret(options, name))
    yield from found
    try:
        if not found:
            read(options)
    except AgentError as error:
        key = f"{name}_env" if getattr(options, f"{name}_env") else f"{name}_file"
        yield SinkProblem.of(key, getattr(options, key), error)


def _key(options: HttpOptions) -> None:
    if signs(options):
        signing_key(signing_secret(options))


def _check_content(plan: SinkPlan[HttpOptions]) -> Iterator[SinkProblem]:
    if plan.options.content != "binary":
        return
    if plan.max_batch > 1:
        what = "a batch has no binary form; leave out one of content and max_batch"
        yield SinkProblem("content", "binary", what)
    if signs(plan.options):
        what = "a signature covers no attributes in headers; sign structured events"
        yield SinkProblem("content", "binary", what)
