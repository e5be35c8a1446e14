"""The package psycopg, and what it reads in the URL of a database."""

from types import ModuleType

from edge_agent.errors import AgentError, MissingPackage

ESCAPE = "in a password, write % as %25, @ as %40, / as %2F, : as %3A, # as %23, ? as %3F"


def library() -> ModuleType:
    """Return the package psycopg; raise MissingPackage."""
    try:
        import psycopg  # noqa: PLC0415 - of an extra
    except ImportError:
        raise MissingPackage("psycopg", "postgresql") from None
    return psycopg


def shown(url: str) -> str:
    """Return a URL without its password and its parameters; raise AgentError if it is none."""
    parts = _parts(url)
    host, port, name = (parts.get(each, "") for each in ("host", "port", "dbname"))
    user = f"{parts['user']}@" if "user" in parts else ""
    place = "" if host.startswith("/") else host + (port and f":{port}")
    return f"postgresql://{user}{place}/{name}"


def _parts(url: str) -> dict[str, str]:
    """Return what the URL says; no message shows a part of it, for that may be the password."""
    driver = library()
    try:
        parts: dict[str, str] = driver.conninfo.conninfo_to_dict(url)
    except driver.ProgrammingError:
        parts = {"port": "none"}
    is_port = parts.get("port", "").replace(",", "").isdigit() or not parts.get("port")
    if "@" in parts.get("host", "") or not is_port:
        raise AgentError("the URL of the database is not a right one", ESCAPE)
    return parts
