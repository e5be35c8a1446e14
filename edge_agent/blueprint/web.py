"""What prevents the page, as far as it can be known without a socket."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from edge_agent.config.config import Config
from edge_agent.config.listen import listen_address
from edge_agent.config.web import WebSettings
from edge_agent.errors import AgentError, MissingPackage
from edge_agent.keys import FILE, SECRET_FILE, SECRET_VARIABLE, named
from edge_agent.paths import expanded
from edge_agent.private_files import refuse_exposed
from edge_agent.problems import Problems

PACKAGE = "microdot"
MARKS: Mapping[str, Mapping[str, Any]] = {
    "certificate": FILE,
    "key": SECRET_FILE,
    "password_file": SECRET_FILE,
    "password_env": SECRET_VARIABLE,
}
OPEN = (
    "other machines reach this address; set password_file to a file with the password of the page,"
    " or listen on 127.0.0.1"
)


def note_web(config: Config, problems: Problems) -> None:
    """Note an address that is none or open to all, files that cannot be used, a missing package."""
    web = config.web
    if not web.listen:
        return
    _note_address(web, problems)
    if web.password_file or web.password_env:
        _note_password(web, problems)
    if web.certificate or web.key:
        _note_certificate(web, problems)
    if find_spec(PACKAGE) is None:
        problems.add(f"web.listen: {MissingPackage(PACKAGE, 'web')}")


def _note_address(web: WebSettings, problems: Problems) -> None:
    try:
        address = listen_address(web.listen)
    except ValueError as error:
        problems.note("web.listen", web.listen, f"{error}; write one such as 127.0.0.1:8080")
        return
    if not address.local and not (web.password_file or web.password_env):
        problems.note("web.listen", web.listen, OPEN)


def _note_password(web: WebSettings, problems: Problems) -> None:
    from edge_agent.deliver.credentials import read_page_password  # noqa: PLC0415 - it imports ssl

    key = "password_env" if web.password_env else "password_file"
    try:
        read_page_password(web.password_file, web.password_env)
    except AgentError as error:
        problems.add(f"web.{_named(web, key)}: {error}")


def _note_certificate(web: WebSettings, problems: Problems) -> None:
    from edge_agent.deliver.credentials import server_context  # noqa: PLC0415 - it imports ssl

    if not (web.certificate and web.key):
        given, missing = sorted(("certificate", "key"), key=lambda one: not getattr(web, one))
        problems.add(f"web.{_named(web, given)}: it needs {missing} as well; set both")
        return
    try:
        refuse_exposed(expanded(web.key))
        server_context(expanded(web.certificate), expanded(web.key))
    except AgentError as error:
        problems.add(f"web.{error}")


def _named(web: WebSettings, key: str) -> str:
    return named(key, getattr(web, key), MARKS[key])
