"""Which sinks are installed: ours and those of other packages, by the scheme of their URL."""

import difflib
from importlib.metadata import EntryPoint
from typing import Any

from edge_agent.deliver.sink import SinkType
from edge_agent.errors import AgentError
from edge_agent.plugins import plugins

GROUP = "edge_agent.sinks"


def scheme_of(url: str) -> str:
    """Return the scheme of a URL; empty if it has none."""
    scheme, colon, _ = url.partition(":")
    return scheme.lower() if colon else ""


def load_sink_type(scheme: str) -> SinkType[Any]:
    """Import and return the type of a scheme's sinks; raise AgentError if there is none."""
    found = {entry.name: entry for entry in plugins(GROUP)}
    if scheme not in found:
        known = ", ".join(f"{name}:" for name in sorted(found))
        near = [name for name in (f"{scheme}+https",) if name in found]
        near += difflib.get_close_matches(scheme, found, 1)
        if not scheme:
            what = "the URL has no scheme"
            raise AgentError(what, f"for a file write file:///var/log/events.jsonl; known: {known}")
        meant = f"did you mean {near[0]}:? " if near else ""
        what = f"the scheme {scheme!r} is unknown"
        raise AgentError(what, f"{meant}known: {known}")
    return _loaded(found[scheme])


def _loaded(entry: EntryPoint) -> SinkType[Any]:
    try:
        loaded: SinkType[Any] = entry.load()
    except Exception as error:
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
        what = f"package {package} cannot be imported: {error!r}"
        raise AgentError(what, "reinstall it, or ask its author") from error
    return loaded
