"""The table of saved states: JSON by name, within the transactions of the log."""

from edge_agent.store.tally import Execute

READ = "SELECT data FROM saved_state WHERE name = ?"
WRITE = "INSERT OR REPLACE INTO saved_state VALUES (?, ?)"


def read_saved(execute: Execute, name: str) -> str | None:
    """Return the JSON that is kept under a name."""
    return next((data for (data,) in execute(READ, (name,))), None)


def write_saved(execute: Execute, name: str, data: str) -> None:
    """Keep JSON under a name, in place of what was there."""
    execute(WRITE, (name, data))
