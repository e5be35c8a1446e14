"""The options `--web` and `--web-password-file`, and the page that they ask for."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import NamedTuple

import click

from consumers.options import AddressType
from consumers.query.opened import OpenedStore
from edge_agent.config.listen import ListenAddress
from edge_agent.deliver.credentials import read_page_password
from edge_agent.errors import AgentError, MissingPackage

PACKAGE = "microdot"
WEB_OPTION = click.option(
    "--web",
    type=AddressType("127.0.0.1:8081"),
    metavar="HOST:PORT",
    help="Serve a page over all nodes there, such as 127.0.0.1:8081.",
)
WEB_PASSWORD_OPTION = click.option(
    "--web-password-file",
    default="",
    metavar="FILE",
    help="File with the password of the page; needed unless only this machine reaches it.",
)


class FleetPage(NamedTuple):
    """Where the page is, if there is one, and the file with its password."""

    address: ListenAddress | None
    password_file: str


def page_served_at(
    page: FleetPage, opened: Callable[[], OpenedStore]
) -> AbstractContextManager[None]:
    """Return a block that serves the page, if there is one; raise AgentError."""
    if page.address is None:
        return nullcontext()
    password = _password(page.address, page.password_file)
    if find_spec(PACKAGE) is None:
        raise MissingPackage(PACKAGE, "web")
    from consumers.aggregate.page.serving import page_served  # noqa: PLC0415 - of an extra

    return page_served(page.address, password, opened)


def _password(address: ListenAddress, file: str) -> str:
    """Return the password, empty if none is needed."""
    if not file and not address.local:
        what = f"--web {address}: other machines reach this address"
        raise AgentError(what, "name a file with a password by --web-password-file")
    try:
        return read_page_password(file, "") if file else ""
    except AgentError as error:
        raise AgentError(f"--web-password-file {file}: {error.what}", error.remedy) from None
