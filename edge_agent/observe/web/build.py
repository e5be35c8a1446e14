"""The server of a page, put together from its address, its password and its views."""

import ssl
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from edge_agent.config.listen import ListenAddress
from edge_agent.observe.web.admission import Admission
from edge_agent.observe.web.answering import AnswerThreads
from edge_agent.observe.web.application import Application, Page
from edge_agent.observe.web.broadcast import Broadcast
from edge_agent.observe.web.login import PageLogin
from edge_agent.observe.web.login_routes import LoginRoutes
from edge_agent.observe.web.route import PageView, Stream
from edge_agent.observe.web.server import PageServer
from edge_agent.observe.web.static_files import static_files


class PageAccess(NamedTuple):
    """Where the page is, and who may open it: any client if there is no password."""

    address: ListenAddress
    password: str = ""
    tls: ssl.SSLContext | None = None


def page_server(
    access: PageAccess,
    views: Iterable[PageView],
    *,
    about: dict[str, Any],
    monotonic: Callable[[], float],
    died: Callable[[str], None],
) -> PageServer:
    """Return a server that is not started; the page gets `about` as it begins.

    `died` gets the name of a thread that answers and failed.
    """
    offers = [offer for view in views for offer in view.routes()]
    threads = AnswerThreads(died)
    broadcast = Broadcast(tuple(one for one in offers if isinstance(one, Stream)))
    login = PageLogin(access.password, access.address.port)
    admission = Admission(login)
    routes = LoginRoutes(login, admission, monotonic, about=about, secure=access.tls is not None)
    page = Page(threads, broadcast, lambda knock: admission.stays(knock, monotonic()))
    page.add(static_files(), routes.answers, offers)
    return PageServer(
        access.address,
        access.tls,
        application=Application(page, admission, monotonic),
        broadcast=broadcast,
        threads=threads,
        monotonic=monotonic,
    )
