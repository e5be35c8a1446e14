"""States that the engine saves for the next start, and how old they are by then."""

import logging
from collections.abc import Mapping
from typing import Protocol, TypeVar

import msgspec

from edge_agent.clock import Moment
from edge_agent.evaluate.outputs.output_state import OutputState
from edge_agent.events import SavedState

_logger = logging.getLogger(__name__)


class Shifting(Protocol):
    """A state that contains uptimes."""

    def shifted(self, by: int) -> "Shifting":
        """Return it on another boot's uptime, which is `by` µs more."""
        ...


S = TypeVar("S", bound=Shifting)


class SavedAt(msgspec.Struct, frozen=True):
    """A state, and the `moment` at which it was saved, in the boot with this id."""

    boot: str
    moment: Moment
    state: msgspec.Raw


def save_state(name: str, state: msgspec.Struct, moment: Moment, boot: str) -> SavedState:
    """Return a state in the form in which it is saved."""
    saved = SavedAt(boot, moment, msgspec.Raw(msgspec.json.encode(state)))
    return SavedState(name, msgspec.json.encode(saved))


class ChangedStates:
    """Saves those states of outputs that have changed since they were last saved."""

    def __init__(self, prefix: str, saved: Mapping[str, OutputState], boot: str) -> None:
        self._prefix = prefix
        self._saved = saved
        self._boot = boot

    def save(self, states: Mapping[str, OutputState], moment: Moment) -> list[SavedState]:
        """Return what is to be saved of the states by name; an output that is gone has no order."""
        before = self._saved
        gone = {name: one.released() for name, one in before.items() if name not in states}
        self._saved = {**gone, **states}
        return [
            save_state(self._prefix + name, state, moment, self._boot)
            for name, state in self._saved.items()
            if state != before.get(name)
        ]


def load_states(
    saved_states: Mapping[str, bytes], prefix: str, kind: type[S], now: Moment, boot: str
) -> dict[str, S]:
    """Return the states whose names begin with `prefix`, on this boot's uptime.

    One that cannot be read is ignored, and logged: the rule or output starts without it.
    """
    found: dict[str, S] = {}
    for name, data in saved_states.items():
        if not name.startswith(prefix):
            continue
        try:
            saved = msgspec.json.decode(data, type=SavedAt)
            state = msgspec.json.decode(saved.state, type=kind)
        except msgspec.MsgspecError as error:
            _logger.warning("the saved state of %s cannot be read, and is ignored: %s", name, error)
            continue
        shifted: S = state.shifted(shift(saved, now, boot))  # type: ignore[assignment]
        found[name.removeprefix(prefix)] = shifted
    return found


def shift(saved: SavedAt, now: Moment, boot: str) -> int:
    """Return the µs to add to an uptime of that boot, to get one of this boot.

    Across a reboot the wall clock decides; if it cannot be trusted, no time has passed.
    """
    if saved.boot == boot:
        return 0
    elapsed = max(now.time - saved.moment.time, 0) if now.trusted and saved.moment.trusted else 0
    return now.uptime - elapsed - saved.moment.uptime
