"""Where notifications go: services of Apprise, or web servers."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from consumers.alerts.notify.formats import alertmanager, alertmanager_webhook, message, webhook
from consumers.alerts.settings import FleetNotifySettings
from consumers.alerts.transition import Transition
from edge_agent.deliver.credentials import TlsFiles, tls_context
from edge_agent.deliver.http.address import parse_url
from edge_agent.deliver.http.client import HttpClient
from edge_agent.deliver.notify.services import open_apprise
from edge_agent.deliver.web.patience import Patience
from edge_agent.errors import AgentError, SinkUnavailable
from edge_agent.keys import named
from edge_agent.paths import bounded_content, expanded
from edge_agent.private_files import refuse_exposed

API = "/api/v2/alerts"
Notify: TypeAlias = Callable[[Sequence[Transition], int], None]


class NotificationRefused(AgentError):
    """The server will never take this notification."""


class TargetProblem(NamedTuple):
    """A key of a target, and what is wrong with it."""

    key: str
    what: str


def open_target(settings: FleetNotifySettings, stopping: Callable[[], bool]) -> Notify:
    """Return what sends transitions, and takes the time in µs as well.

    It raises SinkUnavailable if it is to be tried again, or NotificationRefused. Raise AgentError
    if the settings cannot be used.
    """
    url = _url(settings)
    if settings.format == "apprise":
        return _apprise(settings.name, url)
    try:
        address = parse_url(_with_path(url) if settings.format == "alertmanager" else url)
    except ValueError as error:
        raise AgentError(str(error)) from None
    patience = Patience(lambda: None, stopping)
    return _posting(settings, HttpClient(address, TlsFiles(settings.ca, "", ""), patience))


def problems_of(settings: FleetNotifySettings) -> Iterator[TargetProblem]:
    """Yield what is wrong with a target; no text holds its URL, which may be a secret."""
    if bool(settings.url) == bool(settings.url_file):
        yield TargetProblem("url", "give one of url and url_file")
        return
    found = list(_of_files(settings))
    yield from found
    if not found:
        try:
            open_target(settings, lambda: False)
        except AgentError as error:
            yield TargetProblem("url_file" if settings.url_file else "url", str(error))


def _of_files(settings: FleetNotifySettings) -> Iterator[TargetProblem]:
    for key in ("url_file", "token_file"):
        if file := getattr(settings, key):
            try:
                _read(key, file)
                refuse_exposed(expanded(file))
            except AgentError as error:
                yield TargetProblem(key, str(error))
    if settings.ca:
        try:
            tls_context(settings.ca, "", "")
        except AgentError as error:
            yield TargetProblem("ca", str(error))


def _apprise(name: str, url: str) -> Notify:
    send = open_apprise(name, [url])

    def notify(transitions: Sequence[Transition], now: int) -> None:  # noqa: ARG001
        if not send(message(transitions)):
            what = f"{name}: a service did not take the notification"
            raise SinkUnavailable(what, "check its URL and the network")

    return notify


def _posting(settings: FleetNotifySettings, client: HttpClient) -> Notify:
    def notify(transitions: Sequence[Transition], now: int) -> None:
        headers = {"Content-Type": "application/json", **_authorization(settings)}
        try:
            answer = client.request("POST", headers, _body(settings, transitions, now))
        finally:
            client.close()
        if answer.owned:
            return
        what = f"{settings.name}: {answer.meaning(())}"
        if answer.about_the_message:
            raise NotificationRefused(what)
        raise SinkUnavailable(what, "see whether the server takes POST requests at this URL")

    return notify


def _body(settings: FleetNotifySettings, transitions: Sequence[Transition], now: int) -> bytes:
    if settings.format == "alertmanager":
        return alertmanager(transitions, now)
    if settings.format == "alertmanager_webhook":
        return alertmanager_webhook(transitions, settings.name)
    return webhook(transitions)


def _authorization(settings: FleetNotifySettings) -> dict[str, str]:
    if not settings.token_file:
        return {}
    return {"Authorization": f"Bearer {_read('token_file', settings.token_file)}"}


def _url(settings: FleetNotifySettings) -> str:
    return _read("url_file", settings.url_file) if settings.url_file else settings.url


def _read(key: str, file: str) -> str:
    try:
        return bounded_content(Path(expanded(file))).decode().strip()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise SinkUnavailable(
            f"{named(key, file)}: {reason}", "make it readable for this user"
        ) from error


def _with_path(url: str) -> str:
    """Return the URL of Alertmanager's API, if only the server is given."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=API)) if parts.path in {"", "/"} else url
