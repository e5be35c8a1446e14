"""The services that show notifications, through Apprise (optional extra `notify`)."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

from edge_agent.errors import AgentError, MissingPackage

TYPES = {"info": "info", "warning": "warning", "critical": "failure"}  # Apprise's names


class Notification(NamedTuple):
    """What a service is to show: plain text, and of what weight."""

    title: str
    body: str
    severity: str
    state: str


Send: TypeAlias = Callable[[Notification], bool]


def open_apprise(name: str, urls: Sequence[str]) -> Send:
    """Return what sends through the services at `urls`, for the sink `name`.

    Raise AgentError if Apprise is not installed or does not understand a URL; the error gives
    the URL's number, from 1, and never its text, which holds secrets.
    """
    services = _services(name, urls)

    def send(message: Notification) -> bool:
        title, body, severity, state = message
        kind = "success" if state == "resolved" else TYPES[severity]
        try:
            return bool(services.notify(body, title, kind, body_format="text"))
        except TypeError:  # how some versions refuse a message
            return False

    return send


def _services(name: str, urls: Sequence[str]) -> Any:  # noqa: ANN401
    try:
        import apprise  # noqa: PLC0415 - optional, and 37 MB of memory
    except ImportError:
        raise MissingPackage("apprise", "notify") from None
    services = apprise.Apprise()
    for number, url in enumerate(urls, 1):
        with _unlogged("apprise"):  # it logs a URL that it does not understand, secrets and all
            understood = services.add(url)
        if not understood:
            raise AgentError(
                f"{name}: Apprise does not understand URL number {number}",
                "see https://github.com/caronc/apprise for how to write it",
            )
    return services


@contextmanager
def _unlogged(name: str) -> Iterator[None]:
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
