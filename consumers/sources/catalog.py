"""Which sources are installed: ours and those of other packages, by the scheme of their URL."""

import difflib

from consumers.source import Source, SourcePlan
from edge_agent.errors import AgentError
from edge_agent.plugins import plugins

GROUP = "edge_agent.sources"
FILES = "an event log is read as log:/path/NODE.db, and what a file sink wrote is not read back; "


def source_of(plan: SourcePlan) -> Source:
    """Return the source of a plan, not yet open; raise AgentError if that is not possible.

    The scheme of the URL names an entry point, a function that makes a source of a plan.
    """
    scheme, colon, _ = plan.url.partition(":")
    found = {entry.name: entry for entry in plugins(GROUP)}
    entry = found.get(scheme.lower()) if colon else None
    if entry is None:
        raise AgentError(*_unknown(scheme if colon else "", sorted(found)))
    source: Source = entry.load()(plan)
    return source


def _unknown(scheme: str, known: list[str]) -> tuple[str, str]:
    names = ", ".join(f"{name}://" for name in known)
    near = difflib.get_close_matches(scheme, known, 1)
    meant = f"did you mean {near[0]}://? " if near else ""
    if scheme in {"", "file"}:
        meant = FILES
    what = f"the scheme {scheme!r} is unknown" if scheme else "the URL has no scheme"
    return what, f"{meant}known: {names}"
