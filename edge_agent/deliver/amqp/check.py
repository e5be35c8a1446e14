"""What can be wrong with an AMQP sink, found without a connection."""

from collections.abc import Iterator
from string import Formatter

from edge_agent.deliver.amqp.address import LONGEST, AmqpAddress, parse_url
from edge_agent.deliver.amqp.options import AmqpOptions
from edge_agent.deliver.network_check import check_login, check_tls
from edge_agent.deliver.sink import SinkPlan, SinkProblem
from edge_agent.deliver.url import without_credentials

FIELDS = ("node", "kind", "source")
LONGEST_NAMES = {"node": "n" * 64, "kind": "aggregate", "source": f"output-{'s' * 64}"}
RESERVED = "amq."


def check(plan: SinkPlan[AmqpOptions]) -> Iterator[SinkProblem]:
    """Yield what is wrong with a plan: URLs, names, and files that cannot be read."""
    found: list[AmqpAddress] = []
    if not plan.url:
        yield SinkProblem("url", [], "no broker; write at least one, as in amqp://host")
    for url in plan.url:
        try:
            found.append(parse_url(url))
        except ValueError as error:
            yield SinkProblem("url", without_credentials(url), str(error))
    yield from _check_destination(plan.options)
    yield from check_login(plan.options)
    if found:
        used = any(address.tls for address in found)
        yield from check_tls(plan.options, used=used, scheme="amqps")


def _check_destination(options: AmqpOptions) -> Iterator[SinkProblem]:
    yield from _check_names(options)
    if options.queue:
        for key in ("exchange", "routing_key"):
            if value := getattr(options, key):
                what = "unused, because queue is set; remove one of the two"
                yield SinkProblem(key, value, what)
    elif options.queue_type != "quorum":
        yield SinkProblem("queue_type", options.queue_type, "unused without queue; set queue")
    if what := _mistake_in_key(options.routing_key):
        yield SinkProblem("routing_key", options.routing_key, what)


def _check_names(options: AmqpOptions) -> Iterator[SinkProblem]:
    for key in ("exchange", "queue"):
        name = getattr(options, key)
        if len(name.encode()) > LONGEST:
            yield SinkProblem(key, name, f"longer than {LONGEST} bytes; shorten it")
    if options.queue.startswith(RESERVED) and options.declare:
        what = f"names with {RESERVED} are the broker's own; choose another"
        yield SinkProblem("queue", options.queue, what)


def _mistake_in_key(template: str) -> str:
    """Return what is wrong with a template of routing keys."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        return f"{error}; write {{{{ and }}}} for braces"
    for _, field, form, conversion in parts:
        if field is not None and (field not in FIELDS or form or conversion):
            return f"{{{field}}} is unknown; use {', '.join(f'{{{one}}}' for one in FIELDS)}"
    longest = len(template.format_map(LONGEST_NAMES).encode())
    if longest > LONGEST:
        return f"{longest} bytes with the longest names; AMQP takes {LONGEST}: shorten it"
    return ""
