"""What can be wrong with the keys of a login, found without a connection."""

from collections.abc import Iterator

from edge_agent.deliver.credentials import read_password, tls_context
from edge_agent.deliver.network_options import NetworkOptions, TlsOptions
from edge_agent.deliver.sink import SinkOptions, SinkProblem
from edge_agent.errors import AgentError
from edge_agent.paths import expanded
from edge_agent.private_files import refuse_exposed

TLS_KEYS = ("ca", "certificate", "key")


def check_password(options: NetworkOptions) -> Iterator[SinkProblem]:
    """Yield what is wrong with the password: unreadable, readable for all, or without a user."""
    key = _secret_key(options, "password")
    if getattr(options, key) and not options.username:
        yield SinkProblem(key, getattr(options, key), "a password needs a user; set username")
    yield from check_secret(options, "password")


def check_login(options: NetworkOptions) -> Iterator[SinkProblem]:
    """Yield what is wrong with user and password of a bus that takes only both together."""
    yield from check_password(options)
    if options.username and not (options.password_file or options.password_env):
        what = "a user needs a password; set password_file or password_env"
        yield SinkProblem("username", None, what)  # it may be the password


def check_secret(options: SinkOptions, name: str) -> Iterator[SinkProblem]:
    """Yield why the secret in `<name>_env` or `<name>_file` is unreadable, or readable for all."""
    key = _secret_key(options, name)
    file, variable = getattr(options, f"{name}_file"), getattr(options, f"{name}_env")
    try:
        read_password(file, variable)
        if file and not variable:
            refuse_exposed(expanded(file))
    except AgentError as error:
        yield SinkProblem.of(key, getattr(options, key), error)


def _secret_key(options: SinkOptions, name: str) -> str:
    return f"{name}_env" if getattr(options, f"{name}_env") else f"{name}_file"


def check_tls(options: TlsOptions, *, used: bool, scheme: str) -> Iterator[SinkProblem]:
    """Yield what is wrong with TLS files; `used` says whether a URL has the `scheme` of TLS."""
    if not used:
        for key in TLS_KEYS:
            if getattr(options, key):
                yield SinkProblem(key, getattr(options, key), f"unused; write {scheme}:// in url")
        return
    if bool(options.certificate) != bool(options.key):
        given, missing = sorted(("certificate", "key"), key=lambda one: not getattr(options, one))
        yield SinkProblem(given, getattr(options, given), f"it needs {missing} as well; set both")
        return
    yield from _check_key(options.key)
    try:
        tls_context(*(expanded(getattr(options, key)) for key in TLS_KEYS))
    except AgentError as error:
        yield SinkProblem.of("", None, error)


def _check_key(key: str) -> Iterator[SinkProblem]:
    try:
        if key:
            refuse_exposed(expanded(key))
    except AgentError as error:
        yield SinkProblem.of("key", key, error)
