"""Who is notified of alerts: the services' addresses, checked and kept out of every message."""

from pathlib import Path
from typing import NamedTuple

from edge_agent.config.config import Config
from edge_agent.config.notify import NotifySettings
from edge_agent.deliver.notify import NotifySink, open_apprise
from edge_agent.errors import AgentError
from edge_agent.paths import expanded
from edge_agent.problems import Problems


class ResolvedNotify(NamedTuple):
    """A service as configured; its URL may hold a secret."""

    settings: NotifySettings
    url: str

    def open(self, node: str) -> NotifySink:
        """Return the sink; raise AgentError where Apprise is missing, or does not know the URL."""
        name = f"notify-{self.settings.name}"
        send = open_apprise(name, [self.url])
        return NotifySink(name, node, send, severity=self.settings.severity)


def resolve_notify(config: Config, problems: Problems) -> tuple[ResolvedNotify, ...]:
    """Return the services that have no problems."""
    resolved = (_draw(one, problems) for one in config.notify)
    return tuple(one for one in resolved if one is not None)


def _draw(settings: NotifySettings, problems: Problems) -> ResolvedNotify | None:
    key = f"notify.{settings.name}."
    if bool(settings.url) == bool(settings.url_file):
        problems.add(f"{key}url: give one of url and url_file")
        return None
    try:
        url = settings.url or Path(expanded(settings.url_file)).read_text(encoding="utf-8").strip()
        resolved = ResolvedNotify(settings, url)
        resolved.open("check")
    except OSError as error:
        what = f"{error.strerror}; make it readable for this user"
        problems.note(f"{key}url_file", settings.url_file, what)
        return None
    except AgentError as error:
        problems.add(f"{key}url: {error}")
        return None
    return resolved
