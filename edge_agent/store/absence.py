"""What is trimmed while the configuration does not name a sink: reported when it is named again."""

from collections.abc import Collection
from contextlib import suppress

import msgspec

from edge_agent.store.gaps import Missing
from edge_agent.store.saved import read_saved, write_saved
from edge_agent.store.tally import Execute

ABSENT = "store/absent"  # the saved state: what each absent sink has missed


def note_missed(execute: Execute, sink: str, missed: Missing) -> None:
    """Remember what an absent sink has missed."""
    found = _read(execute)
    before = found.get(sink, Missing(missed.first, missed.last, 0))
    found[sink] = Missing(
        min(before.first, missed.first),
        max(before.last, missed.last),
        before.lost + missed.lost,
    )
    _write(execute, found)


def take_missed(execute: Execute, sinks: Collection[str]) -> list[Missing]:
    """Return, and forget, what sinks have missed that are back."""
    found = _read(execute)
    back = sorted(found[sink] for sink in found.keys() & set(sinks))
    if back:
        _write(execute, {sink: found[sink] for sink in found.keys() - set(sinks)})
    return back


def _read(execute: Execute) -> dict[str, Missing]:
    with suppress(ValueError):  # it was damaged on the disk
        saved = read_saved(execute, ABSENT)
        return {} if saved is None else msgspec.json.decode(saved, type=dict[str, Missing])
    return {}


def _write(execute: Execute, found: dict[str, Missing]) -> None:
    write_saved(execute, ABSENT, msgspec.json.encode(found).decode())
