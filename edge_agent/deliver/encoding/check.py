"""What can be wrong with the keys of an encoding, found without a connection or a library."""

from collections.abc import Iterator

from edge_agent.deliver.encoding.address import registry_address
from edge_agent.deliver.encoding.options import EncodingOptions
from edge_agent.deliver.network_check import check_password, check_tls
from edge_agent.deliver.sink import SinkProblem
from edge_agent.deliver.url import without_credentials

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
PREFIX = "registry_"


def check_encoding(options: EncodingOptions) -> Iterator[SinkProblem]:
    """Yield what is wrong with the format and the registry."""
    if not options.registry:
        yield from _unused(options, "it needs a registry; set registry")
    elif options.format != "avro":
        what = 'a registry is only for Avro; set format = "avro", or remove it'
        yield SinkProblem("registry", without_credentials(options.registry), what)
    else:
        yield from _check_registry(options)


def _unused(options: EncodingOptions, what: str) -> Iterator[SinkProblem]:
    for key in options.__struct_fields__:
        if key.startswith(PREFIX) and getattr(options, key):
            yield SinkProblem(key, getattr(options, key), what)


def _check_registry(options: EncodingOptions) -> Iterator[SinkProblem]:
    try:
        address = registry_address(options.registry)
    except ValueError as error:
        yield SinkProblem("registry", without_credentials(options.registry), str(error))
        return
    login = options.registry_login
    if login.username and not address.tls and address.host not in LOOPBACK:
        what = "the password would travel in plain text; write https://"
        yield SinkProblem("registry", options.registry, what)
    yield from map(_prefixed, check_password(login))
    yield from map(_prefixed, check_tls(login, used=address.tls, scheme="https"))


def _prefixed(problem: SinkProblem) -> SinkProblem:
    return problem._replace(key=PREFIX + problem.key if problem.key else "registry_ca")
