"""Totals of counters, saved apart from readings: a refused or failed reading loses none."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from drivers.base.members import Totalling
from edge_agent.clock import Clock
from edge_agent.events import SavedState

_logger = logging.getLogger(__name__)


class SavedTotal:
    """Saves the total of one counter at the start, as often as the counter asks, and at a stop."""

    def __init__(
        self, device: str, driver: Totalling, save: Callable[[SavedState], None], clock: Clock
    ) -> None:
        self.due = clock.monotonic()
        self._device = device
        self._driver = driver
        self._save = save
        self._clock = clock
        self._saved: dict[str, Any] = {}

    def save(self, *, stopped: bool = False) -> None:
        """Save the total if it has changed, and be due again after a while."""
        self.due = self._clock.monotonic() + self._driver.save_interval()
        try:
            total = self._driver.total(stopped=stopped)
        except Exception:
            text = "%s: its driver has a bug: its total is not saved"
            _logger.exception(text, self._device, extra={"device": self._device})
            return
        if total != self._saved:
            self._saved = total
            self._save(SavedState(_name(self._device), msgspec.json.encode(total)))


def saved_total(states: Mapping[str, bytes], device: str) -> dict[str, Any]:
    """Return the total that was saved last; empty if there is none that can be read."""
    try:
        return msgspec.json.decode(states.get(_name(device), b"{}"), type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def _name(device: str) -> str:
    return f"total/{device}"
