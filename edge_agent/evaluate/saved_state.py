"""What the engine must know again after a restart, and how old it is by then."""

import logging
from collections.abc import Mapping
from typing import Protocol, TypeVar

import msgspec

from edge_agent.clock import Moment
from edge_agent.events import SavedState

_logger = logging.getLogger(__name__)


class Shifting(Protocol):
    """A state with uptimes in it."""

    def shifted(self, by: int) -> "Shifting":
        """Return it on another boot's uptime, which is more by so many µs."""
        ...


S = TypeVar("S", bound=Shifting)


class SavedAt(msgspec.Struct, frozen=True):
    """A state, and when it was that: `moment` of the boot with this id."""

    boot: str
    moment: Moment
    state: msgspec.Raw


def save_state(name: str, state: msgspec.Struct, moment: Moment, boot: str) -> SavedState:
    """Return a state as a memory."""
    kept = SavedAt(boot, moment, msgspec.Raw(msgspec.json.encode(state)))
    return SavedState(name, msgspec.json.encode(kept))


def load_states(
    memories: Mapping[str, bytes], prefix: str, kind: type[S], now: Moment, boot: str
) -> dict[str, S]:
    """Return the states whose names begin with `prefix`, on this boot's uptime.

    One that cannot be read is left out, and logged: it is as if it had never been.
    """
    found: dict[str, S] = {}
    for name, data in memories.items():
        if not name.startswith(prefix):
            continue
        try:
            kept = msgspec.json.decode(data, type=SavedAt)
            state = msgspec.json.decode(kept.state, type=kind)
        except msgspec.MsgspecError as error:
            _logger.warning("the memory of %s cannot be read, and is left out: %s", name, error)
            continue
        shifted: S = state.shifted(shift(kept, now, boot))  # type: ignore[assignment]
        found[name.removeprefix(prefix)] = shifted
    return found


def shift(kept: SavedAt, now: Moment, boot: str) -> int:
    """Return by how much an uptime of then is more now, in µs.

    Across a reboot the wall clock tells; where it cannot be trusted, no time has passed.
    """
    if kept.boot == boot:
        return 0
    elapsed = max(now.time - kept.moment.time, 0) if now.trusted and kept.moment.trusted else 0
    return now.uptime - elapsed - kept.moment.uptime
